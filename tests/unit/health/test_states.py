"""The table of states: docs/operations.md tells what each of them asks for."""

from datetime import UTC, datetime, timedelta

import pytest

from plantpulse.health.states import RunHistory, State, Tolerance, state_of, status_of
from plantpulse.schedules.schedules import DailyAt, Every, Schedule

TOLERANCE = Tolerance(late_after=timedelta(minutes=2), intervals=2, longest=timedelta(hours=2))
QUARTER = Every.minutes(15)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def at(clock: str) -> datetime:
    """Return an instant of one day."""
    return utc(f"2026-11-20T{clock}")


WATCHED_SINCE = utc("2026-11-01T00:00")
AT_TEN = RunHistory(
    WATCHED_SINCE, last_slot=at("10:00"), last_success_at=at("10:00:09"), has_run=True
)  # the slot of 10:00 succeeded, that of 10:15 is the next one


def state(
    progress: RunHistory,
    now: datetime,
    schedule: Schedule = QUARTER,
    tolerance: Tolerance = TOLERANCE,
    *,
    is_configured: bool = True,
) -> State:
    return state_of(schedule, progress, tolerance, now, is_configured=is_configured)


@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        ("10:00:10", "running"),
        ("10:15:00", "running"),
        ("10:16:59", "running"),
        ("10:17:00", "late"),  # due at 10:15, and two minutes
        ("10:44:59", "late"),
        ("10:45:00", "down"),  # due at 10:15, and two intervals
        ("23:00:00", "down"),
    ],
)
def test_a_pipeline_is_late_two_minutes_and_down_two_intervals_after_it_was_due(
    clock: str, expected: State
) -> None:
    assert state(AT_TEN, at(clock)) == expected


@pytest.mark.parametrize(
    ("clock", "expected"),
    [("10:03", "new"), ("10:16:59", "new"), ("10:17", "late"), ("10:45", "down")],
)
def test_what_has_never_run_is_new_until_it_was_due(clock: str, expected: State) -> None:
    never = RunHistory(watched_since=at("10:03"))

    assert state(never, at(clock)) == expected


@pytest.mark.parametrize(("clock", "expected"), [("10:16", "new"), ("10:17", "late"), ("10:45", "down")])
def test_running_on_time_and_failing_every_time_is_no_progress(clock: str, expected: State) -> None:
    failing = RunHistory(watched_since=at("10:03"), has_run=True)

    assert state(failing, at(clock)) == expected


def test_a_manual_run_makes_a_new_pipeline_running_but_fills_no_slot() -> None:
    by_hand = RunHistory(watched_since=at("10:03"), last_success_at=at("10:10"), has_run=True)

    assert state(by_hand, at("10:12")) == "running"
    assert state(by_hand, at("10:17")) == "late"


@pytest.mark.parametrize(
    ("clock", "expected"), [("12:03", "new"), ("12:16:59", "new"), ("12:17", "late"), ("12:45", "down")]
)
def test_what_was_switched_on_again_is_new_until_it_was_due(clock: str, expected: State) -> None:
    resumed = RunHistory(
        watched_since=at("12:03"), last_slot=at("08:00"), last_success_at=at("08:00:09"), has_run=True
    )

    assert state(resumed, at(clock)) == expected


def test_the_first_slot_may_be_older_than_the_watch() -> None:
    """The claim comes seconds after its slot, and the watch begins with the claim."""
    first = RunHistory(at("10:00:03"), last_slot=at("10:00"), last_success_at=at("10:00:09"), has_run=True)

    assert state(first, at("10:16")) == "running"
    assert state(first, at("10:17")) == "late"


@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        ("10:17", "running"),
        ("10:29:59", "running"),
        ("10:30", "late"),  # the lease has run out
        ("10:45", "down"),
    ],
)
def test_a_run_under_way_holds_off_late_while_its_lease_lasts(clock: str, expected: State) -> None:
    at_work = RunHistory(
        WATCHED_SINCE,
        last_slot=at("10:00"),
        last_success_at=at("10:00:09"),
        lease_expires_at=at("10:30"),
        has_run=True,
    )

    assert state(at_work, at(clock)) == expected


