"""Bursts relieve each other: not one slot is lost or stored for two, whenever they come, die or repeat."""

import heapq
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.database.conftest import Connection
from tests.database.tags.polled import make_group
from tests.database.tags.relay import LEASE_S, STEP_S, Burst, Relay, interleavings


@dataclass(frozen=True)
class Weather:
    """What goes wrong: shares of calls and bursts, and how far clocks are off."""

    skew: float = 0.0
    lost_requests: float = 0.0
    lost_answers: float = 0.0
    deaths: float = 0.0
    frozen: float = 0.0


@dataclass
class Shift:
    """Bursts that arrive once in each period, anywhere in it, until `bursts` have come."""

    relay: Relay
    drawn: Random
    weather: Weather
    bursts: int
    period_s: float = 12.0

    def run(self) -> None:
        events: list[tuple[float, int, str, Burst | None]] = []
        for number in range(1, self.bursts + 1):
            begins = (number - 1 + self.drawn.random()) * self.period_s
            heapq.heappush(events, (begins, number, "claim", None))
        opened: dict[int, Burst] = {}
        while events:
            now, number, what, burst = heapq.heappop(events)
            burst = burst or opened.setdefault(
                number,
                Burst(self.relay, number, skew=self.drawn.uniform(-self.weather.skew, self.weather.skew)),
            )
            after_s = self._step(burst, what, now)
            if after_s is not None:
                heapq.heappush(
                    events, (now + after_s, number, "flush" if burst.is_claimed else "claim", burst)
                )

    def _step(self, burst: Burst, what: str, now: float) -> float | None:
        """Let a burst do its next thing; return when it does the one after it, None for never."""
        if self._has(self.weather.deaths):
            return None
        if what == "claim":
            burst.claim(now, is_lost=self._has(self.weather.lost_answers))
            return None if burst.is_over else self.drawn.uniform(0.1, STEP_S)
        burst.read(now)
        is_leaving = burst.is_done(now) or now > (self.bursts + 1) * self.period_s
        burst.flush(
            now,
            is_last=is_leaving,
            is_request_lost=self._has(self.weather.lost_requests),
            is_answer_lost=self._has(self.weather.lost_answers),
        )
        if burst.is_over:
            return None
        return self.drawn.uniform(30, 90) if self._has(self.weather.frozen) else STEP_S

    def _has(self, share: float) -> bool:
        return share > 0 and self.drawn.random() < share


def simulate(database: Connection, group_id: int, seed: int, weather: Weather, bursts: int) -> Relay:
    """Return what came of it; nothing of the simulation stays in the database."""
    relay = Relay(database, group_id)
    drawn = Random(seed)  # noqa: S311 - drawn, not secret
    with database.transaction(force_rollback=True):
        Shift(relay, drawn, weather, bursts).run()
        relay.kept = relay.stored()
    return relay


def assert_nothing_is_missing(relay: Relay) -> None:
    slots = sorted(relay.kept)
    assert slots[0] == relay.turns[0][0]
    assert [(a, b) for a, b in pairwise(slots) if b != a + 1] == []


@pytest.mark.parametrize("seed", range(3))
def test_in_60_hand_overs_no_slot_is_lost_or_doubled(database: Connection, seed: int) -> None:
    relay = simulate(database, make_group(database), seed, Weather(), bursts=75)

    assert len(relay.turns) >= 60
    assert relay.kept == relay.due()
    assert relay.stored_by_answers == len(relay.kept)
    assert_nothing_is_missing(relay)


DRAWN = settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
WEATHERS: dict[str, Any] = {
    "skew": Weather(skew=3),
    "losses": Weather(lost_requests=0.15, lost_answers=0.15),
    "both": Weather(skew=3, lost_requests=0.1, lost_answers=0.1),
}


