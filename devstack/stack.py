"""Everything at once: Supabase, the plant's SQL Server with a past, and the function between them.

What `make run` and `make up` stand on. Passwords and keys are random, everything listens on 127.0.0.1, and
leaving the context ends every process and deletes the data.
"""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pymssql

from devstack.accounts import AuthMail
from devstack.backlog import copy_in
from devstack.clock import CompressedClock
from devstack.energy import TOKEN, Hole, Plan, Publisher
from devstack.energy import StandIn as Publishers
from devstack.function import Function
from devstack.machines import Machines, import_table, table_of
from devstack.mailbox import Mail, Mailbox
from devstack.mailbox import running as running_mailbox
from devstack.members import Person, Role, sign_up
from devstack.migrations import REPOSITORY
from devstack.plant.model import Plant
from devstack.plant.producer import HISTORY, history, produce
from devstack.plant.rows import Production
from devstack.plant.seed import seed_supabase
from devstack.plant.writer import create_tables, write
from devstack.postgres import Postgres
from devstack.processes import Children
from devstack.remains import Remains, listener
from devstack.sqlserver import Login, StandIn
from devstack.sqlserver.address import DATABASE, Address, connect
from devstack.steps import Steps
from devstack.supabase import Supabase

READER: Final = "plantpulse_reader"
WRITER: Final = "plant_writer"
# Longer than a poll looks back for safety incidents, and a whole production day that has had its morning.
BACKLOG: Final = timedelta(hours=55)

LIVE_PULSE: Final = REPOSITORY / "functions" / "live_pulse" / "main.py"
MORNING_REPORT: Final = REPOSITORY / "functions" / "morning_report" / "main.py"
HEALTH: Final = REPOSITORY / "functions" / "health" / "main.py"
ENERGY_ACTUALS: Final = REPOSITORY / "functions" / "energy_actuals" / "main.py"
TAGS: Final = REPOSITORY / "functions" / "tags" / "main.py"
SERIES_GAPS: Final = REPOSITORY / "functions" / "series_gaps" / "main.py"
DASHBOARD: Final = REPOSITORY / "functions" / "dashboard" / "main.py"
PAGES: Final = REPOSITORY / "build" / "dashboard"  # what `make dashboard` writes
MAILS: Final = "mails"  # the folder, within the stack's own
COMPRESSED: Final = REPOSITORY / "devstack" / "compressed" / "main.py"
COMPRESSED_HEALTH: Final = REPOSITORY / "devstack" / "compressed" / "health.py"
COMPRESSED_REPORT: Final = REPOSITORY / "devstack" / "compressed" / "morning_report.py"

_CHANNELS: Final = """\

channels:
  office:
    kind: email
    host: 127.0.0.1
    port: {port}
    encryption: "off"  # the mailbox has no TLS, and nothing leaves this machine
    sender: plantpulse <alerts@northfield.example>
    to: [shift-leader@northfield.example]
"""

_NORTHFIELD: Final = "  northfield:\n"
_WITH_TAGS: Final = (
    _NORTHFIELD
    + "    name: Northfield\n"
    + "    tags: {networks: [127.0.0.0/8]}  # the machines are played on this machine\n"
)

_SERIES: Final = """\

series:
  areas: {{DE: {{}}, FR: {{}}}}
  kinds: [load, generation, day_ahead_price]
  first_look_back_days: 10
  entsoe: {{url: "{url}/api"}}
  eia: {{url: "{url}"}}
  fred: {{url: "{url}"}}
"""


@dataclass(frozen=True)
class SqlServer:
    """The plant's side: the server, the address that the function polls, and the plant's own connection."""

    stand_in: StandIn
    reader: Address
    plant: pymssql.Connection

    @property
    def connections(self) -> int:
        """How many connections were made since it started."""
        return self.stand_in.traffic.connections


@dataclass(frozen=True)
class Stack:
    """The running stack; functions beside the poll are there when time is real, and the board when it is not.

    `board` is None where its pages are not built.

    `tags` polls the machines, whose time is always real.
    `publishers` have a hole of three hours in the loads of DE until `fill_hole` is called.
    """

    plant: Plant
    supabase: Supabase
    sql_server: SqlServer
    function: Function
    morning_report: Function
    health: Function
    energy_actuals: Function | None
    series_gaps: Function | None
    tags: Function
    machines: Machines
    publishers: Publishers
    mailbox: Mailbox
    board: Function | None
    viewer: Person
    operator: Person
    manager: Person
    stranger: Person
    remains: Remains
    clock: CompressedClock
    folder: Path
    config_file: Path

    def work_on(self, since: datetime, until: datetime) -> int:
        """Let the plant write the rows that it enters in [since, until); return their number."""
        return write(self.sql_server.plant, produce(self.plant, since, until))

    def fill_hole(self) -> None:
        """Let the publisher of DE's loads have all of them."""
        self.publishers.publisher = Publisher()

    def enter(self, production: Production) -> None:
        """Write rows as the plant does."""
        write(self.sql_server.plant, production)


