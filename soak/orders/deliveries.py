"""Deliveries of one slot and of the next. Each claims, records an incident, commits a part and its slot.

A reply may be lost, after which the call is sent again. A delivery may die before a step or behind it, or
have a failure recorded. The leases may end.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain, combinations
from typing import Any, Final, Literal, NamedTuple

import psycopg

from soak.ledger import Broken
from soak.orders.exploring import Move
from soak.orders.poll_calls import (
    LEASE_S,
    PLANT,
    QUARTER,
    called,
    claim_of,
    commit_of,
    failure_of,
    incident_of,
    part_of,
    snapshot_of,
)
from soak.orders.rewinding import Call

FIRST_SLOT: Final = datetime(2026, 3, 11, 17, tzinfo=UTC)
MISSED: Final = 4 * QUARTER  # before a delivery's own slot is the one that it makes up for
CLAIMS: Final = 2  # of a delivery: a scheduler asks again after `busy`
_OUTPUT: Final = 7000  # of a snapshot, and the number of the delivery that wrote it

Step = Literal["claim", "safety", "part", "commit"]
AFTER: Final[dict[Step, Step | None]] = {
    "claim": "safety",
    "safety": "part",
    "part": "commit",
    "commit": None,
}
_SHOWN: Final = """
select jsonb_build_object(
  'runs', (select jsonb_agg(to_jsonb(r) - 'id' order by r.id) from public.pipeline_runs as r),
  'snapshots', (
    select jsonb_agg(
      to_jsonb(s) - '{id,run_id}'::text[] || jsonb_build_object('fence', r.fence) order by s.id
    )
    from public.live_snapshots as s
    left join public.pipeline_runs as r on r.id = s.run_id
  ),
  'incidents', (
    select jsonb_agg(
      to_jsonb(e) - '{id,run_id,recorded_at,updated_at}'::text[] || jsonb_build_object('fence', r.fence)
      order by e.id
    )
    from public.safety_events as e
    left join public.pipeline_runs as r on r.id = e.run_id
  ),
  'alerts', (
    select jsonb_agg(to_jsonb(a) - '{id,safety_event_id,subject,fingerprint,facts}'::text[] order by a.id)
    from public.alerts as a
  )
)::text as state
"""
_NUMBER: Final = re.compile(
    rf"(?<=-900)\d(?=-)|(?<=\b{_OUTPUT // 10})\d\b"
)  # of a delivery, where it is stored


class Delivery(NamedTuple):
    """One delivery: the step that it comes to next; None when it is over."""

    number: int
    slot: datetime
    next: Step | None = "claim"
    claims: int = 0

    @property
    def fence(self) -> str:
        """Return its fence: a call that is sent again has the same one."""
        return f"00000000-0000-4000-900{self.number}-{self.claims:012}"


class Claim(NamedTuple):
    """A run that was claimed."""

    fence: str
    lease_until: datetime
    is_ended: bool = False


class Truth(NamedTuple):
    """What must be stored: the runs (the last one may write), who wrote each slot last, the incident."""

    claims: tuple[Claim, ...] = ()
    written: frozenset[tuple[datetime, int]] = frozenset()
    has_incident: bool = False

    def claimed(self, fence: str, now: datetime) -> "Truth":
        """Return the truth behind a claim. Raises: Broken if somebody else holds the pipeline."""
        if any(one.fence == fence for one in self.claims):
            return self
        if self.claims and not self.claims[-1].is_ended and now < self.claims[-1].lease_until:
            raise Broken(f"{fence} was given the pipeline while {self.claims[-1].fence} holds it")
        claim = Claim(fence, now + timedelta(seconds=LEASE_S))
        return self._replace(claims=(*self.claims, claim))

    def ended(self, fence: str) -> "Truth":
        """Return the truth behind the end of a run. Raises: Broken if the run may not write."""
        self.require_holder(fence)
        return self._replace(claims=(*self.claims[:-1], self.claims[-1]._replace(is_ended=True)))

    def require_holder(self, fence: str) -> None:
        """Raises: Broken if a run wrote that may not."""
        if not self.claims or self.claims[-1].fence != fence or self.claims[-1].is_ended:
            raise Broken(f"{fence} wrote, and another run had taken over or it had ended")

    def wrote(self, slot: datetime, number: int) -> "Truth":
        """Return the truth behind the commit of a slot."""
        rest = {(at, by) for at, by in self.written if at != slot}
        return self._replace(written=frozenset({*rest, (slot, number)}))


class State(NamedTuple):
    """Everything but the database: the deliveries, the clock, what may still happen, the truth."""

    deliveries: tuple[Delivery, ...]
    now: datetime
    faults_left: int
    waits_left: int
    truth: Truth = Truth()

    def with_delivery(self, delivery: Delivery, *, faults: int = 0) -> "State":
        """Return the state with one delivery changed."""
        changed = tuple(delivery if one.number == delivery.number else one for one in self.deliveries)
        return self._replace(deliveries=changed, faults_left=self.faults_left - faults)


@dataclass(frozen=True, slots=True)
class Deliveries:
    """The deliveries of one start: two of a slot, and one or two of the next where there are more."""

    asset_id: int
    number: int
    faults: int
    waits: int
    shown: str = _SHOWN

    def start(self) -> State:
        """Return the state in which nothing was delivered."""
        slots = [FIRST_SLOT, FIRST_SLOT, FIRST_SLOT + QUARTER, FIRST_SLOT + QUARTER][: self.number]
        deliveries = tuple(Delivery(number, slot) for number, slot in enumerate(slots, start=1))
        return State(deliveries, FIRST_SLOT + timedelta(seconds=1), self.faults, self.waits)

    def moves(self, state: State) -> Iterator[Move[State]]:
        """Yield what may come next."""
        for one in state.deliveries:
            if one.next:
                yield from self._moves_of(one, one.next, state)
        if state.waits_left and any(one.next not in {None, "claim"} for one in state.deliveries):
            later = state.now + timedelta(seconds=LEASE_S + 1)
            after = state._replace(now=later, waits_left=state.waits_left - 1)
            yield Move("leases end", None, lambda _: after)

    def _moves_of(self, one: Delivery, step: Step, state: State) -> Iterator[Move[State]]:
        of, call, over = f"{step} of {one.number}", self._call(one, step, state.now), one._replace(next=None)

        def then(delivery: Callable[[str], Delivery], faults: int) -> Callable[[Any], State]:
            def behind(answer: Any) -> State:
                told = str(answer.get("answer", "done"))
                truth = _behind(one, step, told, state)
                return state._replace(truth=truth).with_delivery(delivery(told), faults=faults)

            return behind

        yield Move(of, call, then(lambda told: _done(one, step, told), 0))
        if not state.faults_left:
            return
        yield Move(f"lost reply to {of}", call, then(lambda _: one, 1))
        yield Move(f"death behind {of}", call, then(lambda _: over, 1))
        if step != "claim":
            yield Move(f"death before {of}", None, lambda _: state.with_delivery(over, faults=1))
            yield Move(f"failure before {of}", *self._failure(one, over, state))

    def _failure(self, one: Delivery, over: Delivery, state: State) -> tuple[Call, Callable[[Any], State]]:
        def then(answer: Any) -> State:
            is_failed = answer["answer"] == "failed"
            truth = state.truth.ended(one.fence) if is_failed else state.truth
            return state._replace(truth=truth).with_delivery(over, faults=1)

        return called("fail_run", failure_of(one.fence), state.now), then

    def _call(self, one: Delivery, step: Step, now: datetime) -> Call:
        snapshot = snapshot_of(self.asset_id, _OUTPUT + one.number)
        match step:
            case "claim":
                return called("claim_run", claim_of(one.fence, one.slot), now)
            case "safety":
                return called("record_safety_events", incident_of(one.fence), now)
            case "part":
                missed = one.slot - MISSED
                return called("commit_live_pulse", part_of(one.fence, one.slot, missed, snapshot), now)
            case "commit":
                return called("commit_live_pulse", commit_of(one.fence, one.slot, snapshot), now)

    def check(self, state: State, rows: Any) -> None:
        """Check that nothing but the truth is stored. Raises: Broken."""
        truth, runs = state.truth, rows["runs"] or []
        if sum(run["status"] == "running" for run in runs) > 1:
            raise Broken("two runs are running")
        done = [run["slot"] for run in runs if run["status"] in {"succeeded", "partial"}]
        if len(done) != len(set(done)):
            raise Broken("a slot succeeded twice")
        ended = {claim.fence: claim.is_ended for claim in truth.claims}
        for run in runs:
            if (run["status"] in {"succeeded", "partial", "failed"}) != ended[run["fence"]]:
                raise Broken(f"the run of {run['fence']} is {run['status']}")
        snapshots = rows["snapshots"] or []
        found = {
            (datetime.fromisoformat(one["snapshot_timestamp"]), int(one["slot_output"]) - _OUTPUT)
            for one in snapshots
        }
        if found != truth.written or len(found) != len(snapshots):
            raise Broken(f"snapshots are {found}, and {truth.written} was committed")
        incidents, alerts = rows["incidents"] or [], rows["alerts"] or []
        if len(incidents) != truth.has_incident or len(alerts) != truth.has_incident:
            raise Broken(f"the incident is there {len(incidents)} times, with {len(alerts)} alerts")

    def end(self, _state: State, rows: Any) -> str:
        """Return how the runs stand."""
        return ", ".join(sorted(run["status"] for run in rows["runs"] or ()))

    def twins(self, state: State, text: str) -> Iterator[tuple[State, str]]:
        """Yield the states in which deliveries of one slot have changed places."""
        pairs = [(one, other) for one, other in ((1, 2), (3, 4)) if other <= self.number]
        for swaps in chain.from_iterable(combinations(pairs, size) for size in range(1, len(pairs) + 1)):
            places = {one: other for pair in swaps for one, other in (pair, pair[::-1])}
            yield _in_other_places(state, places), _swapped(text, places)


def _done(one: Delivery, step: Step, answer: str) -> Delivery:
    """Return the delivery behind a step whose answer it has heard."""
    if step == "claim" and answer == "busy" and one.claims + 1 < CLAIMS:
        return one._replace(claims=one.claims + 1)
    goes_on = answer in {"claimed", "committed", "repeated", "done"}
    return one._replace(next=AFTER[step] if goes_on else None)


def _behind(one: Delivery, step: Step, answer: str, state: State) -> Truth:
    """Return the truth behind a call that took effect. Raises: Broken."""
    truth = state.truth
    match step:
        case "claim" if answer == "claimed":
            return truth.claimed(one.fence, state.now)
        case "safety" if answer == "done":
            return truth._replace(has_incident=True)
        case "part" if answer == "committed":
            truth.require_holder(one.fence)
            return truth.wrote(one.slot - MISSED, one.number)
        case "commit" if answer == "committed":
            return truth.ended(one.fence).wrote(one.slot, one.number)
    return truth


def _in_other_places(state: State, places: Mapping[int, int]) -> State:
    order = {one.number: one for one in state.deliveries}
    deliveries = tuple(
        order[places.get(number, number)]._replace(number=number) for number in range(1, len(order) + 1)
    )
    claims = tuple(claim._replace(fence=_swapped(claim.fence, places)) for claim in state.truth.claims)
    written = frozenset((at, places.get(by, by)) for at, by in state.truth.written)
    return state._replace(deliveries=deliveries, truth=state.truth._replace(claims=claims, written=written))


def _swapped(text: str, places: Mapping[int, int]) -> str:
    return _NUMBER.sub(lambda found: str(places.get(int(found[0]), found[0])), text)


def enter(connection: psycopg.Connection[Any], *, deliveries: int, faults: int, waits: int) -> Deliveries:
    """Enter the plant, and return deliveries of it: 2 to 4, most faults on a path, how often leases end."""
    row = connection.execute(
        "insert into public.assets (plant, name, source_name) values (%s, 'Press', 'PRESS-01') returning id",
        (PLANT,),
    ).fetchone()
    return Deliveries(row["id"] if row else 0, deliveries, faults, waits)
