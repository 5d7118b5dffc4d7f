"""Checks planned breaks against the shift that they belong to. Pure.

A break begins and ends in its shift. One that is typed the wrong way round would last nearly a day, and so
swallow the shift. One outside the shift takes nothing from it: some people give all shifts the same breaks.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

_DAY: Final = 24 * 60


class Span(NamedTuple):
    """A shift or a break by its local times, as HH:MM; it may cross midnight."""

    starts_at: str
    ends_at: str

    def __str__(self) -> str:
        return f"{self.starts_at}-{self.ends_at}"

    @property
    def minutes(self) -> int:
        """Return the length by the clock."""
        return (_minutes(self.ends_at) - _minutes(self.starts_at)) % _DAY


def faults_of_breaks(shift: Span, breaks: Sequence[Span]) -> Iterator[str]:
    """Yield what is wrong with the breaks of a shift."""
    for one in breaks:
        if not _is_inside(shift, one) and not _is_outside(shift, one):
            turned = Span(one.ends_at, one.starts_at)
            meant = f"; did you mean {turned}?" if _is_inside(shift, turned) else ""
            yield f"{one} is not within the shift {shift}{meant}"
    inside = [_within(shift, one) for one in breaks if _is_inside(shift, one)]
    if inside and _covered(inside) == shift.minutes:
        yield f"the breaks leave nothing of the shift {shift}"


def questions_about_breaks(shift: Span, breaks: Sequence[Span]) -> Iterator[str]:
    """Yield the breaks that change nothing, because they lie outside the shift."""
    for one in breaks:
        if _is_outside(shift, one):
            yield f"{one} is outside the shift {shift} and changes nothing"


def _within(shift: Span, one: Span) -> tuple[int, int]:
    """Return when a break begins and ends, in minutes from the start of its shift."""
    begins = (_minutes(one.starts_at) - _minutes(shift.starts_at)) % _DAY
    return begins, begins + one.minutes


def _is_inside(shift: Span, one: Span) -> bool:
    return _within(shift, one)[1] <= shift.minutes


def _is_outside(shift: Span, one: Span) -> bool:
    begins, ends = _within(shift, one)
    return begins >= shift.minutes and ends <= _DAY


def _covered(spans: Sequence[tuple[int, int]]) -> int:
    return len({minute for begins, ends in spans for minute in range(begins, ends)})


def _minutes(time: str) -> int:
    hours, _, minutes = time.partition(":")
    return int(hours) * 60 + int(minutes)
