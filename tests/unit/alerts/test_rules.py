"""What each rule makes of what was seen."""

import ast
import inspect
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from plantpulse.alerts.judging import OF_RUNS, judge_of, safety_severity, seen_in_run
from plantpulse.alerts.messages.compose import LANGUAGES
from plantpulse.alerts.rules.channels import ChannelSight
from plantpulse.alerts.rules.pipelines import PipelineSight
from plantpulse.alerts.sights import RunSight
from plantpulse.alerts.watching import OF_PIPELINES, OF_TAGS, seen_by_health, seen_of_channels
from plantpulse.runs import RunReport
from plantpulse.settings import Settings
from plantpulse.settings.alerts import RULES, AlertsSettings, RuleSettings

NOW = datetime(2026, 11, 30, 14, 5, tzinfo=UTC)
SLOT = datetime(2026, 11, 30, 14, 0, tzinfo=UTC)


def report(status: Any = "succeeded", *, warnings: Any = (), error: Any = None) -> RunReport:
    return RunReport(
        pipeline="live_pulse",
        plant="north",
        trigger="schedule",
        outcome=status,
        status=status,
        run_id=7,
        warnings=warnings,
        error=error,
        counts={"snapshots": 3, "output_rows": 12, "snapshots_written": 3, "safety_recorded": 1},
    )


def run_sight(told: RunReport | None, *, failures_before: int = 0, **seen: Any) -> RunSight:
    return RunSight(
        pipeline="live_pulse", plant="north", report=told, failures_before=failures_before, seen=seen
    )


def fires(sight: RunSight, settings: AlertsSettings | None = None) -> dict[str, dict[str, Any]]:
    """Return what fires, by rule."""
    seen = seen_in_run(sight, settings or AlertsSettings(), SLOT)
    return {one["rule"]: one for part in seen for one in part["firing"]}


def evaluated(sight: RunSight) -> set[str]:
    return {rule for part in seen_in_run(sight, AlertsSettings(), SLOT) for rule in part["rules"]}


def pipeline_sight(**changes: Any) -> PipelineSight:
    sight = PipelineSight(pipeline="live_pulse", plant="north", state="running", now=NOW, interval_s=900.0)
    return replace(sight, **changes)


def health_fires(sight: PipelineSight, settings: AlertsSettings | None = None) -> dict[str, dict[str, Any]]:
    seen = seen_by_health(sight, settings or AlertsSettings(), SLOT)
    return {one["rule"]: one for one in seen["firing"]}


