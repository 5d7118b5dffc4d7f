"""Each safety incident that a poll could see is stored once, has one alert, and was told on every channel."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from soak.checks.view import View
from soak.ledger import Broken, Look
from soak.plant import GARBAGE, Plant, Row, safety_spans

GARBAGE_ID: Final = GARBAGE.hex()  # as an id that is bytes is stored
TOLD_WITHIN: Final = timedelta(hours=2)  # with channels that work
_AROUND: Final = timedelta(days=1)
_SAFETY: Final = """
select e.source_id, count(distinct e.id) as times, count(a.id) as alerts, min(a.id) as alert,
  min(a.opened_at) as opened_at, max(a.resolved_at) as resolved_at
from public.safety_events as e
left join public.alerts as a on a.safety_event_id = e.id
where e.plant = %s
group by e.source_id
"""


def check_safety(view: View, channels: Collection[str], now: datetime) -> None:
    """Check all incidents. Raises: Broken."""
    told = {(sent.channel, alert) for sent in view.ledger.sent for alert in sent.alerts}
    for name, plant in view.plants.items():
        stored = {row["source_id"]: row for row in view.rows(_SAFETY, name)}
        for found in stored.values():
            if (found["times"], found["alerts"]) != (1, 1):
                raise Broken(f"safety event {found['source_id']} of {name} is there {found['times']} times")
            missing = [
                one
                for one in channels
                if (one, found["alert"]) not in told and not _is_over_before(view, one, found["resolved_at"])
            ]
            if missing and found["opened_at"] < now - TOLD_WITHIN:
                raise Broken(f"safety event {found['source_id']} of {name} was not told on {missing}")
            view.checked["safety events told"] += len(channels) - len(missing)
        # A malformed row is an incident as well: nobody may lose one. All of ours have one identity.
        _compare(view, plant, stored.keys() - {GARBAGE_ID})


def _is_over_before(view: View, channel: str, resolved_at: datetime | None) -> bool:
    """Say whether people had signed an incident before its channel was swept first: docs/alerts.md."""
    first = view.ledger.channels.get(channel)
    return resolved_at is not None and (first is None or resolved_at < first)


def _compare(view: View, plant: Plant, stored: Collection[str]) -> None:
    looks = view.ledger.looks.get(plant.name, [])
    if not looks:
        return
    first, last = min(look.since for look in looks), max(look.until for look in looks)
    rows = {str(row.number): row for row in plant.stop_rows(first - _AROUND, last + _AROUND)}
    for number, row in rows.items():
        if number not in stored and any(_must_see(row, look) for look in looks):
            raise Broken(f"safety event {number} of {plant.name} at {row.at} is not stored")
        if number in stored and not safety_spans(row):
            raise Broken(f"stop {number} of {plant.name} is no safety event, and is stored as one")
        view.checked["safety events"] += number in stored
    if invented := sorted(set(stored) - rows.keys()):
        raise Broken(f"{plant.name} has safety events that never were: {invented[:5]}")


def _must_see(row: Row, look: Look) -> bool:
    is_inside = look.since <= row.at < look.until
    return is_inside and any(start <= look.at < until for start, until in safety_spans(row))
