"""From sights to what Postgres is sent: which rules were evaluated, and what fires.

Pure. `apply_alerts` in Postgres opens, worsens and ends episodes by it. A rule that is switched off fires
nothing and is evaluated all the same, so that what it opened before ends.
"""

from collections.abc import Callable, Iterable, Mapping, Set
from datetime import datetime
from typing import Any, Final, TypeVar

from plantpulse.alerts.rules import OF_PIPELINES, OF_RUNS, channel_failing
from plantpulse.alerts.sights import ChannelSight, Fires, Firing, Json, PipelineSight, RunSight
from plantpulse.runs import Judge, Run, RunReport
from plantpulse.schedules.pipelines import ALL_PLANTS
from plantpulse.settings import AlertsSettings, Rule, Settings

Sight = TypeVar("Sight")

CHANNELS_SCOPE: Final = "channels"
NEVER: Final = "-infinity"  # as Postgres writes it: before every slot


def judge_of(settings: Settings) -> Judge:
    """Return the judge of scheduled runs. A run by hand is judged by the person who asked for it."""
    asks_for_success = any("succeeded" in channel.outcomes for channel in settings.channels.values())
    wanted = frozenset({"run_succeeded"} if asks_for_success else ())

    def judge(run: Run, report: RunReport | None) -> list[dict[str, Json]]:
        plan = run.plan
        if plan.slot is None or plan.is_dry_run:
            return []
        sight = RunSight(
            pipeline=plan.pipeline,
            plant=plan.plant,
            report=report,
            failures_before=run.brought.get("failures_before") or 0,
            seen=run.progress.seen,
        )
        return seen_in_run(sight, settings.alerts_of(plan.plant), plan.slot, wanted)

    return judge


def seen_in_run(
    sight: RunSight, settings: AlertsSettings, slot: datetime, wanted: Set[str] = frozenset()
) -> list[dict[str, Json]]:
    """Return what a run saw, or one slot of it; empty if no rule could be evaluated.

    `wanted` are rules that fire although they are off, because a channel asks for them.
    """
    seen = _seen(sight.pipeline, sight.plant, OF_RUNS, sight, settings, wanted)
    if sight.report and sight.report.status in {"succeeded", "partial"}:
        seen["rules"].append("overdue")  # health would say so a minute later
    return [seen | {"slot": slot.isoformat()}] if seen["rules"] else []


def seen_by_health(
    sight: PipelineSight, settings: AlertsSettings, newest_slot: datetime | None
) -> dict[str, Json]:
    """Return what health saw of a pipeline. `newest_slot`: the newest one that it knew to have succeeded."""
    seen = _seen(sight.pipeline, sight.plant, OF_PIPELINES, sight, settings)
    slot = newest_slot.isoformat() if newest_slot else NEVER
    return seen | {"at": sight.now.isoformat(), "slot": slot}


def seen_of_channels(channels: Iterable[ChannelSight], settings: Settings) -> dict[str, Json]:
    """Return which channels fail; every other one is well."""
    rule = settings.alerts.rule("channel_failing")
    is_on = settings.alerts.enabled and rule.enabled
    firing = [one for channel in channels for one in channel_failing(channel, rule) or ()] if is_on else []
    return {
        "scope": CHANNELS_SCOPE,
        "plant": ALL_PLANTS,
        "rules": ["channel_failing"],
        "firing": [_as_json("channel_failing", one, rule) for one in firing],
    }


def safety_severity(settings: AlertsSettings) -> str | None:
    """Return how bad a safety incident is; None if it opens no alert."""
    rule = settings.rule("safety_event")
    return rule.severity if settings.enabled and rule.enabled else None


def _seen(
    scope: str,
    plant: str,
    rules: Mapping[str, Callable[[Sight, Rule], Fires]],
    sight: Sight,
    settings: AlertsSettings,
    wanted: Set[str] = frozenset(),
) -> dict[str, Any]:
    evaluated: list[str] = []
    firing: list[dict[str, Json]] = []
    for name, fires in rules.items():
        rule = settings.rule(name)
        found = fires(sight, rule)
        if found is not None and not (settings.enabled and (rule.enabled or name in wanted)):
            found = ()
        if found is not None:
            evaluated.append(name)
            firing += [_as_json(name, one, rule) for one in found]
    return {"scope": scope, "plant": plant, "rules": evaluated, "firing": firing}


def _as_json(name: str, firing: Firing, rule: Rule) -> dict[str, Json]:
    severity = firing.severity or rule.severity
    return {
        "rule": name,
        "subject": firing.subject,
        "severity": severity,
        "facts": {**firing.facts, **({"told_after_s": firing.told_after_s} if firing.told_after_s else {})},
        # What was bad enough is told even if it was over before anybody could be told.
        "is_told_when_over": severity == "critical",
        "is_event": firing.is_event,
    }