def test_every_rule_of_the_settings_is_evaluated_somewhere_and_has_words_in_every_language() -> None:
    decided_elsewhere = {"safety_event", "channel_failing"}

    assert set(RULES) == set(OF_RUNS) | set(OF_PIPELINES) | set(OF_TAGS) | decided_elsewhere
    for words in LANGUAGES.values():
        assert set(words.what) == set(words.do) == set(RULES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_fact_that_a_rule_gives_has_a_name_in_every_language(language: str) -> None:
    rules: list[Any] = [*OF_RUNS.values(), *OF_PIPELINES.values(), *OF_TAGS.values()]
    sources = [inspect.getsource(rule) for rule in rules]
    given = {name for source in sources for name in _keys_of_facts(source)}

    assert given
    assert given - set(LANGUAGES[language].fact) == set()


def _keys_of_facts(source: str) -> set[str]:
    """Return the keys of every mapping that a rule builds, but for what it looks up."""
    tree = ast.parse(source)
    return {
        str(key.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Dict)
        for key in node.keys
        if isinstance(key, ast.Constant)
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_braces_of_a_message_name_facts(language: str) -> None:
    words = LANGUAGES[language]
    named = {name for text in words.what.values() for name in re.findall(r"{(\w+)}", text)}

    assert named <= set(words.fact) | {"pipeline"}


def test_operations_says_what_to_do_about_each_rule_in_the_words_of_the_message() -> None:
    guide = Path("docs/operations.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \| [^|]* \| [^|]* \| ([^|]*) \|$", guide, flags=re.MULTILINE))

    for rule, what_to_do in LANGUAGES["en"].do.items():
        assert rows.get(rule, "").replace("`", "").strip() == what_to_do, rule


def test_a_run_that_went_well_fires_nothing_and_ends_what_was_open() -> None:
    sight = run_sight(report())

    assert fires(sight) == {}
    assert {"run_failed", "run_partial", "run_slow", "rows_rejected", "overdue"} <= evaluated(sight)


def test_a_failure_that_no_repetition_heals_fires_at_once() -> None:
    error = {"code": "source_login_failed", "message": "the login failed", "is_retryable": False}

    found = fires(run_sight(report("failed", error=error)))

    assert found["run_failed"]["facts"] == {
        "error": "source_login_failed",
        "message": "the login failed",
        "failures": 1,
        "fetched": {"output": 12},
        "stored": {"snapshots": 3, "safety": 1},
    }


def test_a_failure_that_may_heal_fires_when_it_is_the_second_in_a_row() -> None:
    failed = report("failed", error={"code": "source_unavailable", "message": "no", "is_retryable": True})

    assert "run_failed" not in fires(run_sight(failed))
    assert "run_failed" not in evaluated(run_sight(failed))  # neither fires, nor is it well
    assert fires(run_sight(failed, failures_before=1))["run_failed"]["facts"]["failures"] == 2


def test_a_failed_run_says_nothing_about_what_it_would_have_seen() -> None:
    failed = report("failed", error={"code": "source_unavailable", "message": "no", "is_retryable": False})

    assert evaluated(run_sight(failed)) == {"run_failed"}


@pytest.mark.parametrize(
    ("code", "rule"),
    [
        ("slow_run", "run_slow"),
        ("rows_rejected", "rows_rejected"),
        ("result_truncated", "result_truncated"),
        ("safety_cut_off", "result_truncated"),
        ("slots_given_up", "slots_given_up"),
        ("source_clock_skew", "source_clock"),
        ("oee_scale_doubtful", "oee_scale"),
        ("ideal_rate_too_low", "ideal_rate"),
    ],
)
def test_a_warning_of_a_run_is_an_alert_with_its_words(code: str, rule: str) -> None:
    told = report(warnings=({"code": code, "message": "what was seen"}, {"code": "other", "message": "x"}))

    assert fires(run_sight(told))[rule]["facts"] == {
        "message": "what was seen",
        "warnings": [{"code": code, "message": "what was seen"}],
    }


def test_a_partial_run_says_what_is_missing() -> None:
    told = report("partial", warnings=({"code": "a", "message": "this"}, {"code": "b", "message": "that"}))

    assert fires(run_sight(told))["run_partial"]["facts"] == {
        "message": "this; that",
        "warnings": [{"code": "a", "message": "this"}, {"code": "b", "message": "that"}],
        "fetched": {"output": 12},
        "stored": {"snapshots": 3, "safety": 1},
    }


def test_a_success_is_an_event_of_its_own_run() -> None:
    seen = seen_in_run(run_sight(report()), AlertsSettings(), SLOT, {"run_succeeded"})
    found = next(one for one in seen[0]["firing"] if one["rule"] == "run_succeeded")

    assert (found["is_event"], found["subject"], found["severity"]) == (True, "7", "info")


def test_unknown_assets_are_one_alert_a_day_with_their_names() -> None:
    seen = {"day": "2026-11-30", "names": [f"M-{number:02}" for number in range(30)]}

    found = fires(run_sight(None, asset_unknown=seen))["asset_unknown"]

    assert found["subject"] == "2026-11-30"
    assert found["facts"]["number"] == 30
    assert len(found["facts"]["names"]) == 20


def test_an_asset_without_output_is_told_of_when_the_slots_of_its_threshold_are_empty() -> None:
    seen = {"interval_s": 900.0, "window_s": 1800.0, "assets": ["Press", "Şerit"]}

    parts = seen_in_run(run_sight(None, no_output=seen), AlertsSettings(), SLOT)

    firing = [one for part in parts for one in part["firing"]]
    assert [one["subject"] for one in firing] == ["Press", "Şerit"]
    assert (
        firing[0]["facts"]["told_after_s"] == 1800
    )  # four slots are an hour, half of which the window shows


def test_a_plant_that_stands_still_is_no_more_than_fifty_alerts() -> None:
    seen = {"interval_s": 900.0, "window_s": 1800.0, "assets": [f"M-{number}" for number in range(10_000)]}

    parts = seen_in_run(run_sight(None, no_output=seen), AlertsSettings(), SLOT)

    assert sum(len(part["firing"]) for part in parts) == 50


@pytest.mark.parametrize(
    ("rows", "is_firing"), [(100, False), (21, False), (19, True), (500, False), (501, True), (0, True)]
)
def test_a_volume_is_unusual_beyond_its_threshold(rows: int, is_firing: bool) -> None:
    settings = AlertsSettings(rules={"volume_unusual": RuleSettings(enabled=True, threshold=5)})
    seen = {"rows": rows, "rows_before": [90, 100, 110, 100]}

    assert ("volume_unusual" in fires(run_sight(None, volume_unusual=seen), settings)) == is_firing


def test_without_enough_weeks_nobody_knows_what_is_usual() -> None:
    settings = AlertsSettings(rules={"volume_unusual": RuleSettings(enabled=True)})
    seen = {"rows": 0, "rows_before": [90, 100, 110]}

    assert seen_in_run(run_sight(None, volume_unusual=seen), settings, SLOT) == []


def test_a_rule_that_is_off_fires_nothing_and_ends_what_it_opened() -> None:
    settings = AlertsSettings(rules={"run_slow": RuleSettings(enabled=False)})
    told = report(warnings=({"code": "slow_run", "message": "x"},))

    assert "run_slow" not in fires(run_sight(told), settings)
    assert "run_slow" in seen_in_run(run_sight(told), settings, SLOT)[0]["rules"]


def test_late_is_a_warning_and_down_is_critical() -> None:
    assert health_fires(pipeline_sight(state="late", missing_since=SLOT))["overdue"]["severity"] == "warning"
    down = health_fires(pipeline_sight(state="down", missing_since=SLOT))["overdue"]

    assert (down["severity"], down["is_told_when_over"]) == ("critical", True)


def test_a_rule_made_mild_never_gets_worse_than_it_is_said_to_be() -> None:
    settings = AlertsSettings(rules={"overdue": RuleSettings(severity="info")})

    found = [
        health_fires(pipeline_sight(state=state), settings)["overdue"]["severity"]
        for state in ("late", "down")
    ]

    assert found == ["info", "info"]


def test_what_is_not_known_is_neither_well_nor_wrong() -> None:
    seen = seen_by_health(pipeline_sight(state="unknown"), AlertsSettings(), None)

    assert "overdue" not in seen["rules"]
    assert seen["slot"] == "-infinity"


def test_a_run_is_stuck_some_minutes_after_its_lease() -> None:
    early = pipeline_sight(lease_expired_at=NOW - timedelta(minutes=4))
    late = pipeline_sight(lease_expired_at=NOW - timedelta(minutes=5))

    assert "stuck" not in health_fires(early)
    assert "stuck" in health_fires(late)


def test_data_is_behind_after_some_intervals() -> None:
    early = pipeline_sight(is_data_behind=True, data_until=NOW - timedelta(minutes=29))
    late = pipeline_sight(is_data_behind=True, data_until=NOW - timedelta(minutes=30))

    assert "data_behind" not in health_fires(early)
    assert "data_behind" in health_fires(late)
    assert "data_behind" in health_fires(pipeline_sight(is_data_behind=True))


def test_a_channel_fails_after_some_minutes() -> None:
    def sight(minutes: int) -> ChannelSight:
        return ChannelSight(
            name="office",
            now=NOW,
            failing_since=NOW - timedelta(minutes=minutes),
            failures=3,
            error="refused",
        )

    settings = Settings(plants={})

    assert seen_of_channels([sight(4)], settings)["firing"] == []
    assert seen_of_channels([sight(5)], settings)["firing"][0]["subject"] == "office"


def test_an_incident_is_critical_unless_the_settings_say_otherwise() -> None:
    assert safety_severity(AlertsSettings()) == "critical"
    assert (
        safety_severity(AlertsSettings(rules={"safety_event": RuleSettings(severity="warning")})) == "warning"
    )
    assert safety_severity(AlertsSettings(rules={"safety_event": RuleSettings(enabled=False)})) is None
    assert safety_severity(AlertsSettings(enabled=False)) is None


def test_judge_is_silent_about_runs_by_hand() -> None:
    from tests.unit.alerts.runs import run_of  # noqa: PLC0415 - shared with the outbox's tests

    judge = judge_of(Settings(plants={}))

    assert judge(run_of(slot=None), report("failed")) == []
    assert judge(run_of(slot=SLOT), report())[0]["slot"] == SLOT.isoformat()


def test_a_pipeline_that_is_switched_off_ends_what_its_runs_opened() -> None:
    seen = seen_by_health(pipeline_sight(state="stopped"), AlertsSettings(), SLOT)

    assert {"overdue", "run_failed", "no_output", "asset_unknown"} <= set(seen["rules"])
    assert seen["firing"] == []


def series_fire(settings: AlertsSettings | None = None, **seen: Any) -> dict[str, dict[str, Any]]:
    """Return what fires by rule and subject in a run that looked after series."""
    parts = seen_in_run(run_sight(report(), **seen), settings or AlertsSettings(), SLOT)
    return {f"{one['rule']} {one['subject']}": one for part in parts for one in part["firing"]}


def test_a_series_is_stale_two_days_after_its_value_was_due() -> None:
    late = [{"series": "DE/load", "until": "x", "behind_h": 48.0}, {"series": "FR/load", "behind_h": 47.9}]

    assert series_fire(series_stale=late).keys() == {"series_stale DE/load"}
    assert "series_stale" in evaluated(run_sight(report(), series_stale=[]))
    assert "series_stale" not in evaluated(run_sight(report()))


def test_a_gap_is_told_from_a_day_on() -> None:
    gaps = [{"series": "DE/load", "hours": 24.0}, {"series": "FR/load", "hours": 23.75}]

    assert series_fire(series_gap=gaps).keys() == {"series_gap DE/load"}


@pytest.mark.parametrize(
    ("complete", "accurate", "is_firing"),
    [(89.9, 100, True), (90.0, 90.0, False), (100, 89.9, True), (100, None, False)],
)
def test_a_day_is_poor_where_it_is_incomplete_or_cannot_be_true(
    complete: float, accurate: float | None, is_firing: bool
) -> None:
    day = {"series": "DE/load", "day": "x", "complete_percent": complete, "accurate_percent": accurate}

    assert bool(series_fire(series_quality=[day])) == is_firing


def test_a_report_of_series_is_told_once_and_only_if_wanted() -> None:
    seen = [{"period": "day", "day": "2026-11-29", "title": {}, "report": {}}]
    wanted = AlertsSettings(rules={"series_report": RuleSettings(enabled=True)})

    assert series_fire(series_report=seen) == {}
    assert series_fire(wanted, series_report=seen)["series_report day 2026-11-29"]["is_event"] is True


def test_an_unusual_collection_is_told_only_if_wanted() -> None:
    seen = [{"series": "DE/load (entsoe)", "what": "volume", "figure": 2, "usual": 96, "weeks": 8}]
    wanted = AlertsSettings(rules={"collection_unusual": RuleSettings(enabled=True)})

    assert series_fire(collection_unusual=seen) == {}
    assert series_fire(wanted, collection_unusual=seen).keys() == {
        "collection_unusual DE/load (entsoe) volume"
    }
