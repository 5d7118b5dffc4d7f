"""A small plant whose figures are literals, polled through the real adapters."""

import importlib.util
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any, LiteralString

import httpx
import psycopg
import pymssql
import pytest
from psycopg.rows import DictRow

from devstack.access import SupabaseAccess
from devstack.function import Function
from devstack.processes import Children
from devstack.sqlserver.address import Address
from plantpulse import database
from plantpulse.entry.service import Service
from plantpulse.entry.users import ProjectUsers
from plantpulse.live_pulse.job import LivePulse
from plantpulse.settings import PlantSettings, Secret, Settings, SqlServerSettings, SupabaseSettings
from plantpulse.settings.validation import validated
from plantpulse.source import sqlserver
from tests.conftest import SqlServerUnderTest
from tests.patience import ENDS_S

MES_SCHEMA = Path(__file__).with_name("mes_schema")
QUARTER = timedelta(minutes=15)
NOON_IN_CHICAGO = datetime(2026, 3, 11, 17, 0, tzinfo=UTC)  # daylight saving time: five hours behind UTC


@dataclass
class Request:
    """The part of a Flask request that an entry point reads."""

    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    method: str = "POST"
    path: str = "/"

    @property
    def stream(self) -> io.BytesIO:
        return io.BytesIO(self.body)


