"""The table of series: which are fresh, and their newest values. `series list` and `status` show it. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from plantpulse.cli.series_words import age_of, judged, lowest_score, score, start_of, state_of, value_of
from plantpulse.cli.tables import Column

Record = Mapping[str, Any]

_ORDER: Final = ("stale", None, "empty", "fresh", "ended")


def in_order(series: Sequence[Record], now: datetime) -> list[dict[str, Any]]:
    """Return series with their states, the stale ones first."""
    return sorted(judged(series, now), key=lambda one: (_ORDER.index(one["state"]), one["key"]))


def counted(series: Sequence[Record]) -> str:
    """Return how many series there are in each state, and how many gaps are open."""
    states = [one["state"] for one in series]
    parts = [
        f"{states.count(state)} {state}" for state in ("fresh", "stale", "empty", "ended") if state in states
    ]
    gaps = sum(one["open_gaps"] for one in {one["group"]: one for one in series}.values())
    missing = f"; {gaps} open {'gap' if gaps == 1 else 'gaps'}" if gaps else ""
    return f"{len(series)} series: {', '.join(parts) or 'of unknown kinds'}{missing}"


def _newest(one: Record) -> str | None:
    return one["newest_at"] and value_of(one, one["unit"])


def _at(one: Record) -> str | None:
    return one["newest_at"] and start_of(one["newest_at"], one)


SERIES_COLUMNS: Final = [
    Column("Series", lambda one: one["key"], folds=True),
    Column("State", state_of),
    Column("Newest value", _newest, "right"),
    Column("At", _at, rank=1),
    Column("Age", age_of, "right"),
    Column("Source", lambda one: one["source"], rank=2),
    Column("Gaps", lambda one: str(one["open_gaps"]) if one["open_gaps"] else None, "right", rank=4),
    Column("Quality %", lambda one: score(lowest_score(one["quality"])), "right", rank=3),
]
