"""The calls of a burst: what is tried again, what is dropped, and what ends the burst."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from plantpulse.errors import ConfigurationError, PlantpulseError, StoreRefused, StoreUnavailable
from plantpulse.tags.asked import Asking
from plantpulse.tags.exchange import Exchange
from plantpulse.tags.flushing import Flusher
from plantpulse.tags.slots import SlotClock
from tests.unit.tags.plc import NOON, Time, at, group_of
from tests.unit.tags.test_flushing import Polled

AWAY = StoreUnavailable("Supabase did not answer")
REFUSED = StoreRefused("Supabase refused put_tag_samples")


@dataclass
class Supabase:
    """Takes calls, or fails them; notes how long each may take."""

    time: Time
    fails: PlantpulseError | None = None
    refuses: set[int] = field(default_factory=set)  # groups
    later: set[int] = field(default_factory=set)  # groups
    dropped: dict[str, int] = field(default_factory=dict)
    lost_s: list[float] = field(default_factory=list)  # how long each attempt of a claim takes that gets lost
    answered_in_s: float = 0.0  # and the last one
    puts: list[Mapping[str, Any]] = field(default_factory=list)
    allowed_s: list[float] = field(default_factory=list)

    @contextmanager
    def within(self, seconds_left: Callable[[], float]) -> Iterator[None]:
        self.allowed_s.append(seconds_left())
        yield

    def claim_tag_groups(self, claim: Mapping[str, Any], asking: Asking | None = None) -> dict[str, Any]:
        for took_s in (*self.lost_s, self.answered_in_s):
            if asking:
                asking()
            self.time.now_s += took_s
        return {"at": at(self.time() - 1000).isoformat(), "groups": [], "refused": []}

    def put_tag_samples(self, put: Mapping[str, Any]) -> dict[str, Any]:
        self.puts.append(put)
        if self.fails:
            raise self.fails
        if any(row["g"] in self.refuses for row in put["rows"]):
            raise REFUSED
        later = [[row["g"], row["s"]] for row in put["rows"] if row["g"] in self.later]
        return {"at": at(self.time() - 1000).isoformat(), "later": later, "dropped": self.dropped}


@dataclass
class Line:
    """An exchange with a Supabase that a test can break, and one group that is polled."""

    supabase: Supabase
    exchange: Exchange
    polled: Polled = field(default_factory=lambda: Polled().read(1))

    def send(self, complete: Callable[[Mapping[str, int]], Any] | None = None) -> bool:
        """Send what there is, and say whether it was answered."""
        answered = self.exchange.send([self.polled], complete)
        if answered:
            self.exchange.flusher.answered(*answered)
        return answered is not None


@pytest.fixture
def line() -> Line:
    time = Time()
    supabase = Supabase(time)
    flusher = Flusher("a-holder", "north", 30, 10)
    return Line(supabase, Exchange("north", supabase, SlotClock(NOON, 1000.0), flusher, time))


def test_an_outage_is_told_when_it_begins_and_when_it_is_over(
    line: Line, capsys: pytest.CaptureFixture[str]
) -> None:
    line.supabase.fails = AWAY
    assert [line.send() for _ in range(5)] == [False] * 5
    line.supabase.fails = None
    assert line.send()

    told = capsys.readouterr().out.splitlines()
    assert ["samples wait" in told[0], "samples are taken again" in told[1], len(told)] == [True, True, 2]
    assert [put["sequence"] for put in line.supabase.puts] == [1] * 6


def test_a_call_that_is_tried_again_may_take_longer_than_the_first(line: Line) -> None:
    line.supabase.fails = AWAY
    line.send()
    line.send()

    assert line.supabase.allowed_s == [6.0, 12.0]


def test_at_its_end_a_burst_puts_up_with_no_answer(line: Line, capsys: pytest.CaptureFixture[str]) -> None:
    line.supabase.fails = AWAY
    line.exchange.end_within(4.5)
    assert not line.send()
    assert line.supabase.allowed_s == [4.5]

    line.supabase.time.now_s += 5
    with pytest.raises(StoreUnavailable):
        line.send()

    assert '"samples":1' in capsys.readouterr().out.splitlines()[-1]


def test_an_end_without_an_answer_tells_of_every_sample_of_a_call_that_was_taken_apart(
    line: Line, capsys: pytest.CaptureFixture[str]
) -> None:
    groups = [Polled(replace(group_of(), id=number)).read(1, 2) for number in (7, 8, 9, 10)]
    line.supabase.refuses = {7}
    answered = line.exchange.send(groups, None)
    assert answered  # 7 is given up, 8 is stored
    line.exchange.flusher.answered(*answered)
    groups[0].read(3)
    line.supabase.fails = AWAY
    line.exchange.end_within(0.0)

    with pytest.raises(StoreUnavailable):
        line.exchange.send(groups, None)

    assert '"samples":5' in capsys.readouterr().out.splitlines()[-1]


def test_samples_of_parts_that_have_to_be_sent_again_wait_together(
    line: Line, capsys: pytest.CaptureFixture[str]
) -> None:
    groups = [Polled(replace(group_of(), id=number)).read(1) for number in (7, 8, 9)]
    line.supabase.refuses = {9}
    line.supabase.later = {7, 8}
    sent = []
    for _ in range(3):
        if answered := line.exchange.send(groups, None):
            line.exchange.flusher.answered(*answered)
            sent.append([key for key, _ in answered[0].samples])
    line.supabase.later = set()
    line.supabase.fails = AWAY
    line.exchange.end_within(0.0)

    with pytest.raises(StoreUnavailable):
        line.exchange.send(groups, None)

    assert sent == [[7], [8]]
    assert [(row["g"], row["s"]) for row in line.supabase.puts[-1]["rows"]] == [
        (7, at(1).isoformat()), (8, at(1).isoformat())
    ]  # fmt: skip
    assert '"samples":2' in capsys.readouterr().out.splitlines()[-1]


def test_a_key_that_is_refused_ends_the_burst_and_what_is_lost_is_told(
    line: Line, capsys: pytest.CaptureFixture[str]
) -> None:
    line.polled.read(2)
    line.supabase.fails = ConfigurationError("Supabase refused the key")

    with pytest.raises(ConfigurationError):
        line.send()

    assert '"samples":2' in capsys.readouterr().out


def test_an_earlier_end_is_not_put_off(line: Line) -> None:
    line.exchange.end_within(4.5)
    line.exchange.end_within(30)

    assert line.exchange.gives_up_s == 1004.5


def test_what_supabase_refuses_is_dropped_and_counted_and_the_next_call_is_sent(line: Line) -> None:
    line.supabase.fails = REFUSED
    assert not line.send()
    line.supabase.fails = None

    assert line.send()
    assert line.exchange.flusher.totals["dropped"] == 1
    assert [put["sequence"] for put in line.supabase.puts] == [1, 2]


def test_samples_that_are_lost_with_their_turn_are_told(
    line: Line, capsys: pytest.CaptureFixture[str]
) -> None:
    line.supabase.dropped = {"7": 1}

    assert line.send()

    (told,) = capsys.readouterr().out.splitlines()
    assert '"severity":"WARNING","message":"samples are lost' in told
    assert '"samples":1,"groups":["7"]' in told
    assert line.exchange.flusher.totals["dropped"] == 1


def test_a_supabase_that_goes_on_refusing_ends_the_burst_and_what_is_lost_is_told(
    line: Line, capsys: pytest.CaptureFixture[str]
) -> None:
    line.supabase.fails = REFUSED
    line.send()
    line.send()
    line.polled.read(2, 3)

    with pytest.raises(StoreRefused):
        line.send()

    assert '"message":"a burst ends without Supabase: samples are lost"' in (told := capsys.readouterr().out)
    assert '"samples":2' in told.splitlines()[-1]


@pytest.mark.parametrize("bad", [{7}, {7, 8, 9, 10}, {8, 9, 10, 11}, {11}])
def test_groups_that_supabase_refuses_cost_no_other_group_a_sample(line: Line, bad: set[int]) -> None:
    groups = [Polled(replace(group_of(), id=number)) for number in range(7, 12)]
    line.supabase.refuses = bad
    stored = set()

    for second in range(10):
        for one in groups:
            one.read(second)
        while answered := line.exchange.send(groups, None):
            line.exchange.flusher.answered(*answered)
            stored |= set(answered[0].samples)
            if not line.exchange.flusher.has_parts:
                break

    assert stored == {(group, at(second)) for group in {*range(7, 12)} - bad for second in range(10)}
    assert line.exchange.flusher.totals["dropped"] == 10 * len(bad)


def test_a_supabase_that_refuses_all_groups_ends_the_burst(line: Line) -> None:
    groups = [Polled(replace(group_of(), id=number)).read(1) for number in (7, 8)]
    line.supabase.fails = REFUSED

    assert [line.exchange.send(groups, None) for _ in range(2)] == [None, None]
    with pytest.raises(StoreRefused):
        line.exchange.send(groups, None)

    assert len(line.supabase.puts) == 9


def test_samples_that_are_refused_do_not_cost_the_end_of_the_run(line: Line) -> None:
    line.supabase.refuses = {7}
    line.polled.is_done = True

    assert not line.send(dict)
    assert line.send(dict)

    assert [put["completion"] is None for put in line.supabase.puts] == [False, True, False]
    assert line.supabase.puts[-1]["completion"]["dropped"] == 1


def test_an_end_of_the_run_that_is_refused_is_an_error(line: Line) -> None:
    line.supabase.fails = REFUSED
    line.polled.is_done = True

    assert not line.send(dict)
    with pytest.raises(StoreRefused):
        line.send(dict)


def test_a_claim_in_a_burst_has_a_bound(line: Line) -> None:
    line.exchange.claim({}, 6.0)

    assert line.supabase.allowed_s == [6.0]


def test_the_databases_time_sets_the_clock(line: Line) -> None:
    line.exchange.clock = SlotClock(at(-600), 1000.0)

    line.exchange.claim({})

    assert line.exchange.clock.at(1000.0) == NOON


def test_a_claim_that_was_tried_again_sets_the_clock_by_its_last_attempt(line: Line) -> None:
    line.exchange.clock = SlotClock(at(1080), 1000.0)
    line.supabase.lost_s, line.supabase.answered_in_s = [30.0, 6.0], 0.25

    line.exchange.claim({})

    assert line.exchange.clock.at(1036.0) == at(36.25)


def test_a_claim_that_was_answered_slowly_leaves_the_clock_to_the_next_answer(line: Line) -> None:
    line.exchange.clock = SlotClock(at(1080), 1000.0)
    line.supabase.answered_in_s = 14.0

    line.exchange.claim({})
    assert line.exchange.clock.at(1014.0) == at(28)
    line.send()

    assert line.exchange.clock.at(1014.0) == at(14)
