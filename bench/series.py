"""What storing series costs: a year of a quarter-hour in one call, the same again, a half-hourly re-reading.

Each figure is a call straight at Postgres, as the functions send it. Beside them stands what it takes to put
the same rows into a table with one primary key by COPY: no storage is faster on this machine.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
from psycopg.types.json import Jsonb

from bench.figures import Samples, Table
from devstack.supabase import Supabase

_BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
_KNOWN = datetime(2026, 2, 1, tzinfo=UTC)
_QUARTER = timedelta(minutes=15)
_DAY = 96
_YEAR = 365 * _DAY
_REPLACED = 5  # of 100 points, in a revision of a year

Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    year: int
    series: int
    read_again: int
    stored: int
    groups: int
    days: int
    rounds: int


WHOLE = Plan(year=_YEAR, series=54, read_again=2 * _DAY, stored=500, groups=20, days=35, rounds=9)
QUICK = Plan(year=_DAY, series=3, read_again=_DAY, stored=5, groups=2, days=2, rounds=2)


@dataclass
class Figures:
    """Seconds of each call, by its name, and what the tables weigh."""

    seconds: dict[str, Samples] = field(default_factory=dict)
    bytes_a_point: float = 0.0
    body_bytes: int = 0

    def add(self, name: str, seconds: float) -> None:
        """Adds one measurement."""
        self.seconds.setdefault(name, Samples()).seconds.append(seconds)


class Bench:
    """A project, a run that goes on, and a clock of replies that never stands still."""

    def __init__(self, connection: Connection, plan: Plan, figures: Figures) -> None:
        self.connection, self.plan, self.figures = connection, plan, figures
        self.fence, self.known_at = str(uuid4()), _KNOWN
        claim: dict[str, Any] = {
            "pipeline": "energy_actuals", "plant": "(no plant)", "trigger": "manual", "slot": None,
            "fence": self.fence, "idempotency_key": None, "requested_by": None, "lease_s": 900,
            "window_start": None, "window_until": None, "code_version": "bench", "is_dry_run": False,
            "wants": [],
        }  # fmt: skip
        connection.execute("select public.claim_run(%s)", (Jsonb(claim),))

    def measure(self) -> None:
        """Measures everything; what is stored by one step is what the next one meets."""
        for turn in range(self.plan.rounds):
            self._year(f"DE/load/{turn}")
            self._copy()
        self._weigh()
        self._fill()
        for _ in range(self.plan.rounds):
            self._read_again()
            self._look("gaps: {groups} series x {days} days", self.plan.days * _DAY)
            self._look("gaps: {groups} series x a year", self.plan.year)
            self._status()

    def _year(self, key: str) -> None:
        values = _values(self.plan.year)
        self.figures.body_bytes = len(json.dumps(self._body([key], values)))
        self._commit("a year in one call", [key], values)
        self._commit("the same again", [key], values)
        revised = ["1" if number % 100 < _REPLACED else value for number, value in enumerate(values)]
        self._commit(f"{_REPLACED} % of it revised", [key], revised)
        late = self._body([key], values, self.known_at - timedelta(seconds=30))
        self._ask("an older reply that comes late", "commit_series", self.fence, Jsonb(late))
        for name, known_at in (
            ("read now", None),
            ("read as known before", self.known_at - timedelta(minutes=1)),
        ):
            end = _BEGIN + self.plan.year * _QUARTER
            self._ask(f"a year, {name}", "series_as_known", key, _BEGIN, end, known_at)

    def _copy(self) -> None:
        rows = [(1, _BEGIN + n * _QUARTER, 15, v, _KNOWN) for n, v in enumerate(_values(self.plan.year))]
        self.connection.execute(
            "create table copied (id integer, at timestamptz, minutes integer, value numeric,"
            " known_at timestamptz, primary key (id, at))"
        )
        started_s = time.perf_counter()
        with self.connection.cursor() as cursor, cursor.copy("copy copied from stdin") as copy:
            for row in rows:
                copy.write_row(row)
        self.figures.add("COPY of a year", time.perf_counter() - started_s)
        self.connection.execute("drop table copied")

    def _weigh(self) -> None:
        row = self.connection.execute(
            "select pg_total_relation_size('public.series_points')::float / count(*)"
            " from public.series_points"
        ).fetchone()
        self.figures.bytes_a_point = row[0] if row else 0.0

    def _fill(self) -> None:
        """Enters as many series as the status is asked for, and lets Postgres count their rows."""
        self.connection.execute(
            """
            insert into public.series (
              key, kind, subject, source, unit, time_zone, "group", longest_minutes, known_at, created_at
            )
            select key, 'load', subject, 'entsoe', 'MW', 'Europe/Berlin', key, 15, %(known)s, %(known)s
            from (
              select 'A' || n, 'A' || n || '/load' from generate_series(1, %(series)s) as n
            ) as one (subject, key)
            """,
            {"known": _KNOWN, "series": self.plan.stored},
        )
        self.connection.execute(
            """
            insert into public.series_points (series_id, at, minutes, value, known_at)
            select s.id, %(begin)s::timestamptz + n * interval '15 min', 15, n, %(known)s
            from public.series as s, generate_series(0, %(year)s - 1) as n
            where s.subject like 'A%%' and n %% 997 <> 0
            -- The others have a month: how long a series is says little about its status.
            and (n >= %(year)s - 2976 or substr(s.subject, 2)::integer <= %(whole)s)
            """,
            {"known": _KNOWN, "begin": _BEGIN, "year": self.plan.year, "whole": self.plan.series},
        )
        self.connection.execute("vacuum analyze")

    def _read_again(self) -> None:
        keys = [f"A{number}/load" for number in range(1, self.plan.series + 1)]
        first = self.plan.year - self.plan.read_again
        values = [str(number) for number in range(first, self.plan.year)]
        name = f"{self.plan.series} series x {self.plan.read_again} points, read again"
        self._commit(name, keys, values, start=_BEGIN + first * _QUARTER)

    def _look(self, name: str, points: int) -> None:
        named = name.format(groups=self.plan.groups, days=self.plan.days)
        end = _BEGIN + self.plan.year * _QUARTER
        looks = [
            {
                "group": f"A{number}/load", "from": (end - points * _QUARTER).isoformat(),
                "due": end.isoformat(), "peers": None,
            }
            for number in range(1, self.plan.groups + 1)
        ]  # fmt: skip
        self._ask(named, "watch_series_gaps", self.fence, Jsonb(looks))
        # The next look is the first one too: what was open before would be looked at again, wherever it is.
        self.connection.execute("delete from public.gaps")

    def _status(self) -> None:
        self._ask(f"status of {self.plan.stored} series", "series_status")

    def _commit(self, name: str, keys: Sequence[str], values: Sequence[str], **place: Any) -> None:
        self.known_at += timedelta(minutes=1)
        body = Jsonb(self._body(keys, values, self.known_at, **place))
        self._ask(name, "commit_series", self.fence, body)

    def _body(
        self,
        keys: Sequence[str],
        values: Sequence[str],
        known_at: datetime = _KNOWN,
        start: datetime = _BEGIN,
    ) -> dict[str, Any]:
        described = [
            {
                "key": key, "kind": "load", "subject": key.split("/")[0], "part": None, "source": "entsoe",
                "unit": "MW", "time_zone": "Europe/Berlin", "group": key,
            }
            for key in keys
        ]  # fmt: skip
        blocks = [
            {"series": key, "start": start.isoformat(), "minutes": 15, "values": list(values)} for key in keys
        ]
        batch = {"known_at": known_at.isoformat(), "blocks": blocks, "collection": None}
        return {"series": described, "batches": [batch], "completion": None}

    def _ask(self, name: str, function: str, *arguments: Any) -> None:
        marks = ", ".join(["%s"] * len(arguments))
        started_s = time.perf_counter()
        self.connection.execute(f"select public.{function}({marks})".encode(), arguments)
        self.figures.add(name, time.perf_counter() - started_s)


def _values(number: int) -> list[str]:
    return [f"{40_000 + (n * 7919) % 20_000}.{n % 100:02}" for n in range(number)]


def measure(supabase: Supabase, plan: Plan) -> Figures:
    """Returns the figures, in a project of its own."""
    figures = Figures()
    with (
        supabase.fresh_database() as access,
        psycopg.connect(access.database_url, autocommit=True) as connection,
    ):
        Bench(connection, plan, figures).measure()
    return figures


def tables(figures: Figures, plan: Plan) -> tuple[Table, Table]:
    """Returns what was measured as tables."""
    calls = Table(
        f"Series: a year of {plan.year:,} points, ms: median (minimum), and ratios to COPY",
        ["", "call", "ratio"],
    )
    floor = figures.seconds["COPY of a year"]
    for name, samples in figures.seconds.items():
        calls.add(name, f"{samples.median_ms:.0f} ({samples.least_ms:.0f})", samples.over(floor))
    sizes = Table("Series: sizes", ["a year in one call, MB", "a stored point, bytes"])
    sizes.add(f"{figures.body_bytes / 1e6:.2f}", f"{figures.bytes_a_point:.0f}")
    return calls, sizes
