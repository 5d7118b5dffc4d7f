"""What must be true of the database, worked out from the plant and the ledger alone. Nothing of `plantpulse`.

Each check raises `Broken` with what it found and what it should have found.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import psycopg
from psycopg.rows import dict_row

from soak.ledger import Broken, Coverage, Ledger, Look
from soak.plant import ASSETS, GARBAGE, Plant, Row, safety_spans

GARBAGE_ID: Final = GARBAGE.hex()  # as an id that is bytes is stored
WINDOW: Final = timedelta(minutes=30)

_SNAPSHOTS: Final = """
select a.source_name as asset, s.snapshot_timestamp as at, s.slot_output, s.output_actual
from public.live_snapshots as s
join public.assets as a on a.id = s.asset_id
where a.plant = %s and s.snapshot_timestamp >= %s and s.snapshot_timestamp < %s
"""
_RUNS: Final = """
select id, pipeline, plant, slot, status, fence::text
from public.pipeline_runs
where started_at >= %s and started_at < %s
"""
_SAFETY: Final = """
select e.source_id, count(*) as times
from public.safety_events as e
where e.plant = %s
group by e.source_id
"""
_ALERTS: Final = """
select count(*) as times, e.source_id
from public.safety_events as e
join public.alerts as a on a.safety_event_id = e.id
where e.plant = %s
group by e.source_id
"""


@dataclass(slots=True)
class Truth:
    """The checks of one seed, over the database that it wrote to."""

    connection: psycopg.Connection[Any]
    plants: Mapping[str, Plant]
    ledger: Ledger
    every: timedelta
    checked: dict[str, int] = field(default_factory=dict)

    def check_slots(self, start: datetime, until: datetime) -> None:
        """Each slot of a span that is covered has one snapshot an asset, with what the plant made."""
        for name, plant in self.plants.items():
            coverage = self.ledger.coverage[name]
            stored: dict[datetime, dict[str, dict[str, Any]]] = {}
            for row in self._rows(_SNAPSHOTS, name, start, until):
                of_slot = stored.setdefault(row["at"], {})
                if row["asset"] in of_slot:
                    raise Broken(f"{name} has two snapshots of {row['asset']} at {row['at']}")
                of_slot[row["asset"]] = row
            slot = start
            while slot < until:
                self._check_slot(plant, coverage, slot, stored.pop(slot, {}))
                slot += self.every
            for at, found in stored.items():
                self._check_manual(at, found)

    def _check_slot(
        self, plant: Plant, coverage: Coverage, slot: datetime, found: Mapping[str, Mapping[str, Any]]
    ) -> None:
        read_at = coverage.read_at.get(slot)
        if read_at is None:
            if found:
                raise Broken(f"slot {slot} of {plant.name} was never covered, and has {len(found)} snapshots")
            self._count("slots without a run, explained")
            return
        if set(found) != set(ASSETS):
            raise Broken(f"slot {slot} of {plant.name} has snapshots of {sorted(found)}")
        for asset, row in found.items():
            for column, length in (("slot_output", self.every), ("output_actual", WINDOW)):
                made = plant.units(asset, slot - length, slot, read_at)
                if row[column] != made:
                    raise Broken(
                        f"slot {slot} of {plant.name}: {column} of {asset} is {row[column]}, "
                        f"and the plant showed {made} when it was read at {read_at}"
                    )
        self._count("slots")
        self._count("snapshots", len(found))

    def _check_manual(self, at: datetime, found: Mapping[str, Mapping[str, Any]]) -> None:
        if set(found) != set(ASSETS) or any(row["slot_output"] is not None for row in found.values()):
            raise Broken(f"the poll at {at}, which is no slot, has snapshots of {sorted(found)}")
        self._count("polls outside the slots")

    def check_runs(self, start: datetime, until: datetime, now: datetime) -> None:
        """No run is left running past its lease once another one was claimed; one success a slot."""
        done: dict[tuple[str, str, datetime], int] = {}
        for run in self._rows(_RUNS, start, until):
            scope = (run["pipeline"], run["plant"])
            claim = self.ledger.claims.get(run["fence"])
            if claim is None:
                raise Broken(f"run {run['id']} of {scope} was claimed by nobody")
            holder = self.ledger.holders[scope]
            if run["status"] == "running" and (holder is not claim or now > claim.lease_until):
                raise Broken(f"run {run['id']} of {scope} is left running past {claim.lease_until}")
            is_ended = run["status"] in {"succeeded", "partial", "failed"}
            if is_ended != claim.is_ended:
                raise Broken(
                    f"run {run['id']} of {scope} is {run['status']}, ended as told: {claim.is_ended}"
                )
            if run["slot"] and run["status"] in {"succeeded", "partial"}:
                key = (*scope, run["slot"])
                done[key] = done.get(key, 0) + 1
                if done[key] > 1:
                    raise Broken(f"slot {run['slot']} of {scope} succeeded twice")
            self._count(f"runs {run['status']}")

    def check_safety(self) -> None:
        """Each incident that a recorded look could see is stored once and has its alert; no other is."""
        for name, plant in self.plants.items():
            looks = self.ledger.looks.get(name, [])
            if not looks:
                continue
            stored = {row["source_id"]: row["times"] for row in self._rows(_SAFETY, name)}
            alerted = {row["source_id"]: row["times"] for row in self._rows(_ALERTS, name)}
            first, last = min(look.since for look in looks), max(look.until for look in looks)
            known = {str(row.number): row for row in plant.stop_rows(first, last)}
            for number, row in known.items():
                must = any(_must_see(row, look) for look in looks)
                times = stored.pop(number, 0)
                if times > 1 or (must and not times):
                    raise Broken(f"safety event {number} of {name} at {row.at} is stored {times} times")
                if times and not safety_spans(row):
                    raise Broken(f"stop {number} of {name} is no safety event, and is stored as one")
                if times != alerted.get(number, 0):
                    raise Broken(f"safety event {number} of {name} opened {alerted.get(number, 0)} alerts")
                self._count("safety events", times)
            # A malformed row is an incident as well: nobody may lose one. All of ours have one identity.
            if stored.pop(GARBAGE_ID, 0) > 1 or stored:
                raise Broken(f"{name} has safety events that never were: {sorted(stored)[:5]}")

    def _rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        with self.connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(query.encode(), values).fetchall()

    def _count(self, what: str, number: int = 1) -> None:
        self.checked[what] = self.checked.get(what, 0) + number


def _must_see(row: Row, look: Look) -> bool:
    is_inside = look.since <= row.at < look.until
    return is_inside and any(start <= look.at < until for start, until in safety_spans(row))
