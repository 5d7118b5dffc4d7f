"""Health as OpenMetrics, read back by prometheus-client's own parser."""

from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from plantpulse.health.metrics import metrics_of

PIPELINE: dict[str, Any] = {
    "pipeline": "live_pulse",
    "plant": "north",
    "state": "late",
    "last_success_timestamp": "2026-11-30T14:00:00+00:00",
    "polls_executed": 96,
    "polls_failed": 2,
    "consecutive_failures": 1,
    "duration_ms": {"p50": 1200, "p95": 4000},
    "data_age_s": 930,
}
CLEANUP = PIPELINE | {
    "pipeline": "cleanup",
    "plant": None,
    "state": "new",
    "last_success_timestamp": None,
    "duration_ms": {"p50": None, "p95": None},
    "data_age_s": None,
}
FIGURES = {
    "open": [{"rule": "overdue", "plant": "north", "severity": "warning", "number": 1}],
    "channels": [{"name": "office", "is_failing": True, "untold": 3}],
}


def samples(view: dict[str, Any], figures: Any = FIGURES) -> dict[str, list[Sample]]:
    found: dict[str, list[Sample]] = {}
    parse: Any = text_string_to_metric_families
    for family in parse(metrics_of(view, figures)):
        for sample in family.samples:
            found.setdefault(sample.name, []).append(sample)
    return found


def value(found: dict[str, list[Sample]], name: str, **labels: str) -> float:
    (sample,) = [one for one in found[name] if labels.items() <= one.labels.items()]
    return sample.value


def test_every_figure_of_a_pipeline_can_be_read() -> None:
    found = samples({"pipelines": [PIPELINE, CLEANUP]})

    of_north = {"pipeline": "live_pulse", "plant": "north"}
    assert value(found, "plantpulse_pipeline_state", **of_north, plantpulse_pipeline_state="late") == 1
    assert value(found, "plantpulse_pipeline_state", **of_north, plantpulse_pipeline_state="down") == 0
    assert value(found, "plantpulse_data_age_seconds", **of_north) == 930
    assert value(found, "plantpulse_runs_24h", **of_north) == 96
    assert value(found, "plantpulse_failed_runs_24h", **of_north) == 2
    assert value(found, "plantpulse_consecutive_failures", **of_north) == 1
    assert value(found, "plantpulse_run_duration_seconds", **of_north, quantile="0.95") == 4.0
    assert value(found, "plantpulse_last_success_timestamp_seconds", **of_north) == 1796047200
    assert value(found, "plantpulse_up") == 1


def test_what_is_not_known_is_left_out() -> None:
    found = samples({"pipelines": [CLEANUP]})

    assert "plantpulse_data_age_seconds" not in found
    assert "plantpulse_run_duration_seconds" not in found
    assert value(found, "plantpulse_runs_24h", pipeline="cleanup", plant="") == 96


def test_alerts_and_channels_can_be_read() -> None:
    found = samples({"pipelines": []})

    assert value(found, "plantpulse_alerts_open", rule="overdue", plant="north", severity="warning") == 1
    assert value(found, "plantpulse_outbox_alerts", channel="office") == 3
    assert value(found, "plantpulse_channel_failing", channel="office") == 1


def test_without_supabase_it_says_that_it_is_not_up() -> None:
    blind = {"pipelines": [{"pipeline": "live_pulse", "plant": "north", "state": "unknown"}], "error": {}}

    found = samples(blind, None)

    assert value(found, "plantpulse_up") == 0
    assert "plantpulse_alerts_open" not in found


@pytest.mark.parametrize("hostile", ['a"b', "a\nb", "a\\b", "Ñ"])
def test_a_label_is_escaped(hostile: str) -> None:
    channel = {"name": hostile, "is_failing": False, "untold": 0}
    found = samples({"pipelines": []}, {**FIGURES, "channels": [channel]})

    assert value(found, "plantpulse_channel_failing", channel=hostile) == 0
