"""Plant north with machine tags, and the command line beside it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.rows import DictRow

from devstack.access import SupabaseAccess
from tests.cli.conftest import CommandLine

SETTINGS = "plants: {{north: {{time_zone: America/Chicago, tags: {{networks: [127.0.0.0/8], {own}}}}}}}\n"
TABLE = (
    "group,device,mode,interval_ms,tag,address,data_type,scale,unit,role\n"
    "Press,modbus://127.0.0.1:5020/1,fixed,1000,Pressure,hr:0,float32,,bar,\n"
    "Press,,,,Running,co:0,bool,,,\n"
    "Oven,modbus://127.0.0.1:5020/2,handshake,500,Heat,40011,int16,0.1,°C,\n"
    "Oven,,,,Ready,co:1,bool,,,trigger\n"
)
HOLDER = "00000000-0000-0000-0000-000000000001"


@dataclass
class Project:
    """The tables of machine tags as their owner sees them, and a burst of the cloud that a test plays."""

    store: psycopg.Connection[DictRow]

    def call(self, function: str, argument: Mapping[str, Any]) -> dict[str, Any]:
        """Call an SQL function with one JSON argument."""
        statement = f"select public.{function}(%s::jsonb) as answer".encode()
        row = self.store.execute(statement, [json.dumps(argument)]).fetchone()
        assert row is not None
        answer: dict[str, Any] = row["answer"]
        return answer

    def claim(self) -> dict[str, int]:
        """Claim all groups; return the ids by name."""
        asked = {
            "holder": HOLDER,
            "plant": "north",
            "runner": "cloud",
            "lease_s": 600,
            "lead_s": 5,
            "most": 10,
        }
        return {one["name"]: one["id"] for one in self.call("claim_tag_groups", asked)["groups"]}

    def flush(self, *rows: Mapping[str, Any], states: Any = (), ended: Any = ()) -> dict[str, Any]:
        """Send samples and states, as the burst does every two seconds."""
        put = {"holder": HOLDER, "plant": "north", "most": 10, "lease_s": 600}
        return self.call(
            "put_tag_samples", {**put, "rows": list(rows), "states": list(states), "ended": list(ended)}
        )

    def begin_earlier(self, minutes: int) -> None:
        """Let the turns have begun so long ago, so that samples of the past are theirs."""
        self.store.execute(
            "update public.tag_leases set first_slot = first_slot - make_interval(mins => %s)", [minutes]
        )


def state(group_id: int, **changes: Any) -> dict[str, Any]:
    """Return what a burst says of a group that does well."""
    return {
        "g": group_id, "state": "polling", "polls": 2, "errors": 0, "error": None, "queue": 1,
        "queue_highest": 7, "queue_limit": 300, "dropped": 0, "jitter_ms": 1.5, "read_ms": 4.5,
        "cpu_percent": 3, "memory_mb": 60, **changes,
    }  # fmt: skip


def slot(seconds_ago: int) -> str:
    """Return a slot of the last minutes."""
    now = datetime.now(UTC).replace(microsecond=0)
    return (now - timedelta(seconds=seconds_ago)).isoformat()


@pytest.fixture
def project(supabase: SupabaseAccess) -> Iterator[Project]:
    """The tables of machine tags, empty."""
    with supabase.connect() as store:
        yield Project(store)


@pytest.fixture
def shop(bare: CommandLine, supabase: SupabaseAccess) -> CommandLine:
    """The command line where plant north has machine tags, and no group yet."""
    bare.write("plantpulse.yaml", SETTINGS.format(own=""))
    bare.write("tags.csv", TABLE)
    bare.environ |= {"SUPABASE_URL": supabase.url, "SUPABASE_SECRET_KEY": supabase.secret_key}
    return bare


@pytest.fixture
def floor(shop: CommandLine) -> CommandLine:
    """The command line where the groups Press and Oven are there."""
    result = shop("tags", "import", "tags.csv", "--yes")
    assert result.exit_code == 0, result.err
    return shop
