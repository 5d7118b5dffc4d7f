"""What is said before a deployment begins: everything that would stop it, with the line to paste."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from infra.obstacles import obstacles
from tests.infra.conftest import ROOT
from tests.infra.machine import Machine

READY = {
    "SUPABASE_URL": "https://abcdefgh.supabase.co",
    "SUPABASE_SECRET_KEY": "sb_secret_x",
    "MSSQL_PASSWORD": "hunter2",
}
ONE_PLANT = "plants: {north: {time_zone: UTC, sql_server: {host: h, user: u, database: d}}}"
SEVERAL_PLANTS = """
plants:
  north: {time_zone: UTC, sql_server: {host: h, user: u, database: d}}
  south: {time_zone: UTC, sql_server: {host: h, user: u, database: d}}
  west: {time_zone: UTC}
"""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine from which a single plant can be deployed on Google Cloud."""
    monkeypatch.chdir(tmp_path)
    Path("plantpulse.yaml").write_text(ONE_PLANT, encoding="utf-8")
    machine = Machine(tmp_path)
    machine.install("terraform")
    machine.fill_in("gcp")
    machine.environ |= READY
    return machine


def found(machine: Machine, config_file: str = "plantpulse.yaml") -> list[str]:
    return list(obstacles("gcp", machine.environ, Path(config_file), machine.infra))


def assign(machine: Machine, text: str, name: str = "terraform.tfvars") -> None:
    (machine.infra / "gcp" / name).write_text(text, encoding="utf-8")


def test_nothing_is_in_the_way_of_a_sound_deployment(machine: Machine) -> None:
    assert found(machine) == []
    assert machine.calls() == []


def test_a_bad_file_is_refused_in_the_models_words(machine: Machine) -> None:
    Path("plantpulse.yaml").write_text("plants: {north: {time_zone: Mars/Olympus}}", encoding="utf-8")

    assert found(machine) == [
        "plants.north.time_zone: must be an IANA time zone such as Europe/Berlin or a Windows one such as"
        " W. Europe Standard Time"
    ]


def test_everything_is_told_at_once_with_the_line_to_paste(machine: Machine) -> None:
    for name in ("terraform.tfvars", "backend.hcl"):
        (machine.infra / "gcp" / name).unlink()
    machine.environ = {"PATH": "nowhere"}

    assert found(machine) == [
        "terraform is not on the PATH: install 1.11 or newer (developer.hashicorp.com/terraform/install)",
        "infra/terraform/gcp/terraform.tfvars is missing: copy the example and fill it in:\n"
        "    cp infra/terraform/gcp/examples/minimal.tfvars infra/terraform/gcp/terraform.tfvars",
        "infra/terraform/gcp/backend.hcl is missing: copy the example and say where the state is kept:\n"
        "    cp infra/terraform/gcp/examples/backend.hcl infra/terraform/gcp/backend.hcl",
        "SUPABASE_URL is not set:\n    export SUPABASE_URL='https://<project>.supabase.co'",
        "SUPABASE_SECRET_KEY is not set:\n    export SUPABASE_SECRET_KEY='sb_secret_...'",
        "MSSQL_PASSWORD is not set:\n    export MSSQL_PASSWORD='...'",
    ]


def test_the_examples_to_copy_are_there() -> None:
    for cloud in ("gcp", "aws"):
        for name in ("minimal.tfvars", "backend.hcl"):
            assert (ROOT / "infra" / "terraform" / cloud / "examples" / name).is_file()


@pytest.mark.parametrize("version", ["1.10.5", "0.15.0", "1.9.8"])
def test_a_terraform_that_is_too_old_is_refused(version: str, machine: Machine) -> None:
    machine.install("terraform", version=version)

    (told,) = found(machine)

    assert told.endswith(f"/terraform is version {version}: 1.11 or newer is needed")


