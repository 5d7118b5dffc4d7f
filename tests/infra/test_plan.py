"""What Terraform makes of plantpulse.yaml means to the code what the file itself means."""

from itertools import product
from pathlib import Path
from typing import Any

import pytest

from bundle.targets import function_names, python_version
from plantpulse.clouds.aws import dead_letters
from plantpulse.runs import RunReport
from plantpulse.schedules.pipelines import ALL_PLANTS, pipelines_of
from plantpulse.settings import config
from tests.infra.conftest import ROOT, Terraform

_WRAPPER = """
variable "files" { type = map(string) }
module "plan" {
  source        = "../infra/terraform/modules/plan"
  for_each      = var.files
  config_file   = each.value
  retry_waits_s = [15, 30, 60]
}
output "plans" { value = module.plan }
"""

DIVISORS = [minutes for minutes in range(1, 1441) if 1440 % minutes == 0]

EVERY_DIVISOR = "plants:\n" + "".join(
    f"  every_{n}: {{time_zone: UTC, live_pulse: {{every_minutes: {n}, window_minutes: {n}}}}}\n"
    for n in DIVISORS
)

EVERYTHING_SET = """
plants:
  north:
    time_zone: W. Europe Standard Time
    sql_server: {host: sql.example, port: 14330, user: reader, database: mes, encryption: off}
    safety_reason_codes: {Safety Issue: critical, "Near = Miss": low}
live_pulse: {every_minutes: 5, window_minutes: 10, timeout_s: 90, run_on_startup: no}
cleanup: {snapshot_retention_hours: 48}
"""


SWITCHED_OFF = """
plants:
  north: {time_zone: UTC}
  south: {time_zone: UTC, enabled: off}
  east: {time_zone: UTC, morning_report: {enabled: false}}
  west: {time_zone: UTC, live_pulse: {enabled: "no"}, morning_report: {enabled: yes}}
morning_report: {enabled: false}
"""


@pytest.fixture(scope="module")
def plans(terraform: Terraform, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("plans")
    texts = {"divisors": EVERY_DIVISOR, "everything": EVERYTHING_SET, "switched_off": SWITCHED_OFF}
    paths = {name: folder / f"{name}.yaml" for name in texts} | {"ours": ROOT / "plantpulse.yaml"}
    for name, text in texts.items():
        paths[name].write_text(text, encoding="utf-8")
    directory = terraform.folder.parents[1] / "plans"
    directory.mkdir()
    (directory / "main.tf").write_text(_WRAPPER, encoding="utf-8")
    files = {name: str(path) for name, path in paths.items()}
    plans: dict[str, dict[str, Any]] = terraform.outputs(directory, files=files)["plans"]
    assert [plan["faults"] for plan in plans.values()] == [[], [], [], []]
    return plans


def minutes_of_day(cron: str) -> list[int]:
    """Return the minutes after midnight that a cron line of fixed minutes and hours stands for."""
    minutes, hours, *rest = cron.split()
    assert rest == ["*", "*", "*"]
    return [hour * 60 + minute for hour, minute in product(_field(hours, 24), _field(minutes, 60))]


def _field(text: str, limit: int) -> list[int]:
    return list(range(limit)) if text == "*" else [int(part) for part in text.split(",")]


@pytest.mark.parametrize("every_minutes", DIVISORS)
def test_a_plant_is_called_at_every_slot_of_its_grid_and_never_else(
    every_minutes: int, plans: dict[str, dict[str, Any]]
) -> None:
    schedules = [
        schedule
        for schedule in plans["divisors"]["schedules"].values()
        if schedule["function"] == "live_pulse" and schedule["plant"] == f"every_{every_minutes}"
    ]

    called = sorted(minute for schedule in schedules for minute in minutes_of_day(schedule["cron"]))

    assert called == list(range(0, 1440, every_minutes))
    assert {schedule["time_zone"] for schedule in schedules} == {"Etc/UTC"}
    assert all(len(schedule["cron"]) < 240 for schedule in schedules)  # EventBridge takes 256 with its own


def test_what_is_called_is_what_the_code_expects_to_run(
    plans: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    path = tmp_path / "plantpulse.yaml"
    path.write_text(SWITCHED_OFF, encoding="utf-8")
    expected = pipelines_of(config.load({"PLANTPULSE_CONFIG": str(path)}))

    schedules = plans["switched_off"]["schedules"].values()
    called = {
        (one["function"], one["plant"] or ALL_PLANTS) for one in schedules if one["function"] != "health"
    }

    assert called == {(one.name, one.plant) for one in expected if one.is_enabled}
    assert ("morning_report", "west") in called
    assert ("morning_report", "north") not in called


def test_every_function_there_is_is_deployed_and_nothing_else(plans: dict[str, dict[str, Any]]) -> None:
    assert sorted(plans["ours"]["functions"]) == function_names()
    assert plans["ours"]["python_version"] == python_version()


def test_the_variables_that_functions_get_mean_what_the_file_means(
    plans: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    path = tmp_path / "plantpulse.yaml"
    path.write_text(EVERYTHING_SET, encoding="utf-8")
    variables = plans["everything"]["functions"]["live_pulse"]["environment"]
    from_the_file = {"PLANTPULSE_CONFIG": str(path), "MSSQL_PASSWORD": "secret"}

    with_variables = config.load(variables | from_the_file)

    assert variables["MSSQL_ENCRYPTION"] == "off"
    assert variables["SNAPSHOT_RETENTION_HOURS"] == "48"
    assert with_variables == config.load(from_the_file)


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
