"""The plant's wall clock: between aware UTC instants and the naive local times that SQL Server stores.

Pure. A naive local time says less than an instant: in autumn an hour happens twice, in spring one does not
happen. Everything here cuts a window where the zone's offset changes, into pieces in which wall clock and UTC
run at the same pace. Truth about zones: the tz database, through `zoneinfo`.
"""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import gcd
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from plantpulse.plant.intervals import Span
from plantpulse.schedules.slots import Window

_ONE_SECOND: Final = timedelta(seconds=1)
_TICK: Final = timedelta.resolution
_DAY: Final = timedelta(days=1)
_LONGEST_REPETITION: Final = timedelta(hours=3)
_LOOKED_BACK: Final = timedelta(days=7)  # for stops, as in downtime.sql
# Shorter than the time between two changes of a zone's offset, except a few that cancel out.
_STRIDE: Final = timedelta(hours=12)


class LocalBounds(NamedTuple):
    """Naive plant-local times, whole seconds, half open: `start <= t < until`, and never empty."""

    start: datetime
    until: datetime


class LocalPiece(NamedTuple):
    """A part of a window in which the zone's offset stays the same, as naive plant-local times."""

    start: datetime
    until: datetime


class BucketGrid(NamedTuple):
    """The buckets for output over a span: each of `length`, counted back from `bounds.until`."""

    bounds: LocalBounds
    length: timedelta


class ResolvedTime(NamedTuple):
    """The instant of a naive local time, and what is doubtful about it.

    `is_ambiguous`: the clock showed it twice; its `fold` decides, by default for the first time.
    `is_nonexistent`: the clock skipped it; it is read as if the clock had not changed yet.
    """

    at: datetime
    is_ambiguous: bool
    is_nonexistent: bool