def test_a_run_under_way_does_not_hold_off_down() -> None:
    at_work = RunHistory(
        WATCHED_SINCE, last_slot=at("10:00"), lease_expires_at=at("11:00"), last_success_at=at("10:00:09")
    )

    assert state(at_work, at("10:45")) == "down"


def test_without_settings_and_without_runs_it_is_not_configured_however_long() -> None:
    never = RunHistory(watched_since=WATCHED_SINCE)

    assert state(never, at("10:00"), is_configured=False) == "not_configured"


def test_runs_tell_more_than_settings_that_are_missing_here() -> None:
    assert state(AT_TEN, at("10:10"), is_configured=False) == "running"
    assert state(AT_TEN, at("10:45"), is_configured=False) == "down"


@pytest.mark.parametrize(
    ("zone", "last_slot", "late_from", "down_from"),
    [
        # 06:00 on the plant's clock on each side of a change; down two hours after it was due.
        ("Europe/Berlin", "2026-03-28T05:00", "2026-03-29T04:02", "2026-03-29T06:00"),
        ("Europe/Berlin", "2026-10-24T04:00", "2026-10-25T05:02", "2026-10-25T07:00"),
        ("America/Chicago", "2026-03-07T12:00", "2026-03-08T11:02", "2026-03-08T13:00"),
        ("America/Chicago", "2026-10-31T11:00", "2026-11-01T12:02", "2026-11-01T14:00"),
        ("Australia/Lord_Howe", "2026-04-03T19:00", "2026-04-04T19:32", "2026-04-04T21:30"),
        ("Australia/Lord_Howe", "2026-10-02T19:30", "2026-10-03T19:02", "2026-10-03T21:00"),
        ("Asia/Kolkata", "2026-03-28T00:30", "2026-03-29T00:32", "2026-03-29T02:30"),
    ],
)
def test_a_daily_pipeline_is_late_by_the_plants_clock(
    zone: str, last_slot: str, late_from: str, down_from: str
) -> None:
    schedule = DailyAt.local_time("06:00", zone)
    slot, late, down = utc(last_slot), utc(late_from), utc(down_from)
    progress = RunHistory(WATCHED_SINCE.replace(year=2025), slot, slot + timedelta(seconds=40), has_run=True)
    a_moment = timedelta(microseconds=1)

    assert state(progress, late - a_moment, schedule) == "running"
    assert state(progress, late, schedule) == "late"
    assert state(progress, down - a_moment, schedule) == "late"
    assert state(progress, down, schedule) == "down"


def test_a_grace_without_a_longest_one_is_counted_in_slots() -> None:
    patient = Tolerance(late_after=timedelta(minutes=2), intervals=2, longest=timedelta(days=7))
    berlin = DailyAt.local_time("06:00", "Europe/Berlin")
    progress = RunHistory(WATCHED_SINCE.replace(year=2025), utc("2026-10-23T04:00"), utc("2026-10-23T04:01"))

    assert state(progress, utc("2026-10-26T04:59"), berlin, patient) == "late"
    assert state(progress, utc("2026-10-26T05:00"), berlin, patient) == "down"  # 49 hours after it was due


def test_down_is_never_before_late() -> None:
    every_minute = Every.minutes(1)
    hasty = Tolerance(late_after=timedelta(minutes=5), intervals=1, longest=timedelta(hours=2))

    assert state(AT_TEN, at("10:05:59"), every_minute, hasty) == "running"
    assert state(AT_TEN, at("10:06:00"), every_minute, hasty) == "down"


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([], "healthy"),
        (["running", "new", "stopped"], "healthy"),
        (["running", "late"], "degraded"),
        (["running", "not_configured"], "degraded"),
        (["unknown"], "degraded"),
        (["down", "late", "running"], "unhealthy"),
    ],
)
def test_a_deployment_is_as_bad_as_its_worst_pipeline(states: list[State], expected: str) -> None:
    assert status_of(states, is_data_behind=False) == expected


def test_data_that_stays_behind_degrades_what_runs_on_time() -> None:
    assert status_of(["running"], is_data_behind=True) == "degraded"
    assert status_of(["down"], is_data_behind=True) == "unhealthy"