@contextmanager
def running(
    plant: Plant, worked_until: datetime, steps: Steps, tick: timedelta | None = None
) -> Iterator[Stack]:
    """A stack whose plant has worked until an instant.

    With a tick, time is simulated from that instant on: a quarter of an hour in every tick.
    Raises: StartFailed, LookupError (something is not installed), CliFailed (a migration fails).
    """
    with ExitStack() as stack:
        logs = stack.enter_context(Children()).log_folder
        with steps.step("Supabase: Postgres, PostgREST, migrations"):
            supabase = stack.enter_context(Supabase(logs))
        clock = CompressedClock.start(worked_until, tick) if tick else CompressedClock.real()
        if not clock.is_real:
            supabase.use_clock(clock.now)
        with steps.step("SQL Server stand-in with the plant's tables"):
            sql_server = _start_sql_server(stack, supabase.postgres, plant, clock)
        with steps.step(f"{BACKLOG // timedelta(hours=1)} hours of production") as note:
            rows = copy_in(supabase.postgres.url(DATABASE), backlog(plant, worked_until))
            note(f"{rows:,} rows")
        with steps.step("Plant model and people in Supabase") as note:
            seeded = seed_supabase(supabase.access.url, supabase.access.secret_key, plant)
            viewer, operator, manager, stranger = (sign_up(supabase.access, *who) for who in _people(plant))
            note(f"{seeded.assets} assets, {seeded.shift_targets} shift targets")
        with steps.step("The functions under the functions-framework"):
            mailbox = stack.enter_context(running_mailbox(folder=logs / MAILS))
            children = stack.enter_context(Children(logs))
            publishers = stack.enter_context(_publishers(clock))
            configured = {"PLANTPULSE_CONFIG": str(_written(logs, mailbox, publishers))}
            settings = settings_of(supabase, sql_server.reader) | configured | {"TMPDIR": str(logs)}
            function = Function(children, *_served(settings, clock, LIVE_PULSE, COMPRESSED))
            morning_report = Function(children, *_served(settings, clock, MORNING_REPORT, COMPRESSED_REPORT))
            health = Function(children, *_served(settings, clock, HEALTH, COMPRESSED_HEALTH))
            energy_actuals = Function(children, ENERGY_ACTUALS, settings) if clock.is_real else None
            series_gaps = Function(children, SERIES_GAPS, settings) if clock.is_real else None
            board = _board(children, supabase) if not clock.is_real else None
            supabase.accounts.post = lambda mail: mailbox.keep(mail_of_auth(mail))
            supabase.accounts.site_url = board.url if board else supabase.accounts.site_url
        with steps.step("Machines: Modbus, OPC UA, S7, SLMP, EtherNet/IP") as note:
            machines = Machines.start(children)
            import_table(machines, settings, logs)
            tags = Function(children, TAGS, settings | {"SUPABASE_URL": supabase.real_time_url})
            note(f"{len(table_of(machines).splitlines()) - 1} tags")
        optional = (energy_actuals, series_gaps, board)
        functions = [function, health, tags, morning_report, *(one for one in optional if one)]
        more_ports = (mailbox.smtp_port, publishers.port, *machines.ports)
        remains = _remains(supabase, sql_server, functions, logs, more_ports, *machines.pids)
        yield Stack(
            plant=plant,
            supabase=supabase,
            sql_server=sql_server,
            function=function,
            morning_report=morning_report,
            health=health,
            energy_actuals=energy_actuals,
            series_gaps=series_gaps,
            tags=tags,
            machines=machines,
            publishers=publishers,
            mailbox=mailbox,
            board=board,
            viewer=viewer,
            operator=operator,
            manager=manager,
            stranger=stranger,
            remains=remains,
            clock=clock,
            folder=logs,
            config_file=Path(configured["PLANTPULSE_CONFIG"]),
        )


def backlog(plant: Plant, until: datetime) -> Production:
    """Return the rows of the hours before an instant, with the incident that a demonstration starts from."""
    return produce(plant, until - BACKLOG, until - HISTORY) + history(plant, until)


