"""Bursts that relieve each other: each claims the group, reads slots, sends them, hears where to stop, ends.

A reply may be lost, after which the same call is sent again; a burst may die before a call or behind it; a
slot may pass without a call. Each burst writes its own number as the value that it has read.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

import psycopg

from soak.ledger import Broken
from soak.orders.burst_turns import (
    CALLED_AFTER,
    INTERVAL,
    LEASE_S,
    NOON,
    SLOTS_A_LEASE,
    Burst,
    Put,
    Turns,
    slot_of,
)
from soak.orders.exploring import Move
from soak.orders.poll_calls import PLANT, called
from soak.orders.rewinding import Call

_SHOWN: Final = """
select jsonb_build_object(
  'leases', (select jsonb_agg(to_jsonb(l) order by l.first_slot, l.holder) from public.tag_leases as l),
  'states', (select jsonb_agg(to_jsonb(s)) from public.tag_states as s),
  'samples', (select jsonb_agg(to_jsonb(s) order by s.slot) from public.tag_samples as s),
  'lost', (select jsonb_agg(to_jsonb(l) order by l.slot) from public.tag_lost_slots as l)
)::text as state
"""


class State(NamedTuple):
    """Everything but the database: the bursts, the present slot, what may still happen, the turns.

    `has_slept`: a burst was not heard for longer than its lease. `is_closing`: every burst ends.
    """

    bursts: tuple[Burst, ...]
    faults_left: int
    slots_left: int
    slot: int = 0
    turns: Turns = Turns()
    has_slept: bool = False
    is_closing: bool = False

    @property
    def now(self) -> datetime:
        """Return the true time of calls."""
        return NOON + self.slot * INTERVAL + CALLED_AFTER

    def with_burst(self, burst: Burst, *, faults: int = 0) -> "State":
        """Return the state with one burst changed."""
        changed = tuple(burst if one.number == burst.number else one for one in self.bursts)
        return self._replace(bursts=changed, faults_left=self.faults_left - faults)

    def at_next_slot(self) -> "State":
        """Return the state in which the next slot has begun, and was read by whoever takes it for its own."""
        slot = self.slot + 1
        bursts = tuple(
            one._replace(waiting=(*one.waiting, slot)) if one.reads(slot) else one for one in self.bursts
        )
        sleeps = any(one.is_polling and slot - one.heard_at > SLOTS_A_LEASE for one in bursts)
        return self._replace(
            bursts=bursts,
            slot=slot,
            slots_left=self.slots_left - 1,
            has_slept=self.has_slept or sleeps,
        )


@dataclass(frozen=True, slots=True)
class Bursts:
    """Bursts of one group, and how many slots pass."""

    group_id: int
    bursts: int
    faults: int
    slots: int
    shown: str = _SHOWN

    def start(self) -> State:
        """Return the state in which nobody polls."""
        return State(tuple(Burst(number) for number in range(1, self.bursts + 1)), self.faults, self.slots)

    def moves(self, state: State) -> Iterator[Move[State]]:
        """Yield what may come next."""
        if state.is_closing:
            yield from self._close(state)
            return
        for one in state.bursts:
            if not one.has_claimed:
                yield from self._claim(one, state)
                break  # bursts are equal: which of them claims first does not matter
            if one.first is None and not one.is_over:
                yield from self._claim(one, state)
            elif one.is_polling and one.called_at < state.slot:
                yield from self._put(one, state)
        if state.slots_left:
            yield Move("next slot", None, lambda _: state.at_next_slot())
        else:
            yield Move("the end", None, lambda _: state._replace(is_closing=True))

    def _claim(self, one: Burst, state: State) -> Iterator[Move[State]]:
        of, call = f"claim of {one.number}", self._claim_call(one, state.now)

        def lost(answer: Any, *, is_over: bool) -> State:
            after, claimed = _claimed(one, state, answer)
            return after.with_burst(claimed._replace(first=None, is_over=is_over), faults=1)

        def heard(answer: Any) -> State:
            after, claimed = _claimed(one, state, answer)
            return after.with_burst(claimed)

        yield Move(of, call, heard)
        if state.faults_left:
            yield Move(f"lost reply to {of}", call, lambda answer: lost(answer, is_over=False))
            yield Move(f"death behind {of}", call, lambda answer: lost(answer, is_over=True))

    def _put(self, one: Burst, state: State) -> Iterator[Move[State]]:
        of, put = f"put of {one.number}", one.next_put(state.slot)
        call, over = self._put_call(one, put, state.now), one._replace(is_over=True, waiting=())
        after = state._replace(turns=state.turns.with_put(one.number, put))
        yield Move(of, call, lambda answer: self._heard(one, put, after, answer))
        if state.faults_left:
            lost = after.with_burst(one.sent(put, state.slot), faults=1)
            yield Move(f"lost reply to {of}", call, lambda _: lost)
            yield Move(f"death before {of}", None, lambda _: state.with_burst(over, faults=1))
            yield Move(f"death behind {of}", call, lambda _: after.with_burst(over, faults=1))

    def _heard(self, one: Burst, put: Put, state: State, answer: Any) -> State:
        """Return the state behind an answer. Raises: Broken if it is told that it is alone, and is not."""
        if self.group_id in answer["alone"] and not state.has_slept:
            before = state.turns.before(one.number)
            reading = [other.number for other in state.bursts if other.number in before and other.may_read]
            if reading:
                raise Broken(f"burst {one.number} is told that it is alone, and {reading} read")
        return state.with_burst(one.answered(put, answer, self.group_id, state.slot))

    def _close(self, state: State) -> Iterator[Move[State]]:
        """Yield the one thing that comes next at the end: whoever polls sends what it has, and ends."""
        one = next((one for one in state.bursts if one.is_polling), None)
        if one:
            put = one.next_put(state.slot, is_ending=True)
            call = self._put_call(one, put, state.now)
            after = state._replace(turns=state.turns.with_put(one.number, put))
            yield Move(f"last put of {one.number}", call, lambda answer: self._heard(one, put, after, answer))

    def _claim_call(self, one: Burst, now: datetime) -> Call:
        claim = {
            "holder": one.holder,
            "plant": PLANT,
            "runner": "cloud",
            "lease_s": LEASE_S,
            "lead_s": 5,
            "most": 10,
            "groups": None,
        }
        return called("claim_tag_groups", {"p_claim": claim}, now)

    def _put_call(self, one: Burst, put: Put, now: datetime) -> Call:
        rows = [
            {
                "g": self.group_id,
                "s": (NOON + slot * INTERVAL).isoformat(),
                "v": [one.number],
                "b": 0,
                "ms": 5,
            }
            for slot in put.slots
        ]
        state = {"g": self.group_id, "version": 1, "state": "polling", "polls": len(rows), "queue": 0}
        body: dict[str, Any] = {
            "holder": one.holder,
            "plant": PLANT,
            "most": 10,
            "lease_s": LEASE_S,
            "sequence": put.sequence,
            "rows": rows,
            "states": [state],
            "ended": [self.group_id] if put.is_last else [],
            "completion": None,
            "is_final": True,
        }
        return called("put_tag_samples", {"p_put": body}, now)

    def check(self, state: State, rows: Any) -> None:
        """Check that each slot has its owner's sample. Raises: Broken."""
        stored = {slot_of(one["slot"]): round(one["values"][0]) for one in rows["samples"] or ()}
        due = state.turns.due()
        if any(due.get(slot) != number for slot, number in stored.items()):
            raise Broken(f"samples are {stored}, and should be {due}")
        if not state.has_slept and stored != due:
            raise Broken(f"samples are {stored}, and should be {due}")
        lost = {slot_of(one["slot"]) for one in rows["lost"] or ()}
        # Of a burst that has slept nobody knows what it will still bring.
        if lost & stored.keys() and not state.has_slept:
            raise Broken(f"slots {sorted(lost & stored.keys())} are stored, and counted as lost")
        counted = sum(number for _, _, number in state.turns.counted)
        found = sum(one["success_count"] for one in rows["states"] or ())
        if found > counted or (found < counted and not state.has_slept):
            raise Broken(f"{found} reads are counted, and there were {counted}")
        self._check_end(state, stored)

    def _check_end(self, state: State, stored: dict[int, int]) -> None:
        """At the end of a path without faults no slot is missing since somebody polls."""
        is_over = state.is_closing and not any(one.is_polling for one in state.bursts)
        if is_over and state.faults_left == self.faults and not state.has_slept and state.turns.claimed:
            missing = set(range(state.turns.claimed[0][0], state.slot + 1)) - stored.keys()
            if missing:
                raise Broken(f"slots {sorted(missing)} are missing, of the turns {state.turns.claimed}")

    def end(self, state: State, rows: Any) -> str:
        """Return how many bursts had a turn, and how many slots are stored."""
        return f"{len(state.turns.claimed)} turns, {len(rows['samples'] or ())} slots"

    def twins(self, _state: State, _text: str) -> Iterator[tuple[State, str]]:
        """Yield nothing: equal bursts claim in the order of their numbers."""
        return iter(())