@pytest.mark.parametrize("version", ["1.11.0", "1.20.1", "2.0.0-beta1"])
def test_a_newer_terraform_will_do(version: str, machine: Machine) -> None:
    machine.install("terraform", version=version)

    assert found(machine) == []


def test_a_program_that_only_has_terraforms_name_is_asked_about(machine: Machine) -> None:
    machine.install("terraform", version="none")

    assert "version -json failed: is this Terraform 1.11 or newer?" in found(machine)[0]


def test_each_plant_with_a_server_needs_its_password(machine: Machine) -> None:
    Path("plantpulse.yaml").write_text(SEVERAL_PLANTS, encoding="utf-8")
    machine.environ["MSSQL_PASSWORDS"] = '{"south": "hunter2"}'

    assert found(machine) == ["MSSQL_PASSWORD__NORTH is not set:\n    export MSSQL_PASSWORD__NORTH='...'"]


def test_many_plants_passwords_are_asked_for_at_once(machine: Machine) -> None:
    server = "{time_zone: UTC, sql_server: {host: h, user: u, database: d}}"
    plants = "".join(f"  plant_{number}: {server}\n" for number in range(4))
    Path("plantpulse.yaml").write_text(f"plants:\n{plants}", encoding="utf-8")

    assert found(machine) == [
        "MSSQL_PASSWORD__PLANT_0 and 3 more are not set, which one variable can hold as JSON:\n"
        '    export MSSQL_PASSWORDS="$(cat passwords.json)"'
    ]


def test_passwords_that_are_no_json_are_refused_without_showing_them(machine: Machine) -> None:
    machine.environ["MSSQL_PASSWORDS"] = "hunter2"

    (told,) = found(machine)

    assert told.startswith("MSSQL_PASSWORDS: must be a JSON object")
    assert "hunter2" not in told


CHANNELS = """
channels:
  team: {kind: slack}
  office: {kind: email, host: h, user: u, sender: a@example.com, to: [b@example.com]}
  relay: {kind: email, host: h, sender: a@example.com, to: [b@example.com]}
  asleep: {kind: pagerduty, enabled: false}
"""


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({}, ["OFFICE", "TEAM"]),
        ({"CHANNEL_SECRET__TEAM": "x", "CHANNEL_SECRET__OFFICE": " "}, ["OFFICE"]),
        ({"CHANNEL_SECRETS": '{"office": "x", "gone": "x", "team": ""}'}, ["TEAM"]),
        ({"CHANNEL_SECRETS": '{"office": "x"}', "CHANNEL_SECRET__TEAM": "x"}, []),
    ],
)
def test_a_channel_whose_secret_is_missing_is_named(
    given: dict[str, str], missing: list[str], machine: Machine
) -> None:
    Path("plantpulse.yaml").write_text(ONE_PLANT + CHANNELS, encoding="utf-8")
    machine.environ |= given

    assert found(machine) == [
        f"CHANNEL_SECRET__{name} is not set:\n    export CHANNEL_SECRET__{name}='...'" for name in missing
    ]


def test_many_channels_secrets_are_asked_for_at_once(machine: Machine) -> None:
    channels = "".join(f"  team_{number}: {{kind: slack}}\n" for number in range(4))
    Path("plantpulse.yaml").write_text(f"{ONE_PLANT}\nchannels:\n{channels}", encoding="utf-8")

    assert found(machine) == [
        "CHANNEL_SECRET__TEAM_0 and 3 more are not set, which one variable can hold as JSON:\n"
        '    export CHANNEL_SECRETS="$(cat channel-secrets.json)"'
    ]


def test_channels_secrets_that_are_no_json_are_refused_without_showing_them(machine: Machine) -> None:
    machine.environ["CHANNEL_SECRETS"] = "hunter2"

    (told,) = found(machine)

    assert told.startswith("CHANNEL_SECRETS: must be a JSON object")
    assert "hunter2" not in told


