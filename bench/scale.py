"""A thousand plants of 100 assets against one Supabase: what a day of slots takes of it.

Each poll is made as by a new process, in the order in which the scheduler would call, as fast as this
machine gets through them: so the clock says little and the processor time much. Slots are simulated time,
from one morning on; at 06:00 each plant reports. The last hours are removed by one run of the clean-up.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles
from typing import Any, Final

import httpx
import psycopg
from psycopg import sql

from bench.figures import Samples, Table
from bench.processes import Answer, Contestant
from bench.stack import clean_environment
from devstack.access import SupabaseAccess
from devstack.function import Function
from devstack.migrations import REPOSITORY
from devstack.processes import Children
from devstack.supabase import Supabase
from plantpulse.schedules.pipelines import pipelines_of
from plantpulse.settings import config
from plantpulse.settings.secret_variables import password_variable

_POLLS: Final = Path(__file__).with_name("contestants") / "scale_polls.py"
_MODEL: Final = Path(__file__).with_name("scale.sql")
_FIRST_SLOT: Final = datetime(2026, 3, 18, 13, 0, tzinfo=UTC)  # 08:00 in Chicago
_MORNING: Final = datetime(2026, 3, 19, 11, 0, tzinfo=UTC)  # 06:00
_QUARTER: Final = timedelta(minutes=15)
_PROGRAMS: Final = ("postgres", "postgrest", "client")
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_TIMEOUT_S: Final = 120.0


@dataclass(frozen=True)
class Plan:
    """How much is measured; `reports` of the plants report in the morning."""

    plants: int
    slots: int
    reports: int
    workers: int = 4


WHOLE = Plan(plants=1_000, slots=96, reports=1_000)
QUICK = Plan(plants=6, slots=2, reports=2, workers=2)


@dataclass
class Work:
    """What so many calls took: processor seconds by program, and each call's time on the clock."""

    calls: int = 0
    seconds: Samples = field(default_factory=Samples)
    elapsed_s: float = 0.0
    processor_s: dict[str, float] = field(default_factory=lambda: dict.fromkeys(_PROGRAMS, 0.0))
    wal_bytes: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    most_connections: int = 0
    most_waiting: int = 0

    def add(self, answer: Answer) -> None:
        self.calls += len(answer["answers"])
        self.seconds.seconds.extend(answer["seconds"])
        self.processor_s["client"] += answer["cpu_seconds"]
        self.answers.update(answer["answers"])

    def each_ms(self, program: str) -> float:
        return self.processor_s[program] / self.calls * 1000

    def p50_p95_ms(self) -> tuple[float, float]:
        cuts = quantiles(self.seconds.seconds, n=20, method="inclusive")
        return cuts[9] * 1000, cuts[18] * 1000


@dataclass
class ScaleFigures:
    """What was measured; `slots` has the polls of each slot."""

    plan: Plan
    slots: list[Work] = field(default_factory=list)
    reports: Work = field(default_factory=Work)
    cleanup: Work = field(default_factory=Work)
    rows: dict[str, int] = field(default_factory=dict)
    table_bytes: dict[str, int] = field(default_factory=dict)
    messages: int = 0


@dataclass
class _Project:
    """The project that is called, and what is looked at while it works."""

    supabase: Supabase
    access: SupabaseAccess
    rows: psycopg.Connection[Any]

    @contextmanager
    def observed(self, work: Work) -> Iterator[None]:
        """Adds to `work` what Postgres and PostgREST use meanwhile."""
        is_over = threading.Event()
        watching = threading.Thread(target=self._watch, args=(work, is_over))
        before, wal = self._used_s(), self._wal()
        began_s = time.perf_counter()
        watching.start()
        try:
            yield
        finally:
            is_over.set()
            watching.join()
        work.elapsed_s += time.perf_counter() - began_s
        for program, used_s in self._used_s().items():
            work.processor_s[program] += used_s - before[program]
        work.wal_bytes += self._wal() - wal

    def _used_s(self) -> dict[str, float]:
        postgres = self.supabase.postgres.pid
        others = [pid for pid in self.supabase.pids if pid != postgres]
        children = [pid for pid in _processes() if _stat(pid)[1] == str(postgres)]
        # Sessions that have ended count among what their parent has waited for.
        return {
            "postgres": _used_s(postgres, and_ended=True) + sum(_used_s(pid) for pid in children),
            "postgrest": sum(_used_s(pid) for pid in others),
        }

    def _wal(self) -> int:
        found = self.rows.execute("select (pg_current_wal_lsn() - '0/0'::pg_lsn)::bigint").fetchone()
        return int(found[0]) if found else 0

    def _watch(self, work: Work, is_over: threading.Event) -> None:
        with psycopg.connect(self.access.database_url, autocommit=True) as rows:
            while not is_over.wait(0.5):
                found = rows.execute(
                    "select count(*), count(*) filter (where wait_event_type = 'Lock') from pg_stat_activity"
                    " where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle'"
                ).fetchone()
                connections, waiting = found or (0, 0)
                work.most_connections = max(work.most_connections, connections)
                work.most_waiting = max(work.most_waiting, waiting)


