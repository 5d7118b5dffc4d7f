"""The plant's wall clock on ordinary days and on those on which it is changed."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plantpulse.plant.local_time import (
    LocalBounds,
    LocalPiece,
    bounds_reaching_in,
    bucket_count,
    bucket_grid,
    bucket_spans,
    buckets_in,
    is_shown_once,
    is_stop_ambiguous,
    is_time_ambiguous,
    local_bounds,
    local_pieces,
    resolve_local,
    to_local,
    to_utc,
)
from plantpulse.schedules.slots import Window

BERLIN = ZoneInfo("Europe/Berlin")  # 2026: 29 March 01:00 UTC on, 25 October 01:00 UTC back
CHICAGO = ZoneInfo("America/Chicago")  # 2026: 8 March 08:00 UTC on, 1 November 07:00 UTC back
KOLKATA = ZoneInfo("Asia/Kolkata")
ADELAIDE = ZoneInfo("Australia/Adelaide")  # 2026: 4 April 16:30 UTC back, 3 October 16:30 UTC on
CHATHAM = ZoneInfo("Pacific/Chatham")  # 2026: 4 April 14:00 UTC back, 26 September 14:00 UTC on
KATHMANDU = ZoneInfo("Asia/Kathmandu")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")  # changes by half an hour
ZONES = [BERLIN, CHICAGO, KOLKATA, ADELAIDE, CHATHAM, KATHMANDU, LORD_HOWE]

QUARTER = timedelta(minutes=15)
HOUR = timedelta(hours=1)


def utc(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def local(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute)  # noqa: DTZ001 - naive plant time


def half_hour_until(until: datetime) -> Window:
    return Window(until - timedelta(minutes=30), until)


@pytest.mark.parametrize(
    ("zone", "start", "until"),
    [
        (BERLIN, local(11, 20, 12, 30), local(11, 20, 13, 0)),
        (CHICAGO, local(11, 20, 5, 30), local(11, 20, 6, 0)),
        (KOLKATA, local(11, 20, 17, 0), local(11, 20, 17, 30)),
        (ADELAIDE, local(11, 20, 22, 0), local(11, 20, 22, 30)),
        (CHATHAM, local(11, 21, 1, 15), local(11, 21, 1, 45)),
        (KATHMANDU, local(11, 20, 17, 15), local(11, 20, 17, 45)),
    ],
)
def test_an_ordinary_window_keeps_its_length_on_the_wall_clock(
    zone: ZoneInfo, start: datetime, until: datetime
) -> None:
    window = half_hour_until(utc(11, 20, 12))

    bounds = local_bounds(window, zone)

    assert bounds == LocalBounds(start, until)
    assert is_time_ambiguous(window, zone) is False
    assert bucket_count(bounds, QUARTER) == 2
    assert buckets_in(window, bounds, QUARTER, zone) == {0, 1}


@pytest.mark.parametrize(
    ("zone", "window_until", "start", "until"),
    [
        pytest.param(BERLIN, utc(10, 25, 1, 15), local(10, 25, 2, 0), local(10, 25, 3, 0), id="Berlin"),
        pytest.param(CHICAGO, utc(11, 1, 7, 15), local(11, 1, 1, 0), local(11, 1, 2, 0), id="Chicago"),
        pytest.param(ADELAIDE, utc(4, 4, 16, 45), local(4, 5, 2, 0), local(4, 5, 3, 0), id="Adelaide"),
        pytest.param(CHATHAM, utc(4, 4, 14, 15), local(4, 5, 2, 45), local(4, 5, 3, 45), id="Chatham"),
    ],
)
def test_bounds_over_the_autumn_change_hold_both_sides_of_it(
    zone: ZoneInfo, window_until: datetime, start: datetime, until: datetime
) -> None:
    window = half_hour_until(window_until)

    bounds = local_bounds(window, zone)

    assert bounds == LocalBounds(start, until)
    assert is_time_ambiguous(window, zone) is True
    # A quarter before the change and one after it: the ends of the bounds, not what lies between.
    assert bucket_count(bounds, QUARTER) == 4
    assert buckets_in(window, bounds, QUARTER, zone) == {0, 3}


@pytest.mark.parametrize(
    ("zone", "window_until", "start", "until"),
    [
        pytest.param(BERLIN, utc(3, 29, 1, 15), local(3, 29, 1, 45), local(3, 29, 3, 15), id="Berlin"),
        pytest.param(CHICAGO, utc(3, 8, 8, 15), local(3, 8, 1, 45), local(3, 8, 3, 15), id="Chicago"),
        pytest.param(ADELAIDE, utc(10, 3, 16, 45), local(10, 4, 1, 45), local(10, 4, 3, 15), id="Adelaide"),
        pytest.param(CHATHAM, utc(9, 26, 14, 15), local(9, 27, 2, 30), local(9, 27, 4, 0), id="Chatham"),
    ],
)
def test_bounds_over_the_spring_change_span_the_hour_that_is_not_there(
    zone: ZoneInfo, window_until: datetime, start: datetime, until: datetime
) -> None:
    window = half_hour_until(window_until)

    bounds = local_bounds(window, zone)

    assert bounds == LocalBounds(start, until)
    assert is_time_ambiguous(window, zone) is False
    assert bucket_count(bounds, QUARTER) == 6
    assert buckets_in(window, bounds, QUARTER, zone) == {0, 5}


def test_a_window_that_ends_with_the_autumn_change_is_not_turned_upside_down() -> None:
    window = half_hour_until(utc(11, 1, 7))

    assert local_bounds(window, CHICAGO) == LocalBounds(local(11, 1, 1, 30), local(11, 1, 2))


def test_a_window_that_starts_with_the_autumn_change_is_not_widened() -> None:
    window = Window(utc(11, 1, 7), utc(11, 1, 7, 30))

    assert local_bounds(window, CHICAGO) == LocalBounds(local(11, 1, 1), local(11, 1, 1, 30))


def test_windows_beside_the_repeated_hour_are_not_ambiguous() -> None:
    assert is_time_ambiguous(half_hour_until(utc(11, 1, 6)), CHICAGO) is False
    assert is_time_ambiguous(half_hour_until(utc(11, 1, 6, 15)), CHICAGO) is True
    assert is_time_ambiguous(half_hour_until(utc(11, 1, 8, 15)), CHICAGO) is True
    assert is_time_ambiguous(half_hour_until(utc(11, 1, 8, 30)), CHICAGO) is False


def test_a_stop_may_have_begun_in_the_repeated_hour_for_as_long_as_it_is_looked_back_for() -> None:
    assert is_stop_ambiguous(half_hour_until(utc(11, 1, 6)), CHICAGO) is False
    assert is_stop_ambiguous(half_hour_until(utc(11, 1, 6, 15)), CHICAGO) is True
    assert is_stop_ambiguous(half_hour_until(utc(11, 1, 8, 30)), CHICAGO) is True
    assert is_stop_ambiguous(half_hour_until(utc(11, 8, 8, 15)), CHICAGO) is True
    assert is_stop_ambiguous(half_hour_until(utc(11, 8, 8, 30)), CHICAGO) is False
    assert is_stop_ambiguous(half_hour_until(utc(3, 8, 9)), CHICAGO) is False


@pytest.mark.parametrize(
    ("start", "until", "shown_again_at"),
    [
        pytest.param(utc(11, 1, 5, 45), utc(11, 1, 6, 15), utc(11, 1, 7), id="into the first pass"),
        pytest.param(utc(11, 1, 6, 15), utc(11, 1, 6, 45), utc(11, 1, 7, 15), id="inside the first pass"),
        pytest.param(utc(11, 1, 6, 30), utc(11, 1, 7), utc(11, 1, 7, 30), id="to the end of the first pass"),
        pytest.param(utc(11, 1, 6), utc(11, 1, 7), utc(11, 1, 7), id="the whole first pass"),
    ],
)
def test_a_first_pass_is_shown_once_until_the_clock_comes_back_to_it(
    start: datetime, until: datetime, shown_again_at: datetime
) -> None:
    window = Window(start, until)

    assert is_shown_once(window, CHICAGO, read_by=shown_again_at) is True
    assert is_shown_once(window, CHICAGO, read_by=shown_again_at + timedelta(seconds=1)) is False


@pytest.mark.parametrize(
    ("start", "until"),
    [
        pytest.param(utc(11, 1, 6, 45), utc(11, 1, 7, 15), id="over the change"),
        pytest.param(utc(11, 1, 7), utc(11, 1, 7, 15), id="from the change"),
        pytest.param(utc(11, 1, 7, 15), utc(11, 1, 7, 45), id="inside"),
        pytest.param(utc(11, 1, 7, 45), utc(11, 1, 8, 15), id="out of it"),
        pytest.param(utc(11, 1, 5), utc(11, 1, 7, 20), id="a part of it and all of the first"),
    ],
)
def test_a_second_pass_was_shown_before(start: datetime, until: datetime) -> None:
    assert is_shown_once(Window(start, until), CHICAGO, read_by=until) is False


@pytest.mark.parametrize(
    ("zone", "start", "until"),
    [
        pytest.param(CHICAGO, utc(11, 1, 5, 30), utc(11, 1, 6), id="before the repeated hour"),
        pytest.param(CHICAGO, utc(11, 1, 8), utc(11, 1, 8, 30), id="after it"),
        pytest.param(CHICAGO, utc(11, 1, 5), utc(11, 2, 5), id="all of it, both passes"),
        pytest.param(CHICAGO, utc(3, 8, 7, 45), utc(3, 8, 8, 15), id="over the spring change"),
        pytest.param(KOLKATA, utc(11, 1, 6), utc(11, 1, 6, 30), id="without changes"),
    ],
)
def test_windows_that_hold_no_part_of_one_pass_alone_are_shown_once_for_ever(
    zone: ZoneInfo, start: datetime, until: datetime
) -> None:
    assert is_shown_once(Window(start, until), zone, read_by=utc(12, 31, 0)) is True


def test_a_repeated_half_hour_comes_back_after_half_an_hour() -> None:
    window = Window(utc(4, 4, 14, 30), utc(4, 4, 14, 45))  # the change is at 15:00

    assert is_shown_once(window, LORD_HOWE, read_by=utc(4, 4, 15)) is True
    assert is_shown_once(window, LORD_HOWE, read_by=utc(4, 4, 15, 1)) is False


def test_output_is_counted_in_whole_intervals_on_ordinary_days() -> None:
    span = Window(utc(11, 20, 11, 23), utc(11, 20, 12, 23))

    grid = bucket_grid(span, QUARTER, KATHMANDU)

    assert grid == (LocalBounds(local(11, 20, 17, 8), local(11, 20, 18, 8)), QUARTER)


@pytest.mark.parametrize(
    ("zone", "change", "every", "length"),
    [
        pytest.param(CHICAGO, utc(3, 8, 8), QUARTER, QUARTER, id="an hour is four quarters"),
        pytest.param(CHICAGO, utc(3, 8, 8), 2 * HOUR, HOUR, id="an hour is half of two"),
        pytest.param(CHICAGO, utc(11, 1, 7), 3 * QUARTER, QUARTER, id="an hour is not 45 minutes"),
        pytest.param(LORD_HOWE, utc(10, 3, 15, 30), HOUR, HOUR / 2, id="half an hour is less than one"),
    ],
)
def test_buckets_are_shorter_than_an_interval_where_the_clock_is_changed_by_less(
    zone: ZoneInfo, change: datetime, every: timedelta, length: timedelta
) -> None:
    span = Window(change - every, change + every)

    assert bucket_grid(span, every, zone).length == length


def test_the_time_of_a_bucket_is_both_hours_where_the_clock_shows_it_twice() -> None:
    window = Window(utc(10, 24, 22), utc(10, 25, 23))  # the whole day in Berlin, of 25 hours

    spans = bucket_spans(window, LocalBounds(local(10, 25, 0), local(10, 26, 0)), HOUR, BERLIN)

    assert len(spans) == 24
    assert spans[23] == [(utc(10, 24, 22), utc(10, 24, 23))]  # 00:00
    assert spans[21] == [(utc(10, 25, 0), utc(10, 25, 1)), (utc(10, 25, 1), utc(10, 25, 2))]  # 02:00, twice
    assert spans[20] == [(utc(10, 25, 2), utc(10, 25, 3))]
    assert spans[0] == [(utc(10, 25, 22), utc(10, 25, 23))]


def test_a_bucket_that_the_clock_jumps_over_has_no_time() -> None:
    window = Window(utc(3, 28, 23), utc(3, 29, 22))  # the whole day in Berlin, of 23 hours

    spans = bucket_spans(window, LocalBounds(local(3, 29, 0), local(3, 30, 0)), HOUR, BERLIN)

    assert sorted(set(range(24)) - spans.keys()) == [21]
    assert spans[22] == [(utc(3, 29, 0), utc(3, 29, 1))]
    assert spans[20] == [(utc(3, 29, 1), utc(3, 29, 2))]


def test_the_edges_of_all_windows_are_edges_of_buckets_though_the_span_ends_in_the_second_pass() -> None:
    span = Window(utc(11, 1, 5, 8), utc(11, 1, 7, 38))

    grid = bucket_grid(span, QUARTER, CHICAGO)

    # The clock shows 01:38 at the end of the span and has shown 02:00 before: 02:08 is the next edge.
    assert grid == (LocalBounds(local(11, 1, 0, 8), local(11, 1, 2, 8)), QUARTER)
    assert buckets_in(Window(utc(11, 1, 5, 23), utc(11, 1, 5, 53)), grid.bounds, QUARTER, CHICAGO) == {5, 6}


def test_a_window_over_a_whole_year_sees_both_changes() -> None:
    window = Window(utc(1, 1, 6), datetime(2027, 1, 1, 6, tzinfo=UTC))

    assert local_bounds(window, CHICAGO) == LocalBounds(local(1, 1, 0), datetime(2027, 1, 1))  # noqa: DTZ001
    assert is_time_ambiguous(window, CHICAGO) is True


def test_a_change_twelve_hours_into_a_window_is_seen() -> None:
    window = Window(utc(10, 31, 19), utc(11, 1, 7, 10))

    assert local_pieces(window, CHICAGO) == (
        LocalPiece(local(10, 31, 14), local(11, 1, 2)),
        LocalPiece(local(11, 1, 1), local(11, 1, 1, 10)),
    )


def test_bounds_are_whole_seconds_that_hold_the_fractions() -> None:
    window = Window(
        utc(11, 20, 12) + timedelta(milliseconds=300), utc(11, 20, 13) + timedelta(milliseconds=300)
    )

    bounds = local_bounds(window, KOLKATA)

    assert bounds == LocalBounds(local(11, 20, 17, 30), local(11, 20, 18, 30) + timedelta(seconds=1))


def test_an_ordinary_time_is_one_instant() -> None:
    resolved = resolve_local(local(11, 20, 6, 31), CHICAGO)

    assert resolved == (utc(11, 20, 12, 31), False, False)


def test_a_repeated_time_is_the_first_of_two_unless_its_fold_says_otherwise() -> None:
    first = resolve_local(local(11, 1, 1, 30), CHICAGO)
    second = resolve_local(local(11, 1, 1, 30).replace(fold=1), CHICAGO)

    assert first == (utc(11, 1, 6, 30), True, False)
    assert second == (utc(11, 1, 7, 30), True, False)


def test_a_time_that_the_clock_jumped_over_is_read_as_if_it_had_not() -> None:
    resolved = resolve_local(local(3, 8, 2, 30), CHICAGO)

    assert resolved == (utc(3, 8, 8, 30), False, True)


def test_an_instant_comes_back_from_the_wall_clock_even_in_the_repeated_hour() -> None:
    assert to_utc(to_local(utc(11, 1, 6, 30), CHICAGO), CHICAGO) == utc(11, 1, 6, 30)
    assert to_utc(to_local(utc(11, 1, 7, 30), CHICAGO), CHICAGO) == utc(11, 1, 7, 30)


def test_an_instant_of_another_offset_is_shown_by_the_plants_clock() -> None:
    at = datetime(2026, 11, 20, 13, 0, tzinfo=timezone(timedelta(hours=1)))

    assert to_local(at, KATHMANDU) == local(11, 20, 17, 45)


instants = st.datetimes(
    min_value=datetime(2026, 1, 1),  # noqa: DTZ001 - the strategy wants naive bounds
    max_value=datetime(2027, 12, 31),  # noqa: DTZ001
    timezones=st.just(UTC),
)
# Half of the instants lie near a change of some zone's clock.
changes = st.sampled_from(
    [utc(3, 8, 8), utc(11, 1, 7), utc(3, 29, 1), utc(10, 25, 1), utc(4, 4, 16), utc(9, 26, 14)]
)
near_changes = st.builds(lambda at, off: at + timedelta(seconds=off), changes, st.integers(-7200, 7200))
lengths = st.timedeltas(min_value=timedelta(seconds=1), max_value=timedelta(days=3))


@given(
    start=instants | near_changes,
    length=lengths,
    part=st.floats(min_value=0, max_value=1, exclude_max=True),
    zone=st.sampled_from(ZONES),
)
def test_bounds_hold_every_instant_of_their_window(
    start: datetime, length: timedelta, part: float, zone: ZoneInfo
) -> None:
    window = Window(start, start + length)
    instant = min(start + length * part, window.until - timedelta.resolution)

    bounds = local_bounds(window, zone)

    assert bounds.start <= to_local(instant, zone) < bounds.until
    assert bounds.start.microsecond == bounds.until.microsecond == 0


@given(start=instants | near_changes, second=st.integers(0, 1799), zone=st.sampled_from(ZONES))
def test_the_buckets_of_a_window_hold_every_instant_of_it(
    start: datetime, second: int, zone: ZoneInfo
) -> None:
    start = start.replace(microsecond=0)
    window = Window(start, start + timedelta(minutes=30))
    instant = start + timedelta(seconds=second)
    bounds = local_bounds(window, zone)

    # As output.sql counts them.
    bucket = (int((bounds.until - to_local(instant, zone)).total_seconds()) - 1) // 900

    assert bucket in buckets_in(window, bounds, QUARTER, zone)
    assert bucket < bucket_count(bounds, QUARTER)
    assert bucket_spans(window, bounds, QUARTER, zone).keys() == buckets_in(window, bounds, QUARTER, zone)


@pytest.mark.parametrize(
    ("start", "reaching_from", "until"),
    [
        (utc(3, 8, 7, 30), local(3, 8, 1, 30), local(3, 8, 1, 45)),
        (utc(3, 8, 8), local(3, 8, 2), local(3, 8, 3, 15)),  # the clock jumped over what ended just before
        (utc(3, 8, 8, 45), local(3, 8, 2, 45), local(3, 8, 4)),
        (utc(3, 8, 20), local(3, 8, 14), local(3, 8, 15, 15)),  # a stop of hours may last over the change
        (utc(3, 15, 8), local(3, 15, 3), local(3, 15, 3, 15)),
        (utc(11, 1, 6, 30), local(11, 1, 1, 30), local(11, 1, 1, 45)),
        (utc(11, 1, 7), local(11, 1, 1), local(11, 1, 2)),  # what began just before, at nearly two
        (utc(11, 1, 8), local(11, 1, 2), local(11, 1, 2, 15)),
    ],
)
def test_bounds_reach_to_what_began_by_a_clock_not_yet_changed(
    start: datetime, reaching_from: datetime, until: datetime
) -> None:
    window = Window(start, start + timedelta(minutes=15))

    bounds = bounds_reaching_in(local_bounds(window, CHICAGO), window, CHICAGO)

    assert bounds == (reaching_from, until)
