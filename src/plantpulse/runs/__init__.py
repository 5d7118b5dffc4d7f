"""The run protocol: the plan of a pipeline, the answer to a claim, the report of a run.

The steps of a run are: plan, claim, work, then commit or fail (docs/architecture.md). The truth about claims,
leases and fences is in Postgres (`supabase/migrations`); this package gives it Python shapes and
knows neither HTTP nor Supabase nor any one pipeline.
"""

from plantpulse.runs.budget import Budget, utc_now
from plantpulse.runs.plan import LEASE_MARGIN_S, Json, RunPlan, Trigger, span_of
from plantpulse.runs.report import (
    SLOW_RUN,
    FinalStatus,
    Outcome,
    RunReport,
    RunStatus,
    answer_without_work,
    error_as_json,
    noting_slowness,
    report_of_failure,
    report_of_plan,
)
from plantpulse.runs.run import (
    Judge,
    Progress,
    Run,
    RunEnder,
    Watcher,
    begin,
    complete,
    no_alerts,
    nobody,
    peak_memory_mb,
    require_fence,
)
from plantpulse.runs.stored import check_report, readable

__all__ = [
    "LEASE_MARGIN_S",
    "SLOW_RUN",
    "Budget",
    "FinalStatus",
    "Json",
    "Judge",
    "Outcome",
    "Progress",
    "Run",
    "RunEnder",
    "RunPlan",
    "RunReport",
    "RunStatus",
    "Trigger",
    "Watcher",
    "answer_without_work",
    "begin",
    "check_report",
    "complete",
    "error_as_json",
    "no_alerts",
    "nobody",
    "noting_slowness",
    "peak_memory_mb",
    "readable",
    "report_of_failure",
    "report_of_plan",
    "require_fence",
    "span_of",
    "utc_now",
]
