"""How series look on the command line: values, times in their zone, freshness, scores. Pure."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from rich.text import Text

from plantpulse.cli import formats
from plantpulse.plant.rounding import shown_span
from plantpulse.runs import readable
from plantpulse.series.freshness import freshness_of, has_ended
from plantpulse.series.kinds import KINDS
from plantpulse.series.publication import AfterEnd, DayAhead

Record = Mapping[str, Any]

SCORES: Final = ("completeness", "timeliness", "accuracy")
_SHORTEST_DAY: Final = 23 * 60
_UTC: Final = ZoneInfo("UTC")
_STYLES: Final[Mapping[str, str]] = {
    "fresh": "green",
    "stale": "bold red",
    "empty": "dim",
    "ended": "dim",
    "open": "yellow",
    "filled": "green",
    "absent": "dim",
}


def zone_of(series: Record) -> ZoneInfo:
    """Return the zone of a series; UTC if there is none of that name."""
    try:
        return ZoneInfo(series["time_zone"])
    except (KeyError, ValueError, OSError):
        return _UTC


def instant(text: str) -> datetime:
    """Return an instant of the database in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


def judged(series: Sequence[Record], now: datetime) -> list[dict[str, Any]]:
    """Return the series of `series_status`, each with its `state` (fresh, stale, empty, ended) and `age_s`.

    The age is the time since the end of its newest interval: it is below zero for values of the future. A
    series is as fresh as its group: where nothing was pumped for days, nothing is late. The state is None for
    a kind that this version does not know. Raises: StoreRefused if one is none.
    """
    with readable("what is stored of series"):
        reached: dict[str, datetime] = {}
        for one in series:
            if one["until"] is not None:
                until = instant(one["until"])
                reached[one["group"]] = max(until, reached.get(one["group"], until))
        return [_judged(one, reached.get(one["group"]), now) for one in series]


def _judged(series: Record, reached: datetime | None, now: datetime) -> dict[str, Any]:
    if series["until"] is None or reached is None:
        return {**series, "state": "empty", "age_s": None}
    until, kind = instant(series["until"]), KINDS.get(series["kind"])
    state: str | None = None
    if kind:
        state = freshness_of(kind, reached, series["minutes"], zone_of(series), now)
    if state == "stale" and has_ended(reached, now):
        state = "ended"
    return {**series, "state": state, "age_s": round((now - until).total_seconds())}


def state_of(one: Record) -> Text | None:
    """Return a state in its colour: FRESH and STALE stand out."""
    word = one["state"]
    if word is None:
        return None
    return Text(word.upper() if word in {"fresh", "stale"} else word, _STYLES.get(word, ""))


def value_of(one: Record, unit: str | None = None) -> str | None:
    """Return the value of a point with the unit; None was published as missing."""
    if one["value"] is None:
        return "missing"
    shown = f"{Decimal(str(one['value'])).normalize():,f}"
    return f"{shown} {unit}" if unit else shown


def start_of(text: str, series: Record) -> str | None:
    """Return when an interval begins on the clock of its series; of whole days the date alone."""
    shown = local(text, series)
    return shown.removesuffix(" 00:00") if shown and (series["minutes"] or 0) >= _SHORTEST_DAY else shown


def local(text: str | None, series: Record, form: str = "%Y-%m-%d %H:%M") -> str | None:
    """Return an instant on the clock of a series."""
    return formats.local(text, zone_of(series), form)


def age_of(one: Record) -> str | None:
    """Return how old a value is, or how far ahead it reaches."""
    if (seconds := one["age_s"]) is None:
        return None
    if seconds >= 0:
        return shown_span(timedelta(seconds=seconds))
    return f"{shown_span(timedelta(hours=round(-seconds / 3600)))} ahead"


def length_of(minutes: int) -> str:
    """Return the length of an interval."""
    return shown_span(timedelta(minutes=minutes))


def score(value: Any) -> Text | None:
    """Return a score of 0 to 1 as a percentage; what is not whole stands out."""
    if value is None:
        return None
    percent = float(value) * 100
    shown = f"{percent:.1f}"
    shown = "99.9" if shown == "100.0" and percent < 100 else shown.removesuffix(".0")
    return Text(shown, "green" if percent >= 99 else "yellow" if percent >= 90 else "bold red")


def lowest_score(quality: Record | None) -> float | None:
    """Return the lowest of completeness, timeliness and accuracy; None if none is known."""
    known = [float(quality[name]) for name in SCORES if quality and quality[name] is not None]
    return min(known, default=None)


def rule_of(kind: str) -> str | None:
    """Return when values of a kind are due, in words; None for an unknown kind."""
    publication = KINDS[kind].publication if kind in KINDS else None
    if isinstance(publication, AfterEnd):
        return f"due {shown_span(publication.lag)} after the end of its interval"
    if isinstance(publication, DayAhead):
        days = "the day" if publication.days == 1 else f"{publication.days} days"
        return f"due at {publication.at:%H:%M} ({publication.zone.key}) {days} before"
    return None
