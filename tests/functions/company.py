"""A company with three plants, each with its own SQL Server, clock, schedule and password.

    chicago   the built-in tables and query files
    berlin    a table of its own for output, German reason codes
    kolkata   half an hour off the hour, polled every five minutes

All three call a machine PRESS-01. The servers are stand-ins with a login and a database each.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, LiteralString

import pymssql

from devstack.access import SupabaseAccess
from devstack.plant.writer import create_tables, empty_tables
from devstack.postgres import Postgres
from devstack.processes import Children
from devstack.sqlserver import Login, StandIn
from devstack.sqlserver.address import Address, connect
from plantpulse import database
from plantpulse.entry.service import Job, Service
from plantpulse.live_pulse.job import LivePulse
from plantpulse.morning_report.job import MorningReport
from plantpulse.settings import config
from plantpulse.source import sqlserver
from plantpulse.source.answers import ConnectSource
from tests.functions.conftest import Request

SLOT = datetime(2026, 3, 11, 17, 0, tzinfo=UTC)
LOCAL = {"chicago": "2026-03-11T11:50:00", "berlin": "2026-03-11T17:50:00", "kolkata": "2026-03-11T22:28:00"}
ZONES = {"chicago": "America/Chicago", "berlin": "Europe/Berlin", "kolkata": "Asia/Kolkata"}
OWNER_PASSWORD = "the-owner-writes"
PIECES_LOG = "create table pieces_log (machine nvarchar(100), pieces int, booked_at datetime2(0))"
OUTPUT_OF_BERLIN = """
select top (@limit)
    machine as asset,
    (datediff(second, booked_at, @until) - 1) / @bucket_s as bucket,
    sum(cast(pieces as float)) as units,
    max(booked_at) as last_at
from pieces_log
where booked_at >= @from and booked_at < @until
group by machine, (datediff(second, booked_at, @until) - 1) / @bucket_s
order by (datediff(second, booked_at, @until) - 1) / @bucket_s
"""
YAML = """
plants:
  chicago:
    time_zone: America/Chicago
    sql_server: {{host: 127.0.0.1, port: {chicago}, user: reader, database: mes_chicago, encryption: "off"}}
  berlin:
    time_zone: W. Europe Standard Time
    sql_server: {{host: 127.0.0.1, port: {berlin}, user: reader, database: mes_berlin, encryption: "off"}}
    queries_dir: {queries}
    safety_reason_codes: {{Arbeitsunfall: critical, Erste Hilfe: high}}
  kolkata:
    time_zone: Asia/Kolkata
    sql_server: {{host: 127.0.0.1, port: {kolkata}, user: reader, database: mes_kolkata, encryption: "off"}}
    live_pulse: {{every_minutes: 5, window_minutes: 10, timeout_s: 40}}
live_pulse: {{every_minutes: 15, window_minutes: 30}}
"""


@dataclass(frozen=True)
class Servers:
    """The plants' SQL Servers, and a connection to each that may write."""

    stand_ins: Mapping[str, StandIn]
    floors: Mapping[str, pymssql.Connection]

    def empty(self) -> None:
        """Delete every row, and take back every fault."""
        for plant, floor in self.floors.items():
            self.stand_ins[plant].faults.reset()
            self.stand_ins[plant].traffic.clear()
            empty_tables(floor)
        run(self.floors["berlin"], "delete from pieces_log")


@contextmanager
def running_servers(log_folder: Path) -> Iterator[Servers]:
    """Run a stand-in for each plant, each on a database of its own."""
    with ExitStack() as stack:
        postgres = Postgres(stack.enter_context(Children(log_folder)))
        stand_ins = {plant: stack.enter_context(_stand_in(postgres, plant)) for plant in ZONES}
        floors = {}
        for plant, server in stand_ins.items():
            owner = Address(server.host, server.port, "owner", OWNER_PASSWORD, server.database)
            floors[plant] = stack.enter_context(closing(connect(owner)))
            create_tables(floors[plant])
        run(floors["berlin"], PIECES_LOG)
        yield Servers(stand_ins, floors)


def _stand_in(postgres: Postgres, plant: str) -> StandIn:
    postgres.create_database(f"mes_{plant}")
    logins = {"owner": Login(OWNER_PASSWORD, can_write=True), "reader": Login(password_of(plant))}
    url = postgres.url(f"mes_{plant}")
    return StandIn(url, logins=logins, database=f"mes_{plant}", time_zone=ZONES[plant])


def password_of(plant: str) -> str:
    """Return the password of a plant's reader."""
    return f"password-of-{plant}"


def run(floor: pymssql.Connection, statement: str, *values: str | int) -> None:
    """Run one statement on a plant's own tables."""
    with floor.cursor() as cursor:
        cursor.execute(statement, values)


