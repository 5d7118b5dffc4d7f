"""Reads for people: runs, snapshots, safety events, as rows of the Data API.

Plain selects with the secret key, which Row Level Security does not limit: for operators of the project.
Every order ends in a key, so that pages neither repeat nor skip a row.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Final

from plantpulse.database.answers import Json
from plantpulse.database.tables import Tables
from plantpulse.settings import SupabaseSettings

Record = dict[str, Json]

_RUN: Final = (
    "id,pipeline,plant,trigger,slot,attempt,status,requested_by,started_at,finished_at,window_start,window_until,"
    "counts,timings_ms,is_cold_start,error_code,error_message,is_retryable,code_version"
)
_SNAPSHOT: Final = (
    "snapshot_timestamp,window_start,output_actual,slot_output,output_target,output_variance,variance_percent,"
    "status,oee_current,oee_source,downtime_minutes,good_count,reject_count,labor_headcount,unplanned_output,"
    "is_planned_in_part,is_catch_up,is_time_ambiguous,run_id,asset:assets!inner(plant,name,source_name,area)"
)
_SAFETY_EVENT: Final = (
    "id,plant,event_timestamp,reason_code,severity,downtime_minutes,details,is_acknowledged,acknowledged_at,"
    "acknowledged_by,acknowledged_by_name,is_resolved,resolved_at,resolved_by,resolved_by_name,resolution,"
    "source_id,source_asset,run_id,recorded_at,updated_at,asset:assets(name,source_name,area)"
)
_SUMMARY: Final = (
    "id,report_date,oee_percentage,availability_percentage,performance_percentage,quality_percentage,"
    "actual_output,target_output,unplanned_output,planned_minutes,is_planned_in_part,downtime_minutes,"
    "waste_count,financial_loss,top_downtime_reason,downtime_reasons,summary_text,run_id,created_at,updated_at,"
    "asset:assets!inner(plant,name,source_name,area)"
)
_ASSET: Final = (
    "id,plant,name,source_name,area,ideal_units_per_hour,is_active,is_mapped,created_at,"
    "cost_center:cost_centers(name)"
)
_SHIFT_TARGET: Final = (
    "id,shift_name,starts_at,ends_at,days_of_week,valid_from,valid_until,target_output,breaks,created_at,"
    "asset:assets!inner(plant,name,source_name,area)"
)
_ALERT: Final = (
    "id,rule,plant,scope,subject,fingerprint,severity,facts,opened_at,last_seen_at,reopened,is_event,"
    "safety_event_id,is_acknowledged,acknowledged_at,acknowledged_by,acknowledged_by_name,resolved_at"
)
_SILENCE: Final = "id,plant,rule,fingerprint,starts_at,ends_at,why,created_at,created_by,created_by_name"
_NOTIFICATION: Final = (
    "channel,told,told_severity,told_at,told_times,attempts,next_try_at,claimed,claimed_at,is_perhaps_told,"
    "error"
)


class Records:
    """A connection for one command; close it afterwards. `clock` is only for simulated time."""

    def __init__(
        self,
        settings: SupabaseSettings,
        *,
        seconds_left: Callable[[], float],
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        self._tables = Tables(settings, seconds_left=seconds_left)
        self._clock = clock
        self._settings = settings

    def __enter__(self) -> "Records":
        return self

    def __exit__(self, *_: object) -> None:
        self._tables.close()

    def runs(self, filters: Mapping[str, str], *, since: datetime | None, limit: int) -> list[Record]:
        """Return runs, latest first; `filters` are values of columns, `since` bounds `started_at`."""
        return self._tables.rows(
            "pipeline_runs",
            lambda table: (
                _since(_equal(table.select(_RUN), filters), "started_at", since)
                .order("started_at", desc=True)
                .order("id", desc=True)
            ),
            limit=limit,
        )

    def run(self, run_id: int) -> Record | None:
        """Return one run with the report that its caller received; None for an unknown id."""
        found = self._tables.rows(
            "pipeline_runs",
            lambda table: (
                table.select(f"{_RUN},snapshots_until,safety_until,report").eq("id", run_id).order("id")
            ),
            limit=1,
        )
        return _with_whole_report(found[0]) if found else None

    def rejected_records(self, run_id: int, *, limit: int) -> list[Record]:
        """Return the rows that a run could not use."""
        return self._tables.rows(
            "rejected_records",
            lambda table: table.select("id,query,reason,row").eq("run_id", run_id).order("id"),
            limit=limit,
        )

    def safety_events(
        self, filters: Mapping[str, str], *, since: datetime | None, limit: int
    ) -> list[Record]:
        """Return safety events, latest first; `filters` are values of columns."""
        return self._tables.rows(
            "safety_events",
            lambda table: (
                _since(_equal(table.select(_SAFETY_EVENT), filters), "event_timestamp", since)
                .order("event_timestamp", desc=True)
                .order("id", desc=True)
            ),
            limit=limit,
        )

    def pipeline_status(self, pipelines: Sequence[Mapping[str, Json]]) -> list[Record]:
        """Return what the runs say about each pipeline and plant, with the `hours` of the last day."""
        now = {"p_now": self._clock().isoformat()} if self._clock else {}
        answer = self._tables.call("pipeline_status", {"p_pipelines": pipelines, **now}, reserved_s=0.0)
        found: list[Record] = answer["pipelines"]
        return found

    def series_status(self) -> list[Record]:
        """Return every series with its newest value, open gaps and newest quality."""
        now = {"p_now": self._clock().isoformat()} if self._clock else {}
        found: list[Record] = self._tables.call("series_status", now, reserved_s=0.0)["series"]
        return found

    def auth_settings(self) -> Record:
        """Return Auth's public settings, such as `disable_signup`."""
        answer = self._tables.fetch("/auth/v1/settings")
        return answer if isinstance(answer, dict) else {}

    def project_state(self) -> Record:
        """Return which migrations are applied, and who may do what to which table and function."""
        return self._tables.call("project_state", {}, reserved_s=0.0)

    def doubtful_names(self) -> Record:
        """Return how many names stand twice and targets at the same hours, and the first of them as texts."""
        return self._tables.call("doubtful_names", {}, reserved_s=0.0)

    def members(self, filters: Mapping[str, str], *, limit: int) -> list[Record]:
        """Return memberships, by plant; `filters` are values of columns."""
        return self._tables.rows(
            "plant_members",
            lambda table: (
                _equal(table.select("user_id,plant,role,created_at"), filters).order("plant").order("user_id")
            ),
            limit=limit,
        )

    def users(self) -> Iterator[Record]:
        """Return the accounts of the project, page by page: `id` and `email`.

        It uses only the secret key and Auth's own API: no SQL role except Auth's may read its tables.
        """
        from plantpulse.database import accounts  # noqa: PLC0415 - supabase-py, for who needs it

        return accounts.users(self._tables, self._settings)

    def fast_assets(self, above_percent: float, *, since: date, limit: int) -> list[Record]:
        """Return daily summaries with a performance above a percentage, the highest first."""
        return self._tables.rows(
            "daily_summaries",
            lambda table: (
                table.select("report_date,performance_percentage,asset:assets!inner(plant,name)")
                .gt("performance_percentage", above_percent)
                .gte("report_date", since.isoformat())
                .order("performance_percentage", desc=True)
                .order("id", desc=True)
            ),
            limit=limit,
        )

    def latest_report_date(self, plant: str) -> str | None:
        """Return the newest production day with a daily summary of the plant; None before the first."""
        newest = self._tables.rows(
            "daily_summaries",
            lambda table: (
                table.select("report_date,asset:assets!inner(plant)")
                .eq("asset.plant", plant)
                .order("report_date", desc=True)
                .order("id", desc=True)
            ),
            limit=1,
        )
        return newest[0]["report_date"] if newest else None

    def daily_summaries(self, plant: str, report_date: str, *, limit: int) -> list[Record]:
        """Return a plant's daily summaries of one production day, by asset."""
        return self._tables.rows(
            "daily_summaries",
            lambda table: (
                table.select(_SUMMARY)
                .eq("asset.plant", plant)
                .eq("report_date", report_date)
                .order("asset_id")
            ),
            limit=limit,
        )

    def assets(self, plant: str, *, limit: int) -> list[Record]:
        """Return a plant's assets, those that nobody has mapped first, with the name of the cost center."""
        return self._tables.rows(
            "assets",
            lambda table: (
                table.select(_ASSET).eq("plant", plant).order("is_mapped").order("source_name").order("id")
            ),
            limit=limit,
        )

    def shift_targets(self, plant: str, *, limit: int) -> list[Record]:
        """Return the shift targets of a plant, by asset, shift and first day."""
        return self._tables.rows(
            "shift_targets",
            lambda table: (
                table.select(_SHIFT_TARGET)
                .eq("asset.plant", plant)
                .order("asset_id")
                .order("starts_at")
                .order("valid_from")
                .order("id")
            ),
            limit=limit,
        )

    def cost_centers(self, plant: str, *, limit: int) -> list[Record]:
        """Return a plant's cost centers by name."""
        return self._tables.rows(
            "cost_centers",
            lambda table: (
                table.select("id,plant,name,standard_hourly_rate,scrap_unit_cost,created_at")
                .eq("plant", plant)
                .order("name")
                .order("id")
            ),
            limit=limit,
        )

    def open_alerts(self, filters: Mapping[str, str], *, since: datetime | None, limit: int) -> list[Record]:
        """Return the alerts that are open, worst first; `filters` are values of columns."""
        return self._tables.rows(
            "alerts",
            lambda table: (
                _since(_equal(table.select(_ALERT), filters), "opened_at", since)
                .is_("resolved_at", "null")
                .order("severity", desc=True)
                .order("opened_at")
                .order("id")
            ),
            limit=limit,
        )

    def alerts(self, filters: Mapping[str, str], *, since: datetime | None, limit: int) -> list[Record]:
        """Return alerts, open and over, latest first; `filters` are values of columns."""
        return self._tables.rows(
            "alerts",
            lambda table: (
                _since(_equal(table.select(_ALERT), filters), "opened_at", since)
                .order("opened_at", desc=True)
                .order("id", desc=True)
            ),
            limit=limit,
        )

    def alert_events(
        self,
        filters: Mapping[str, str],
        of_alerts: Mapping[str, str],
        *,
        since: datetime | None,
        limit: int,
    ) -> list[Record]:
        """Return what happened to alerts, newest first, each with its `alert`; both filters are values."""
        wanted = {**filters, **{f"alert.{name}": value for name, value in of_alerts.items()}}
        return self._tables.rows(
            "alert_history",
            lambda table: (
                _since(
                    _equal(
                        table.select(
                            f"id,alert_id,at,what,by_name,channel,occasion,severity,alert:alerts!inner({_ALERT})"
                        ),
                        wanted,
                    ),
                    "at",
                    since,
                )
                .order("at", desc=True)
                .order("id", desc=True)
            ),
            limit=limit,
        )

    def notifications(self, alert_id: int) -> list[Record]:
        """Return what each channel was told of an alert, by channel."""
        return self._tables.rows(
            "notifications",
            lambda table: table.select(_NOTIFICATION).eq("alert_id", alert_id).order("channel"),
            limit=1000,
        )

    def silences(
        self, filters: Mapping[str, str], *, ends_after: datetime | None, limit: int
    ) -> list[Record]:
        """Return silences, the last to end first, by default those too that have ended."""

        def select(table: Json) -> Json:
            query = _equal(table.select(_SILENCE), filters)
            query = query.gt("ends_at", ends_after.isoformat()) if ends_after else query
            return query.order("ends_at", desc=True).order("id", desc=True)

        return self._tables.rows("silences", select, limit=limit)

    def alert_report(self, since: datetime, until: datetime, plant: str | None) -> Record:
        """Return how many alerts of a span there are, and how soon people heard of them and answered."""
        arguments = {"p_since": since.isoformat(), "p_until": until.isoformat(), "p_plant": plant}
        return self._tables.call("alert_report", arguments, reserved_s=0.0)

    def closed_days(self, plant: str, *, limit: int) -> list[Record]:
        """Return a plant's closed days, latest first, with the asset of those that are an asset's own."""
        return self._tables.rows(
            "closed_days",
            lambda table: (
                table.select("id,plant,date,name,is_closed,created_at,asset:assets(name,source_name,area)")
                .eq("plant", plant)
                .order("date", desc=True)
                .order("id")
            ),
            limit=limit,
        )

    def product_rates(self, plant: str, *, limit: int) -> list[Record]:
        """Return the ideal rates of a plant's products, by asset and product."""
        return self._tables.rows(
            "product_rates",
            lambda table: (
                table.select(
                    "id,product,ideal_units_per_hour,created_at,asset:assets!inner(plant,name,source_name,area)"
                )
                .eq("asset.plant", plant)
                .order("asset_id")
                .order("product")
                .order("id")
            ),
            limit=limit,
        )

    def report_day(self, plant: str, day: str) -> Record:
        """Return a day's summaries of a plant, with those of the days that it is compared with."""
        return self._tables.call("report_day", {"p_plant": plant, "p_date": day}, reserved_s=0.0)

    def latest_snapshot_timestamp(self, plant: str) -> str | None:
        """Return the newest instant of the plant's snapshots; None before the first."""
        newest = self._tables.rows(
            "live_snapshots",
            lambda table: (
                table.select("snapshot_timestamp,asset:assets!inner(plant)")
                .eq("asset.plant", plant)
                .order("snapshot_timestamp", desc=True)
                .order("id", desc=True)
            ),
            limit=1,
        )
        return newest[0]["snapshot_timestamp"] if newest else None

    def snapshots_at(self, plant: str, timestamp: str, *, limit: int) -> list[Record]:
        """Return a plant's snapshots of one instant, by asset."""
        return self._tables.rows(
            "live_snapshots",
            lambda table: (
                table.select(_SNAPSHOT)
                .eq("asset.plant", plant)
                .eq("snapshot_timestamp", timestamp)
                .order("asset_id")
            ),
            limit=limit,
        )

    def snapshots_of(
        self, plant: str, asset: str, *, status: str | None, since: datetime | None, limit: int
    ) -> list[Record]:
        """Return the snapshots of one asset, by its own or its source name, newest first."""
        name = asset.replace("\\", "\\\\").replace('"', '\\"')
        filters = {"asset.plant": plant} | ({"status": status} if status else {})
        return self._tables.rows(
            "live_snapshots",
            lambda table: (
                _since(
                    _equal(table.select(_SNAPSHOT), filters).or_(
                        f'name.eq."{name}",source_name.eq."{name}"', reference_table="asset"
                    ),
                    "snapshot_timestamp",
                    since,
                )
                .order("snapshot_timestamp", desc=True)
                .order("id", desc=True)
            ),
            limit=limit,
        )


def _with_whole_report(run: Record) -> Record:
    """Return the run with the numbers in its report that are stored beside it."""
    numbers = {name: run[name] for name in ("counts", "timings_ms")}
    return {**run, "report": run["report"] and {**run["report"], **numbers}}


def _equal(query: Json, filters: Mapping[str, str]) -> Json:
    for column, value in filters.items():
        query = query.eq(column, value)
    return query


def _since(query: Json, column: str, since: datetime | None) -> Json:
    return query.gte(column, since.isoformat()) if since else query
