"""From health's look at the pipelines to what it says of alerts. Pure."""

from datetime import datetime

from plantpulse.alerts.rules.pipelines import PipelineSight
from plantpulse.alerts.watching import seen_by_health
from plantpulse.health.observed import Observation, Observed
from plantpulse.runs import Json
from plantpulse.settings import Settings


def seen_of(look: Observation, settings: Settings) -> list[dict[str, Json]]:
    """Return what is to be said: of pipelines where something fires, and of those with an open alert."""
    seen = [
        seen_by_health(_sight(one, look.at), settings.alerts_of(one.pipeline.plant), one.history.last_slot)
        for one in look.pipelines
    ]
    return [one for one in seen if one["firing"] or (one["scope"], one["plant"]) in look.alerted]


def _sight(seen: Observed, now: datetime) -> PipelineSight:
    pipeline, lease = seen.pipeline, seen.history.lease_expires_at
    due = pipeline.schedule.next_slot(now)
    return PipelineSight(
        pipeline=pipeline.name,
        plant=pipeline.plant,
        state=seen.state,
        now=now,
        interval_s=(pipeline.schedule.next_slot(due) - due).total_seconds(),
        missing_since=seen.history.missing_slot(pipeline.schedule),
        last_success_at=seen.history.last_success_at,
        lease_expired_at=lease if lease is not None and lease <= now else None,
        consecutive_failures=seen.summary["consecutive_failures"],
        last_error=(seen.summary["last_error"] or {}).get("code"),
        data_until=seen.data_until,
        is_data_behind=seen.is_behind,
    )
