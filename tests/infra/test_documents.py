"""What the infrastructure's documents say is what is there: tables, examples, excuses, locks."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from infra import tables
from plantpulse.settings import config

ROOT = Path(__file__).parents[2]
INFRA = ROOT / "infra" / "terraform"
ROOTS = ("gcp", "aws")
MAKE = shutil.which("make") or ""
SAME_ON_BOTH = {
    *("region", "name", "labels", "config_file", "deployment_file", "bundles_dir", "memory_mb"),
    *("supabase_url", "secrets"),
    *("secrets_version", "network", "invokers", "alarms", "log_retention_days", "kms_key"),
    "deletion_protection",
}


def variables_of(root: str) -> dict[str, str]:
    text = (INFRA / root / "variables.tf").read_text(encoding="utf-8")
    return dict(re.findall(r'^variable "(\w+)" \{\n(.*?)^\}', text, re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize("folder", tables.FOLDERS)
def test_the_tables_of_inputs_and_outputs_are_true(folder: str) -> None:
    text = (INFRA / folder / "README.md").read_text(encoding="utf-8")

    assert text == tables.readme(INFRA / folder), "run `make infra`"
    assert "| `functions` |" in text or "| `supabase_url` | `string` | required |" in text


@pytest.mark.parametrize("root", ROOTS)
def test_every_variable_is_typed_described_and_if_it_can_be_wrong_validated(root: str) -> None:
    unvalidated = {
        "deployment_file",
        "bundles_dir",
        "secrets",
        "deletion_protection",
    }  # judged where they are used, or a bool

    for name, body in variables_of(root).items():
        assert "  type " in body, name
        assert "  description = " in body, name
        assert ("  validation {" in body) == (name not in unvalidated), name


def test_both_roots_have_the_same_variables_but_for_what_one_cloud_has() -> None:
    assert variables_of("gcp").keys() - SAME_ON_BOTH == {"project", "vcpu_quota"}
    assert variables_of("aws").keys() - SAME_ON_BOTH == {"architecture", "open_concurrency"}


@pytest.mark.parametrize("root", ROOTS)
def test_the_complete_example_sets_everything_but_the_secrets(root: str) -> None:
    text = (INFRA / root / "examples" / "complete.tfvars").read_text(encoding="utf-8")

    assert set(re.findall(r"^(\w+) +=", text, re.MULTILINE)) == variables_of(root).keys() - {"secrets"}


def test_the_example_of_several_plants_is_sound() -> None:
    path = ROOT / "examples" / "several_plants.yaml"

    settings = config.load({"PLANTPULSE_CONFIG": str(path)})

    assert list(settings.plants) == ["northfield", "regensburg", "adelaide"]
    assert settings.live_pulse_of("regensburg").every_minutes == 5


def test_every_excuse_from_the_policy_scan_gives_a_reason() -> None:
    excuses = [
        line.strip()
        for path in INFRA.rglob("*.tf")
        for line in path.read_text(encoding="utf-8").splitlines()
        if "checkov:skip" in line
    ]

    assert len(excuses) > 5
    assert [line for line in excuses if not re.fullmatch(r"#checkov:skip=CKV2?_\w+:.{30,}", line)] == []


def test_nothing_is_built_or_asked_outside_of_terraform() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in INFRA.rglob("*.tf"))

    assert re.findall(r'"(null_resource|external|archive_file|local_file|terraform_data)"', text) == []
    assert re.findall(r'provisioner "', text) == []


@pytest.mark.skipif(not MAKE, reason="make is not installed")
@pytest.mark.parametrize("cloud", ROOTS)
def test_make_has_a_target_for_each_step(cloud: str) -> None:
    for target, action in (("plan", "plan"), ("deploy", "apply"), ("destroy", "destroy")):
        told = subprocess.run(
            [MAKE, "-n", f"{target}-{cloud}"], cwd=ROOT, capture_output=True, text=True, check=True
        )

        assert f"-m infra.deploy {action} {cloud}" in told.stdout


@pytest.mark.parametrize(("column", "cloud"), [(1, "Google Cloud"), (2, "AWS")])
def test_the_costs_add_up(column: int, cloud: str) -> None:
    text = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    _, _, table = text.partition("| | Google Cloud | AWS |")
    rows = [[cell.strip(" *") for cell in row.strip("|").split("|")] for row in table.splitlines()[2:]]
    before = [row[0] for row in rows].index("together")

    cents = [round(float(row[column].split()[0]) * 100) for row in rows[: before + 1]]

    assert sum(cents[:-1]) == cents[-1], cloud


def test_every_alarm_stands_in_operations() -> None:
    operations = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    told = operations.partition("## Alarms of the cloud")[2]
    named = " ".join(line.split("|")[1] for line in told.splitlines() if line.startswith("| "))
    on_aws = (ROOT / "infra" / "terraform" / "aws" / "alarms.tf").read_text(encoding="utf-8")
    on_google = (ROOT / "infra" / "terraform" / "gcp" / "alarms.tf").read_text(encoding="utf-8")

    alarms = {*re.findall(r'"\$\{name\} ([a-z ]+)" = ', on_aws), *re.findall(r'title += "(.+)"', on_google)}

    assert len(alarms) >= 9
    assert {alarm for alarm in alarms if alarm not in named} == set()
