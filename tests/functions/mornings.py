"""The plant `north` in the morning: its days reported through the real adapters, and rows of any day.

Tuesday, 10 March 2026 is over; it is six o'clock on Wednesday in Chicago. PRESS-01 has an early shift of 960
units, an ideal rate and a cost center, PAINT-01 has none of these, OLD-01 is out of use.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pymssql
import pytest

from devstack.access import SupabaseAccess
from plantpulse.entry.service import Service
from plantpulse.morning_report.job import MorningReport
from tests.conftest import SqlServerUnderTest
from tests.functions.conftest import Floor, World, add_plant_north

SIX_IN_CHICAGO = datetime(2026, 3, 11, 11, 0, tzinfo=UTC)
TUESDAY = date(2026, 3, 10)
A_DAY = timedelta(days=1)

_FIGURES = """
    select
      a.source_name as asset, s.report_date::text as day, s.oee_percentage::float as oee,
      s.availability_percentage::float as availability, s.performance_percentage::float as performance,
      s.quality_percentage::float as quality, s.actual_output::float as actual,
      s.target_output::float as target, s.planned_minutes::float as planned,
      s.downtime_minutes::float as downtime,
      s.downtime_reasons as reasons, s.top_downtime_reason as top_reason, s.waste_count::float as waste,
      s.financial_loss::float as loss, s.summary_text as text
    from public.daily_summaries as s
    join public.assets as a on a.id = s.asset_id
    order by s.report_date, a.id
"""

_LOSSES = """
    select
      a.source_name as asset, s.report_date::text as day, s.planned_stop_minutes::float as planned_stops,
      s.unexplained_minutes::float as unexplained, s.downtime_loss::float as stop_loss,
      s.scrap_loss::float as scrap_loss, s.speed_loss::float as speed_loss, s.good_count::float as good,
      s.shifts
    from public.daily_summaries as s
    join public.assets as a on a.id = s.asset_id
"""


@dataclass
class Mornings(World):
    """A world whose function is the Morning Report."""

    now: datetime = SIX_IN_CHICAGO + timedelta(seconds=20)

    def service(self) -> Service[Any]:
        return Service(
            MorningReport(connect_source=self.connect_source),
            open_store=self.open_store,
            load_settings=self.load_settings,
            clock=lambda: self.now,
        )

    def morning(self, slot: datetime = SIX_IN_CHICAGO, **parameters: Any) -> tuple[int, dict[str, Any]]:
        """Deliver what the scheduler would send for a morning."""
        return self.tick(slot, **parameters)

    def next_morning(self) -> tuple[int, dict[str, Any]]:
        """Let a day of 24 hours go by and deliver its morning."""
        self.now += A_DAY
        return self.morning(self.now.replace(second=0, microsecond=0))

    def summaries(self) -> list[dict[str, Any]]:
        """Return every summary's figures, oldest day first, and without what tells when it was written."""
        return self.rows(_FIGURES)

    def summary(self, asset: str = "PRESS-01", day: str = "2026-03-10") -> dict[str, Any]:
        """Return one summary's figures."""
        (found,) = [row for row in self.summaries() if (row["asset"], row["day"]) == (asset, day)]
        return found

    def losses(self, asset: str = "PRESS-01", day: str = "2026-03-10") -> dict[str, Any]:
        """Return what one summary says of losses, and its shifts."""
        [found] = [row for row in self.rows(_LOSSES) if (row["asset"], row["day"]) == (asset, day)]
        return found

    def days(self, asset: str = "PRESS-01") -> list[str]:
        """Return the days of which an asset has a summary."""
        return [row["day"] for row in self.summaries() if row["asset"] == asset]


def warnings(report: dict[str, Any]) -> list[str]:
    """Return the codes of a report's warnings, without that of the clock, which the tests set back."""
    return [one["code"] for one in report["warnings"] if one["code"] != "source_clock_skew"]


class Week(Floor):
    """Rows entered into the plant's own tables at any plant-local time, such as 2026-03-10T08:00:00."""

    def output(self, asset: str | None, units: int | None, at: str) -> None:
        self.run(
            "insert into production_data (locationName, output_count, [timestamp]) values (%s, %s, %s)",
            asset, units, at,
        )  # fmt: skip

    def downtime(
        self, asset: str, reason: str | None, minutes: int | None, at: str, notes: str | None = None
    ) -> None:
        self.run(
            "insert into downtime_records (locationName, reason_code, downtime_minutes, [timestamp], notes)"
            " values (%s, %s, %s, %s, %s)",
            asset, reason, minutes, at, notes,
        )  # fmt: skip

    def quality(self, asset: str, good: int, rejected: int, at: str) -> None:
        self.run(
            "insert into quality_records (locationName, good_count, reject_count, [timestamp])"
            " values (%s, %s, %s, %s)",
            asset, good, rejected, at,
        )  # fmt: skip


@pytest.fixture
def world(supabase: SupabaseAccess, mssql: SqlServerUnderTest, mes: pymssql.Connection) -> Iterator[Mornings]:
    """The plant `north` on Wednesday, 11 March 2026, at six in the morning."""
    with supabase.connect() as store:
        add_plant_north(store)
        store.execute(
            """
            with center as (
              insert into public.cost_centers (plant, name, standard_hourly_rate, scrap_unit_cost)
              values ('north', 'Pressing', 120, 2.5)
              returning id
            )
            update public.assets set cost_center_id = center.id from center where source_name = 'PRESS-01'
            """
        )
        yield Mornings(supabase, store, mssql.reader, mssql.encryption)


@pytest.fixture
def week(mes: pymssql.Connection) -> Week:
    """The plant's own tables, empty."""
    return Week(mes)
