"""Looks at a pipeline that is overdue, a run that ends that, and two sweeps that tell a channel.

A look reads, and tells later what it has seen: looks arrive in any order, and the run may succeed in between.
A sweep claims what is due, sends it, and writes that down. A reply may be lost, a look or a sweep may die, a
channel may refuse, or take a message and not answer. Time passes in steps that are longer than a lease and
than the five minutes before an end is told, and shorter than the ten in which an alert is one story.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import psycopg

from soak.ledger import Broken
from soak.orders.alert_actors import BEGIN, SLOT, Look, State, Sweep, heard, succeeded, told
from soak.orders.alert_calls import CHANNEL, claim_call, items_of, mark_call, seen_by
from soak.orders.exploring import Move
from soak.orders.poll_calls import PLANT, called, claim_of, commit_of, snapshot_of

FENCE: Final = "00000000-0000-4000-9000-000000000001"
LAST_SWEEPS: Final = 4  # when nothing else happens any more: so often everything that is due is told
_SHOWN: Final = """
select jsonb_build_object(
  'alerts', (select jsonb_agg(to_jsonb(a) - 'id' order by a.id) from public.alerts as a),
  'notifications', (
    select jsonb_agg(
      to_jsonb(n) - '{id,alert_id}'::text[] || jsonb_build_object('opened_at', a.opened_at) order by n.id
    )
    from public.notifications as n
    join public.alerts as a on a.id = n.alert_id
  ),
  'channels', (select jsonb_agg(to_jsonb(c)) from public.alert_channels as c),
  'runs', (select jsonb_agg(to_jsonb(r) - 'id' order by r.id) from public.pipeline_runs as r)
)::text as state
"""
_SWEEP: Final = re.compile(r"(?<=sweep )\d")


@dataclass(frozen=True, slots=True)
class Alerts:
    """Looks, a run and two sweeps, each of which claims `claims` times."""

    asset_id: int
    looks: int
    claims: int
    faults: int
    waits: int
    shown: str = _SHOWN

    def start(self) -> State:
        """Return the state in which nobody has looked."""
        sweeps = (Sweep(1), Sweep(2))
        return State((Look(),) * self.looks, sweeps, self.faults, self.waits)

    def moves(self, state: State) -> Iterator[Move[State]]:
        """Yield what may come next."""
        if state.closing:
            yield from self._close(state)
            return
        is_open = False
        for move in self._moves_before_the_end(state):
            is_open = True
            yield move
        if not is_open:
            rested = state._replace(looks=(), closing=1, waited=state.waited + 1)
            yield Move("all is quiet", None, lambda _: rested)

    def _moves_before_the_end(self, state: State) -> Iterator[Move[State]]:
        for look in dict.fromkeys(state.looks):
            yield from self._moves_of_look(look, state)
        yield from self._moves_of_run(state)
        for sweep in state.sweeps:
            if sweep.next != "claim" or sweep.claims < self.claims:
                yield from getattr(self, f"_{sweep.next}")(sweep, state)
        yield from _waits(state)

    def _moves_of_look(self, look: Look, state: State) -> Iterator[Move[State]]:
        if look.is_over:
            return
        if look.at is None:
            read = Look(state.now, state.level, state.has_succeeded)
            yield Move("read of a look", None, lambda _: state.with_look(look, read))
            return
        over = look._replace(at=BEGIN, level="", has_seen_success=False, is_over=True)
        call, after = called("watch_alerts", {"p_seen": [seen_by(look)]}, state.now), told(look, state)
        yield Move("tell of a look", call, lambda _: after.with_look(look, over))
        if state.faults_left:
            yield Move("lost reply to tell of a look", call, lambda _: after.with_fault())
            yield Move(
                "death before tell of a look", None, lambda _: state.with_look(look, over).with_fault()
            )

    def _moves_of_run(self, state: State) -> Iterator[Move[State]]:
        if state.run == 0:
            claimed = state._replace(run=1)
            yield Move(
                "claim of the run", called("claim_run", claim_of(FENCE, SLOT), state.now), lambda _: claimed
            )
        if state.run == 1:
            seen = {
                "scope": "live_pulse",
                "plant": PLANT,
                "rules": ["overdue"],
                "firing": [],
                "slot": SLOT.isoformat(),
            }
            commit = commit_of(FENCE, SLOT, snapshot_of(self.asset_id, 1), [seen])
            call = called("commit_live_pulse", commit, state.now)
            yield Move("commit of the run", call, lambda _: succeeded(state)._replace(run=2))
            if state.faults_left:
                yield Move("lost reply to commit of the run", call, lambda _: succeeded(state).with_fault())
                yield Move(
                    "death before commit of the run", None, lambda _: state._replace(run=2).with_fault()
                )

    def _claim(self, sweep: Sweep, state: State) -> Iterator[Move[State]]:
        claiming = sweep._replace(claims=sweep.claims + 1)
        call = claim_call(claiming.lease, state.now)

        def then(answer: Any) -> State:
            items = items_of(answer)
            return state.with_sweep(claiming._replace(next="send" if items else "claim", items=items))

        yield Move(f"claim of sweep {sweep.number}", call, then)
        if state.faults_left:
            lost = state.with_sweep(claiming).with_fault()
            yield Move(f"lost reply to claim of sweep {sweep.number}", call, lambda _: lost)

    def _send(self, sweep: Sweep, state: State) -> Iterator[Move[State]]:
        of, taken = f"send of sweep {sweep.number}", heard(sweep, state)
        dead = sweep._replace(next="claim", items=())
        yield Move(of, None, lambda _: taken.with_sweep(sweep._replace(next="mark")))
        if state.faults_left:
            refused, perhaps = (sweep._replace(next="mark", result=one) for one in ("refused", "perhaps"))
            yield Move(f"refusal of {of}", None, lambda _: state.with_sweep(refused).with_fault())
            yield Move(f"no answer to {of}", None, lambda _: taken.with_sweep(perhaps).with_fault())
            yield Move(f"death before {of}", None, lambda _: state.with_sweep(dead).with_fault())
            yield Move(f"death behind {of}", None, lambda _: taken.with_sweep(dead).with_fault())

    def _mark(self, sweep: Sweep, state: State) -> Iterator[Move[State]]:
        of, call = f"mark of sweep {sweep.number}", mark_call(sweep, state.now)
        done = state.with_sweep(sweep._replace(next="claim", items=(), result="sent"))
        yield Move(of, call, lambda _: done)
        if state.faults_left:
            yield Move(f"lost reply to {of}", call, lambda _: state.with_fault())

    def _close(self, state: State) -> Iterator[Move[State]]:
        """Yield the one thing that comes next at the end: a fresh look, then sweeps that nothing disturbs."""
        sweep = state.sweeps[0]
        if state.closing == 1:
            look = Look(state.now, state.level, state.has_succeeded)
            after = told(look, state)._replace(closing=2)
            call = called("watch_alerts", {"p_seen": [seen_by(look)]}, state.now)
            yield Move("last look", call, lambda _: after)
        elif sweep.next == "send":
            yield Move(
                "last send", None, lambda _: heard(sweep, state).with_sweep(sweep._replace(next="mark"))
            )
        elif sweep.next == "mark":
            done = state.with_sweep(sweep._replace(next="claim", items=(), result="sent"))
            yield Move("last mark", mark_call(sweep, state.now), lambda _: done)
        elif state.closing < 2 + LAST_SWEEPS:
            later = state._replace(waited=state.waited + 1, closing=state.closing + 1)
            claiming = sweep._replace(claims=self.claims + state.closing)

            def then(answer: Any) -> State:
                items = items_of(answer)
                return later.with_sweep(claiming._replace(next="send" if items else "claim", items=items))

            yield Move("last claim", claim_call(claiming.lease, later.now), then)

    def check(self, state: State, rows: Any) -> None:
        """Check that the alerts are those of the truth, and at the end that it was told. Raises: Broken."""
        stored = [
            (
                datetime.fromisoformat(one["opened_at"]),
                one["severity"],
                one["resolved_at"] and datetime.fromisoformat(one["resolved_at"]),
            )
            for one in rows["alerts"] or ()
        ]
        expected = [(one.opened_at, one.severity, one.resolved_at) for one in state.episodes]
        if stored != expected:
            raise Broken(f"the alerts are {stored}, and should be {expected}")
        if state.closing == 2 and bool(state.level) != any(one.resolved_at is None for one in state.episodes):
            raise Broken(f"it is {state.level or 'well'}, and the alerts are {stored}")
        if state.closing == 2 + LAST_SWEEPS and state.sweeps[0].next == "claim":
            for one in state.episodes:
                one.require_told(is_in_order=not state.has_slept)

    def end(self, state: State, _rows: Any) -> str:
        """Return how many alerts there were, and whether one is open."""
        is_open = any(one.resolved_at is None for one in state.episodes)
        return f"{len(state.episodes)} alerts, {'one open' if is_open else 'none open'}"

    def twins(self, state: State, text: str) -> Iterator[tuple[State, str]]:
        """Yield the state in which the sweeps have changed places."""
        first, second = state.sweeps
        swapped = second._replace(number=1), first._replace(number=2)
        yield (
            state._replace(sweeps=swapped),
            _SWEEP.sub(lambda found: "2" if found[0] == "1" else "1", text),
        )


def _waits(state: State) -> Iterator[Move[State]]:
    """Yield the time that passes; that a sweep sleeps through its lease is a fault."""
    if not state.waits_left:
        return
    later = state._replace(waits_left=state.waits_left - 1, waited=state.waited + 1)
    if all(sweep.next == "claim" for sweep in state.sweeps):
        yield Move("time passes", None, lambda _: later)
    elif state.faults_left:
        yield Move("a sweep sleeps", None, lambda _: later.with_fault()._replace(has_slept=True))


def enter(connection: psycopg.Connection[Any], *, looks: int, claims: int, faults: int, waits: int) -> Alerts:
    """Enter the plant and its channel, and return its alerts."""
    connection.execute(
        "insert into public.alert_channels (name, first_seen_at) values (%s, %s)", (CHANNEL, SLOT)
    )
    row = connection.execute(
        "insert into public.assets (plant, name, source_name) values (%s, 'Press', 'PRESS-01') returning id",
        (PLANT,),
    ).fetchone()
    return Alerts(row["id"] if row else 0, looks, claims, faults, waits)