def _processes() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _stat(pid: int) -> list[str]:
    """Returns the fields of /proc/<pid>/stat from the third on; zeros for a process that has ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ["0"] * 50
    return text.rpartition(")")[2].split()


def _used_s(pid: int, *, and_ended: bool = False) -> float:
    """Returns the processor seconds of a process with all its threads, which `processor_s` leaves out.

    Source: proc_pid_stat(5).
    """
    found = _stat(pid)
    return sum(int(one) for one in found[11 : 15 if and_ended else 13]) / _TICKS


def measure(supabase: Supabase, children: Children, plan: Plan) -> ScaleFigures:
    """Polls through all slots. Raises: ChildProcessError when a run did not succeed."""
    figures = ScaleFigures(plan)
    file = _settings_file(children.log_folder, plan.plants)
    with supabase.fresh_database() as access, psycopg.connect(access.database_url, autocommit=True) as rows:
        rows.execute("set statement_timeout = 0")
        rows.execute(_MODEL.read_bytes(), {"plants": plan.plants})
        rows.execute("analyze")
        project = _Project(supabase, access, rows)
        environment = clean_environment(children.log_folder) | {
            "SUPABASE_URL": access.url,
            "SUPABASE_SECRET_KEY": access.secret_key,
            "PYTHONPATH": os.pathsep.join(sys.path),
            **{password_variable(f"plant_{number}"): "-" for number in range(1, plan.plants + 1)},
        }
        calls = _in_order(file)
        with _workers("live_pulse", file, environment, plan.workers) as polling:
            for number in range(plan.slots):
                slot = _FIRST_SLOT + number * _QUARTER
                figures.slots.append(_poll(project, polling, calls, slot))
                _tell(figures, slot)
        if plan.reports:
            with _workers("morning_report", file, environment, plan.workers) as reporting:
                orders = [(plant, timedelta(0)) for plant, _ in calls[: plan.reports]]
                figures.reports = _poll(project, reporting, orders, _MORNING)
        _count(rows, figures)
        _clean_up(project, children, environment, file, figures)
    return figures


def _settings_file(folder: Path, plants: int) -> Path:
    file = folder / "scale.yaml"
    server = "{host: sql.example, user: reader, database: mes}"
    lines = [
        f"  plant_{number}: {{time_zone: America/Chicago, sql_server: {server}}}"
        for number in range(1, plants + 1)
    ]
    file.write_text("\n".join(["plants:", *lines, "cleanup: {timeout_s: 900}", ""]))
    return file


def _in_order(file: Path) -> list[tuple[str, timedelta]]:
    """Returns the plants as the scheduler calls them after a slot, each with its offset."""
    found = [one for one in pipelines_of(config.load({}, file=file)) if one.name == "live_pulse"]
    found.sort(key=lambda one: (one.offset, one.delay_s))
    return [(one.plant, one.offset) for one in found]


@contextmanager
def _workers(
    function: str, file: Path, environment: Mapping[str, str], number: int
) -> Iterator[list[Contestant]]:
    command = [sys.executable, str(_POLLS), function, str(file)]
    started = [
        subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(number)
    ]
    try:
        yield [Contestant(one) for one in started]
    finally:
        for one in started:
            if one.stdin:
                with suppress(BrokenPipeError):  # it has died, which its answer said
                    one.stdin.close()
            one.wait(60)


def _poll(
    project: _Project, workers: Sequence[Contestant], calls: Sequence[tuple[str, timedelta]], slot: datetime
) -> Work:
    """Makes the calls of a slot, minute by minute, by all workers at once."""
    work = Work()
    with project.observed(work):
        for offset in sorted({offset for _, offset in calls}):
            due = [plant for plant, own in calls if own == offset]
            at = slot + offset
            shares = [due[place :: len(workers)] for place in range(len(workers))]
            with ThreadPoolExecutor(len(workers)) as threads:
                answers = [
                    threads.submit(_answer, worker, share, at)
                    for worker, share in zip(workers, shares, strict=True)
                    if share
                ]
            for answer in answers:
                work.add(answer.result())
    if work.answers != Counter({"succeeded": len(calls)}):
        raise ChildProcessError(f"not every run of {slot} succeeded: {work.answers}")
    return work


def _answer(worker: Contestant, plants: Sequence[str], at: datetime) -> Answer:
    now = (at + timedelta(seconds=5)).isoformat()
    return worker.answer({"plants": plants, "slot": at.isoformat(), "now": now})


def _tell(figures: ScaleFigures, slot: datetime) -> None:
    work = figures.slots[-1]
    told = {"slot": slot.isoformat(), "s": round(work.elapsed_s, 1)} | {
        program: round(work.each_ms(program), 2) for program in _PROGRAMS
    }
    print(json.dumps(told), file=sys.stderr, flush=True)


def _count(rows: psycopg.Connection[Any], figures: ScaleFigures) -> None:
    """Notes how many rows and bytes each table has, the largest of them."""
    found = rows.execute(
        "select relname, pg_total_relation_size(oid) from pg_class"
        " where relnamespace = 'public'::regnamespace and relkind = 'r'"
        " order by pg_total_relation_size(oid) desc limit 6"
    ).fetchall()
    figures.table_bytes = dict(found)
    for table in figures.table_bytes:
        counting = sql.SQL("select count(*) from public.{}").format(sql.Identifier(table))
        counted = rows.execute(counting).fetchone()
        figures.rows[table] = int(counted[0]) if counted else 0
    told = rows.execute("select count(*) from realtime.messages").fetchone()
    figures.messages = int(told[0]) if told else 0


def _clean_up(
    project: _Project,
    children: Children,
    environment: Mapping[str, str],
    file: Path,
    figures: ScaleFigures,
) -> None:
    """Removes every snapshot, which all are older than a day by the clock of this machine."""
    function = Function(
        children,
        REPOSITORY / "functions" / "cleanup" / "main.py",
        {**environment, "PLANTPULSE_CONFIG": str(file)},
    )
    with project.observed(figures.cleanup), httpx.Client(base_url=function.url, timeout=600) as cleanup:
        answer = cleanup.post("/", json={})
        answer.raise_for_status()
    figures.cleanup.calls = sum(answer.json()["counts"].values())


def tables(figures: ScaleFigures) -> list[Table]:
    """Returns what calls took, hours of slots after each other, and what is stored in the end."""
    plan = figures.plan
    calls = Table(
        f"Scale: calls of {plan.plants:,} plants of 100 assets, processor time of each call, ms",
        [
            "calls", "number", "Postgres", "PostgREST", "the function", "WAL, bytes",
            "on the clock, here: p50 (p95)", "most sessions at work", "of them waiting for a lock",
        ],
    )  # fmt: skip
    for name, work in _spans(figures):
        each = [f"{work.each_ms(program):.1f}" for program in _PROGRAMS]
        p50, p95 = work.p50_p95_ms() if work.seconds.seconds else (0.0, 0.0)
        wal = f"{work.wal_bytes // work.calls:,}"
        clock = f"{p50:,.0f} ({p95:,.0f})" if work.seconds.seconds else f"{work.elapsed_s * 1000:,.0f} in sum"
        most = (f"{work.most_connections}", f"{work.most_waiting}")
        calls.add(name, f"{work.calls:,}", *each, wal, clock, *most)
    stored = Table(
        f"Scale: stored after {len(figures.slots)} slots and a report",
        ["table", "rows", "MB with its indexes", "bytes a row"],
    )
    for table, rows in figures.rows.items():
        size = figures.table_bytes[table]
        stored.add(table, f"{rows:,}", f"{size / 1e6:,.1f}", f"{size / max(rows, 1):,.0f}")
    stored.add("realtime.messages", f"{figures.messages:,}", "", "")
    return [calls, stored]


def _spans(figures: ScaleFigures) -> Iterator[tuple[str, Work]]:
    """Yields the polls of each sixth of the slots, the reports, and the rows that were removed."""
    length = max(1, len(figures.slots) // 6)
    for first in range(0, len(figures.slots), length):
        part = figures.slots[first : first + length]
        yield f"polls of slots {first + 1} to {first + len(part)}", _together(part)
    if figures.plan.reports:
        yield "morning reports", figures.reports
    yield "rows removed by one clean-up", figures.cleanup


def _together(works: Sequence[Work]) -> Work:
    whole = Work()
    for one in works:
        whole.calls += one.calls
        whole.seconds.seconds.extend(one.seconds.seconds)
        whole.elapsed_s += one.elapsed_s
        for program in _PROGRAMS:
            whole.processor_s[program] += one.processor_s[program]
        whole.wal_bytes += one.wal_bytes
        whole.most_connections = max(whole.most_connections, one.most_connections)
        whole.most_waiting = max(whole.most_waiting, one.most_waiting)
    return whole
