"""From health's look at the pipelines to what it says of alerts. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from plantpulse.alerts.rules.pipelines import PipelineSight
from plantpulse.alerts.watching import seen_by_health
from plantpulse.health.view import data_until_of, history_of, instant, is_behind, state_of_pipeline
from plantpulse.runs import Json
from plantpulse.schedules.pipelines import Pipeline
from plantpulse.settings import HealthSettings, Settings


def seen_of(
    pipelines: Sequence[Pipeline], answer: Mapping[str, Json], settings: Settings, now: datetime
) -> list[dict[str, Json]]:
    """Return what is to be said: of pipelines where something fires, and of those with an open alert."""
    alerted = {(scope, plant) for scope, plant in answer["alerted"]}
    seen = _seen(pipelines, answer["pipelines"], settings, now)
    return [one for one in seen if one["firing"] or (one["scope"], one["plant"]) in alerted]


def _seen(
    pipelines: Sequence[Pipeline], summaries: Sequence[Mapping[str, Json]], settings: Settings, now: datetime
) -> Iterator[dict[str, Json]]:
    summary_of = {(one["pipeline"], one["plant"]): one for one in summaries}
    for pipeline in pipelines:
        summary = summary_of[pipeline.name, pipeline.plant]
        sight = _sight(pipeline, summary, settings.health, now)
        yield seen_by_health(sight, settings.alerts_of(pipeline.plant), instant(summary["last_slot"]))


def _sight(
    pipeline: Pipeline, summary: Mapping[str, Json], settings: HealthSettings, now: datetime
) -> PipelineSight:
    history = history_of(summary, now)
    due = pipeline.schedule.next_slot(now)
    lease = history.lease_expires_at
    return PipelineSight(
        pipeline=pipeline.name,
        plant=pipeline.plant,
        state=state_of_pipeline(pipeline, summary, settings, now),
        now=now,
        interval_s=(pipeline.schedule.next_slot(due) - due).total_seconds(),
        missing_since=history.missing_slot(pipeline.schedule),
        last_success_at=history.last_success_at,
        lease_expired_at=lease if lease is not None and lease <= now else None,
        consecutive_failures=summary["consecutive_failures"],
        last_error=(summary["last_error"] or {}).get("code"),
        data_until=data_until_of(pipeline, summary),
        is_data_behind=is_behind(pipeline, summary),
    )
