"""The compressed clock of `make up`."""

from datetime import UTC, datetime, timedelta

from devstack.clock import CompressedClock

CLOCK = CompressedClock(
    plant_start=datetime(2026, 11, 22, 12, 15, tzinfo=UTC),
    real_start=datetime(2026, 3, 1, 8, 0, 0, tzinfo=UTC),
    tick=timedelta(seconds=5),
)


def test_at_its_start_the_plant_is_where_it_was_put() -> None:
    assert CLOCK.at(datetime(2026, 3, 1, 8, 0, 0, tzinfo=UTC)) == datetime(2026, 11, 22, 12, 15, tzinfo=UTC)


def test_within_a_tick_time_goes_on_at_its_real_pace() -> None:
    plant_time = CLOCK.at(datetime(2026, 3, 1, 8, 0, 4, 999_000, tzinfo=UTC))

    assert plant_time == datetime(2026, 11, 22, 12, 15, 4, 999_000, tzinfo=UTC)


def test_with_the_next_tick_it_jumps_to_the_next_quarter_of_an_hour() -> None:
    assert CLOCK.at(datetime(2026, 3, 1, 8, 0, 5, tzinfo=UTC)) == datetime(2026, 11, 22, 12, 30, tzinfo=UTC)
    assert CLOCK.at(datetime(2026, 3, 1, 8, 0, 6, tzinfo=UTC)) == datetime(
        2026, 11, 22, 12, 30, 1, tzinfo=UTC
    )
    assert CLOCK.at(datetime(2026, 3, 1, 8, 0, 20, tzinfo=UTC)) == datetime(2026, 11, 22, 13, 15, tzinfo=UTC)


def test_the_first_tick_after_an_instant_is_never_one_that_has_begun() -> None:
    assert CLOCK.tick_after(datetime(2026, 3, 1, 8, 0, 4, 999_000, tzinfo=UTC)) == 1
    assert CLOCK.tick_after(datetime(2026, 3, 1, 8, 0, 5, tzinfo=UTC)) == 2


def test_a_tick_has_a_slot_and_a_real_time() -> None:
    assert CLOCK.slot_of(3) == datetime(2026, 11, 22, 13, 0, tzinfo=UTC)
    assert CLOCK.seconds_until(3, datetime(2026, 3, 1, 8, 0, 14, tzinfo=UTC)) == 1.0
    assert CLOCK.seconds_until(3, datetime(2026, 3, 1, 8, 0, 17, tzinfo=UTC)) == -2.0


def test_ticks_of_a_quarter_of_an_hour_from_the_real_time_are_real_time() -> None:
    noon = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    clock = CompressedClock(noon, noon, timedelta(minutes=15))

    later = datetime(2026, 3, 1, 16, 7, 9, tzinfo=UTC)

    assert clock.at(later) == later
    assert clock.is_real
    assert not CLOCK.is_real


def test_another_process_makes_the_same_clock_from_the_environment() -> None:
    assert CompressedClock.from_environment(CLOCK.as_environment()) == CLOCK
