"""What Terraform says by itself, and the code relies on: tags, and what the alarms count."""

import pytest

from plantpulse.clouds.aws import dead_letters
from plantpulse.runs import RunReport
from tests.infra.conftest import ROOT


def test_everything_on_aws_is_tagged_as_the_command_line_looks_for_it() -> None:
    provider = (ROOT / "infra" / "terraform" / "aws" / "versions.tf").read_text(encoding="utf-8")

    assert f"tags = merge(var.labels, {{ {dead_letters.TAG} = var.name }})" in provider


@pytest.mark.parametrize("cloud", ["gcp", "aws"])
def test_what_the_alarms_count_is_what_the_functions_log(cloud: str) -> None:
    text = (ROOT / "infra" / "terraform" / cloud / "logs.tf").read_text(encoding="utf-8")
    report = RunReport(pipeline="live_pulse", plant="north", trigger="schedule", outcome="succeeded")
    health = (ROOT / "src" / "plantpulse" / "health" / "service.py").read_text(encoding="utf-8")

    assert {"outcome", "plant"} <= report.as_json().keys()
    assert all(part in text for part in ("outcome", '\\"succeeded\\"', '\\"partial\\"', "plant", "severity"))
    assert 'f"health {' in health
