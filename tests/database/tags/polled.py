"""What a burst sends, with everything filled in that a test does not speak of."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.database.conftest import Connection
from tests.database.protocol import claim, fence

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def at(seconds: float) -> str:
    """Return the instant so many seconds after noon."""
    return (NOON + timedelta(seconds=seconds)).isoformat()


def seconds(instant: str) -> float:
    """Return how many seconds after noon an instant is."""
    return (datetime.fromisoformat(instant) - NOON).total_seconds()


def make_group(
    database: Connection, name: str = "Press", *types: str, tags: Sequence[str] = (), **columns: Any
) -> int:
    """Insert a group of northfield with tags of these types, called T1, T2 and so on; return its id."""
    row = {"plant": "northfield", "name": name, "address": "modbus://10.20.0.5", **columns}
    names = ", ".join(row)
    values = ", ".join(f"%({column})s" for column in row)
    made = database.execute(
        f"insert into public.tag_groups ({names}) values ({values}) returning id".encode(), row
    ).fetchone()
    assert made is not None
    group_id: int = made["id"]
    for number, data_type in enumerate(types or ("float32",), start=1):
        add_tag(database, group_id, f"T{number}", data_type)
    return group_id


def add_tag(database: Connection, group_id: int, name: str, data_type: str, **columns: Any) -> None:
    row = {"group_id": group_id, "name": name, "address": "hr:1", "data_type": data_type, **columns}
    names = ", ".join(row)
    values = ", ".join(f"%({column})s" for column in row)
    database.execute(f"insert into public.tags ({names}) values ({values})".encode(), row)


def group_claim(number: int, **changes: Any) -> dict[str, Any]:
    """Return the claim of all groups of northfield with holder `number`."""
    return {
        "holder": fence(number),
        "plant": "northfield",
        "runner": "cloud",
        "lease_s": 20,
        "lead_s": 5,
        "most": 10,
        "groups": None,
        **changes,
    }


def sample(group_id: int, slot: float, *values: float | None, **changes: Any) -> dict[str, Any]:
    """Return the row of a slot, in seconds after noon."""
    row = {"g": group_id, "s": at(slot), "v": list(values), "w": None, "t": None, "q": None, "b": 0, "ms": 5}
    return row | changes


def state(group_id: int, **changes: Any) -> dict[str, Any]:
    """Return what a holder says of a group that does well, and of which there is no news."""
    return {
        "g": group_id,
        "state": "polling",
        "polls": 0,
        "errors": 0,
        "error": None,
        "queue": 0,
        "queue_highest": 2,
        "queue_limit": 300,
        "dropped": 0,
        "jitter_ms": 1.5,
        "read_ms": 4.5,
        "cpu_percent": 12.5,
        "memory_mb": 80,
        **changes,
    }


def put(number: int, *rows: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a call of holder `number` that stores rows."""
    return {
        "holder": fence(number),
        "lease_s": 20,
        "sequence": 1,
        "rows": list(rows),
        "states": [],
        "ended": [],
        "completion": None,
        **changes,
    }


def burst_claim(number: int, **changes: Any) -> dict[str, Any]:
    """Return the claim of a run that overlaps others of its pipeline, with fence `number`."""
    own = {"pipeline": "tags", "window_start": None, "window_until": None, "overlaps": True, "lease_s": 60}
    return claim(number, **own | changes)