def to_utc(local: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant of a naive plant-local time; `ResolvedTime` describes doubtful ones."""
    return local.replace(tzinfo=zone).astimezone(UTC)


def to_local(at: datetime, zone: ZoneInfo) -> datetime:
    """Return the naive plant-local time of an instant; its `fold` says which of two equal times it is."""
    return at.astimezone(zone).replace(tzinfo=None)


def resolve_local(local: datetime, zone: ZoneInfo) -> ResolvedTime:
    """Return the instant of a naive plant-local time, and what is doubtful about it."""
    first = local.replace(tzinfo=zone, fold=0).utcoffset() or timedelta()
    second = local.replace(tzinfo=zone, fold=1).utcoffset() or timedelta()
    return ResolvedTime(to_utc(local, zone), is_ambiguous=first > second, is_nonexistent=first < second)


def second_reading(at: datetime, zone: ZoneInfo) -> datetime | None:
    """Return the later instant with the same clock time as this one; None if there is none."""
    local = to_local(at, zone)
    if local.fold or not resolve_local(local, zone).is_ambiguous:
        return None
    return to_utc(local.replace(fold=1), zone)


def local_pieces(window: Window, zone: ZoneInfo) -> tuple[LocalPiece, ...]:
    """Return the window as pieces of wall-clock time, in order."""
    edges = [window.start, *_offset_changes(window, zone), window.until]
    return tuple(_piece(start, until, zone) for start, until in pairwise(edges))


def local_bounds(window: Window, zone: ZoneInfo) -> LocalBounds:
    """Return naive plant-local bounds that contain every instant of the window.

    In autumn they are wider than the window, because the two passes of the repeated hour look alike.
    """
    pieces = local_pieces(window, zone)
    start = min(piece.start for piece in pieces)
    until = max(piece.until for piece in pieces)
    return LocalBounds(start.replace(microsecond=0), _whole_second_after(until))


def bounds_reaching_in(bounds: LocalBounds, window: Window, zone: ZoneInfo) -> LocalBounds:
    """Return the bounds, widened for stops that began before a change of the clock and end in the window.

    A table that adds a stop's length by the wall clock has its end too early after spring's change, by the
    skipped time. That lasts as long as polls look back for stops. In autumn's second pass the clock shows an
    earlier time than when such a stop began.
    """
    unchanged = _offset(window.start - _LOOKED_BACK, zone)
    start = min(bounds.start, _shown(window.start.replace(microsecond=0), unchanged))
    changes = _offset_changes(Window(window.start - _LONGEST_REPETITION, window.until), zone)
    ends = [_shown(change, _offset(change - _TICK, zone)) for change in changes]
    return LocalBounds(start, max(bounds.until, *ends) if ends else bounds.until)


def _shown(at: datetime, offset: timedelta) -> datetime:
    return at.replace(tzinfo=None) + offset


def is_time_ambiguous(window: Window, zone: ZoneInfo) -> bool:
    """Say whether the clock showed any local time of the window twice."""
    pieces = local_pieces(window, zone)
    if any(later.start < earlier.until for earlier, later in pairwise(pieces)):
        return True
    return any(
        resolve_local(to_local(at, zone), zone).is_ambiguous for at in (window.start, window.until - _TICK)
    )


def is_stop_ambiguous(window: Window, zone: ZoneInfo) -> bool:
    """Say whether a stop that the window looks back for may have begun in a repeated hour.

    That is so for seven days after it: the end of a stop is as doubtful as its beginning.
    """
    return is_time_ambiguous(Window(window.start - _LOOKED_BACK, window.until), zone)


def is_shown_once(window: Window, zone: ZoneInfo, *, read_by: datetime) -> bool:
    """Say whether all rows with the window's local times, read by that instant, belong to the window.

    Outside the repeated hour it is always true. In the first pass it is true until the clock shows the
    window's times again. In the second pass it is never true, because the rows of the first pass are there
    already.
    """
    around = Window(window.start - _DAY, window.until + _DAY)
    return all(
        _is_shown_once(window, change, repeated, read_by)
        for change in _offset_changes(around, zone)
        if (repeated := _offset(change - _TICK, zone) - _offset(change, zone)) > timedelta()
    )


def bucket_grid(span: Window, every: timedelta, zone: ZoneInfo) -> BucketGrid:
    """Return the bounds and buckets of a query for output, for windows `every` apart that fill the span.

    Every edge of such a window is the edge of a bucket, on both sides of a change of the clock. So buckets
    are as long as `every`, unless the clock changes by something else than a multiple of it.
    """
    bounds = local_bounds(span, zone)
    changes = _offset_changes(span, zone)
    steps = [_offset(change, zone) - _offset(change - _TICK, zone) for change in changes]
    length = _ONE_SECOND * gcd(*(step // _ONE_SECOND for step in (every, *steps)))
    last_edge = _whole_second_after(to_local(span.until, zone))
    return BucketGrid(LocalBounds(bounds.start, bounds.until + (last_edge - bounds.until) % length), length)


def bucket_count(bounds: LocalBounds, every: timedelta) -> int:
    """Return how many buckets of length `every`, counted back from `bounds.until`, are in the bounds."""
    return -((bounds.start - bounds.until) // every)


def buckets_in(window: Window, bounds: LocalBounds, every: timedelta, zone: ZoneInfo) -> frozenset[int]:
    """Return the buckets, counted back from `bounds.until` by the wall clock, that the window touches.

    SQL Server counts naive time. On days with a change of the clock the buckets of a window may
    not be neighbours: in spring there is an empty hour between them.
    """
    touched: set[int] = set()
    for start, until in local_pieces(window, zone):
        newest = (bounds.until - until) // every
        oldest = (bounds.until - start - _TICK) // every
        touched.update(range(max(newest, 0), oldest + 1))
    return frozenset(touched)


def bucket_spans(
    window: Window, bounds: LocalBounds, every: timedelta, zone: ZoneInfo
) -> dict[int, list[Span]]:
    """Return the time of the window, in UTC, that falls into each of the buckets that it touches.

    Of a bucket that the clock shows twice it is both times.
    """
    spans: dict[int, list[Span]] = {}
    start = window.start
    for piece in local_pieces(window, zone):
        newest = max((bounds.until - piece.until) // every, 0)
        for bucket in range(newest, (bounds.until - piece.start - _TICK) // every + 1):
            first = max(piece.start, bounds.until - every * (bucket + 1))
            last = min(piece.until, bounds.until - every * bucket)
            spans.setdefault(bucket, []).append((start + (first - piece.start), start + (last - piece.start)))
        start += piece.until - piece.start
    return spans


def _is_shown_once(window: Window, change: datetime, repeated: timedelta, read_by: datetime) -> bool:
    """Say the same for one change of the clock, which repeats the time `repeated` before it."""
    first_from, second_until = change - repeated, change + repeated
    if window.until <= first_from or window.start >= second_until:
        return True
    if window.start > first_from and window.until > change:
        return False
    shown_again_at = max(window.start, first_from) + repeated
    return window.until >= second_until or read_by <= shown_again_at


def _piece(start: datetime, until: datetime, zone: ZoneInfo) -> LocalPiece:
    local_start = to_local(start, zone).replace(fold=0)
    return LocalPiece(local_start, local_start + (until - start))


def _offset_changes(window: Window, zone: ZoneInfo) -> list[datetime]:
    changes: list[datetime] = []
    start = window.start
    while start < window.until:
        until = min(start + _STRIDE, window.until)
        if _offset(start, zone) != _offset(until - _TICK, zone):
            changes.append(_change_between(start, until, zone))
        start = until
        if start < window.until and _offset(start - _TICK, zone) != _offset(start, zone):
            changes.append(start)
    return changes


def _change_between(start: datetime, until: datetime, zone: ZoneInfo) -> datetime:
    """Return the whole second at which the offset changes; at `start` it has not changed yet."""
    before = _offset(start, zone)
    low, high = 0, (until - start) // _ONE_SECOND + 1
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(start + middle * _ONE_SECOND, zone) == before:
            low = middle
        else:
            high = middle
    return (start + high * _ONE_SECOND).replace(microsecond=0)


def _offset(at: datetime, zone: ZoneInfo) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta()


def _whole_second_after(local: datetime) -> datetime:
    whole = local.replace(microsecond=0)
    return whole if whole == local else whole + _ONE_SECOND