def _claimed(one: Burst, state: State, answer: Any) -> tuple[State, Burst]:
    """Return the state behind a claim, and the burst that has heard of it. Without a turn it is over."""
    claimed = one._replace(has_claimed=True, called_at=state.slot)
    if not answer["groups"]:
        return state, claimed._replace(is_over=True)
    first = slot_of(answer["groups"][0]["first_slot"])
    if (first, one.number) not in state.turns.claimed:
        claimed = claimed._replace(heard_at=state.slot)  # a repeated claim does not renew the lease
    turns = state.turns.with_turn(first, one.number)
    # What has begun is missed.
    return state._replace(turns=turns), claimed._replace(first=max(first, state.slot + 1))


def enter(connection: psycopg.Connection[Any], *, bursts: int, faults: int, slots: int) -> Bursts:
    """Enter the group with one tag, and return its bursts."""
    row = connection.execute(
        "insert into public.tag_groups (plant, name, address, interval_ms, created_at)"
        " values (%s, 'Press', 'modbus://10.20.0.5', %s, %s) returning id",
        (PLANT, round(1000 * INTERVAL.total_seconds()), NOON - INTERVAL),
    ).fetchone()
    group_id = row["id"] if row else 0
    connection.execute(
        "insert into public.tags (group_id, name, address, data_type)"
        " values (%s, 'Speed', 'hr:1', 'float32')",
        (group_id,),
    )
    return Bursts(group_id, bursts, faults, slots)
