"""A claimed run, for tests of what it changes of the alerts."""

from datetime import UTC, datetime

from plantpulse.runs import Budget, Progress, Run, RunPlan


def run_of(*, slot: datetime | None) -> Run:
    """Return a run of a slot, or one by hand."""
    at = slot or datetime(2026, 11, 30, 14, 0, tzinfo=UTC)
    plan = RunPlan(
        pipeline="live_pulse",
        plant="north",
        trigger="schedule" if slot else "manual",
        slot=slot,
        at=at,
        lease_s=90,
    )
    return Run(plan, "fence", 7, 1, at, Budget.start(60, 45), Progress())