def settings_of(supabase: Supabase, reader: Address) -> dict[str, str]:
    """Return the environment of the function: its settings and nothing else."""
    return {
        "SUPABASE_URL": supabase.access.url,
        "SUPABASE_SECRET_KEY": supabase.access.secret_key,
        "MSSQL_HOST": reader.host,
        "MSSQL_PORT": str(reader.port),
        "MSSQL_USER": reader.user,
        "MSSQL_PASSWORD": reader.password,
        "MSSQL_DATABASE": reader.database,
        "MSSQL_ENCRYPTION": "off",  # the stand-in has no TLS, and nothing leaves this machine
        "PLANTPULSE_CONFIG": str(REPOSITORY / "plantpulse.yaml"),
        "ENTSOE_TOKEN": TOKEN,
        "EIA_API_KEY": TOKEN,
        "FRED_API_KEY": TOKEN,
    }


def mail_of_auth(mail: AuthMail) -> Mail:
    """Return a mail of Supabase Auth as a mailbox keeps it."""
    message = EmailMessage()
    message["Subject"], message["To"] = mail.subject, mail.to
    message.set_content(f"{mail.link}\n")
    return Mail("supabase", (mail.to,), message)


def _publishers(clock: CompressedClock) -> Publishers:
    """Return publishers of series whose loads of DE lack three hours of this morning."""
    hour = clock.now().replace(minute=0, second=0, microsecond=0)
    hole = Hole("DE/load", hour - timedelta(hours=9), hour - timedelta(hours=6))
    return Publishers(Publisher(plan=Plan(holes=(hole,))), now=clock.now)


def _written(folder: Path, mailbox: Mailbox, publishers: Publishers) -> Path:
    """Write the configuration file, with tags, a channel to the mailbox and series; return its path."""
    common = (REPOSITORY / "plantpulse.yaml").read_text(encoding="utf-8").replace(_NORTHFIELD, _WITH_TAGS)
    file = folder / "plantpulse.yaml"
    own = _CHANNELS.format(port=mailbox.smtp_port) + _SERIES.format(url=publishers.url)
    file.write_text(common + own, encoding="utf-8")
    return file


def _served(
    settings: Mapping[str, str], clock: CompressedClock, real: Path, compressed: Path
) -> tuple[Path, Mapping[str, str]]:
    """The main.py that is served and its environment."""
    if clock.is_real:
        return real, settings
    return compressed, {**settings, **clock.as_environment(), "PYTHONPATH": str(REPOSITORY)}


def _start_sql_server(
    stack: ExitStack, postgres: Postgres, plant: Plant, clock: CompressedClock
) -> SqlServer:
    postgres.create_database(DATABASE)
    reader_password, writer_password = secrets.token_hex(16), secrets.token_hex(16)
    logins = {READER: Login(reader_password), WRITER: Login(writer_password, can_write=True)}
    stand_in = stack.enter_context(
        StandIn(
            postgres.url(DATABASE),
            logins=logins,
            database=DATABASE,
            time_zone=plant.timezone.key,
            now=clock.now,
        )
    )
    reader = Address(stand_in.host, stand_in.port, READER, reader_password, DATABASE)
    writer = replace(reader, user=WRITER, password=writer_password)
    connection = stack.enter_context(closing(connect(writer)))
    create_tables(connection)
    return SqlServer(stand_in, reader, connection)


def _board(children: Children, supabase: Supabase) -> Function | None:
    """The board's own function with the pages that were built; None without them."""
    if not (PAGES / "index.html").is_file():
        return None
    told = {
        "SUPABASE_URL": supabase.access.url,
        "DASHBOARD_PUBLISHABLE_KEY": supabase.access.publishable_key,
        "DASHBOARD_FOLDER": str(PAGES),
    }
    return Function(children, DASHBOARD, told)


def _people(plant: Plant) -> tuple[tuple[str] | tuple[str, str, Role], ...]:
    roles: tuple[Role, ...] = ("viewer", "operator", "manager")
    return (*((role, plant.key, role) for role in roles), ("stranger",))


def _remains(
    supabase: Supabase,
    sql_server: SqlServer,
    functions: Sequence[Function],
    logs: Path,
    more_ports: Sequence[int],
    *more_pids: int,
) -> Remains:
    postgres = supabase.postgres
    gateway_port = urlsplit(supabase.access.url).port or 0
    functions_ports = [function.port for function in functions]
    ports = (postgres.port, gateway_port, sql_server.reader.port, *functions_ports, *more_ports)
    return Remains(
        pids=(*supabase.pids, *(function.pid for function in functions), *more_pids),
        listeners={port: listener(port) for port in ports},
        folders=(postgres.data_folder.parent, logs),
    )
