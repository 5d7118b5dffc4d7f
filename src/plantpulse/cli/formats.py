"""Texts for instants, spans, numbers and states. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from rich.text import Text

from plantpulse.plant.rounding import shown_number, shown_span

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
    return shown_span(now - since)


def offset(length: timedelta) -> str:
    """Return how far something is off, with its sign: +12 s, -11 h 56 min."""
    seconds = round(length.total_seconds())
    return f"{'-' if seconds < 0 else '+'}{shown_span(timedelta(seconds=abs(seconds)))}"


def milliseconds(count: float | None) -> str | None:
    """Return a duration: 840 ms, 3.2 s."""
    if count is None:
        return None
    return f"{count:.0f} ms" if count < 1000 else f"{count / 1000:.1f} s"


def number(value: Any) -> str | None:
    """Return a number with separated thousands and at most one decimal; None for None. JSON has it exact."""
    if value is None:
        return None
    shown = shown_number(value)
    return "<0.1" if shown == "0" and value else shown


def percent(value: Any, form: str = ",.1f") -> str | None:
    """Return a percentage with one decimal; None for None."""
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
