"""Every command's JSON has the fields that docs/command-line.md tells of."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg import Connection
from psycopg.rows import DictRow

from devstack.access import SupabaseAccess
from devstack.mailbox import running
from devstack.members import sign_up
from plantpulse.schedules.slots import slot_at_or_before
from tests.cli.conftest import CommandLine
from tests.cli.series.conftest import KNOWN_AT, Stock
from tests.cli.test_docs import ALL, GUIDE, SECTIONS
from tests.functions.conftest import Floor, World
from tests.tags.servers.pymodbus_server import PymodbusDevice, serving

TAGS = (
    "group,device,mode,tag,address,data_type\n"
    "Press,modbus://127.0.0.1:{port},fixed,Pressure,hr:0,float32\n"
    "Oven,modbus://127.0.0.1:{port},handshake,Heat,hr:0,float32\n"
)
NETWORKS = "    tags: {runs_on: edge, networks: [127.0.0.0/8]}\n"
ADA = "ada@northfield.example"
NEED_A_CLOUD = ("alarms ", "schedule ", "dead-letters ")
# In this order, so that there is something to show, to sign and to remove.
CALLS = {
    "config init": ["--plant", "south", "--time-zone", "UTC"],
    "config show": [],
    "channels list": [],
    "channels test": ["desk"],
    "check": [],
    "status": [],
    "runs list": [],
    "runs show": ["1"],
    "snapshots": [],
    "report show": [],
    "report mail": [],
    "alerts list": ["--all"],
    "alerts silence": ["1", "--for", "2h", "--why", "New die"],
    "alerts silences": [],
    "alerts show": ["1"],
    "alerts unsilence": ["1"],
    "alerts history": [],
    "alerts report": ["--since", "2026-01-01"],
    "alerts ack": ["1"],
    "alerts end": ["--plant", "north", "--dry-run"],
    "safety list": [],
    "safety ack": ["1"],
    "safety resolve": ["1", "--resolution", "Guard fitted"],
    "cost-centers import": ["cost-centers.csv", "--yes"],
    "assets import": ["assets.csv", "--yes"],
    "targets import": ["targets.csv", "--yes"],
    "closed-days import": ["closed-days.csv", "--yes"],
    "cost-centers list": [],
    "assets list": [],
    "targets list": [],
    "product-rates import": ["product-rates.csv", "--yes"],
    "closed-days list": [],
    "product-rates list": [],
    "members add": [ADA],
    "members list": [],
    "members remove": [ADA],
    "run live-pulse": [],
    "run cleanup": [],
    "run morning-report": ["--dry-run"],
    "run commodity-prices": [],
    "run energy-actuals": [],
    "run energy-forecasts": [],
    "run series-gaps": [],
    "run series-backfill": [],
    "run tags": [],
    "tags import": ["tags.csv", "--yes"],
    "tags list": ["Oven"],
    "tags check": [],
    "tags status": [],
    "tags trigger": ["Oven"],
    "tags history": ["Heat"],
    "tags stop": ["--all"],
    "tags run": ["--once", "--spool", "spool"],
    "tags start": ["Press", "--wait", "0"],
    "series list": [],
    "series show": ["DE", "load", "--at", "2026-11-01T12:00Z"],
    "series plot": ["DE", "load"],
    "series export": ["DE/load", "--out", "load.csv"],
    "series gaps": [],
    "series quality": ["--days", "1000"],
    "series report": ["--date", "2026-11-01"],
    "series rates": ["--since", "2026-01-01"],
    "series failed": ["1"],
    "series retry": ["1"],
}


def fields_told(name: str) -> set[str]:
    """Return the fields in a section's paragraph on JSON: not the values in brackets, not tables' names."""
    paragraph = re.search(r"^JSON: (.*?)(?:\n\n|\Z)", SECTIONS[name], re.MULTILINE | re.DOTALL)
    assert paragraph, name
    told = re.sub(
        r"\([^)]*\)|columns of `\w+`|as `[\w -]+` answers|as `[\w -]+`|Wrong lines:.*", "", paragraph[1]
    )
    sentence = told.split(". The exit code")[0]
    return set(re.findall(r"`([a-z_]+)`", sentence)) - {"removed"}


def fields_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from fields_in(part)


def test_every_command_is_called() -> None:
    called = {name for name in ALL if not name.startswith(NEED_A_CLOUD)} - {"config schema"}

    assert CALLS.keys() == called


def collect(store: Connection[DictRow]) -> None:
    """Store a load with a hole, a gap, scores of which one gets worse, metrics and a failed batch."""
    stock, now = Stock(store), datetime.now(UTC)
    stock.points("DE/load", datetime(2026, 11, 1, 12, tzinfo=UTC), [1, None, 3])
    stock.gap("DE/load", KNOWN_AT, now)
    for days in range(1, 36):
        day = (now - timedelta(days=days)).date().isoformat()
        stock.quality("DE/load", day, (0.5 if days < 8 else 1, 1, 1))
    stock.collection()
    stock.failed_batch()


@pytest.fixture
def busy_plant(
    cli: CommandLine, world: World, floor: Floor, supabase: SupabaseAccess
) -> Iterator[CommandLine]:
    """Plant north with a run, an incident, a malformed row, a mailbox, a machine, and tables to import."""
    names = ("cost-centers", "assets", "targets", "closed-days", "product-rates")
    for name, block in zip(names, GUIDE.split("```csv\n")[1:], strict=True):
        cli.write(f"{name}.csv", block.partition("```")[0])
    sign_up(supabase, "ada")
    world.store.execute("delete from public.shift_targets")
    world.store.execute(
        "insert into public.daily_summaries (asset_id, report_date, target_output) "
        "select id, '2026-03-10', 960 from public.assets where is_active"
    )
    floor.downtime("PRESS-01", "Safety Issue", 5, "11:40:00")
    floor.output("PRESS-01", -1, "11:50:00")
    world.tick()  # in March, where the incident is
    world.store.execute(
        "insert into public.alert_history (alert_id, at, what, channel, message_key, occasion) "
        "values (1, '2026-03-11', 'told', 'desk', 'a', 'fired')"
    )
    world.store.execute("insert into public.notifications (alert_id, channel) values (1, 'desk')")
    collect(world.store)
    world.now = datetime.now(UTC)
    world.tick(slot_at_or_before(world.now, timedelta(minutes=15)))
    with running() as mailbox, serving(PymodbusDevice({0: 0x41AC, 1: 0})) as device:
        cli.write("tags.csv", TAGS.format(port=device.port))
        mail = f"host: 127.0.0.1, port: {mailbox.smtp_port}, encryption: off, sender: a@b.example"
        channels = f"channels: {{desk: {{kind: email, {mail}, to: [{ADA}]}}}}\n"
        plant = (cli.folder / "plantpulse.yaml").read_text(encoding="utf-8").rstrip() + "\n" + NETWORKS
        cli.write("plantpulse.yaml", plant + channels)
        yield cli


def test_every_field_that_is_told_is_there(busy_plant: CommandLine) -> None:
    missing = {}
    for name, arguments in CALLS.items():
        before = ["--config", "new.yaml"] if name == "config init" else []
        result = busy_plant(*before, *name.split(), *arguments, "--json")
        missing[name] = fields_told(name) - set(fields_in(result.json))

    assert missing == {name: set() for name in CALLS}
    assert fields_told("check") == {"is_ok", "findings", "subject", "link", "state", "message", "remedy"}