SERIES = "plants: {}\nseries: {fred: {enabled: false}}\n"


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({}, ["EIA_API_KEY", "ENTSOE_TOKEN"]),
        ({"ENTSOE_TOKEN": "x", "EIA_API_KEY": " "}, ["EIA_API_KEY"]),
        ({"SERIES_KEYS": '{"entsoe": "x", "eia": ""}'}, ["EIA_API_KEY"]),
        ({"SERIES_KEYS": '{"entsoe": "x"}', "EIA_API_KEY": "x"}, []),
        ({"TF_VAR_secrets_version": "0"}, []),
    ],
)
def test_a_publisher_whose_key_is_missing_is_named(
    given: dict[str, str], missing: list[str], machine: Machine
) -> None:
    Path("plantpulse.yaml").write_text(SERIES, encoding="utf-8")
    machine.environ |= given

    assert found(machine) == [f"{name} is not set:\n    export {name}='...'" for name in missing]


def test_keys_of_publishers_that_are_no_json_are_refused_without_showing_them(machine: Machine) -> None:
    machine.environ["SERIES_KEYS"] = "hunter2"

    (told,) = found(machine)

    assert told.startswith("SERIES_KEYS: must be a JSON object")
    assert "hunter2" not in told


def test_a_topic_of_aws_is_refused_on_google_cloud_alone(machine: Machine) -> None:
    topic = "{kind: sns, topic_arn: 'arn:aws:sns:eu-central-1:123456789012:alerts'}"
    Path("plantpulse.yaml").write_text(f"{ONE_PLANT}\nchannels: {{topic: {topic}}}", encoding="utf-8")
    machine.fill_in("aws")

    on_aws = list(obstacles("aws", machine.environ, Path("plantpulse.yaml"), machine.infra))

    assert found(machine) == [
        "channels.topic: the kind sns works on AWS alone: choose another kind, or set enabled: false"
    ]
    assert not any("channels.topic" in told for told in on_aws)


@pytest.mark.parametrize(
    ("assigned", "environ"),
    [
        ("secrets_version = 0 # by other means\n", {}),
        ("", {"TF_VAR_secrets_version": "0"}),
        ("", {"TF_VAR_secrets": '{"SUPABASE_SECRET_KEY": "x"}'}),
        ('secrets = { SUPABASE_SECRET_KEY = "x" }\n', {}),
    ],
)
def test_secrets_that_come_another_way_are_not_asked_for(
    assigned: str, environ: dict[str, str], machine: Machine
) -> None:
    assign(machine, assigned)
    Path("plantpulse.yaml").write_text(ONE_PLANT + CHANNELS, encoding="utf-8")
    del machine.environ["SUPABASE_SECRET_KEY"], machine.environ["MSSQL_PASSWORD"]
    machine.environ |= environ

    assert found(machine) == []


@pytest.mark.parametrize("name", ["terraform.tfvars", "company.auto.tfvars"])
def test_a_url_that_terraforms_own_files_have_is_not_asked_for(name: str, machine: Machine) -> None:
    assign(machine, 'supabase_url = "https://abcdefgh.supabase.co"\n', name)
    del machine.environ["SUPABASE_URL"]

    assert found(machine) == []


def test_a_file_that_make_does_not_bundle_is_told_to_make(machine: Machine) -> None:
    assign(machine, 'config_file = "../../../company.yaml"\n')

    assert found(machine) == [
        "Terraform reads company.yaml, and plantpulse.yaml is bundled: name the same file to make:\n"
        "    CONFIG=company.yaml"
    ]


def test_a_file_that_terraform_does_not_read_is_told_to_terraform(machine: Machine) -> None:
    Path("plantpulse.yaml").rename("company.yaml")

    assert found(machine, "company.yaml") == [
        "Terraform reads plantpulse.yaml, and company.yaml is bundled: name the same file in"
        " gcp/terraform.tfvars:\n"
        '    config_file = "../../../company.yaml"'
    ]
    assign(machine, 'config_file = "../../../company.yaml"\n')
    assert found(machine, "company.yaml") == []


