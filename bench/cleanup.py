"""The removal of old snapshots: how long it takes, and what a poll notices of it.

The function removes three fifths of them alone, and the rest beside polls. It is stopped (SIGSTOP) for
every other poll, so that polls with and without it take turns in one run, on the same tables.
"""

import os
import signal
import sys
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import psycopg

from bench.figures import Samples, Table
from bench.plant import EVERY, FIRST_SLOT, enter_model
from bench.polls import HTTP, WARM_UP
from bench.processes import Answer, Contestant, Order, Program, running
from bench.stack import Servers, servers
from bench.turns import Turns
from devstack.processes import Children
from devstack.supabase import Supabase

CLEANUP: Program = ("deployed.py", "http", "cleanup")
AGED = "aged"
RETENTION = timedelta(hours=24)
_AGED = Path(__file__).with_name("aged.sql")
_SETTLED_S = 0.5  # longer than the batch that Postgres may still be at work on


@dataclass(frozen=True)
class Plan:
    """How much is there: the slots that have expired, the assets in each, and the assets that are polled."""

    slots: int
    assets: int
    polled: int

    @property
    def slots_later(self) -> int:
        """Slots that are removed beside polls."""
        return self.slots * 2 // 5


WHOLE = Plan(slots=500, assets=10_000, polled=1_000)
QUICK = Plan(slots=100, assets=500, polled=20)


@dataclass
class PollTimes:
    """Seconds of polls and of their commits, by their own reports."""

    polls: Samples = field(default_factory=Samples)
    claims: Samples = field(default_factory=Samples)
    commits: Samples = field(default_factory=Samples)

    def note(self, answer: Answer) -> None:
        timings_ms = answer["report"]["timings_ms"]
        self.polls.seconds.append(answer["seconds"])
        self.claims.seconds.append(timings_ms["claim"] / 1000)
        self.commits.seconds.append(timings_ms["commit"] / 1000)


def measure(supabase: Supabase, children: Children, *, is_quick: bool) -> None:
    """Measures and prints. Raises: ChildProcessError."""
    plan = QUICK if is_quick else WHOLE
    with servers(supabase, children, plan.polled) as both:
        _say(f"entering {plan.slots * plan.assets:,} snapshots that have expired ...")
        _age(both, plan)
        _say("removing three fifths of them alone ...")
        with running(CLEANUP, _settings(both, RETENTION + plan.slots_later * EVERY)) as alone:
            undisturbed = alone.answer(_order(0))
        _say("removing the rest beside polls ...")
        without, beside = PollTimes(), PollTimes()
        with running(CLEANUP, _settings(both, RETENTION)) as cleanup, running(HTTP, both.settings()) as poll:
            disturbed = _poll_beside(cleanup, poll, Turns(both), without, beside)
    _removal_table(undisturbed, disturbed).show()
    _poll_table(without, beside).show()


def _poll_beside(
    cleanup: Contestant, poll: Contestant, turns: Turns, without: PollTimes, beside: PollTimes
) -> Answer:
    """Polls by turns while the cleanup stands still and while it works, until it has ended."""
    for _ in range(WARM_UP):
        poll.answer(turns.order_next_poll())
    order = turns.order_next_poll()
    with ThreadPoolExecutor(1) as pool:
        removing: Future[Answer] = pool.submit(cleanup.answer, _order(1))
        while True:
            answer = poll.answer(order)
            if removing.done() and beside.polls.seconds:
                return removing.result()
            beside.note(answer)
            os.kill(cleanup.process.pid, signal.SIGSTOP)
            try:
                order = turns.order_next_poll()
                time.sleep(_SETTLED_S)
                without.note(poll.answer(order))
                order = turns.order_next_poll()
            finally:
                os.kill(cleanup.process.pid, signal.SIGCONT)


def _age(both: Servers, plan: Plan) -> None:
    enter_model(both.supabase.database_url, AGED, plan.assets)
    with psycopg.connect(both.supabase.database_url, autocommit=True) as connection:
        connection.execute(
            _AGED.read_bytes(),
            {"plant": AGED, "slots": plan.slots, "until": FIRST_SLOT - RETENTION},
        )
        connection.execute("vacuum analyze public.live_snapshots")


def _settings(both: Servers, retention: timedelta) -> Mapping[str, str]:
    hours = retention // timedelta(hours=1)
    return both.settings() | {"SNAPSHOT_RETENTION_HOURS": str(hours)}


def _order(hour: int) -> Order:
    slot = FIRST_SLOT + hour * timedelta(hours=1)
    return {"slot": slot.isoformat(), "now": slot.isoformat()}


def _removal_table(undisturbed: Answer, disturbed: Answer) -> Table:
    table = Table(
        "Cleanup: removing snapshots",
        ["", "rows", "seconds", "ms for 100,000 rows", "batches", "cut off", "longest, ms"],
    )
    for name, answer in (("alone", undisturbed), ("beside polls", disturbed)):
        counts, timings_ms = answer["report"]["counts"], answer["report"]["timings_ms"]
        rows, took_ms = counts["live_snapshots_removed"], timings_ms["live_snapshots"]
        stood_still = name != "alone"  # while it was stopped its own clock went on
        table.add(
            name,
            f"{rows:,}",
            "" if stood_still else f"{took_ms / 1000:.1f}",
            "" if stood_still else f"{took_ms / rows * 100_000:,.0f}",
            str(counts["batches"]),
            str(counts.get("batches_timed_out", 0)),
            "" if stood_still else str(timings_ms["longest_batch"]),
        )
    return table


def _poll_table(without: PollTimes, beside: PollTimes) -> Table:
    table = Table(
        "Cleanup: a poll without it and beside it, ms: median (minimum)",
        ["", "without", "beside", "ratio", "longest without", "longest beside"],
    )
    for name in ("claims", "commits", "polls"):
        one, other = getattr(without, name), getattr(beside, name)
        longest = [f"{max(samples.seconds) * 1000:,.0f}" for samples in (one, other)]
        table.add(f"{name} ({len(other.seconds)})", one.show(), other.show(), other.over(one), *longest)
    return table


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
