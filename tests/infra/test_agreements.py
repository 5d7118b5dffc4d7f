"""What Terraform says by itself, and the code relies on: tags, and what the alarms count."""

import json
import re
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from plantpulse.clouds.aws import dead_letters
from plantpulse.entry.endings import log_run, success_as_metric
from plantpulse.runs import RunReport
from plantpulse.schedules.pipelines import ALL_PLANTS
from tests.infra.conftest import ROOT


def test_everything_on_aws_is_tagged_as_the_command_line_looks_for_it() -> None:
    provider = (ROOT / "infra" / "terraform" / "aws" / "versions.tf").read_text(encoding="utf-8")

    assert f"tags = merge(var.labels, {{ {dead_letters.TAG} = var.name }})" in provider


@pytest.mark.parametrize("cloud", ["gcp", "aws"])
def test_what_the_alarms_count_is_what_the_functions_log(
    cloud: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (ROOT / "infra" / "terraform" / cloud / "logs.tf").read_text(encoding="utf-8")
    report = RunReport(pipeline="live_pulse", plant="north", trigger="schedule", outcome="succeeded")
    health = (ROOT / "src" / "plantpulse" / "health" / "service.py").read_text(encoding="utf-8")

    log_run(report)

    line = json.loads(capsys.readouterr().out)
    assert (line["outcome"], line["plant"], line["is_dry_run"]) == ("succeeded", "north", False)
    assert re.search(r"\bis_dry_run( IS FALSE|=false)\b", text)  # a dry run calms no alarm
    assert all(part in text for part in ("outcome", '\\"succeeded\\"', '\\"partial\\"', "plant", "severity"))
    assert 'f"health {' in health


def test_a_plants_success_is_the_metric_that_its_alarm_watches(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = ROOT / "infra" / "terraform" / "aws"
    monkeypatch.setenv("METRICS_NAMESPACE", "plantpulse")

    log_run(RunReport(pipeline="live_pulse", plant="north", trigger="schedule", outcome="partial"))

    line = json.loads(capsys.readouterr().out)
    (metric,) = line["_aws"]["CloudWatchMetrics"]
    assert metric == {
        "Namespace": "plantpulse",
        "Dimensions": [["plant"]],
        "Metrics": [{"Name": "live_pulse-successes", "Unit": "Count"}],
    }
    assert (line["live_pulse-successes"], line["plant"]) == (1, "north")
    assert abs(line["_aws"]["Timestamp"] / 1000 - time.time()) < 3600
    alarms = (folder / "alarms.tf").read_text(encoding="utf-8")
    assert 'metric_name = "${each.value.function}-successes"' in alarms
    assert "{ plant = each.value.plant }" in alarms
    assert "METRICS_NAMESPACE = local.namespace" in (folder / "main.tf").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "changes",
    [
        {"outcome": "failed"},
        {"outcome": "duplicate"},
        {"is_dry_run": True},
        {"pipeline": "cleanup", "plant": ALL_PLANTS},
    ],
)
def test_what_is_no_success_of_a_plant_is_not_counted(changes: dict[str, Any]) -> None:
    told: dict[str, Any] = {
        "pipeline": "live_pulse",
        "plant": "north",
        "trigger": "schedule",
        "outcome": "succeeded",
    }
    at = datetime(2026, 11, 30, tzinfo=UTC)

    assert success_as_metric(RunReport(**{**told, **changes}), "plantpulse", at) == {}
    assert success_as_metric(RunReport(**told), "plantpulse", at) != {}
    assert success_as_metric(RunReport(**told), None, at) == {}