@dataclass
class World:
    """A plant, its Supabase project and its clock, which stands still until a test moves it."""

    supabase: SupabaseAccess
    store: psycopg.Connection[DictRow]
    reader: Address
    encryption: str = "off"
    now: datetime = NOON_IN_CHICAGO + timedelta(seconds=40)
    settings: dict[str, Any] = field(default_factory=dict)
    sql_server: dict[str, Any] = field(default_factory=dict)
    pulse: dict[str, Any] = field(default_factory=dict)
    report: dict[str, Any] = field(default_factory=dict)
    manual_calls: dict[str, Any] = field(default_factory=dict)
    cleanup: dict[str, Any] = field(default_factory=dict)
    channels: dict[str, Any] = field(default_factory=dict)
    jwt_secret: str | None = None
    connect_source: Callable[..., Any] = sqlserver.connect
    calls: list[str] = field(default_factory=list)

    def tick(self, slot: datetime = NOON_IN_CHICAGO, **parameters: Any) -> tuple[int, dict[str, Any]]:
        """Deliver what Cloud Scheduler would for a slot."""
        return self.send({"X-CloudScheduler-ScheduleTime": slot.isoformat()}, parameters)

    def ask(self, idempotency_key: str | None = None, **parameters: Any) -> tuple[int, dict[str, Any]]:
        """Ask for a poll by hand."""
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        return self.send(headers, parameters)

    def send(self, headers: Mapping[str, str], parameters: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        body, status, _ = self.service().http(Request(headers, json.dumps(parameters).encode()))
        return status, json.loads(body)

    def service(self) -> Service[Any]:
        """Return the function as a new process would have it."""
        return Service(
            LivePulse(connect_source=self.connect_source),
            open_store=self.open_store,
            load_settings=self.load_settings,
            clock=lambda: self.now,
            users=ProjectUsers(database.connect),
        )

    def open_store(self, settings: SupabaseSettings, /, **arguments: Any) -> "CountingStore":
        return CountingStore(database.connect(settings, **arguments), self.calls)

    def load_settings(self) -> Settings:
        server = validated(
            SqlServerSettings,
            {
                "host": self.reader.host,
                "port": self.reader.port,
                "user": self.reader.user,
                "password": Secret(self.reader.password),
                "database": self.reader.database,
                "encryption": self.encryption,
            }
            | self.sql_server,
        )
        plant = {"time_zone": "America/Chicago", "sql_server": server} | self.settings
        return validated(
            Settings,
            {
                "plants": {"north": validated(PlantSettings, plant)},
                "live_pulse": self.pulse,
                "morning_report": self.report,
                "manual_calls": self.manual_calls,
                "cleanup": self.cleanup,
                "channels": self.channels,
                "supabase": SupabaseSettings(
                    url=self.supabase.url,
                    secret_key=Secret(self.supabase.secret_key),
                    jwt_secret=Secret(self.jwt_secret) if self.jwt_secret else None,
                ),
            },
        )

    def rows(self, query: LiteralString) -> list[dict[str, Any]]:
        """Return rows of the store, read as its owner."""
        return list(self.store.execute(query).fetchall())

    def contents(self) -> dict[str, list[dict[str, Any]]]:
        """Return everything that a poll may write, to tell that nothing has changed."""
        return {
            "runs": self.rows("select * from public.pipeline_runs order by id"),
            "snapshots": self.rows("select * from public.live_snapshots order by id"),
            "safety": self.rows("select * from public.safety_events order by id"),
            "rejected": self.rows("select * from public.rejected_records order by id"),
            "assets": self.rows("select * from public.assets order by id"),
            "summaries": self.rows("select * from public.daily_summaries order by id"),
        }


class CountingStore:
    """The store, noting each call that goes out."""

    def __init__(self, store: database.Supabase, calls: list[str]) -> None:
        self._store = store
        self._calls = calls

    def __enter__(self) -> "CountingStore":
        self._store.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._store.__exit__(*error)

    def claim_run(self, claim: Mapping[str, Any]) -> dict[str, Any]:
        self._calls.append("claim_run")
        return self._store.claim_run(claim)

    def record_safety_events(
        self, fence: str, events: Sequence[Mapping[str, Any]], alert_severity: str | None
    ) -> dict[str, Any]:
        self._calls.append("record_safety_events")
        return self._store.record_safety_events(fence, events, alert_severity)

    def commit_live_pulse(self, fence: str, commit: Mapping[str, Any]) -> dict[str, Any]:
        self._calls.append("commit_live_pulse")
        return self._store.commit_live_pulse(fence, commit)

    def commit_morning_report(self, fence: str, commit: Mapping[str, Any]) -> dict[str, Any]:
        self._calls.append("commit_morning_report")
        return self._store.commit_morning_report(fence, commit)

    def fail_run(self, fence: str, failure: Mapping[str, Any]) -> dict[str, Any]:
        self._calls.append("fail_run")
        return self._store.fail_run(fence, failure)

    def end_dry_run(self, fence: str) -> dict[str, Any]:
        self._calls.append("end_dry_run")
        return self._store.end_dry_run(fence)


@pytest.fixture
def world(supabase: SupabaseAccess, mssql: SqlServerUnderTest, mes: pymssql.Connection) -> Iterator[World]:
    """The plant `north`, polled through the real adapters."""
    with supabase.connect() as store:
        add_plant_north(store)
        yield World(supabase, store, mssql.reader, mssql.encryption)


def add_plant_north(store: psycopg.Connection[DictRow]) -> None:
    """Enter the plant: PRESS-01 with a target of 120 an hour, PAINT-01 without one, OLD-01 out of use."""
    store.execute(
        """
        insert into public.assets (plant, name, source_name, ideal_units_per_hour, is_active)
        values ('north', 'Press 1', 'PRESS-01', 150, true),
               ('north', 'Paint 1', 'PAINT-01', null, true),
               ('north', 'Old 1', 'OLD-01', null, false)
        """
    )
    store.execute(
        """
        insert into public.shift_targets
            (asset_id, shift_name, starts_at, ends_at, days_of_week, valid_from, target_output, breaks)
        select id, 'early', '06:00', '14:00', '{1,2,3,4,5,6,7}', '2026-01-01', 960, '[]'
        from public.assets
        where source_name = 'PRESS-01'
        """
    )


class Floor:
    """What happens on the floor: rows entered into the plant's own tables, in plant-local time."""

    def __init__(self, connection: pymssql.Connection) -> None:
        self._connection = connection

    def run(self, statement: str, *values: str | int | float | None) -> None:
        with self._connection.cursor() as cursor:
            cursor.execute(statement, values)

    def output(self, asset: str | None, units: int | None, at: str) -> None:
        self.run(
            "insert into production_data (locationName, output_count, [timestamp]) values (%s, %s, %s)",
            asset, units, f"2026-03-11T{at}",
        )  # fmt: skip

    def downtime(
        self, asset: str, reason: str, minutes: int | None, at: str, notes: str | None = None
    ) -> None:
        self.run(
            "insert into downtime_records (locationName, reason_code, downtime_minutes, [timestamp], notes)"
            " values (%s, %s, %s, %s, %s)",
            asset, reason, minutes, f"2026-03-11T{at}", notes,
        )  # fmt: skip

    def oee(self, asset: str, oee: float, at: str) -> None:
        self.run(
            "insert into oee_metrics (locationName, oee, [timestamp]) values (%s, %s, %s)",
            asset, oee, f"2026-03-11T{at}",
        )  # fmt: skip

    def quality(self, asset: str, good: int, rejected: int, at: str) -> None:
        self.run(
            "insert into quality_records (locationName, good_count, reject_count, [timestamp])"
            " values (%s, %s, %s, %s)",
            asset, good, rejected, f"2026-03-11T{at}",
        )  # fmt: skip

    def labor(self, asset: str, headcount: int, at: str) -> None:
        self.run(
            "insert into labor_records (locationName, headcount, hours_worked, [timestamp])"
            " values (%s, %s, 8, %s)",
            asset, headcount, f"2026-03-11T{at}",
        )  # fmt: skip


@pytest.fixture
def floor(mes: pymssql.Connection) -> Floor:
    """The plant's own tables, empty."""
    return Floor(mes)


@pytest.fixture
def mes_tables(mes: pymssql.Connection) -> Iterator[pymssql.Connection]:
    """The tables of an order-based MES, filled; on an outside server they must not be there before."""
    script = (MES_SCHEMA / "tables.sql").read_text(encoding="utf-8")
    with mes.cursor() as cursor:
        cursor.execute(script)
        mes.commit()
        try:
            cursor.execute((MES_SCHEMA / "rows.sql").read_text(encoding="utf-8"))
            mes.commit()
            yield mes
        finally:
            for table in re.findall(r"create table (\w+)", script):
                cursor.execute(f"drop table {table}")
            mes.commit()


@pytest.fixture
def framework(
    request: pytest.FixtureRequest, environment: Mapping[str, str], tmp_path: Path
) -> Iterator[httpx.Client]:
    """The test module's `MAIN` behind functions-framework, a process with its `environment` and no more."""
    with Children(tmp_path) as children:
        function = Function(children, request.module.MAIN, environment)
        with httpx.Client(base_url=function.url, timeout=ENDS_S) as client:
            yield client


@pytest.fixture
def main(
    request: pytest.FixtureRequest, environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> ModuleType:
    """The test module's `MAIN` as Lambda imports it, with its `environment`."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    spec = importlib.util.spec_from_file_location("deployed_main", request.module.MAIN)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def tick(world: World, quarters: int) -> dict[str, Any]:
    """Let time pass to the given quarter after noon and deliver its tick."""
    slot = NOON_IN_CHICAGO + QUARTER * quarters
    world.now = slot + timedelta(seconds=40)
    _, report = world.tick(slot)
    return report


def press_snapshots(world: World, column: LiteralString) -> dict[str, tuple[Any, ...]]:
    """Return PRESS-01's snapshots by plant-local time: actual, slot output, a column, caught up."""
    rows = world.rows(
        f"""
        select to_char(s.snapshot_timestamp at time zone 'America/Chicago', 'HH24:MI') as at,
               s.output_actual::float, s.slot_output::float, s.{column}::float, s.is_catch_up
        from public.live_snapshots as s
        join public.assets as a on a.id = s.asset_id
        where a.source_name = 'PRESS-01'
        order by s.snapshot_timestamp
        """
    )
    return {row["at"]: tuple(row.values())[1:] for row in rows}
