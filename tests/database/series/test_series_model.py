"""Commits in any order, beside a model that replays all replies in the order in which they were known.

    SERIES_EXAMPLES=2000 pytest -n 0 tests/database/series/test_series_model.py

looks for longer.
"""

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from tests.database.conftest import Connection
from tests.database.protocol import fence
from tests.database.series.collected import LOAD, batch, block, commit, series_claim

BEGIN = datetime(2026, 11, 21, tzinfo=UTC)
KNOWN = datetime(2026, 11, 22, 6, tzinfo=UTC)
NOW = KNOWN + timedelta(hours=1)
PARTS = 24  # a quarter of an hour each

EMPTY = """
delete from public.series_readings; delete from public.series_revisions; delete from public.series_points;
delete from public.series; delete from public.pipeline_runs
"""


class Said(NamedTuple):
    """One value of a reply; times in quarters of an hour from BEGIN, `known` in seconds from KNOWN."""

    at: int
    length: int
    value: str | None
    known: int

    @property
    def until(self) -> int:
        return self.at + self.length

    def overlaps(self, other: "Said") -> bool:
        return self.at < other.until and other.at < self.until

    def is_same(self, other: "Said") -> bool:
        return (self.at, self.length, _number(self.value)) == (other.at, other.length, _number(other.value))


class Held(NamedTuple):
    """A value and the time in which it held; `until` is None for a current one."""

    at: int
    length: int
    value: Decimal | None
    since: int
    until: int | None


class Block(NamedTuple):
    start: int
    length: int
    values: tuple[str | None, ...]


class Reply(NamedTuple):
    known: int
    blocks: tuple[Block, ...]

    def said(self) -> Iterator[Said]:
        for one in self.blocks:
            for number, value in enumerate(one.values):
                yield Said(one.start + number * one.length, one.length, value, self.known)


def _number(value: str | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def replay(commits: Sequence[Sequence[Reply]]) -> set[Held]:
    """Return everything that has ever held. Of what was known at one instant the first counts."""
    accepted: list[Said] = []
    for replies in commits:
        for reply in replies:
            for one in reply.said():
                if not any(one.known == other.known and one.overlaps(other) for other in accepted):
                    accepted.append(one)
    current: list[Said] = []
    history: set[Held] = set()
    for one in sorted(accepted, key=lambda said: said.known):
        if any(one.is_same(other) for other in current):
            continue
        for other in [other for other in current if one.overlaps(other)]:
            current.remove(other)
            history.add(Held(other.at, other.length, _number(other.value), other.known, one.known))
        current.append(one)
    return history | {Held(one.at, one.length, _number(one.value), one.known, None) for one in current}


def stored(database: Connection) -> set[Held]:
    rows = database.execute(
        """
        select at, minutes, value, known_at, null as superseded_at from public.series_points
        union all
        select at, minutes, value, known_at, superseded_at from public.series_revisions
        """
    ).fetchall()
    return {
        Held(
            (row["at"] - BEGIN) // timedelta(minutes=15),
            row["minutes"] // 15,
            row["value"],
            _seconds(row["known_at"]),
            row["superseded_at"] and _seconds(row["superseded_at"]),
        )
        for row in rows
    }


def as_known(database: Connection, known: int) -> dict[tuple[int, int], Decimal | None]:
    """Return the values that a caller is told, by place and length."""
    row = database.execute(
        "select public.series_as_known(%s, %s, %s, %s) as answer",
        (LOAD, BEGIN, BEGIN + timedelta(days=1), KNOWN + timedelta(seconds=known)),
    ).fetchone()
    assert row is not None
    told: dict[tuple[int, int], Decimal | None] = {}
    for one in row["answer"]["blocks"]:
        length = one["minutes"] // 15
        begin = (datetime.fromisoformat(one["start"]) - BEGIN) // timedelta(minutes=15)
        told |= {
            (begin + number * length, length): _number(value) for number, value in enumerate(one["values"])
        }
    return told


def _at(place: int) -> str:
    return (BEGIN + place * timedelta(minutes=15)).isoformat()


def _seconds(at: datetime) -> int:
    return (at - KNOWN) // timedelta(seconds=1)


def send(database: Connection, replies: Sequence[Reply]) -> dict[str, Any]:
    batches = [
        batch(
            *(block(*one.values, start=_at(one.start), minutes=15 * one.length) for one in reply.blocks),
            known_at=(KNOWN + timedelta(seconds=reply.known)).isoformat(),
        )
        for reply in replies
    ]
    row = database.execute(
        "select public.commit_series(%s, %s, %s) as answer", (fence(1), Jsonb(commit(*batches)), NOW)
    ).fetchone()
    assert row is not None
    answer: dict[str, Any] = row["answer"]
    return answer


values = st.sampled_from(("5", "7", "5.0", None))
blocks = st.builds(
    Block,
    st.integers(0, PARTS),
    st.sampled_from((1, 2, 4)),
    st.lists(values, min_size=1, max_size=6).map(tuple),
)
replies = st.builds(Reply, st.integers(0, 12), st.lists(blocks, min_size=1, max_size=3).map(tuple))
commits = st.lists(st.lists(replies, min_size=1, max_size=3), min_size=1, max_size=6)

CONFIRMED = [
    [Reply(1, (Block(0, 4, ("5",)),))],
    [Reply(3, (Block(0, 4, ("5",)),))],
    [Reply(2, (Block(0, 1, ("7",)),))],
]


@settings(
    max_examples=int(os.environ.get("SERIES_EXAMPLES", "60")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@example(sent=CONFIRMED)
@given(sent=commits)
def test_whatever_order_replies_are_stored_in_the_past_is_as_they_were_known(
    database: Connection, sent: list[list[Reply]]
) -> None:
    database.execute(EMPTY.encode())
    database.execute("select public.claim_run(%s, %s)", (Jsonb(series_claim(1)), KNOWN))

    for number, replies_ in enumerate(sent):
        send(database, replies_)

        assert stored(database) == replay(sent[: number + 1])

    history = replay(sent)
    for known in range(-1, 14):
        assert as_known(database, known) == {
            (one.at, one.length): one.value
            for one in history
            if one.since <= known and (one.until is None or known < one.until)
        }

    before = database.execute("select * from public.series_readings order by id").fetchall()
    for replies_ in sent:
        points = send(database, replies_)["points"]

        assert (points["new"], points["revised"]) == (0, 0)
    assert stored(database) == replay(sent)
    assert database.execute("select * from public.series_readings order by id").fetchall() == before
