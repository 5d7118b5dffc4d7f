"""From sights to what Postgres is sent: which rules were evaluated, and what fires.

Pure. `apply_alerts` in Postgres opens, worsens and ends episodes by it. A rule that is switched off fires
nothing and is evaluated all the same, so that what it opened before ends.
"""

from collections.abc import Callable, Mapping, Set
from datetime import datetime
from typing import Any, Final, TypeVar

from plantpulse.alerts.rules import runs, series, slots
from plantpulse.alerts.sights import Fires, Firing, Json, RuleOfRuns, RunSight
from plantpulse.runs import Judge, Run, RunReport
from plantpulse.settings import AlertsSettings, Rule, Settings

Sight = TypeVar("Sight")

OF_RUNS: Final[Mapping[str, RuleOfRuns]] = {
    rule.__name__: rule
    for rule in (
        runs.run_failed,
        runs.run_partial,
        runs.run_succeeded,
        runs.run_slow,
        runs.rows_rejected,
        runs.result_truncated,
        runs.slots_given_up,
        runs.source_clock,
        runs.oee_scale,
        runs.ideal_rate,
        slots.asset_unknown,
        slots.no_output,
        slots.volume_unusual,
        series.series_stale,
        series.series_gap,
        series.series_quality,
        series.collection_unusual,
        series.series_report,
    )
}


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
    seen = seen_by(sight.pipeline, sight.plant, OF_RUNS, sight, settings, wanted)
    if sight.report and sight.report.status in {"succeeded", "partial"}:
        seen["rules"].append("overdue")  # health would say so a minute later
    return [seen | {"slot": slot.isoformat()}] if seen["rules"] else []


def safety_severity(settings: AlertsSettings) -> str | None:
    """Return how bad a safety incident is; None if it opens no alert."""
    rule = settings.rule("safety_event")
    return rule.severity if settings.enabled and rule.enabled else None


def seen_by(
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
            firing += [as_json(name, one, rule) for one in found]
    return {"scope": scope, "plant": plant, "rules": evaluated, "firing": firing}


def as_json(name: str, firing: Firing, rule: Rule) -> dict[str, Json]:
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
