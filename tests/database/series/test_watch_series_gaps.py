"""Gaps of series: only what is due, only what a whole group lacks, and never asked for ever."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.database.api import Api
from tests.database.conftest import Connection
from tests.database.protocol import failure, fence
from tests.database.series.collected import LOAD, batch, block, commit, series, series_claim

DAY = datetime(2026, 11, 20, tzinfo=UTC)
NOW = DAY + timedelta(days=2)
NEW_YORK = ZoneInfo("America/New_York")
BERLIN = ZoneInfo("Europe/Berlin")
NOTHING = {"answer": "watched", "opened": 0, "filled": 0, "open": 0, "gaps": [], "tried": []}


def at(hour: float, day: datetime = DAY) -> datetime:
    return day + timedelta(hours=hour)


@dataclass
class Watch:
    """The runs that collect and look, with a clock that never stands still."""

    service: Api
    database: Connection
    known_at: datetime = NOW - timedelta(hours=3)
    now: datetime = NOW

    def store(
        self, *blocks: dict[str, Any], described: Sequence[dict[str, Any]] = (), **changes: Any
    ) -> None:
        self.known_at += timedelta(seconds=1)
        reply = batch(*blocks, known_at=self.known_at.isoformat())
        body = commit(reply, series=list(described) or [series()], **changes)
        self.service.call("commit_series", p_fence=fence(1), p_commit=body, p_now=self.now.isoformat())

    def hours(self, first: int, last: int, **changes: Any) -> dict[str, Any]:
        return block(*["5"] * (last - first), start=at(first).isoformat(), **changes)

    def look(self, *looks: dict[str, Any], number: int = 1) -> dict[str, Any]:
        answer: dict[str, Any] = self.service.call(
            "watch_series_gaps", p_fence=fence(number), p_looks=list(looks), p_now=self.now.isoformat()
        )
        return answer

    def gaps(self, *looks: dict[str, Any]) -> list[tuple[datetime, datetime]]:
        """Return the gaps to ask for again, by time."""
        found = self.look(*looks)["gaps"]
        return sorted((_time(gap["starts_at"]), _time(gap["ends_at"])) for gap in found)

    def attempt(self, *attempts: dict[str, Any]) -> None:
        self.store(gap_attempts=list(attempts))

    def rows(self) -> list[tuple[str, float, float]]:
        """Return every gap that was ever found: state, first and last hour of DAY."""
        rows = self.database.execute(
            "select state, starts_at, ends_at from public.gaps order by starts_at, id"
        ).fetchall()
        return [(row["state"], _hours(row["starts_at"]), _hours(row["ends_at"])) for row in rows]


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _hours(time: datetime) -> float:
    return (time - DAY) / timedelta(hours=1)


def look(first: float = 0, due: float = 24, group: str = LOAD, **changes: Any) -> dict[str, Any]:
    return {
        "group": group,
        "from": at(first).isoformat(),
        "due": at(due).isoformat(),
        "peers": None,
        **changes,
    }


def span(start: datetime, due: datetime, group: str = LOAD, **changes: Any) -> dict[str, Any]:
    return {"group": group, "from": start.isoformat(), "due": due.isoformat(), "peers": None, **changes}


@pytest.fixture
def watch(service: Api, database: Connection) -> Watch:
    service.call("claim_run", p_claim=series_claim(1), p_now=(NOW - timedelta(minutes=1)).isoformat())
    return Watch(service, database)


def test_a_series_without_holes_has_no_gaps(watch: Watch) -> None:
    watch.store(watch.hours(0, 24))

    assert watch.look(look()) == NOTHING
    assert watch.rows() == []


def test_holes_at_the_begin_in_the_middle_and_at_the_end_are_gaps(watch: Watch) -> None:
    watch.store(watch.hours(2, 6), watch.hours(9, 20))

    answer = watch.look(look())

    assert (answer["opened"], answer["open"]) == (3, 3)
    assert watch.rows() == [("open", 0, 2), ("open", 6, 9), ("open", 20, 24)]
    assert answer["gaps"][0] == {
        "id": answer["gaps"][0]["id"],
        "group": LOAD,
        "starts_at": at(0).isoformat(),
        "ends_at": at(2).isoformat(),
        "attempts": 0,
    }


def test_a_value_that_was_published_as_missing_is_no_gap(watch: Watch) -> None:
    watch.store(block("5", None, "5", start=at(0).isoformat()))

    assert watch.gaps(look(due=3)) == []


def test_a_hole_that_is_seen_again_is_the_same_gap(watch: Watch) -> None:
    watch.store(watch.hours(0, 6), watch.hours(9, 24))
    first = watch.look(look())

    again = watch.look(look())

    assert again["gaps"] == first["gaps"]
    assert (again["opened"], again["filled"], again["open"]) == (0, 0, 1)


def test_an_interval_that_is_not_over_is_not_due(watch: Watch) -> None:
    watch.store(watch.hours(0, 6, minutes=15) | {"values": ["5"] * 24})

    assert watch.gaps(look(due=6.2)) == []
    assert watch.gaps(look(due=6.25)) == [(at(6), at(6.25))]
    assert watch.gaps(look(due=6.9)) == [(at(6), at(6.75))]


def test_a_series_that_is_not_due_yet_has_no_gaps(watch: Watch) -> None:
    watch.store(watch.hours(0, 6))

    assert watch.gaps(look(first=8, due=6)) == []
    assert watch.gaps(look(due=6)) == []
    assert watch.rows() == []


def test_intervals_of_different_lengths_complete_each_other(watch: Watch) -> None:
    watch.store(
        watch.hours(0, 6),
        block(*["5"] * 8, start=at(6).isoformat(), minutes=15),
        block(*["5"] * 4, start=at(8).isoformat(), minutes=30),
        block("5", start=at(10.25).isoformat(), minutes=15),
        watch.hours(11, 12),
    )

    assert watch.gaps(look(due=12)) == [(at(10), at(10.25)), (at(10.5), at(11))]


def test_an_interval_that_reaches_into_the_span_covers_its_begin(watch: Watch) -> None:
    watch.store(block("5", start=at(-1).isoformat(), minutes=180), watch.hours(2, 6))

    assert watch.gaps(look(first=0.5, due=6)) == []


GENERATION, PUMPING, B10 = "DE/generation/B10", "DE/pumping/B10", "DE/generation+pumping/B10"


def test_what_one_series_of_a_group_has_is_no_gap(watch: Watch) -> None:
    group = [series(key, group=B10) for key in (GENERATION, PUMPING)]
    watch.store(
        watch.hours(0, 8, series=GENERATION),
        block("5", start=at(12).isoformat(), series=GENERATION),
        # Longer intervals, which overlap those of the other one.
        block("5", start=at(6).isoformat(), minutes=240, series=PUMPING),
        block("5", start=at(14).isoformat(), minutes=600, series=PUMPING),
        described=group,
    )

    assert watch.gaps(look(group=B10)) == [(at(10), at(12)), (at(13), at(14))]


def test_an_interval_inside_a_longer_one_does_not_end_it(watch: Watch) -> None:
    watch.store(
        block("5", start=at(0).isoformat(), minutes=600, series=PUMPING),
        block("5", start=at(2).isoformat(), series=GENERATION),
        described=[series(key, group=B10) for key in (GENERATION, PUMPING)],
    )

    assert watch.gaps(look(due=12, group=B10)) == [(at(10), at(12))]


def test_groups_do_not_see_each_other(watch: Watch) -> None:
    watch.store(
        watch.hours(0, 24),
        watch.hours(0, 12, series="FR/load"),
        described=[series(), series("FR/load")],
    )

    answer = watch.look(look(), look(group="FR/load"), look(group="NL/load", due=1))

    assert [(gap["group"], _hours(_time(gap["starts_at"]))) for gap in answer["gaps"]] == [
        ("FR/load", 12),
        ("NL/load", 0),
    ]


def test_gaps_are_closed_as_filled_or_become_what_is_left(watch: Watch) -> None:
    watch.store(watch.hours(0, 6), watch.hours(8, 10), watch.hours(16, 24))
    first = {gap["id"] for gap in watch.look(look())["gaps"]}
    watch.store(watch.hours(6, 8), watch.hours(12, 13))

    answer = watch.look(look())

    assert (answer["opened"], answer["filled"], answer["open"]) == (1, 1, 2)
    assert watch.rows() == [("filled", 6, 8), ("open", 10, 12), ("open", 13, 16)]
    assert len(first & {gap["id"] for gap in answer["gaps"]}) == 1


def test_what_is_left_of_a_gap_was_tried_as_often_and_waits_as_long(watch: Watch) -> None:
    watch.store(watch.hours(0, 6), watch.hours(12, 24))
    (gap,) = watch.look(look())["gaps"]
    later = watch.now + timedelta(hours=4)
    watch.attempt({"id": gap["id"], "state": "open", "next_attempt_at": later.isoformat(), "reason": "empty"})
    watch.store(watch.hours(8, 9))

    assert watch.gaps(look()) == []
    watch.now = later
    assert [(one["attempts"], _hours(_time(one["ends_at"]))) for one in watch.look(look())["gaps"]] == [
        (1, 8),
        (1, 12),
    ]


def test_two_gaps_that_become_one_are_the_older_one(watch: Watch) -> None:
    watch.store(watch.hours(0, 6), watch.hours(8, 9), watch.hours(12, 24))
    first = watch.look(look())["gaps"]
    watch.database.execute("delete from public.series_points where at = %s", (at(8),))

    (joined,) = watch.look(look())["gaps"]

    assert joined["id"] == min(gap["id"] for gap in first)
    assert watch.rows() == [("open", 6, 12)]


def test_a_gap_that_grows_is_asked_for_at_once(watch: Watch) -> None:
    watch.store(watch.hours(0, 6))
    (gap,) = watch.look(look(due=8))["gaps"]
    later = (watch.now + timedelta(hours=4)).isoformat()
    watch.attempt({"id": gap["id"], "state": "open", "next_attempt_at": later, "reason": None})

    assert watch.gaps(look(due=8)) == []
    assert watch.gaps(look(due=9)) == [(at(6), at(9))]
    assert watch.look(look(due=9))["gaps"][0]["id"] == gap["id"]


def test_a_gap_before_the_span_of_a_look_can_still_be_filled(watch: Watch) -> None:
    watch.store(watch.hours(0, 2), watch.hours(4, 6), watch.hours(8, 24))
    watch.look(look())
    watch.store(watch.hours(2, 4), watch.hours(6, 7))

    watch.look(look(first=12))

    assert watch.rows() == [("filled", 2, 4), ("open", 7, 8)]


def test_holes_before_the_span_of_a_look_are_not_found(watch: Watch) -> None:
    watch.store(watch.hours(0, 2), watch.hours(4, 24))

    assert watch.gaps(look(first=12)) == []
    assert watch.rows() == []


def test_a_gap_that_is_not_due_any_more_stays(watch: Watch) -> None:
    watch.store(watch.hours(0, 6))
    watch.look(look(due=12))

    watch.look(look(due=8))

    assert watch.rows() == [("open", 6, 12)]


def absent(gap: dict[str, Any]) -> dict[str, Any]:
    return {"id": gap["id"], "state": "absent", "next_attempt_at": None, "reason": "no values in 3 attempts"}


def test_what_is_absent_is_not_asked_for_again(watch: Watch) -> None:
    watch.store(watch.hours(0, 6), watch.hours(9, 24))
    (gap,) = watch.look(look())["gaps"]
    watch.attempt(absent(gap))

    for days in (0, 1, 400):
        watch.now = NOW + timedelta(days=days)
        assert watch.look(look()) == NOTHING
    assert watch.rows() == [("absent", 6, 9)]
    row = watch.database.execute("select reason, attempts, closed_at, run_id from public.gaps").fetchone()
    assert row == {"reason": "no values in 3 attempts", "attempts": 1, "closed_at": NOW, "run_id": 1}


def test_only_what_goes_beyond_an_absent_gap_is_a_new_one(watch: Watch) -> None:
    watch.store(watch.hours(0, 6))
    (gap,) = watch.look(look(due=9))["gaps"]
    watch.attempt(absent(gap))

    assert watch.gaps(look(due=10)) == [(at(9), at(10))]
    assert watch.rows() == [("absent", 6, 9), ("open", 9, 10)]


def test_an_absent_gap_that_was_published_after_all_is_filled(watch: Watch) -> None:
    watch.store(watch.hours(0, 6), watch.hours(9, 24))
    (gap,) = watch.look(look())["gaps"]
    watch.attempt(absent(gap))
    watch.store(watch.hours(6, 9))

    assert watch.look(look(first=7))["filled"] == 0
    assert watch.look(look())["filled"] == 1
    assert watch.rows() == [("filled", 6, 9)]


def test_an_attempt_counts_once_in_a_run_and_leaves_closed_gaps_alone(watch: Watch, service: Api) -> None:
    watch.store(watch.hours(0, 6), watch.hours(9, 24))
    (gap,) = watch.look(look())["gaps"]
    tried = {"id": gap["id"], "state": "open", "next_attempt_at": NOW.isoformat(), "reason": "did not answer"}
    watch.attempt(tried)
    watch.attempt(tried)
    assert watch.look(look())["gaps"][0]["attempts"] == 1

    service.call("claim_run", p_claim=series_claim(2), p_now=NOW.isoformat())
    body = commit(series=[], gap_attempts=[tried])
    service.call("commit_series", p_fence=fence(2), p_commit=body, p_now=NOW.isoformat())
    assert watch.look(look())["gaps"][0]["attempts"] == 2

    watch.store(watch.hours(6, 9))
    watch.look(look())
    watch.attempt(tried)
    assert watch.rows() == [("filled", 6, 9)]


def test_an_attempt_that_was_not_answered_waits_and_does_not_count(watch: Watch) -> None:
    watch.store(watch.hours(0, 6), watch.hours(9, 24))
    (gap,) = watch.look(look())["gaps"]
    later = (watch.now + timedelta(hours=4)).isoformat()
    watch.attempt({"id": gap["id"], "state": "open", "next_attempt_at": later, "is_answered": False})

    assert watch.gaps(look()) == []
    watch.now += timedelta(hours=4)
    assert watch.look(look())["gaps"][0]["attempts"] == 0


def test_the_longest_gap_of_a_group_that_was_tried_is_named(watch: Watch) -> None:
    watch.store(watch.hours(0, 2), watch.hours(3, 6), watch.hours(9, 12), watch.hours(20, 24))
    gaps = watch.look(look())["gaps"]
    assert watch.look(look())["tried"] == []

    later = (NOW + timedelta(hours=4)).isoformat()
    watch.attempt(*({"id": gap["id"], "state": "open", "next_attempt_at": later} for gap in gaps[:2]))

    assert [(one["id"], one["attempts"]) for one in watch.look(look())["tried"]] == [(gaps[1]["id"], 1)]


spans = st.lists(st.tuples(st.integers(0, 1), st.integers(-8, 40), st.sampled_from((1, 2, 4))), max_size=25)


def enter(database: Connection, stored: list[tuple[int, int, int]]) -> list[set[int]]:
    """Enter intervals of two series of a group that do not overlap in one; return the quarters of each."""
    quarters: list[set[int]] = [set(), set()]
    newest: dict[int, tuple[int, int]] = {}
    for member, start, length in stored:
        own = set(range(start, start + length))
        if not own & quarters[member]:
            quarters[member] |= own
            newest[member] = max(newest.get(member, (start, length)), (start, length))
            database.execute(
                "insert into public.series_points (series_id, at, minutes, value, known_at)"
                " values (%s, %s, %s, 1, now())",
                (member + 1, at(start / 4), 15 * length),
            )
    return [*quarters, {length for _, length in newest.values()}]


def whole(missing: set[int], first: int, due: int, step: int) -> set[int]:
    """Return what is missing without the part of an interval at its end."""
    start = due
    while start > first and start - 1 in missing:
        start -= 1
    return {one for one in missing if one < start + (due - start) // step * step}


@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(stored=spans, first=st.integers(0, 10), due=st.integers(11, 40))
def test_gaps_are_the_quarters_that_no_series_of_the_group_has(
    watch: Watch, stored: list[tuple[int, int, int]], first: int, due: int
) -> None:
    watch.database.execute("truncate public.series, public.gaps restart identity cascade")
    described = [series(key, group=B10) for key in (GENERATION, PUMPING)]
    watch.store(described=described)
    watch.database.execute("update public.series set longest_minutes = 60")
    one, other, lengths = enter(watch.database, stored)

    found = watch.gaps(look(first / 4, due / 4, group=B10))

    told = {
        quarter
        for start, end in found
        for quarter in range(first, due)
        if start <= at(quarter / 4) and at((quarter + 1) / 4) <= end
    }
    missing = set(range(first, due)) - one - other
    assert told == whole(missing, first, due, min(lengths, default=1))
    assert sum((end - start for start, end in found), timedelta()) == len(told) * timedelta(minutes=15)


DAILY = "WTI/price/eia"


def midnights(first: datetime, days: int) -> list[datetime]:
    return [(first + timedelta(days=number)).astimezone(UTC) for number in range(days + 1)]


def daily(key: str, first: datetime, days: Sequence[int], value: str | None = "61.5") -> list[dict[str, Any]]:
    """Return local days of a series, each with its own length."""
    ends = midnights(first, max(days) + 1)
    return [
        block(
            value,
            series=key,
            start=ends[day].isoformat(),
            minutes=(ends[day + 1] - ends[day]) // timedelta(minutes=1),
        )
        for day in days
    ]


def of_new_york(key: str) -> dict[str, Any]:
    return series(key, time_zone="America/New_York", unit="USD/bbl", source=key.rpartition("/")[2])


@pytest.mark.parametrize(
    ("first", "hours"),
    [(datetime(2026, 3, 7, tzinfo=NEW_YORK), 23), (datetime(2026, 10, 31, tzinfo=NEW_YORK), 25)],
)
def test_a_day_of_23_or_25_hours_is_one_gap_of_its_own_length(
    watch: Watch, first: datetime, hours: int
) -> None:
    watch.store(*daily(DAILY, first, [0, 2, 3]), described=[of_new_york(DAILY)])
    ends = midnights(first, 4)

    assert watch.gaps(span(ends[0], ends[4], DAILY)) == [(ends[1], ends[2])]
    assert ends[2] - ends[1] == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("first", "hours"),
    [(datetime(2026, 3, 7, tzinfo=NEW_YORK), 23), (datetime(2026, 10, 31, tzinfo=NEW_YORK), 25)],
)
def test_the_last_day_is_due_at_its_own_midnight(watch: Watch, first: datetime, hours: int) -> None:
    watch.store(*daily(DAILY, first, [0]), described=[of_new_york(DAILY)])
    ends = midnights(first, 3)

    assert watch.gaps(span(ends[0], ends[2] - timedelta(minutes=1), DAILY)) == []
    assert watch.gaps(span(ends[0], ends[2], DAILY)) == [(ends[1], ends[1] + timedelta(hours=hours))]
    assert watch.gaps(span(ends[0], ends[2] + timedelta(hours=20), DAILY)) == [(ends[1], ends[2])]


@pytest.mark.parametrize(("day", "quarters"), [((2026, 3, 29), 92), ((2026, 10, 25), 100)])
def test_quarters_of_a_day_on_which_clocks_change_leave_no_gap(
    watch: Watch, day: tuple[int, int, int], quarters: int
) -> None:
    start, end = midnights(datetime(*day, tzinfo=BERLIN), 1)
    watch.store(block(*["5"] * (quarters - 2), start=start.isoformat(), minutes=15))

    assert watch.gaps(span(start, end)) == [(end - timedelta(minutes=30), end)]


@pytest.mark.parametrize(
    ("lengths", "expected"),
    [
        ((31, 28), [(59, 90)]),  # March has 31 days, and February was shorter
        ((31,), [(31, 59)]),
    ],
)
def test_months_and_their_lengths(
    watch: Watch, lengths: tuple[int, ...], expected: list[tuple[int, int]]
) -> None:
    first = datetime(2026, 1, 1, tzinfo=UTC)
    begin = 0
    for days in lengths:
        start = (first + timedelta(days=begin)).isoformat()
        watch.store(
            block("5", series="US/stocks", start=start, minutes=days * 1440),
            described=[series("US/stocks", time_zone="UTC")],
        )
        begin += days
    due = first + timedelta(days=expected[0][1])

    assert watch.gaps(span(first, due - timedelta(days=15), "US/stocks")) == []
    assert watch.gaps(span(first, due, "US/stocks")) == [
        (first + timedelta(days=start), first + timedelta(days=end)) for start, end in expected
    ]


FRED = "WTI/price/fred"


def test_a_trading_day_is_expected_only_if_a_peer_has_a_value(watch: Watch) -> None:
    first = datetime(2026, 11, 2, tzinfo=NEW_YORK)  # a Monday
    watch.store(
        *daily(DAILY, first, [0, 1]),
        *daily(FRED, first, [0, 1, 2, 4, 7]),
        *daily(FRED, first, [3], value=None),  # published as missing: a holiday
        described=[of_new_york(DAILY), of_new_york(FRED)],
    )
    ends = midnights(first, 9)
    asked = span(ends[0], ends[9], DAILY, peers=[FRED, "WTI/price/unknown"])

    assert watch.gaps(asked) == [(ends[2], ends[3]), (ends[4], ends[5]), (ends[7], ends[8])]
    assert watch.gaps(span(ends[0], ends[9], FRED, peers=[DAILY])) == []


def test_without_a_value_of_any_peer_nothing_is_expected(watch: Watch) -> None:
    first = datetime(2026, 11, 2, tzinfo=NEW_YORK)
    watch.store(*daily(DAILY, first, [0]), described=[of_new_york(DAILY)])

    assert watch.gaps(span(first.astimezone(UTC), NOW, DAILY, peers=[])) == []


def test_what_is_published_as_missing_fills_a_trading_day(watch: Watch) -> None:
    first = datetime(2026, 11, 2, tzinfo=NEW_YORK)
    watch.store(
        *daily(DAILY, first, [0], value=None),
        *daily(FRED, first, [0]),
        described=[of_new_york(DAILY), of_new_york(FRED)],
    )
    ends = midnights(first, 1)

    assert watch.gaps(span(ends[0], ends[1], DAILY, peers=[FRED])) == []


def test_a_trading_day_of_another_midnight_makes_no_slivers(watch: Watch) -> None:
    first = datetime(2026, 11, 2, tzinfo=NEW_YORK)
    in_berlin = first.replace(tzinfo=BERLIN)
    watch.store(
        *daily(DAILY, first, [0, 1, 2, 3]),
        *daily(FRED, in_berlin, [0, 1, 2, 3]),
        described=[of_new_york(DAILY), of_new_york(FRED)],
    )
    ends = midnights(first, 4)

    assert watch.gaps(span(ends[0], ends[4], DAILY, peers=[FRED])) == []


def test_at_most_500_gaps_are_answered_and_those_that_wait_longest_first(watch: Watch) -> None:
    watch.store(*(watch.hours(2 * number, 2 * number + 1) for number in range(601)))
    everything = look(due=1202)
    watch.now = at(1300)

    answer = watch.look(everything)

    assert (answer["open"], len(answer["gaps"])) == (601, 500)
    waits = [
        {"id": gap["id"], "state": "open", "next_attempt_at": (watch.now - timedelta(seconds=1)).isoformat()}
        for gap in answer["gaps"][-3:]
    ]
    watch.attempt(*waits)
    assert [gap["id"] for gap in watch.look(everything)["gaps"][:3]] == [one["id"] for one in waits]


def test_a_run_that_was_ended_changes_no_gaps(watch: Watch, service: Api) -> None:
    watch.store(watch.hours(0, 6))
    service.call("fail_run", p_fence=fence(1), p_failure=failure(is_retryable=True))

    answer = watch.look(look())

    assert answer == NOTHING | {"answer": "fenced"}
    assert watch.rows() == []


def test_a_dry_run_cannot_look(service: Api, count: Callable[[str], int]) -> None:
    service.call("claim_run", p_claim=series_claim(1, is_dry_run=True))

    assert service.refusal("watch_series_gaps", p_fence=fence(1), p_looks=[look()]) == "P0001"
    assert count("gaps") == 0


@pytest.mark.parametrize(
    "wrong", [{"group": None}, {"group": ""}, {"from": None}, {"due": "infinity"}, {"from": "-infinity"}]
)
def test_a_look_that_cannot_be_is_refused(watch: Watch, service: Api, wrong: dict[str, Any]) -> None:
    looks = [look(), look() | wrong]

    assert service.refusal("watch_series_gaps", p_fence=fence(1), p_looks=looks) == "22023"
    assert watch.rows() == []