def test_a_file_that_is_not_there_is_named(machine: Machine) -> None:
    os.remove("plantpulse.yaml")

    assert found(machine) == ["there is no file plantpulse.yaml: name yours, as CONFIG=plantpulse.yaml"]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what `make plan-gcp` uses, installed, and without a deployer's own files."""
    folder = tmp_path / "checkout"
    ignored = shutil.ignore_patterns(".terraform*", "__pycache__", "terraform.tfvars", "*.auto.tfvars")
    for name in ("bundle", "infra", "functions", "requirements", "src"):
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for name in ("Makefile", "pyproject.toml"):
        shutil.copyfile(ROOT / name, folder / name)
    python = folder / ".venv" / "bin" / "python"
    for made in (python, folder / "devstack" / "node_modules" / ".installed"):
        made.parent.mkdir(parents=True)
    (folder / "devstack" / "package-lock.json").touch()
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    for place in (".venv", "devstack/node_modules"):
        (folder / place / ".installed").touch()
    return folder


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize(
    ("content", "told"),
    [("plants: {north: {time_zone: Mars}}", "plants.north.time_zone:"), (ONE_PLANT, "tfvars is missing")],
    ids=["bad file", "missing tfvars"],
)
def test_make_looks_before_it_builds(content: str, told: str, checkout: Path) -> None:
    (checkout / "plantpulse.yaml").write_text(content, encoding="utf-8")

    done = subprocess.run(
        [str(shutil.which("make")), "plan-gcp", "CONFIG=plantpulse.yaml"],
        cwd=checkout, env=os.environ | {"MAKEFLAGS": "", "PYTHONPATH": str(checkout / "src")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode != 0
    assert told in done.stderr
    assert not (checkout / "build").exists()


def test_only_lambda_needs_the_functions_python(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.obstacles.python_version", lambda: "3.2")
    machine.fill_in("aws")

    assert found(machine) == []
    (told,) = obstacles("aws", machine.environ, Path("plantpulse.yaml"), machine.infra)
    assert told.startswith("Python 3.2 is needed")


@pytest.mark.parametrize(
    ("logins", "told"),
    [
        ("hunter2", "must be a JSON object of users and passwords by name"),
        ('{"press": {"user": "anna"}}', "must be a JSON object of users and passwords by name"),
        (
            '{"press": {"user": "anna", "password": 5}}',
            "must be a JSON object of users and passwords by name",
        ),
        ('{"hunter2 ": {"user": "anna", "password": "x"}}', "must have names that groups can have"),
        ('{"": {"user": "anna", "password": "x"}}', "must have names that groups can have"),
        (
            '{"hunter2": {"user": "anna", "password": "x"}, "hunter2": {"user": "ben", "password": "y"}}',
            "must have each name once",
        ),
        (
            '{"north": {"hunter2": {"user": "a", "password": ""}, "hunter2": {"user": "b", "password": ""}}}',
            "must have each name once",
        ),
        (
            '{"north": {"hunter2 ": {"user": "anna", "password": "x"}}}',
            "must have names that groups can have",
        ),
    ],
)
def test_logins_of_devices_that_no_group_could_use_are_refused_without_showing_them(
    machine: Machine, logins: str, told: str
) -> None:
    machine.environ["TAG_CREDENTIALS"] = logins

    (found_one,) = found(machine)

    assert found_one.startswith(f"TAG_CREDENTIALS: {told}")
    assert "hunter2" not in found_one


@pytest.mark.parametrize(
    "logins",
    [
        "",
        "{}",
        '{"press-1": {"user": "anna", "password": ""}}',
        '{"north": {"mix": {"user": "", "password": ""}}, "south": {"oven": {"user": "", "password": ""}}}',
    ],
)
def test_logins_of_devices_that_a_group_could_use_stop_no_deployment(machine: Machine, logins: str) -> None:
    machine.environ["TAG_CREDENTIALS"] = logins

    assert found(machine) == []
