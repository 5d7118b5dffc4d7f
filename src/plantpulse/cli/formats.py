"""Texts for instants, spans, numbers and states. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from rich.text import Text

_STEPS: Final = ("claim", "connect", "safety", "read", "evaluate", "commit")
_WRITTEN: Final = ("_written", "_updated", "_recorded", "_deleted", "_removed")
_STYLES: Final[Mapping[str, str]] = {
    "succeeded": "green",
    "running": "cyan",
    "duplicate": "cyan",
    "partial": "yellow",
    "failed": "bold red",
    "abandoned": "red",
    "on_target": "green",
    "below_target": "bold red",
    "above_target": "cyan",
    "critical": "bold red",
    "high": "red",
    "medium": "yellow",
    "low": "",
}


def styled(word: str | None) -> Text | None:
    """Return a state in its colour, the same everywhere."""
    return Text(word.replace("_", " "), _STYLES.get(word, "")) if word else None


def in_order(timings_ms: Mapping[str, int]) -> dict[str, int]:
    """Return the times of a run's steps in the order of the steps; Postgres sorts them by length of name."""
    known = {step: timings_ms[step] for step in _STEPS if step in timings_ms}
    return known | {step: took for step, took in timings_ms.items() if step not in known}


def local(text: str | None, zone: ZoneInfo | None, form: str = "%Y-%m-%d %H:%M") -> str | None:
    """Return an ISO instant on a plant's clock; without a zone in UTC, marked with Z."""
    if text is None:
        return None
    instant = datetime.fromisoformat(text)
    return f"{instant.astimezone(zone):{form}}" if zone else f"{instant.astimezone(UTC):{form}}Z"


def age(since: datetime, now: datetime) -> str:
    """Return how long ago an instant was, in its two largest units."""
    return span(now - since)


def span(length: timedelta) -> str:
    """Return a span of time in its largest units: 12 s, 14 min, 3 h 5 min, 2 d 4 h."""
    seconds = max(0, round(length.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    minutes = seconds // 60
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def milliseconds(count: float | None) -> str | None:
    """Return a duration: 840 ms, 3.2 s."""
    if count is None:
        return None
    return f"{count:.0f} ms" if count < 1000 else f"{count / 1000:.1f} s"


def number(value: Any, form: str = ",.10g") -> str | None:
    """Return a number with separated thousands; None for None."""
    return None if value is None else format(value, form)


def rows_written(counts: Mapping[str, Any]) -> int | None:
    """Return how many rows a run wrote, changed or removed, by its counts; None if unknown."""
    known = [value for name, value in counts.items() if name.endswith(_WRITTEN)]
    return sum(known) if known else None


def on_one_line(text: str | None, longest: int = 300) -> str | None:
    """Return a text without line breaks, cut to a readable length."""
    if text is None:
        return None
    words = " ".join(text.split())
    return words if len(words) <= longest else f"{words[: longest - 1]}…"
