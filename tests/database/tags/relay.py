"""Bursts that relieve each other in simulated time, and whose each slot is.

Times are seconds after noon, slots are whole ones. The database's clock is the true one; a burst's is ahead
of it by `skew`. A burst reads a slot when its own clock comes to it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count, takewhile
from math import ceil
from typing import Any

from psycopg.types.json import Jsonb

from tests.database.conftest import Connection
from tests.database.tags.polled import at, group_claim, put, sample, seconds

LEASE_S = 20
STEP_S = 2  # between two calls


@dataclass
class Relay:
    """One group, and everything that was ever claimed and sent."""

    connection: Connection
    group_id: int
    turns: list[tuple[float, int]] = field(default_factory=list)
    sent: set[tuple[int, int]] = field(default_factory=set)
    stored_by_answers: int = 0
    kept: dict[int, int] = field(default_factory=dict)

    def call(self, function: str, body: Mapping[str, Any], now: float) -> dict[str, Any]:
        row = self.connection.execute(
            f"select public.{function}(%s, %s) as answer".encode(), (Jsonb(body), at(now))
        ).fetchone()
        assert row is not None
        answer: dict[str, Any] = row["answer"]
        return answer

    def owner(self, slot: int) -> int | None:
        """Return the burst that a slot belongs to: of those that begin by then, the one that claimed last."""
        owner = None
        for first, number in self.turns:
            owner = number if first <= slot else owner
        return owner

    def due(self) -> dict[int, int]:
        """Return whose sample each slot must have: what its owner read and sent."""
        return {slot: number for number, slot in self.sent if self.owner(slot) == number}

    def stored(self) -> dict[int, int]:
        """Return whose sample each slot has."""
        rows = self.connection.execute(
            'select slot, "values"[1] as number from public.tag_samples where group_id = %s', (self.group_id,)
        ).fetchall()
        return {round(seconds(row["slot"].isoformat())): round(row["number"]) for row in rows}


@dataclass
class Burst:
    """One burst. It keeps a call until it is answered, and sends it again as it was."""

    relay: Relay
    number: int
    skew: float = 0.0
    is_claimed: bool = False
    is_over: bool = False
    first: float = 0.0
    stop: float | None = None
    read_until: int = 0
    sequence: int = 0
    waiting: set[int] = field(default_factory=set)
    unanswered: dict[str, Any] | None = None

    def claim(self, now: float, *, is_lost: bool = False) -> None:
        """Claim the group; a claim without an answer has to be made again."""
        answer = self.relay.call("claim_tag_groups", group_claim(self.number, lease_s=LEASE_S), now)
        if answer["groups"] and (self.number not in {number for _, number in self.relay.turns}):
            self.relay.turns.append((seconds(answer["groups"][0]["first_slot"]), self.number))
        if is_lost:
            return
        if not answer["groups"]:
            self.is_over = True
            return
        self.is_claimed = True
        self.first = seconds(answer["groups"][0]["first_slot"])
        # What has begun by its own clock is missed.
        self.read_until = ceil(max(self.first, now + self.skew))

    def read(self, now: float) -> None:
        """Read the slots that its clock has come to."""
        slots = takewhile(lambda slot: slot <= now + self.skew, count(self.read_until))
        for slot in list(slots):
            if self.stop is None or slot < self.stop:
                self.waiting.add(slot)
            self.read_until = slot + 1

    def flush(
        self,
        now: float,
        *,
        is_last: bool = False,
        is_request_lost: bool = False,
        is_answer_lost: bool = False,
    ) -> None:
        """Send what was read; with `is_last` it stops."""
        if self.unanswered is None:
            self.sequence += 1
            rows = [sample(self.relay.group_id, slot, self.number) for slot in sorted(self.waiting)]
            ended = [self.relay.group_id] if is_last else []
            self.unanswered = put(
                self.number, *rows, sequence=self.sequence, ended=ended, lease_s=LEASE_S
            ) | {"slots": sorted(self.waiting)}
        if is_request_lost:
            return
        body = {name: value for name, value in self.unanswered.items() if name != "slots"}
        answer = self.relay.call("put_tag_samples", body, now)
        self.relay.sent |= {(self.number, slot) for slot in self.unanswered["slots"]}
        self.relay.stored_by_answers += answer["stored"]
        if is_answer_lost:
            return
        self.waiting -= set(self.unanswered["slots"])
        self.is_over = bool(body["ended"]) or self.relay.group_id in answer["lost"]
        self.unanswered = None
        if self.stop is None and str(self.relay.group_id) in answer["stops"]:
            self.stop = seconds(answer["stops"][str(self.relay.group_id)])

    def is_done(self, now: float) -> bool:
        """Say whether everything before its stop was read."""
        return self.stop is not None and now + self.skew >= self.stop - 1 and self.read_until >= self.stop


def interleavings(first: int, second: int) -> Iterator[str]:
    """Yield all orders of so many steps of A and of B."""
    if first == 0 or second == 0:
        yield "A" * first + "B" * second
        return
    yield from ("A" + rest for rest in interleavings(first - 1, second))
    yield from ("B" + rest for rest in interleavings(first, second - 1))
