"""Supabase as the edge runner sees it: what is not taken now goes to the disk, and is sent again in order.

A burst sends its samples here as it would to Supabase, and goes on when Supabase is away. New samples go
first, so that what people watch is new; the spool follows, as fast as it is taken (`replaying`). Without
Supabase a burst begins with the groups of its last claim, unless another process of this computer polls them.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from plantpulse.errors import (
    ConfigurationError,
    PlantpulseError,
    StoreRefused,
    StoreUnavailable,
    TransientError,
)
from plantpulse.logs import log
from plantpulse.runs import utc_now
from plantpulse.tags.asked import Asked, Asking
from plantpulse.tags.exchange import Store
from plantpulse.tags.own_clock import OwnClock, uptime_s
from plantpulse.tags.replaying import Replay, rows_of
from plantpulse.tags.shifting import shifted
from plantpulse.tags.slots import SLEPT, slot_at_or_after
from plantpulse.tags.spools import Spools
from plantpulse.tags.unsent import Unsent

Json = Any
Body = Mapping[str, Json]
PROBE_S: Final = 10.0  # between two questions to a Supabase that is away
CLAIM_S: Final = 12.0  # for a claim: until it has failed a burst does not begin without Supabase
REPLAY_S: Final = 1.0  # of the two seconds between flushes
_MORE_CLAIMS: Final = 2  # while an answer is too slow to tell what time it is
DRAIN_S: Final = 20.0  # at the end of a burst; what is left is for the next one
ANOTHER: Final = "polled_by_another"  # why a claim of what is free did not get a group
_OTHERS: Final = ("relieved_already", ANOTHER)
_AWAY: Final = (TransientError, StoreRefused, ConfigurationError)


@dataclass(slots=True)
class SpoolingStore:
    """A store that always takes samples, as long as the disk does."""

    store: Store
    spools: Spools
    wall: Callable[[], datetime] = utc_now
    monotonic: Callable[[], float] = time.monotonic
    uptime: Callable[[], float] = uptime_s
    clock: OwnClock = field(init=False)
    _awake_s: float = field(init=False)  # how far the two times are apart until the computer sleeps
    _has_slept: bool = field(default=False, init=False)  # in an outage: nobody sets the burst's time
    _failed_s: float | None = field(default=None, init=False)  # when Supabase was asked last, if it is away
    _unsent: Unsent = field(default_factory=Unsent, init=False)
    _unclaimed: Body | None = field(default=None, init=False)
    _resumed: Sequence[int] = field(default=(), init=False)  # groups of a begin without Supabase
    _is_relieved: bool = field(default=False, init=False)  # before it had a turn: it may bring nothing
    _replay: Replay = field(init=False)

    def __post_init__(self) -> None:
        self.clock = OwnClock(self.spools.own_folder, self.wall(), self.uptime())
        self._awake_s = self.uptime() - self.monotonic()
        self._replay = Replay(self.store, self.spools, self._unsent, self.clock, self.monotonic)

    def now(self) -> datetime:
        """Return the time as the computer has it; a burst that has no other one counts by it."""
        return self.clock.now(self.uptime())

    @property
    def is_to_begin_anew(self) -> bool:
        """Say whether the burst ends because its slots are wrong by now; the next one may begin at once."""
        return bool(self.clock.shift) or self._has_slept

    def within(self, seconds_left: Callable[[], float]) -> AbstractContextManager[None]:
        """Bound the calls inside by a clock."""
        return self.store.within(seconds_left)

    def claim_tag_groups(self, claim: Body, asking: Asking | None = None) -> dict[str, Json]:
        """Claim groups; if Supabase is away, begin with those of the last claim. Raises: as the store.

        Between two questions to a Supabase that is away it is not asked for a claim either.
        """
        if self._failed_s is not None:
            raise StoreUnavailable("Supabase is away: it is not asked for a claim")
        until_s = self.monotonic() + CLAIM_S
        try:
            with self.store.within(lambda: until_s - self.monotonic()):
                answer = self._claimed(claim, asking)
        except _AWAY as error:
            is_first = not self.clock.is_told and self.spools.is_alone
            # Who looks for what is free was relieved by another process, which goes on without Supabase too.
            kept = self.spools.kept_claim() if is_first and not claim.get("is_free_only") else None
            if kept is None:
                raise
            self._note_outage(error)
            self._unclaimed, self._resumed = claim, [group["id"] for group in kept["groups"]]
            self.clock.begin_without_supabase()
            return resumed(kept, self.now())
        self._keep_claim(answer)
        return answer

    def put_tag_samples(self, put: Body) -> dict[str, Json]:
        """Return what Supabase answers; if it is away, what it would if nothing had changed.

        Raises: StoreUnavailable if Supabase is away and the disk is full: then the burst keeps them.
        """
        if self._failed_s is not None and self.monotonic() - self._failed_s < PROBE_S:
            return self._kept(put)
        try:
            self._claim_at_last()
            # Who came too late keeps what it has lost, for the next one to bring.
            answer = self._taken(put, {**self._unsent.added_to(put), "is_final": not self._is_relieved})
        except _AWAY as error:
            self._note_outage(error)
            return self._kept(put)
        self._note_return()
        if self._is_relieved:
            self._spooled(rows_of(put["rows"], answer["lost"]))
        if not answer["lost"]:  # else our turn is over, and who comes next brings what is on the disk
            self._send_spooled(put, self.monotonic() + REPLAY_S, may_drop=True)
        return self._alone_here(answer)

    def drain(self, plant: str, holder: str) -> None:
        """Send what is on the disk when nothing is polled, as far as it goes in a few seconds."""
        put = {"plant": plant, "holder": holder, "lease_s": 0}
        until_s = self.monotonic() + DRAIN_S
        with self.store.within(lambda: until_s - self.monotonic()):
            self._send_spooled(put, until_s, may_drop=False)

    def _send_spooled(self, put: Body, until_s: float, *, may_drop: bool) -> None:
        """Send what is on the disk, until then; a process that came too late leaves it to its successors."""
        if self._is_relieved or not self.clock.is_told:
            return
        try:
            self._replay.send(put, until_s, may_drop=may_drop)
        except _AWAY as error:
            self._note_outage(error)
        except OSError as error:
            log("ERROR", "samples on the disk are passed over: it does not give them back", error=str(error))
            self.spools.pass_over()

    def _claimed(self, claim: Body, asking: Asking | None = None) -> dict[str, Json]:
        """Claim groups, and hear Supabase's time; if samples wait for that, a slow answer is asked for again.

        By that time samples are shifted for good, and it is as uncertain as the answer was slow: those on the
        disk, and those that another process of this computer may leave there. `asking`
        hears when the claim began that was answered: one that was made after it may have failed.
        """
        answer, asked_s = self._claimed_once(claim)
        self.spools.adopt()
        is_needed = self.clock.is_needed(self.spools.folders) or not self.spools.is_alone
        for _ in range(_MORE_CLAIMS if is_needed else 0):
            if self.clock.is_exact:
                break
            with suppress(*_AWAY):  # what is known by then has to do
                answer, asked_s = self._claimed_once(claim)
        if asking:
            asking(self.uptime() - asked_s)
        self.clock.note_shifts(self.spools.folders)
        return answer

    def _claimed_once(self, claim: Body) -> tuple[dict[str, Json], float]:
        """Return the answer, and when the attempt began that was answered."""
        asked = Asked(self.uptime)
        answer = self.store.claim_tag_groups(claim, asked.note)
        self.clock.hear(datetime.fromisoformat(answer["at"]), asked.at_s, self.uptime())
        return answer, asked.at_s

    def _put(self, told: Body) -> dict[str, Json]:
        """Send a call. If our clock was wrong, its samples are shifted, and the burst hears that it ends.

        Its slots go on by the wrong clock until then, so it gets no time and no slots to stop before.
        """
        if not (shift := self.clock.shift):
            return self.store.put_tag_samples(told)
        answer = self.store.put_tag_samples(shifted(told, shift))
        del answer["at"]
        return {
            **answer,
            "stops": {},
            "unclaimed": [],
            "later": [[group, _earlier(slot, shift)] for group, slot in answer["later"]],
            "inactive": self._resumed,
        }

    def _claim_at_last(self) -> None:
        """Claim the groups that were begun without Supabase: what is refused is lost, and stops."""
        if self._unclaimed is not None:
            self.spools.adopt()
            is_relieved_here = self.spools.is_relieved
            answer = self._claimed(
                {**self._unclaimed, **({"is_free_only": True} if is_relieved_here else {})}
            )
            self._keep_claim(answer)
            self._is_relieved = is_relieved(answer)
            self._unclaimed = None

    def _keep_claim(self, answer: Body) -> None:
        """Keep an answer for a begin without Supabase, unless others of the edge have its groups.

        A disk that does not take it keeps nobody from polling while Supabase is there.
        """
        if is_relieved(answer):
            return
        try:
            self.spools.keep_claim(answer)
        except OSError as error:
            log("ERROR", "the disk does not keep what was claimed", error=error.strerror)

    def _taken(self, put: Body, told: Body) -> dict[str, Json]:
        """Return the answer to a call. Refused rows go to the disk: `replaying` has the rule for them.

        Raises: the store's errors, if not even an empty call is taken.
        """
        try:
            answer = self._put(told)
        except StoreRefused as error:
            log("WARNING", "samples are kept on the disk: Supabase refused them", error=str(error))
            return self._taken_without_rows(put, {**told, "rows": []})
        self._unsent.forget(put)
        return answer

    def _taken_without_rows(self, put: Body, told: Body) -> dict[str, Json]:
        untold: Sequence[Mapping[str, Json]] = ()
        try:
            answer = self._put(told)
        except StoreRefused:
            answer = self._put({**told, "states": []})
            # Of a state only the text of an error is not ours.
            untold = [{**state, "error": None} for state in told["states"]]
        dropped = self._spooled(put["rows"])
        self._unsent.forget(put)
        self._unsent.add({"states": untold, "ended": ()}, dropped)
        # What was refused may be dropped when it is sent again: a machine that waits for it is read anew.
        return {**answer, "refused": sorted({row["g"] for row in put["rows"]})}

    def _kept(self, put: Body) -> dict[str, Json]:
        self._unsent.add(put, self._spooled(put["rows"]))
        self.spools.adopt()
        # Who came after us on this computer polls now, which Supabase cannot tell us.
        lost = [state["g"] for state in put["states"]] if self.spools.is_relieved else []
        asleep_s = self.uptime() - self.monotonic() - self._awake_s
        self._has_slept = self._has_slept or asleep_s >= SLEPT.total_seconds()
        return {
            "stored": len(put["rows"]),
            "repeated": 0,
            "stops": {},
            "run": None,
            "dropped": {},
            # Another computer cannot be asked; what this one has begun is over.
            "alone": [state["g"] for state in put["states"] if self.spools.is_alone],
            "inactive": [state["g"] for state in put["states"] if self._has_slept],
            "lost": lost,
            "refused": sorted({row["g"] for row in put["rows"]} & {*lost}),
            **{name: [] for name in ("unclaimed", "later")},
        }

    def _alone_here(self, answer: dict[str, Json]) -> dict[str, Json]:
        """Return an answer that lets nobody write to a machine while another process of this computer may.

        To Supabase a process is gone when its lease is over. At the edge it polls on, and acknowledges what
        is on the disk.
        """
        if not answer.get("alone"):
            return answer
        self.spools.adopt()
        return answer if self.spools.is_alone else {**answer, "alone": []}

    def _spooled(self, rows: Sequence[Mapping[str, Json]]) -> Mapping[int, int]:
        """Keep rows, and return what was dropped for them: the log says so even if this process ends now."""
        try:
            dropped = self.spools.append(rows) if rows else Counter[int]()
        except OSError as error:
            raise StoreUnavailable(f"the disk takes no samples: {error.strerror}") from error
        if dropped:
            told = "samples on the disk are dropped: there is no room for more"
            log("WARNING", told, dropped=dropped.total())
        return dropped

    def _note_outage(self, error: PlantpulseError) -> None:
        if self._failed_s is None:
            log("WARNING", "samples are kept on the disk: Supabase does not take them", error=str(error))
        self._failed_s = self.monotonic()

    def _note_return(self) -> None:
        if self._failed_s is not None:
            log("INFO", "Supabase takes samples again", bytes_on_disk=self.spools.size)
        self._failed_s = None


def is_relieved(answer: Body) -> bool:
    """Say whether others of the edge have the groups, so that a claim came too late or asked in vain."""
    return any(one["reason"] in _OTHERS for one in answer["refused"])


def resumed(kept: Body, now: datetime) -> dict[str, Json]:
    """Return the answer to a claim as it was kept, with the first slots from now on.

    What a trigger tag was meanwhile nobody knows, so the first look at it only learns it.
    """
    groups = [
        {
            **group,
            "first_slot": slot_at_or_after(now, timedelta(milliseconds=group["interval_ms"])).isoformat(),
            "level": None,
            "priming": True,
        }
        for group in kept["groups"]
    ]
    return {"groups": groups, "refused": []}


def _earlier(slot: str, by: timedelta) -> str:
    return (datetime.fromisoformat(slot) - by).isoformat()
