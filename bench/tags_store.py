"""What storing machine tags costs: bytes a day, and the time of the database, at 1,000 values a second.

Ten groups of 100 tags and a second, flushed every two seconds as a burst does, straight at Postgres. The
clock is the plan's, so an hour takes seconds. In the second line a tenth of the tags are counters and
meters that 32 bits would round: those stay 64 bits wide.
"""

import math
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import psycopg
from psycopg.types.json import Jsonb

from bench.figures import Samples, Table
from bench.processes import processor_s
from devstack.supabase import Supabase
from plantpulse.tags.buffer import Sample
from plantpulse.tags.flushing import row_of
from plantpulse.tags.readings import Quality, Reading
from plantpulse.tags.tag import DataType, Group, Tag

_BEGIN: Final = datetime(2026, 1, 1, tzinfo=UTC)
_SECOND: Final = timedelta(seconds=1)
_FLUSH_S: Final = 2
_DAY_S: Final = 86_400
_NARROW: Final[Sequence[DataType]] = ("float32", "float32", "float32", "int16", "bool")
_WIDE: Final[Sequence[DataType]] = ("float64", "int64")

Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True)
class Plan:
    """How much is measured: groups of tags, and seconds of samples."""

    groups: int
    tags: int
    seconds: int


WHOLE: Final = Plan(groups=10, tags=100, seconds=3600)
QUICK: Final = Plan(groups=2, tags=10, seconds=120)


@dataclass
class Figures:
    """What was measured of tags of one kind: seconds of the calls of each minute, and bytes.

    `processor` is what the database's process used meanwhile: other work on the machine does not add to it.
    """

    label: str
    minutes: Samples = field(default_factory=Samples)
    processor: Samples = field(default_factory=Samples)
    rows: int = 0
    indexes: int = 0
    rolled: int = 0


