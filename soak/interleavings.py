"""Every interleaving of three deliveries through the real SQL functions: two of one slot, one of the next.

Each delivery claims, records an incident, commits a part and commits its slot. Whatever comes next is tried:
a step of any delivery, a step with its reply lost (it is sent again), a death behind a step or before it, a
recorded failure, the end of the leases. States that are equal are visited once. Postgres goes back by
savepoints. What must be true is asked in every state. Nothing here imports `plantpulse`.
"""

import copy
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

import psycopg

from soak.coverage import Days, Slots
from soak.functions import SqlFunctions
from soak.ledger import Broken, Ledger
from soak.project import empty

PLANT: Final = "north"
FIRST_SLOT: Final = datetime(2026, 3, 11, 17, tzinfo=UTC)
QUARTER: Final = timedelta(minutes=15)
LEASE_S: Final = 90
CLAIMS: Final = 2  # of a delivery: a scheduler asks again after `busy`

Step = Literal["claim", "safety", "part", "commit"]
AFTER: Final[dict[Step, Step | None]] = {
    "claim": "safety",
    "safety": "part",
    "part": "commit",
    "commit": None,
}
_FUNCTIONS: Final[dict[Step, str]] = {
    "claim": "claim_run",
    "safety": "record_safety_events",
    "part": "commit_live_pulse",
    "commit": "commit_live_pulse",
}
_DIGEST: Final = """
select json_build_array(
  (select json_agg(json_build_array(r.slot, r.fence, r.status, r.attempt, r.snapshots_until, r.safety_until)
    order by r.fence) from public.pipeline_runs as r),
  (select json_agg(json_build_array(s.snapshot_timestamp, s.slot_output, r.fence)
    order by s.snapshot_timestamp)
    from public.live_snapshots as s left join public.pipeline_runs as r on r.id = s.run_id),
  (select json_agg(json_build_array(e.source_id, r.fence) order by e.source_id)
    from public.safety_events as e left join public.pipeline_runs as r on r.id = e.run_id),
  (select json_agg(json_build_array(a.fingerprint, a.resolved_at is null) order by a.fingerprint, a.id)
    from public.alerts as a)
)::text as state
"""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery: the step that it comes to next; None when it is over."""

    number: int
    slot: datetime
    next: Step | None = "claim"
    claims: int = 0

    @property
    def fence(self) -> str:
        """Return its fence: a call that is sent again has the same one."""
        return f"00000000-0000-4000-9000-{100 * self.number + self.claims:012}"


@dataclass(frozen=True, slots=True)
class State:
    """Everything but the database: the deliveries, the clock, and how many faults may still happen."""

    deliveries: tuple[Delivery, ...]
    now: datetime
    faults_left: int
    expiries_left: int

    def with_delivery(self, delivery: Delivery, *, faults: int = 0) -> "State":
        """Return the state with one delivery changed, a moment later."""
        changed = tuple(delivery if one.number == delivery.number else one for one in self.deliveries)
        return replace(self, deliveries=changed, faults_left=self.faults_left - faults)


@dataclass(slots=True)
class Truth:
    """What must be stored: by slot the delivery that wrote it last, and whether an incident was recorded."""

    ledger: Ledger
    written: dict[datetime, int] = field(default_factory=dict)
    has_incident: bool = False


Move = tuple[str, Callable[[State, Truth], State]]


@dataclass(slots=True)
class Interleavings:
    """The exploration of one start. `seen` are the states, `moves` what was tried."""

    connection: psycopg.Connection[Any]
    asset_id: int
    moves: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    seen: set[tuple[State, str]] = field(default_factory=set)
    path: list[str] = field(default_factory=list)
    _functions: SqlFunctions = field(init=False)

    def __post_init__(self) -> None:
        self._functions = SqlFunctions(self.connection)

    def explore(self, *, deliveries: int, faults: int, expiries: int) -> None:
        """Visit every state. Raises: Broken, with the path that led to it."""
        slots = [FIRST_SLOT, FIRST_SLOT, FIRST_SLOT + QUARTER][:deliveries]
        start = State(
            tuple(Delivery(number, slot) for number, slot in enumerate(slots, start=1)),
            FIRST_SLOT + timedelta(seconds=1),
            faults,
            expiries,
        )
        covered = {PLANT: Slots(QUARTER, timedelta(days=1))}
        truth = Truth(Ledger(covered, {PLANT: Days()}, timedelta(days=1)))
        with self.connection.transaction(force_rollback=True):
            try:
                self._visit(start, truth)
            except Broken as error:
                raise Broken(f"{error}, after: {'; '.join(self.path)}") from error

    def _visit(self, state: State, truth: Truth) -> None:
        digest = self._digest()
        if (state, digest) in self.seen:
            return
        self.seen.add((state, digest))
        self._check(truth, json.loads(digest))
        is_end = True
        for name, move in self._moves(state):
            is_end = False
            self.moves[name.split(" of ")[0]] += 1
            self.path.append(name)
            with self.connection.transaction(force_rollback=True):
                after = copy.deepcopy(truth)
                self._visit(move(state, after), after)
            self.path.pop()
        if is_end:
            self.ends[", ".join(sorted(run[2] for run in json.loads(digest)[0] or ()))] += 1

    def _moves(self, state: State) -> Iterator[Move]:
        for one in state.deliveries:
            if one.next:
                yield from self._moves_of(one, one.next, state)
        if state.expiries_left and any(one.next not in {None, "claim"} for one in state.deliveries):
            yield "leases end", self._let_leases_end

    def _moves_of(self, one: Delivery, step: Step, state: State) -> Iterator[Move]:
        of, over = f"{step} of {one.number}", replace(one, next=None)
        yield of, lambda state, truth: state.with_delivery(self._done(one, step, state, truth))
        if state.faults_left:
            yield f"lost reply to {of}", self._faulty(one, lambda *at: self._call(one, step, *at))
            yield f"death behind {of}", self._faulty(over, lambda *at: self._call(one, step, *at))
        if state.faults_left and step != "claim":
            yield f"death before {of}", self._faulty(over, lambda *_at: None)
            yield f"failure before {of}", self._faulty(over, lambda *at: self._fail(one, *at))

    @staticmethod
    def _faulty(after: Delivery, effect: Callable[[State, Truth], object]) -> Callable[[State, Truth], State]:
        """Return a move with a fault: what takes effect all the same, and the delivery behind it."""

        def move(state: State, truth: Truth) -> State:
            effect(state, truth)
            return state.with_delivery(after, faults=1)

        return move

    @staticmethod
    def _let_leases_end(state: State, _truth: Truth) -> State:
        later = state.now + timedelta(seconds=LEASE_S + 1)
        return replace(state, now=later, expiries_left=state.expiries_left - 1)

    def _done(self, one: Delivery, step: Step, state: State, truth: Truth) -> Delivery:
        """Return the delivery behind a step whose answer it has heard."""
        answer = self._call(one, step, state, truth)
        if step == "claim" and answer == "busy" and one.claims + 1 < CLAIMS:
            return replace(one, claims=one.claims + 1)
        goes_on = answer in {"claimed", "committed", "repeated", "done"}
        return replace(one, next=AFTER[step] if goes_on else None)

    def _call(self, one: Delivery, step: Step, state: State, truth: Truth) -> str:
        function = _FUNCTIONS[step]
        arguments = _ARGUMENTS[step](self, one)
        answer = self._perform(one, function, arguments, state, truth)
        if step == "safety" and answer == "done":
            truth.has_incident = True
        if answer == "committed":
            truth.written[one.slot if step == "commit" else one.slot - 4 * QUARTER] = one.number
        return answer

    def _fail(self, one: Delivery, state: State, truth: Truth) -> None:
        error = {"code": "source_unavailable", "message": "it was away", "is_retryable": True}
        failure = {"error": error, "report": {"pipeline": "live_pulse"}, "alerts": []}
        self._perform(one, "fail_run", {"p_fence": one.fence, "p_failure": failure}, state, truth)

    def _perform(
        self, one: Delivery, function: str, arguments: dict[str, Any], state: State, truth: Truth
    ) -> str:
        status, body = self._functions.call(function, {**arguments, "p_now": state.now.isoformat()})
        truth.ledger.note_call(str(one.number), function, arguments, status, body, state.now)
        return str(json.loads(body).get("answer", "done"))

    def _digest(self) -> str:
        row = self.connection.execute(_DIGEST.encode()).fetchone()
        return str(row["state"]) if row else ""

    def _check(self, truth: Truth, stored: list[Any]) -> None:
        runs, snapshots, incidents, alerts = (part or [] for part in stored)
        if sum(status == "running" for _, _, status, *_ in runs) > 1:
            raise Broken("two runs are running")
        done = [slot for slot, _, status, *_ in runs if status in {"succeeded", "partial"}]
        if len(done) != len(set(done)):
            raise Broken("a slot succeeded twice")
        for _, fence, status, *_ in runs:
            claim = truth.ledger.claims[fence]
            if (status in {"succeeded", "partial", "failed"}) != claim.is_ended:
                raise Broken(f"the run of {claim.process} is {status}")
        found = {datetime.fromisoformat(at): int(output) for at, output, _ in snapshots}
        if found != truth.written or len(found) != len(snapshots):
            raise Broken(f"snapshots are {found}, and {truth.written} was committed")
        if len(incidents) != truth.has_incident or len(alerts) != truth.has_incident:
            raise Broken(f"the incident is there {len(incidents)} times, with {len(alerts)} alerts")

    def claim_of(self, one: Delivery) -> dict[str, Any]:
        """Return the arguments of a delivery's claim."""
        claim: dict[str, Any] = {
            "pipeline": "live_pulse",
            "plant": PLANT,
            "trigger": "schedule",
            "slot": one.slot.isoformat(),
            "fence": one.fence,
            "idempotency_key": None,
            "requested_by": None,
            "lease_s": LEASE_S,
            "window_start": (one.slot - 2 * QUARTER).isoformat(),
            "window_until": one.slot.isoformat(),
            "code_version": "soak",
            "is_dry_run": False,
            "wants": [],
        }
        return {"p_claim": claim}

    def incident_of(self, one: Delivery) -> dict[str, Any]:
        """Return the arguments that record the incident, which every delivery sees."""
        event = {
            "source_id": "7",
            "source_asset": "PRESS-01",
            "asset_key": "press-01",
            "event_timestamp": "2026-03-11T16:40:00+00:00",
            "source_timestamp": "2026-03-11T11:40:00",
            "reason_code": "Safety Issue",
            "reason_key": "safety issue",
            "severity": "critical",
            "downtime_minutes": 12,
            "details": None,
        }
        return {"p_fence": one.fence, "p_events": [event], "p_alert_severity": "critical"}

    def commit_of(self, one: Delivery, slot: datetime, *, is_final: bool) -> dict[str, Any]:
        """Return the arguments of a commit; its figure says which delivery wrote it."""
        snapshot = {
            "asset_id": self.asset_id,
            "output_actual": one.number,
            "slot_output": one.number,
            "output_target": 0,
            "variance_percent": None,
            "status": "on_target",
            "oee_current": None,
            "oee_source": None,
            "downtime_minutes": 0,
            "good_count": None,
            "reject_count": None,
            "labor_headcount": None,
            "unplanned_output": None,
            "is_planned_in_part": False,
        }
        of_slot = {
            "snapshot_timestamp": slot.isoformat(),
            "window_start": (slot - 2 * QUARTER).isoformat(),
            "is_catch_up": not is_final,
            "is_time_ambiguous": False,
            "snapshots": [snapshot],
        }
        commit = {
            "status": "succeeded" if is_final else "partial",
            "is_final": is_final,
            "snapshots_until": one.slot.isoformat(),
            "safety_until": one.slot.isoformat(),
            "slots": [of_slot],
            "unknown_assets": [],
            "rejected_records": [],
            "report": {"pipeline": "live_pulse", "trigger": "schedule", "outcome": "succeeded"},
        }
        return {"p_fence": one.fence, "p_commit": commit}


_ARGUMENTS: Final[dict[Step, Callable[[Interleavings, Delivery], dict[str, Any]]]] = {
    "claim": lambda self, one: self.claim_of(one),
    "safety": lambda self, one: self.incident_of(one),
    "part": lambda self, one: self.commit_of(one, one.slot - 4 * QUARTER, is_final=False),
    "commit": lambda self, one: self.commit_of(one, one.slot, is_final=True),
}


def explore_all(
    connection: psycopg.Connection[Any], *, deliveries: int, faults: int, expiries: int
) -> Interleavings:
    """Explore the interleavings on an empty project, and return what was visited. Raises: Broken."""
    empty(connection)
    row = connection.execute(
        "insert into public.assets (plant, name, source_name) values (%s, 'Press', 'PRESS-01') returning id",
        (PLANT,),
    ).fetchone()
    found = Interleavings(connection, row["id"] if row else 0)
    connection.execute("set role service_role")
    try:
        found.explore(deliveries=deliveries, faults=faults, expiries=expiries)
    finally:
        connection.execute("reset role")
    return found
