"""`make deploy-*`: what Terraform is told, and what is started afterwards.

Terraform and the clouds' command lines are stood for by scripts that note how they were called. The rehearsal
(test_rehearsal.py) does the same with the real Terraform.
"""

import json
import re
from pathlib import Path

import pytest

from infra.deploy import CannotDeploy, deploy, main
from plantpulse.errors import ConfigurationError
from tests.infra.conftest import ROOT
from tests.infra.machine import Machine

GCP = {"first_runs": ["plantpulse-live_pulse-north"], "region": "europe-west3", "project": "plant-project"}
AWS = {
    "first_runs": [{"function": "plantpulse-live-pulse", "event": {"plant": "north"}}],
    "region": "eu-central-1",
}


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_deployment_ends_with_the_first_poll_on_google_cloud(machine: Machine) -> None:
    machine.install("terraform", GCP)
    machine.install("gcloud")
    machine.fill_in("gcp")

    deploy("apply", "gcp", machine.environ, machine.infra)

    root = f"-chdir={machine.infra / 'gcp'}"
    assert machine.calls() == [
        ["terraform", root, "init", "-input=false", "-backend-config=backend.hcl"],
        ["terraform", root, "apply"],
        ["terraform", root, "output", "-json"],
        [
            *("gcloud", "scheduler", "jobs", "run", "plantpulse-live_pulse-north"),
            *("--location=europe-west3", "--project=plant-project"),
        ],
    ]


def test_a_deployment_ends_with_the_first_poll_on_aws(machine: Machine) -> None:
    machine.install("terraform", AWS)
    machine.install("aws")
    machine.fill_in("aws")

    deploy("apply", "aws", machine.environ, machine.infra)

    assert machine.calls()[-1] == [
        *("aws", "lambda", "invoke", "--function-name=plantpulse-live-pulse", "--region=eu-central-1"),
        *("--invocation-type=Event", "--cli-binary-format=raw-in-base64-out", '--payload={"plant": "north"}'),
        "/dev/null",
    ]


@pytest.mark.parametrize(
    ("action", "steps"), [("plan", ["init", "plan"]), ("destroy", ["init", "output", "destroy"])]
)
def test_nothing_else_starts_a_poll(action: str, steps: list[str], machine: Machine) -> None:
    machine.install("terraform", GCP)
    machine.install("gcloud")
    machine.fill_in("gcp")

    deploy(action, "gcp", machine.environ, machine.infra)

    assert [call[2] for call in machine.calls()] == steps


@pytest.mark.parametrize("cloud", ["gcp", "aws"])
def test_a_protected_deployment_is_not_destroyed(cloud: str, machine: Machine) -> None:
    machine.install("terraform", GCP | {"deletion_protection": True})
    machine.fill_in(cloud)

    with pytest.raises(CannotDeploy) as refused:
        deploy("destroy", cloud, machine.environ, machine.infra)

    assert str(refused.value) == (
        "the deployment is protected: set deletion_protection = false in terraform.tfvars,"
        f" run make deploy-{cloud}, then make destroy-{cloud} again"
    )
    assert [call[2] for call in machine.calls()] == ["init", "output"]