def measure(supabase: Supabase, plan: Plan) -> Iterator[Figures]:
    """Yields the figures without and with wide tags, each in a project of its own."""
    for label, wide in (("all of 32 bits", 0), ("a tenth of 64 bits", plan.tags // 10)):
        print(f"storing {plan.seconds:,} s, {label} ...", file=sys.stderr, flush=True)
        with (
            supabase.fresh_database() as access,
            psycopg.connect(access.database_url, autocommit=True) as connection,
        ):
            yield _measured(connection, plan, label, wide)


def _measured(connection: Connection, plan: Plan, label: str, wide: int) -> Figures:
    figures, holder = Figures(label), str(uuid4())
    groups = _claimed(connection, plan, holder, wide)
    pid = connection.info.backend_pid
    for first in range(0, plan.seconds, 60):
        bodies = [_body(groups, holder, first + second, plan.seconds) for second in range(0, 60, _FLUSH_S)]
        used_s = processor_s(pid)
        figures.minutes.seconds.append(sum(_sent(connection, *body) for body in bodies))
        figures.processor.seconds.append(processor_s(pid) - used_s)
    connection.execute("vacuum public.tag_samples, public.tag_minutes")
    found = connection.execute(
        "select pg_relation_size('public.tag_samples'), pg_indexes_size('public.tag_samples'),"
        " pg_total_relation_size('public.tag_minutes')"
    ).fetchone()
    figures.rows, figures.indexes, figures.rolled = found or (0, 0, 0)
    return figures


def _claimed(connection: Connection, plan: Plan, holder: str, wide: int) -> list[Group]:
    """Enter groups with `wide` tags among the others, and claim them."""
    for number in range(plan.groups):
        name = f"group {number}"
        made = connection.execute(
            "insert into public.tag_groups (plant, name, address) values ('bench', %s, %s) returning id",
            (name, f"modbus://10.20.0.{number}"),
        ).fetchone()
        assert made is not None  # noqa: S101 - it was just made
        with connection.cursor() as cursor:
            cursor.executemany(
                "insert into public.tags (group_id, name, address, data_type) values (%s, %s, 'hr:0', %s)",
                [(made[0], f"tag {place}", _type_of(place, wide, plan)) for place in range(plan.tags)],
            )
    claim = {"holder": holder, "plant": "bench", "runner": "cloud", "lease_s": 3600, "groups": None}
    answer = connection.execute("select public.claim_tag_groups(%s, %s)", (Jsonb(claim), _BEGIN)).fetchone()
    assert answer is not None  # noqa: S101 - a function returns something
    return [Group.of(row) for row in answer[0]["groups"]]


def _type_of(place: int, wide: int, plan: Plan) -> DataType:
    """Return the type of a tag; wide ones stand among the others, as they do in a plant's table."""
    if wide and place % (plan.tags // wide) == 0:
        return _WIDE[place // (plan.tags // wide) % len(_WIDE)]
    return _NARROW[place % len(_NARROW)]


def _body(groups: Sequence[Group], holder: str, first: int, last: int) -> tuple[Jsonb, datetime]:
    """Return a flush of two slots of all groups, and when it is sent."""
    rows = [
        row_of(group, Sample(_BEGIN + second * _SECOND, Quality.GOOD, _readings(group, second), 5))
        for second in range(first, first + _FLUSH_S)
        for group in groups
    ]
    states = [
        {
            "g": group.id, "state": "polling", "polls": _FLUSH_S, "errors": 0, "dropped": 0, "error": None,
            "queue": 0, "queue_highest": 2, "queue_limit": 300, "jitter_ms": 1.5, "read_ms": 4.5,
            "cpu_percent": 5, "memory_mb": 80,
        }
        for group in groups
    ]  # fmt: skip
    ended = [group.id for group in groups] if first + _FLUSH_S >= last else []
    put = {
        "holder": holder, "plant": "bench", "most": 10, "lease_s": 3600, "sequence": first + 1,
        "rows": rows, "states": states, "ended": ended, "completion": None,
    }  # fmt: skip
    return Jsonb(put), _BEGIN + (first + _FLUSH_S) * _SECOND


def _readings(group: Group, second: int) -> list[Reading]:
    return [Reading(_value(tag, group.id, second)) for tag in group.tags]


def _value(tag: Tag, group: int, second: int) -> float | bool:
    """Return what a machine might have there: a noisy wave of two decimals, a state, a counter, a meter."""
    place = 100 * group + tag.position
    if tag.data_type == "int64":
        return 5_000_000_000 + 7919 * place + second
    if tag.data_type == "float64":
        return round(123_456.789 + 1000 * place + second * 0.137, 3)
    if tag.data_type == "bool":
        return (second // 60 + place) % 7 == 0
    wave = 60 + place % 40 + 25 * math.sin(second / 97 + place) + (second * 7919 + place * 104_729) % 100 / 50
    return round(wave) if tag.data_type == "int16" else round(wave, 2)


def _sent(connection: Connection, body: Jsonb, at: datetime) -> float:
    started_s = time.perf_counter()
    connection.execute("select public.put_tag_samples(%s, %s)", (body, at))
    return time.perf_counter() - started_s


def tables(measured: Sequence[Figures], plan: Plan) -> Table:
    """Returns what was measured."""
    values = plan.groups * plan.tags
    table = Table(
        f"Tags: {values:,} values/s stored, from {plan.seconds:,} s",
        [
            "tags",
            "MB a day: samples",
            "their index",
            "minutes",
            "together",
            "bytes a value",
            f"database for a minute's {60 * values:,} values, ms: median (minimum)",
            "of it processor, ms",
        ],
    )
    for one in measured:
        parts = [size * _DAY_S / plan.seconds for size in (one.rows, one.indexes, one.rolled)]
        table.add(
            one.label,
            *(f"{part / 1e6:,.0f}" for part in (*parts, sum(parts))),
            f"{sum(parts) / _DAY_S / values:.2f}",
            one.minutes.show(),
            one.processor.show(),
        )
    return table
