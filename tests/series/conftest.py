"""The pipelines of series as functions, over the publishers' stand-in and a real project."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final, LiteralString

import psycopg
import pytest
from psycopg.rows import DictRow

from devstack.access import SupabaseAccess
from devstack.energy import TOKEN, Clock, Publisher, StandIn
from plantpulse import database
from plantpulse.entry.service import Service
from plantpulse.retry import Pacing
from plantpulse.series.backfill_job import SeriesBackfill
from plantpulse.series.gap_job import SeriesGaps
from plantpulse.series.jobs import CommodityPrices, EnergyActuals, EnergyForecasts
from plantpulse.series.sources import open_sources
from plantpulse.settings import Secret, Settings, SupabaseSettings
from plantpulse.settings.validation import validated
from tests.functions.conftest import Request

NOON: Final = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
AT_ONCE: Final = Pacing(sleep=lambda _seconds: None)
JOBS: Final[dict[str, Any]] = {
    "commodity_prices": CommodityPrices,
    "energy_actuals": EnergyActuals,
    "energy_forecasts": EnergyForecasts,
    "series_gaps": SeriesGaps,
    "series_backfill": SeriesBackfill,
}


@dataclass
class Market:
    """A project that collects series; its clock and the publishers' stand still until a test sets them."""

    supabase: SupabaseAccess
    store: psycopg.Connection[DictRow]
    stand_in: StandIn
    clock: Clock
    series: dict[str, Any] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=lambda: dict.fromkeys(("entsoe", "eia", "fred"), TOKEN))
    more: dict[str, Any] = field(default_factory=dict)

    def run(self, pipeline: str, slot: datetime | None = None, **parameters: Any) -> dict[str, Any]:
        """Return the report of a run: of a slot as a scheduler would call it, or by hand."""
        headers = {"X-CloudScheduler-ScheduleTime": slot.isoformat()} if slot else {}
        body, _, _ = self.service(pipeline).http(Request(headers, json.dumps(parameters).encode()))
        report: dict[str, Any] = json.loads(body)
        return report

    def service(self, pipeline: str) -> Service[Any]:
        """Return a function as a new process would have it."""
        settings = self.settings()
        return Service(
            JOBS[pipeline](partial(open_sources, pacing=AT_ONCE)),
            open_store=database.connect,
            load_settings=lambda: settings,
            clock=self.clock,
        )

    def settings(self) -> Settings:
        url = self.stand_in.url
        addresses = {"entsoe": f"{url}/api", "eia": url, "fred": url}
        publishers = {
            name: {"url": address} | ({"key": Secret(self.keys[name])} if name in self.keys else {})
            for name, address in addresses.items()
        }
        supabase = SupabaseSettings(url=self.supabase.url, secret_key=Secret(self.supabase.secret_key))
        tree = {"plants": {}, "series": publishers | self.series, "supabase": supabase} | self.more
        return validated(Settings, tree)

    def replace_publishers(self, publisher: Publisher) -> None:
        """Let other publishers stand at the same clock."""
        self.stand_in.stop()
        self.stand_in = StandIn(publisher, now=self.clock)
        self.stand_in.start()

    def rows(self, query: LiteralString, **parameters: Any) -> list[dict[str, Any]]:
        return list(self.store.execute(query, parameters).fetchall())

    def points(self, key: str) -> dict[datetime, Any]:
        """Return what is stored of a series: its values by their starts."""
        found = self.rows(
            "select point.at, point.value from public.series_points as point"
            " join public.series as known on known.id = point.series_id where known.key = %(key)s",
            key=key,
        )
        return {row["at"]: row["value"] for row in found}

    def pass_time(self, **span: float) -> None:
        self.clock.set(self.clock() + timedelta(**span))


@pytest.fixture
def market(supabase: SupabaseAccess) -> Iterator[Market]:
    clock = Clock(NOON)
    stand_in = StandIn(now=clock)
    stand_in.start()
    with supabase.connect() as store:
        market = Market(supabase, store, stand_in, clock)
        yield market
        market.stand_in.stop()
