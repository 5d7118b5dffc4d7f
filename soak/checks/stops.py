"""How long an asset stood still, as the plant's tables showed it at an instant."""

from datetime import datetime, timedelta

from soak.plant import Plant

Span = tuple[datetime, datetime]
_LONGEST = timedelta(days=3)  # longer than any stop of the plant is open


def stopped_minutes(plant: Plant, asset: str, span: Span, as_of: datetime) -> float:
    """Return the minutes of a span in which an asset stood still; an open stop lasts to its end."""
    start, until = span
    stops = list[Span]()
    for row in plant.stop_rows(start - _LONGEST, until):
        seen = row.seen(as_of) if row.asset == asset else None
        if seen:
            ended = until if seen.minutes is None else row.at + timedelta(minutes=seen.minutes)
            stops.append((max(row.at, start), min(ended, until)))
    return _union_minutes(sorted(stops))


def _union_minutes(spans: list[Span]) -> float:
    total, reached = timedelta(), None
    for start, until in spans:
        begins = start if reached is None else max(start, reached)
        if until > begins:
            total += until - begins
            reached = until
    return total.total_seconds() / 60