@dataclass
class Company:
    """The function as it is deployed for all plants, at an instant that stands still."""

    supabase: SupabaseAccess
    servers: Servers
    folder: Path
    now: datetime = SLOT + timedelta(seconds=40)
    environ: dict[str, str] = field(default_factory=dict)
    connect_source: ConnectSource = sqlserver.connect

    def __post_init__(self) -> None:
        queries = self.folder / "berlin"
        queries.mkdir()
        (queries / "output.sql").write_text(OUTPUT_OF_BERLIN, encoding="utf-8")
        ports = {plant: server.port for plant, server in self.servers.stand_ins.items()}
        file = self.folder / "plantpulse.yaml"
        file.write_text(YAML.format(**ports, queries=queries), encoding="utf-8")
        self.environ = {
            "PLANTPULSE_CONFIG": str(file),
            "SUPABASE_URL": self.supabase.url,
            "SUPABASE_SECRET_KEY": self.supabase.secret_key,
        } | {f"MSSQL_PASSWORD__{plant.upper()}": password_of(plant) for plant in ZONES}

    def change_file(self, before: str, after: str) -> None:
        """Edit plantpulse.yaml."""
        file = Path(self.environ["PLANTPULSE_CONFIG"])
        text = file.read_text(encoding="utf-8")
        assert before in text
        file.write_text(text.replace(before, after, 1), encoding="utf-8")

    def add_press(self, plant: str) -> None:
        """Enter the machine that every plant has, with a target of 24 an hour."""
        with self.supabase.connect() as store:
            store.execute(
                "insert into public.assets (plant, name, source_name) values (%s, 'Press', 'PRESS-01')",
                (plant,),
            )
            store.execute(
                """
                insert into public.shift_targets (
                    asset_id, shift_name, starts_at, ends_at, days_of_week, valid_from, target_output
                )
                select a.id, shift.name, shift.starts_at, shift.ends_at, '{1,2,3,4,5,6,7}', '2026-01-01', 288
                from public.assets as a
                cross join (
                    values ('first', time '00:00', time '12:00'), ('second', '12:00', '00:00')
                ) as shift (name, starts_at, ends_at)
                where a.plant = %s
                """,
                (plant,),
            )

    def make(self, plant: str, units: int, at: str | None = None) -> None:
        """Enter output by the plant's own clock, a few minutes before the slot unless a time is given."""
        table, columns = "production_data", "locationName, output_count, [timestamp]"
        if plant == "berlin":
            table, columns = "pieces_log", "machine, pieces, booked_at"
        statement = f"insert into {table} ({columns}) values ('PRESS-01', %d, %s)"
        run(self.servers.floors[plant], statement, units, at or LOCAL[plant])

    def have_incident(self, plant: str, reason_code: str, notes: str) -> None:
        """Enter an incident a few minutes before the slot, by the plant's own clock."""
        run(
            self.servers.floors[plant],
            "insert into downtime_records (locationName, reason_code, downtime_minutes, [timestamp], notes)"
            " values ('PRESS-01', %s, 3, %s, %s)",
            reason_code, LOCAL[plant], notes,
        )  # fmt: skip

    def tick(self, plant: str, slot: datetime = SLOT) -> tuple[int, dict[str, Any]]:
        """Deliver what a plant's scheduler would."""
        return self._send({"plant": plant}, {"X-CloudScheduler-ScheduleTime": slot.isoformat()})

    def ask(self, **parameters: Any) -> tuple[int, dict[str, Any]]:
        """Ask for a poll by hand."""
        return self._send(parameters, {})

    def report(self, plant: str, slot: datetime) -> tuple[int, dict[str, Any]]:
        """Deliver what a plant's scheduler would in the morning."""
        headers = {"X-CloudScheduler-ScheduleTime": slot.isoformat()}
        return self._send({"plant": plant}, headers, MorningReport(connect_source=self.connect_source))

    def _send(
        self, parameters: Mapping[str, Any], headers: Mapping[str, str], pipeline: Job[Any] | None = None
    ) -> tuple[int, dict[str, Any]]:
        service = Service[Any](
            pipeline or LivePulse(connect_source=self.connect_source),
            open_store=database.connect,
            load_settings=lambda: config.load(self.environ),
            clock=lambda: self.now,
        )
        body, status, _ = service.http(Request(headers, json.dumps(parameters).encode()))
        return status, json.loads(body)

    def rows(self, query: LiteralString) -> list[dict[str, Any]]:
        """Return rows of the store, read as its owner."""
        with self.supabase.connect() as store:
            return list(store.execute(query).fetchall())
