"""A project with rows of all ages, and the cleanup as a new process would have it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString

import psycopg
from psycopg.rows import DictRow

from devstack.access import SupabaseAccess
from plantpulse import database
from plantpulse.cleanup import Cleanup, Pace, Store
from plantpulse.entry.service import Service
from plantpulse.settings import Secret, Settings, SupabaseSettings
from plantpulse.settings.validation import validated
from tests.functions.conftest import Request

NOON = datetime(2026, 3, 11, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@dataclass
class House:
    """A project with rows of all ages, and the function that cleans it; its clock stands still."""

    supabase: SupabaseAccess
    store: psycopg.Connection[DictRow]
    now: datetime = NOON + timedelta(seconds=20)
    cleanup: dict[str, Any] = field(default_factory=dict)
    pace: Pace = field(default_factory=Pace)
    url: str = ""

    def tick(self, slot: datetime = NOON, **parameters: Any) -> tuple[int, dict[str, Any]]:
        """Deliver what Cloud Scheduler would for a slot."""
        return self.send({"X-CloudScheduler-ScheduleTime": slot.isoformat()}, parameters)

    def ask(self, **parameters: Any) -> tuple[int, dict[str, Any]]:
        """Ask for a cleanup by hand."""
        return self.send({}, parameters)

    def send(self, headers: Mapping[str, str], parameters: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        body, status, _ = self.service().http(Request(headers, json.dumps(parameters).encode()))
        return status, json.loads(body)

    def service(self) -> Service[Store]:
        """Return the function as a new process would have it."""
        settings = validated(
            Settings,
            {
                "plants": {"north": {"time_zone": "America/Chicago"}, "south": {"time_zone": "UTC"}},
                "cleanup": self.cleanup,
                "supabase": SupabaseSettings(
                    url=self.url or self.supabase.url, secret_key=Secret(self.supabase.secret_key)
                ),
            },
        )
        return Service(
            Cleanup(self.pace),
            open_store=database.connect,
            load_settings=lambda: settings,
            clock=lambda: self.now,
        )

    def add_snapshots(self, *hours_old: float, plant: str = "north") -> None:
        """Enter snapshots of a plant's press, so many hours before noon."""
        self.store.execute(
            """
            insert into public.assets (plant, name, source_name)
            values (%s, 'Press', 'PRESS-01')
            on conflict do nothing
            """,
            (plant,),
        )
        self.store.execute(
            """
            insert into public.live_snapshots (
              asset_id, snapshot_timestamp, window_start, output_actual, output_target, status
            )
            select press.id, at, at - interval '30 min', 5, 5, 'on_target'
            from public.assets as press
            cross join unnest(%s::timestamptz[]) as at
            where press.plant = %s
            """,
            ([NOON - hours * HOUR for hours in hours_old], plant),
        )

    def add_runs(self, *days_old: int) -> None:
        """Enter runs of a poll that ended well."""
        for days in days_old:
            at = NOON - timedelta(days=days)
            self.store.execute(
                """
                insert into public.pipeline_runs (
                  pipeline, plant, trigger, slot, status, fence, started_at, lease_expires_at, finished_at,
                  snapshots_until
                )
                values (
                  'live_pulse', 'north', 'schedule', %(at)s, 'succeeded', gen_random_uuid(), %(at)s,
                  %(at)s::timestamptz + interval '90 s', %(at)s, %(at)s
                )
                """,
                {"at": at},
            )

    def rows(self, query: LiteralString) -> list[dict[str, Any]]:
        return list(self.store.execute(query).fetchall())

    def snapshots(self) -> list[datetime]:
        found = self.rows("select snapshot_timestamp as at from public.live_snapshots order by 1")
        return [row["at"] for row in found]

    def runs(self, pipeline: str) -> list[dict[str, Any]]:
        found = self.rows("select * from public.pipeline_runs order by id")
        return [row for row in found if row["pipeline"] == pipeline]
