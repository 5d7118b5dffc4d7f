"""A plant whose floor goes on while what stands between it and its snapshots fails.

Time is simulated: quarters are counted from noon in Chicago. In each quarter PRESS-01 makes as many units
as the quarter's number and has one safety incident, so that whatever is lost or double shows.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, LiteralString

import psycopg

from devstack.fault_proxy import FaultProxy
from plantpulse import database
from plantpulse.retry import Pacing
from plantpulse.settings import Settings, SupabaseSettings
from tests.conftest import SqlServerUnderTest
from tests.functions.conftest import NOON_IN_CHICAGO, CountingStore, Floor, World
from tests.patience import ENDS_S, PATIENT_S, SHORT_S

QUARTER = timedelta(minutes=15)
AFTER_THE_SLOT = timedelta(seconds=40)
# Threads of the servers under test, which live in this process too.
_OF_SERVERS = ("proxy-", "sqlserver-", "gateway")
_OF_THE_GATEWAY = "process_request_thread"
_AT_WORK = """
    select state, query from pg_stat_activity
    where backend_type = 'client backend' and pid <> pg_backend_pid()
    and state in ('active', 'idle in transaction', 'idle in transaction (aborted)')
"""


@dataclass(kw_only=True)
class PlantInTrouble(World):
    """The plant `north`, its floor, and the networks in front of its SQL Server and its Supabase project.

    `time_to_answer_s`, when set, is all the time that a run has for Supabase from its first call on: a silent
    project then costs seconds and not a minute. Waits between tries are skipped; with `wait_for` each one
    takes its time, and as long as that takes. Only a SQL Server that is broken is given up after a second.
    """

    floor: Floor
    source: FaultProxy
    gateway: FaultProxy
    sql_server_under_test: SqlServerUnderTest
    time_to_answer_s: float | None = None
    wait_for: Callable[[], None] | None = None
    _threads: set[threading.Thread] = field(default_factory=lambda: set(threading.enumerate()))

    def open_store(self, settings: SupabaseSettings, /, **arguments: Any) -> CountingStore:
        if self.time_to_answer_s is not None:
            arguments["seconds_left"] = _shortened(arguments["seconds_left"], self.time_to_answer_s)
        pacing = Pacing(sleep=self._wait_between_tries)
        return CountingStore(database.Supabase(settings, **arguments, pacing=pacing), self.calls)

    def load_settings(self) -> Settings:
        patience_s = PATIENT_S if self.source.is_answering else SHORT_S
        self.sql_server |= {"login_timeout_s": patience_s, "query_timeout_s": patience_s}
        return super().load_settings()

    def _wait_between_tries(self, seconds: float) -> None:
        if self.wait_for:
            threading.Event().wait(seconds)
            self.wait_for()

    def rows(self, query: LiteralString) -> list[dict[str, Any]]:
        with self.supabase.connect() as store:
            return list(store.execute(query).fetchall())

    def at(self, quarter: int) -> datetime:
        """Return the slot at the end of a quarter."""
        return NOON_IN_CHICAGO + QUARTER * quarter

    def work(self, *quarters: int) -> None:
        """Let the floor work through quarters: output and one incident in each."""
        for quarter in quarters:
            self.make(quarter)
            self.have_incident(quarter)

    def make(self, quarter: int) -> None:
        """Enter what was made in a quarter."""
        at = self.at(quarter - 1) + timedelta(minutes=7)
        self.floor.output("PRESS-01", quarter, local(at))

    def have_incident(self, quarter: int) -> None:
        """Enter the incident of a quarter, now or hours later."""
        at = self.at(quarter - 1) + timedelta(minutes=3)
        self.floor.downtime("PRESS-01", "Safety Issue", 2, local(at))

    def deliver(self, quarter: int) -> tuple[int, dict[str, Any]]:
        """Let time pass to a quarter's end and deliver its tick."""
        self.now = self.at(quarter) + AFTER_THE_SLOT
        return self.tick(self.at(quarter))

    def slot_outputs(self) -> dict[str, float | None]:
        """Return what PRESS-01 made in each slot that is stored, by local time."""
        rows = self.rows(
            """
            select to_char(s.snapshot_timestamp at time zone 'America/Chicago', 'HH24:MI') as at,
                   s.slot_output::float as made
            from public.live_snapshots as s
            join public.assets as a on a.id = s.asset_id
            where a.source_name = 'PRESS-01' and s.snapshot_timestamp > '2026-03-11T17:00:00Z'
            and extract(second from s.snapshot_timestamp) = 0
            order by s.snapshot_timestamp
            """
        )
        return {row["at"]: row["made"] for row in rows}

    def incidents(self) -> list[str]:
        """Return the local times of all safety events, oldest first."""
        rows = self.rows(
            "select to_char(source_timestamp, 'HH24:MI') as at from public.safety_events"
            " order by source_timestamp, id"
        )
        return [row["at"] for row in rows]

    def run_statuses(self) -> list[str]:
        """Return the statuses of all runs in the order of their claims."""
        return [row["status"] for row in self.rows("select status from public.pipeline_runs order by id")]

    def expired_runs(self) -> list[dict[str, Any]]:
        """Return runs that are still `running` although their lease has run out."""
        runs = self.rows("select id, lease_expires_at from public.pipeline_runs where status = 'running'")
        return [run for run in runs if run["lease_expires_at"] <= self.now]

    def slots_finished_twice(self) -> list[dict[str, Any]]:
        """Return slots with more than one run that succeeded."""
        return self.rows(
            "select slot, count(*) from public.pipeline_runs"
            " where slot is not null and status in ('succeeded', 'partial') group by slot having count(*) > 1"
        )

    def still_at_work(self) -> list[str]:
        """Return what the function has left behind: threads, connections, statements in either database."""
        left = [thread.name for thread in self._own_threads() if not _ends(thread)]
        left += [
            f"{proxy.open_connections} connections to port {proxy.upstream[1]}"
            for proxy in (self.source, self.gateway)
            if not proxy.wait_until_idle(ENDS_S)
        ]
        stand_in = self.sql_server_under_test.stand_in
        urls = [self.supabase.database_url] + ([stand_in.database_url] if stand_in else [])
        return left + [statement for url in urls for statement in _statements_at_work(url)]

    def _own_threads(self) -> list[threading.Thread]:
        new = set(threading.enumerate()) - self._threads
        return [
            thread
            for thread in new
            if not thread.name.startswith(_OF_SERVERS) and _OF_THE_GATEWAY not in thread.name
        ]


def local(at: datetime) -> str:
    """Return the plant's clock on 11 March: five hours behind UTC."""
    return (at - timedelta(hours=5)).strftime("%H:%M:%S")


def _shortened(seconds_left: Callable[[], float], total_s: float) -> Callable[[], float]:
    """Return a clock that starts when it is first looked at, however late a busy machine does that."""
    spare_s: list[float] = []

    def left() -> float:
        if not spare_s:
            spare_s.append(seconds_left() - total_s)
        return seconds_left() - spare_s[0]

    return left


def _ends(thread: threading.Thread) -> bool:
    thread.join(ENDS_S)
    return not thread.is_alive()


def _statements_at_work(url: str) -> list[str]:
    """Return what goes on in a database and does not end within the patience."""
    pause = threading.Event()
    with psycopg.connect(url, autocommit=True) as connection:
        for _ in range(int(ENDS_S / 0.05)):
            found = [f"{state}: {query}" for state, query in connection.execute(_AT_WORK).fetchall()]
            if not found:
                break
            pause.wait(0.05)
    return found
