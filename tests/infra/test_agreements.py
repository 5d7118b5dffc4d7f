"""What Terraform says by itself, and the code relies on: tags, and what the alarms count."""

import json
import re

import pytest

from plantpulse.clouds.aws import dead_letters
from plantpulse.entry.endings import log_run
from plantpulse.runs import RunReport
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