def test_google_clouds_waiting_is_told_before_it_begins(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.install("terraform", GCP | {"first_runs": []})
    machine.fill_in("gcp")
    waits = {
        seconds
        for name in ("iam.tf", "alarms.tf")
        for seconds in re.findall(
            r'create_duration = "(\d+)s"', (ROOT / "infra/terraform/gcp" / name).read_text(encoding="utf-8")
        )
    }

    deploy("apply", "gcp", machine.environ, machine.infra)

    told = capsys.readouterr().out
    assert {int(seconds) // 60 for seconds in waits} == {int(found) for found in re.findall(r"\b\d+\b", told)}


def test_a_deployment_that_shall_not_poll_at_once_does_not(machine: Machine) -> None:
    machine.install("terraform", GCP | {"first_runs": []})
    machine.install("gcloud")
    machine.fill_in("gcp")

    deploy("apply", "gcp", machine.environ, machine.infra)

    assert [call[0] for call in machine.calls()] == ["terraform", "terraform", "terraform"]


def test_without_the_clouds_command_line_the_commands_are_told(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.install("terraform", GCP)
    machine.fill_in("gcp")

    deploy("apply", "gcp", machine.environ, machine.infra)

    assert "gcloud scheduler jobs run plantpulse-live_pulse-north" in capsys.readouterr().out


def test_secrets_go_from_the_environment_into_one_variable_and_no_argument(machine: Machine) -> None:
    machine.install("terraform", GCP)
    machine.fill_in("gcp")
    secrets = {
        "SUPABASE_SECRET_KEY": "sb_secret_x\n",
        "MSSQL_PASSWORD__NORTH": "hunter2",
        "MSSQL_PASSWORD": "",
    }

    deploy(
        "plan",
        "gcp",
        machine.environ | secrets | {"SUPABASE_URL": "https://x.example", "MSSQL_HOST": "h"},
        machine.infra,
    )

    told = machine.variables()[-1]
    assert json.loads(told["TF_VAR_secrets"]) == {
        "SUPABASE_SECRET_KEY": "sb_secret_x",
        "MSSQL_PASSWORD__NORTH": "hunter2",
    }
    assert told["TF_VAR_supabase_url"] == "https://x.example"
    assert "hunter2" not in str(machine.calls())


def test_the_passwords_of_several_plants_may_come_as_one(machine: Machine) -> None:
    machine.install("terraform", GCP)
    machine.fill_in("gcp")
    shared = {"MSSQL_PASSWORDS": '{"north": "hunter2", "south": "shared"}', "MSSQL_PASSWORD__SOUTH": "own"}

    deploy("plan", "gcp", machine.environ | shared, machine.infra)

    assert json.loads(machine.variables()[-1]["TF_VAR_secrets"]) == {
        "MSSQL_PASSWORD__NORTH": "hunter2",
        "MSSQL_PASSWORD__SOUTH": "own",
    }


def test_channels_secrets_go_the_same_way(machine: Machine) -> None:
    machine.install("terraform", GCP)
    machine.fill_in("gcp")
    shared = {
        "CHANNEL_SECRETS": '{"office": "hunter2", "team": "shared"}',
        "CHANNEL_SECRET__TEAM": "own\n",
        "CHANNEL_SECRET__PHONES": " ",
    }

    deploy("plan", "gcp", machine.environ | shared, machine.infra)

    assert json.loads(machine.variables()[-1]["TF_VAR_secrets"]) == {
        "CHANNEL_SECRET__OFFICE": "hunter2",
        "CHANNEL_SECRET__TEAM": "own",
    }
    assert "hunter2" not in str(machine.calls())


def test_publishers_keys_go_the_same_way(machine: Machine) -> None:
    machine.install("terraform", GCP)
    machine.fill_in("gcp")
    shared = {
        "SERIES_KEYS": '{"entsoe": "hunter2", "eia": "shared", "nobody": "x"}',
        "EIA_API_KEY": "own\n",
        "FRED_API_KEY": " ",
    }

    deploy("plan", "gcp", machine.environ | shared, machine.infra)

    assert json.loads(machine.variables()[-1]["TF_VAR_secrets"]) == {
        "ENTSOE_TOKEN": "hunter2",
        "EIA_API_KEY": "own",
    }
    assert "hunter2" not in str(machine.calls())


def test_passwords_that_are_no_json_are_refused_before_anything_is_run(machine: Machine) -> None:
    machine.install("terraform", GCP)
    machine.fill_in("gcp")

    with pytest.raises(ConfigurationError, match=r"^MSSQL_PASSWORDS: must be") as refused:
        deploy("plan", "gcp", machine.environ | {"MSSQL_PASSWORDS": "hunter2"}, machine.infra)

    assert "hunter2" not in str(refused.value)
    assert machine.calls() == []


def test_what_is_set_for_terraform_itself_wins(machine: Machine) -> None:
    machine.install("terraform", GCP)
    machine.fill_in("gcp")

    deploy(
        "plan",
        "gcp",
        machine.environ | {"MSSQL_PASSWORD": "a", "TF_VAR_secrets": '{"A": "b"}'},
        machine.infra,
    )

    assert machine.variables()[-1]["TF_VAR_secrets"] == '{"A": "b"}'


def test_a_failing_terraform_starts_nothing(machine: Machine) -> None:
    machine.install("terraform", GCP, code=1)
    machine.install("gcloud")
    machine.fill_in("gcp")

    with pytest.raises(CannotDeploy, match=r"^terraform .* init failed"):
        deploy("apply", "gcp", machine.environ, machine.infra)

    assert len(machine.calls()) == 1


def test_a_first_poll_that_cannot_be_started_is_a_failure(machine: Machine) -> None:
    machine.install("terraform", GCP)
    machine.install("gcloud", code=1)
    machine.fill_in("gcp")

    with pytest.raises(CannotDeploy, match="gcloud scheduler jobs failed"):
        deploy("apply", "gcp", machine.environ, machine.infra)


def test_what_is_missing_is_named_before_anything_is_run(machine: Machine) -> None:
    machine.install("terraform", version="1.10.5")

    with pytest.raises(CannotDeploy) as refused:
        deploy("plan", "gcp", machine.environ, machine.infra)

    told = str(refused.value)
    assert "terraform is version 1.10.5: 1.11 or newer is needed" in told
    assert "gcp/terraform.tfvars is missing: copy the example and fill it in:" in told
    assert "gcp/backend.hcl is missing: copy the example and say where the state is kept:" in told
    assert machine.calls() == []


def test_a_wrong_command_line_is_told_how(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "azure"]) == 2
    assert "plan|apply|destroy gcp|aws" in capsys.readouterr().err


def test_the_check_is_told_which_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "gcp"]) == 2
    assert main(["check", "gcp", "nowhere.yaml"]) == 1
    assert "there is no file nowhere.yaml" in capsys.readouterr().err
