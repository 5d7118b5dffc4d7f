"""Each production day that reports have covered has one summary of each active asset: the day's truth."""

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Final

from soak.checks.stops import stopped_minutes
from soak.checks.view import View
from soak.coverage import Reading
from soak.ledger import Broken
from soak.plant import PLANNED, Plant

_SUMMARIES: Final = """
select a.source_name as asset, d.report_date as day, d.actual_output, d.downtime_minutes
from public.daily_summaries as d
join public.assets as a on a.id = d.asset_id
where a.plant = %s
"""
_CATCH_UP: Final = timedelta(days=7)


def check_days(view: View, faulty: Collection[str]) -> None:
    """Check all days; `faulty` are processes that met a fault. Raises: Broken."""
    for name, plant in view.plants.items():
        days = view.ledger.days[name].read
        stored: dict[date, dict[str, dict[str, object]]] = {}
        for row in view.rows(_SUMMARIES, name):
            of_day = stored.setdefault(row["day"], {})
            if row["asset"] in of_day:
                raise Broken(f"{name} has two summaries of {row['asset']} on {row['day']}")
            of_day[row["asset"]] = row
        if set(stored) != set(days):
            raise Broken(f"{name} has summaries of other days than were reported: {set(stored) ^ set(days)}")
        if view.ledger.days[name].reporter not in faulty:
            _check_gaps(name, sorted(days))
        for day, reading in days.items():
            _check_day(view, plant, day, reading, stored[day])


def _check_gaps(plant: str, days: list[date]) -> None:
    for day, after in pairwise(days):
        if timedelta(days=1) < after - day <= _CATCH_UP:
            raise Broken(f"{plant} has no report between {day} and {after}")


def _check_day(
    view: View, plant: Plant, day: date, reading: Reading, found: dict[str, dict[str, object]]
) -> None:
    if set(found) != set(plant.assets):
        raise Broken(f"{day} of {plant.name} has summaries of {sorted(found)}")
    for asset, row in found.items():
        start, until = _local(plant, day, time()), _local(plant, day + timedelta(days=1), time())
        counted = (start, until)
        if asset == PLANNED:
            counted = _local(plant, day, time(6)), _local(plant, day, time(14))
        expected = {
            "actual_output": float(plant.units(asset, start, until, reading.output_at)),
        }
        if not plant.is_doubtful(start, until):
            expected["downtime_minutes"] = stopped_minutes(plant, asset, counted, reading.stops_at)
        for column, value in expected.items():
            stored = row[column]
            if stored is None or abs(float(str(stored)) - value) > 0.001:
                told = f"{column} of {asset} is {stored}, and the plant showed {value}"
                raise Broken(f"{day} of {plant.name}: {told} when it was read at {reading.output_at}")
    view.checked["days"] += 1
    view.checked["summaries"] += len(found)


def _local(plant: Plant, day: date, at: time) -> datetime:
    return datetime.combine(day, at, tzinfo=plant.zone).astimezone(UTC)
