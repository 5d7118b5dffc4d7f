"""What is known of the runs from outside: who held which lease when, what each had read, what took effect.

Kept by the boundaries while a seed runs, from what crosses them and from the documented protocol. Nothing
here imports `plantpulse`.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

Scope = tuple[str, str]
# Of a look-back: it begins at a whole second, and at the slot's time where that is later than the claim.
_EDGE: Final = timedelta(minutes=2)


class Broken(Exception):
    """Something that must always be true is not."""


@dataclass(slots=True)
class Claim:
    """A run that was claimed. `slot` is None for one that counts as manual."""

    process: str
    scope: Scope
    fence: str
    slot: datetime | None
    claimed_at: datetime
    lease_until: datetime
    is_ended: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """A reading of safety incidents that was recorded: its span, and when the table was looked at."""

    since: datetime
    until: datetime
    at: datetime


@dataclass(slots=True)
class Coverage:
    """What the scheduled runs of a plant have covered: each slot with the time of its last reading.

    Source: docs/architecture.md. A poll writes its own slot, those that were missed within the catch-up, and
    the last two before them again.
    """

    every: timedelta
    longest: timedelta
    read_at: dict[datetime, datetime] = field(default_factory=dict)
    newest: datetime | None = None
    given_up: set[datetime] = field(default_factory=set)

    def cover(self, slot: datetime, read_at: datetime) -> None:
        """Note the commit of a scheduled poll, and when it read the plant's output."""
        self.read_at[slot] = read_at
        if self.newest is None:
            self.newest = slot
        if slot <= self.newest:
            return
        for again in (self.newest, self.newest - self.every):
            if again in self.read_at and again >= slot - self.longest:
                self.read_at[again] = read_at
        missed = self.newest + self.every
        while missed < slot:
            if missed >= slot - self.longest:
                self.read_at[missed] = read_at
            else:
                self.given_up.add(missed)
            missed += self.every
        self.newest = slot

    def forget(self, before: datetime) -> None:
        """Forget what is settled."""
        self.read_at = {slot: at for slot, at in self.read_at.items() if slot >= before}
        self.given_up = {slot for slot in self.given_up if slot >= before}


@dataclass(slots=True)
class Ledger:
    """The account of one seed."""

    coverage: dict[str, Coverage]
    look_back: timedelta
    claims: dict[str, Claim] = field(default_factory=dict)
    holders: dict[Scope, Claim] = field(default_factory=dict)
    looks: dict[str, list[Look]] = field(default_factory=dict)
    safety_until: dict[str, datetime] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)
    _reads: dict[str, dict[str, datetime]] = field(default_factory=dict)

    def note_read(self, process: str, query: str, now: datetime) -> None:
        """Note that a process has read a query's rows as they are now; of pages the first counts."""
        self._reads.setdefault(process, {}).setdefault(query, now)

    def note_call(
        self, process: str, function: str, asked: Mapping[str, Any], status: int, body: bytes, now: datetime
    ) -> None:
        """Note a call of a function that took effect. Raises: Broken."""
        if status >= 300:
            self.answers[f"{function}: {status}"] += 1
            raise Broken(f"{function} of {process} was refused: {body.decode()[:500]}")
        answer = json.loads(body)
        kind = answer.get("answer", "done") if isinstance(answer, dict) else "done"
        self.answers[f"{function}: {kind}"] += 1
        match function:
            case "claim_run" if kind == "claimed":
                self._claimed(process, asked["p_claim"], now)
            case "record_safety_events":
                self._recorded(asked["p_fence"])
            case "commit_live_pulse" | "commit_morning_report" | "complete_run" if kind == "committed":
                self._committed(function, asked["p_fence"], asked)
            case "fail_run" if kind == "failed":
                self._failed(asked["p_fence"])

    def end_of(self, process: str) -> None:
        """Forget what a process has read."""
        self._reads.pop(process, None)

    def _claimed(self, process: str, claim: Mapping[str, Any], now: datetime) -> None:
        scope, fence = (claim["pipeline"], claim["plant"]), claim["fence"]
        if claim["is_dry_run"] or fence in self.claims:
            return
        holder = self.holders.get(scope)
        if holder and not holder.is_ended and now < holder.lease_until:
            raise Broken(f"{process} was given {scope} while {holder.process} holds it")
        slot = datetime.fromisoformat(claim["slot"]) if claim["slot"] else None
        lease_until = now + timedelta(seconds=claim["lease_s"])
        self.holders[scope] = self.claims[fence] = Claim(process, scope, fence, slot, now, lease_until)

    def _held(self, what: str, fence: str) -> Claim:
        """Return the claim of a fence that may write. Raises: Broken for one that may not."""
        claim = self.claims.get(fence)
        if claim is None:
            raise Broken(f"{what} took effect for a run that nobody claimed")
        if claim.is_ended:
            raise Broken(f"{what} of {claim.process} took effect twice")
        if self.holders[claim.scope] is not claim:
            raise Broken(f"{what} of {claim.process} took effect after another run took over")
        return claim

    def _recorded(self, fence: str) -> None:
        claim = self.claims[fence]
        plant, reads = claim.scope[1], self._reads.get(claim.process, {})
        if "safety" in reads:
            since = min(claim.claimed_at, self.safety_until.get(plant, claim.claimed_at)) - self.look_back
            look = Look(since + _EDGE, claim.claimed_at - _EDGE, reads["safety"])
            self.looks.setdefault(plant, []).append(look)

    def _committed(self, what: str, fence: str, asked: Mapping[str, Any]) -> None:
        claim = self._held(what, fence)
        commit = asked.get("p_commit", {})
        if commit.get("is_final", True) is False:
            return
        claim.is_ended = True
        plant = claim.scope[1]
        if what != "commit_live_pulse":
            return
        self.safety_until[plant] = max(claim.claimed_at, self.safety_until.get(plant, claim.claimed_at))
        if claim.slot:
            self.coverage[plant].cover(claim.slot, self._reads[claim.process]["output"])

    def _failed(self, fence: str) -> None:
        self._held("fail_run", fence).is_ended = True