@pytest.mark.parametrize("weather", WEATHERS.values(), ids=WEATHERS.keys())
@given(seed=st.integers(0, 2**32))
@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_clocks_that_differ_and_calls_that_are_lost_lose_no_slot(
    database: Connection, weather: Weather, seed: int
) -> None:
    relay = simulate(database, group_of(database), seed, weather, bursts=20)

    assert relay.kept == relay.due()
    assert relay.stored_by_answers == len(relay.kept)
    first, skewed = relay.turns[0][0], sorted(relay.kept)
    # Who begins with a clock that is ahead misses what its clock has passed.
    assert skewed[0] - first <= weather.skew + 1
    assert [(a, b) for a, b in pairwise(skewed) if b != a + 1] == []


@given(seed=st.integers(0, 2**32))
@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_bursts_that_die_lose_what_they_had_not_sent_and_nothing_else(
    database: Connection, seed: int
) -> None:
    weather = Weather(skew=3, lost_requests=0.1, lost_answers=0.1, deaths=0.04)
    relay = simulate(database, group_of(database), seed, weather, bursts=20)

    assert relay.kept == relay.due()
    assert relay.stored_by_answers == len(relay.kept)
    assert len(relay.kept) > 20


@given(seed=st.integers(0, 2**32))
@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_what_a_frozen_burst_sends_late_is_its_own_or_nobodys(database: Connection, seed: int) -> None:
    weather = Weather(skew=3, lost_answers=0.1, frozen=0.05)
    relay = simulate(database, group_of(database), seed, weather, bursts=20)

    stored, due = relay.kept, relay.due()
    assert {slot: number for slot, number in stored.items() if due.get(slot) != number} == {}
    assert relay.stored_by_answers == len(stored)
    assert len(stored) > 20


def group_of(database: Connection) -> int:
    row = database.execute("select id from public.tag_groups where name = 'Press'").fetchone()
    return row["id"] if row else make_group(database)


STEPS = {"A": ("claim", "flush", "flush", "last"), "B": ("claim", "flush", "last")}


def orders() -> list[tuple[str, ...]]:
    """Return every order of the steps of two bursts, each of which may die, with a lease that may run out."""
    found = set()
    for order in interleavings(len(STEPS["A"]), len(STEPS["B"])):
        for dies_after in ((4, 3), (3, 3), (2, 3), (1, 3), (4, 2), (4, 1), (2, 1), (1, 2), (1, 1)):
            done, steps = {"A": 0, "B": 0}, []
            for who in order:
                if done[who] < dies_after[who == "B"]:
                    steps.append(who)
                    done[who] += 1
            for place in (None, *range(1, len(steps))):
                found.add(tuple(steps) if place is None else (*steps[:place], "wait", *steps[place:]))
    return sorted(found)


def test_every_order_of_the_steps_of_two_bursts_stores_each_slot_for_its_owner(database: Connection) -> None:
    group_id = make_group(database)
    checked = 0
    for order in orders():
        relay = Relay(database, group_id)
        bursts = {"A": Burst(relay, 1), "B": Burst(relay, 2)}
        with database.transaction(force_rollback=True):
            play(order, bursts)
            finish(relay)
            assert relay.stored() == relay.due(), order
            assert relay.stored_by_answers == len(relay.due()), order
        checked += 1
    assert checked > 300


def play(order: tuple[str, ...], bursts: dict[str, Burst]) -> None:
    now, done = 0.0, {"A": 0, "B": 0}
    for who in order:
        if who == "wait":
            now += LEASE_S + 10
            continue
        burst, what = bursts[who], STEPS[who][done[who]]
        done[who] += 1
        now += 3
        if what == "claim":
            burst.claim(now)
        elif burst.is_claimed:
            burst.read(now)
            burst.flush(now, is_last=what == "last")


def finish(relay: Relay) -> None:
    """Whatever happened, the group is free in the end, and the next one stores what it reads."""
    now = 200.0
    burst = Burst(relay, 3)
    burst.claim(now)
    burst.read(now + 3)
    burst.flush(now + 3, is_last=True)
    assert burst.is_over
    assert {slot for number, slot in relay.sent if number == 3} == {200, 201, 202, 203}
