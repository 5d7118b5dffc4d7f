"""A plant as polls wrote it, with everything filled in that a test does not speak of."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from psycopg.types.json import Jsonb

from tests.database.conftest import Connection

QUARTER = timedelta(minutes=15)
EARLY = ("early", datetime(2026, 11, 22, 5, tzinfo=UTC), datetime(2026, 11, 22, 13, tzinfo=UTC))
Shift = tuple[str, datetime, datetime]

_SNAPSHOT: dict[str, Any] = {
    "output_actual": 50,
    "slot_output": 25,
    "output_target": 50,
    "variance_percent": 0,
    "status": "on_target",
    "oee_current": 80,
    "oee_source": "reported",
    "downtime_minutes": 0,
    "slot_target": 25,
    "slot_downtime_minutes": 0,
    "shift_target": 800,
    "stopped_since": None,
    "stops": None,
}
BELOW: dict[str, Any] = {
    "status": "below_target",
    "output_actual": 20,
    "slot_output": 10,
    "variance_percent": -60,
}
ABOVE: dict[str, Any] = {
    "status": "above_target",
    "output_actual": 70,
    "slot_output": 35,
    "variance_percent": 40,
}
NOT_PLANNED: dict[str, Any] = {
    "output_actual": 0, "slot_output": 0, "output_target": 0, "variance_percent": None, "slot_target": 0,
    "shift": None, "shift_target": None, "oee_current": None, "oee_source": None,
}  # fmt: skip
RESOLVED: dict[str, Any] = {
    "is_acknowledged": True, "acknowledged_at": "2026-11-22T06:00:00Z", "acknowledged_by_name": "ada",
    "is_resolved": True, "resolved_at": "2026-11-22T06:00:00Z", "resolved_by_name": "ada",
    "resolution": "fitted",
}  # fmt: skip
OF_OLD_CODE: dict[str, Any] = {
    "slot_target": None, "slot_downtime_minutes": None, "shift": None, "shift_target": None,
}  # fmt: skip


def at(hour: int, minute: int = 0, day: int = 22) -> datetime:
    """Return a time of November 2026, UTC."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def slots(first: datetime, last: datetime) -> list[datetime]:
    """Return the slots from the first to the last, both included."""
    return [first + QUARTER * number for number in range((last - first) // QUARTER + 1)]


def stop(reason: str | None, since: datetime, until: datetime | None) -> dict[str, Any]:
    """Return a stop as a snapshot has it."""
    return {"reason": reason, "since": since.isoformat(), "until": until.isoformat() if until else None}


@dataclass
class Story:
    """What polls wrote to a project."""

    database: Connection
    plant: str = "northfield"
    numbers: dict[str, int] = field(default_factory=dict)

    def machine(self, name: str, area: str | None = None, **asset: Any) -> int:
        """Add a machine and return its id."""
        row = {"plant": self.plant, "name": name, "source_name": name, "area": area, **asset}
        self.numbers[name] = self._insert("assets", row)
        return self.numbers[name]

    def card(self, **changes: Any) -> None:
        """Tell how people know the plant."""
        row = {
            "plant": self.plant,
            "name": self.plant.title(),
            "time_zone": "Europe/Brussels",
            "language": "en",
            "currency": "USD",
            "slot_minutes": 15,
            "window_minutes": 30,
        }
        self._insert("plants", row | changes, returning="1")

    def polled(self, until: datetime, **changes: Any) -> int:
        """Add the run that wrote the slot, and return its id."""
        row = {
            "pipeline": "live_pulse",
            "plant": self.plant,
            "trigger": "schedule",
            "slot": until,
            "fence": str(uuid4()),
            "started_at": until + timedelta(seconds=2),
            "lease_expires_at": until + timedelta(seconds=92),
            "finished_at": until + timedelta(seconds=9),
            "status": "succeeded",
            "snapshots_until": until,
            "safety_until": until,
        }
        return self._insert("pipeline_runs", row | changes)

    def made(
        self, name: str, when: Iterable[datetime], *, shift: Shift | None = EARLY, **changes: Any
    ) -> None:
        """Add the snapshots of a machine at these slots."""
        row = _SNAPSHOT | changes
        shift = row.pop("shift", shift)
        for slot in when:
            self._insert(
                "live_snapshots",
                row
                | {
                    "asset_id": self.numbers[name],
                    "snapshot_timestamp": slot,
                    "window_start": slot - timedelta(minutes=30),
                    "shift_name": shift[0] if shift else None,
                    "shift_starts_at": shift[1] if shift else None,
                    "shift_ends_at": shift[2] if shift else None,
                    "stops": Jsonb(row["stops"]) if row["stops"] else None,
                },
            )

    def incident(self, name: str, when: datetime, severity: str = "critical", **changes: Any) -> int:
        """Add an open safety event, and return its id."""
        row = {
            "plant": self.plant,
            "asset_id": self.numbers[name],
            "source_asset": name,
            "event_timestamp": when,
            "source_timestamp": when.replace(tzinfo=None),
            "reason_code": "Guard open",
            "severity": severity,
        }
        return self._insert("safety_events", row | changes)

    def _insert(self, table: str, row: dict[str, Any], returning: str = "id") -> int:
        names, marks = ", ".join(row), ", ".join(f"%({name})s" for name in row)
        query = f"insert into public.{table} ({names}) values ({marks}) returning {returning} as id"
        found = self.database.execute(query.encode(), row).fetchone()
        assert found
        number: int = found["id"]
        return number
