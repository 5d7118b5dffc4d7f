"""What should be stored of series: worked out from the ledger of requests and from the publishers' oracle.

Each good answer brought what the publisher had at its time. So the values of an interval are those of all the
answers about it, in order, each once in a row.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final, LiteralString
from zoneinfo import ZoneInfo

from devstack.energy import Published, Publisher
from devstack.energy.areas import AREAS
from devstack.energy.catalogue import ENTRIES
from devstack.energy.days import NEW_YORK
from devstack.energy.ledger import Asked

# One value of an interval: how long the interval is in minutes, and what was known of it.
Known = tuple[int, Decimal | None]
History = dict[datetime, list[Known]]
Span = tuple[datetime, datetime]
Answers = dict[str, list[tuple[datetime, Span]]]

STORED: Final[LiteralString] = """
select s.key, v.at, v.minutes, v.value
from (
  select series_id, at, minutes, value, known_at from public.series_points
  union all
  select series_id, at, minutes, value, known_at from public.series_revisions
) as v
join public.series as s on s.id = v.series_id
order by s.key, v.at, v.known_at
"""


def histories(rows: Sequence[dict[str, Any]]) -> dict[str, History]:
    """Return the rows of `STORED` by key and interval: past values first, the newest last."""
    found: dict[str, History] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        found[row["key"]][row["at"].astimezone(UTC)].append((row["minutes"], row["value"]))
    return {key: dict(history) for key, history in found.items()}


def answered(asked: Sequence[Asked]) -> Answers:
    """Return what each series was answered well: when, and for which span."""
    found: Answers = defaultdict(list)
    for one in asked:
        if one.is_good:
            for key in _keys(one):
                found[key].append((one.at, _span(one, ENTRIES[key].zone)))
    return found


def expected(
    publisher: Publisher, key: str, answers: Sequence[tuple[datetime, Span]], end: datetime
) -> History:
    """Return what should be stored of a series: what it had at each answer, each value once in a row."""
    first = min(start for _, (start, _) in answers)
    last = max(until for _, (_, until) in answers)
    pasts = list(publisher.histories(key, first, last, end))
    starts = [past[0].at for past in pasts]
    found: list[list[Known]] = [[] for _ in pasts]
    for at, (start, until) in sorted(answers):
        begin = bisect_left(starts, start)
        if begin and starts[begin - 1] + timedelta(minutes=pasts[begin - 1][0].minutes) > start:
            begin -= 1
        for number in range(begin, bisect_left(starts, until)):
            known = _at(pasts[number], at)
            if known and found[number][-1:] != [known]:
                found[number].append(known)
    return {at: known for at, known in zip(starts, found, strict=True) if known}


def _at(past: Sequence[Published], at: datetime) -> Known | None:
    newest = next((one for one in reversed(past) if one.since <= at), None)
    return (newest.minutes, newest.value) if newest else None


def _keys(asked: Asked) -> list[str]:
    parameters = asked.parameters
    if asked.publisher == "eia":
        return ["WTI/price/eia"]
    if asked.publisher == "fred":
        return ["WTI/price/fred"] if asked.path.endswith("observations") else []
    kinds = _KINDS[parameters["documentType"], parameters.get("processType", "")]
    eic = next(value for name, value in parameters.items() if name.endswith("omain"))
    return [
        key
        for key, entry in ENTRIES.items()
        if entry.kind in kinds and entry.subject in AREAS and eic in _eics(entry.subject)
    ]


def _eics(area: str) -> tuple[str, ...]:
    known = AREAS[area]
    return known.price_eics + known.load_eics + known.balancing_eics


_KINDS: Final = {
    ("A44", ""): ("day_ahead_price",),
    ("A65", "A16"): ("load",),
    ("A65", "A01"): ("load_forecast",),
    ("A65", "A33"): ("weekly_load_forecast",),
    ("A75", "A16"): ("generation", "pumping"),
    ("A69", "A01"): ("wind_solar_forecast",),
    ("A71", "A01"): ("generation_forecast",),
    ("A85", ""): ("imbalance_price",),
    ("A86", ""): ("imbalance_volume",),
}


def _span(asked: Asked, zone: ZoneInfo) -> Span:
    """Return the span of an answer: whole days for prices."""
    parameters = asked.parameters
    if asked.publisher != "entsoe":
        first, last = (
            (parameters["start"], parameters["end"])
            if asked.publisher == "eia"
            else (parameters["observation_start"], parameters["observation_end"])
        )
        return _midnight(first, NEW_YORK), _midnight(last, NEW_YORK, timedelta(days=1))
    start, until = (
        datetime.strptime(parameters[edge], "%Y%m%d%H%M").replace(tzinfo=UTC)
        for edge in ("periodStart", "periodEnd")
    )
    if parameters["documentType"] != "A44":
        return start, until
    last_day = (until - timedelta(seconds=1)).astimezone(zone).date()
    return (
        _midnight(str(start.astimezone(zone).date()), zone),
        _midnight(str(last_day), zone, timedelta(days=1)),
    )


def _midnight(day: str, zone: ZoneInfo, later: timedelta = timedelta()) -> datetime:
    return datetime.combine(date.fromisoformat(day) + later, time(), zone).astimezone(UTC)
