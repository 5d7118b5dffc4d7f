"""A deployment from beginning to end, as `make deploy-*` does it, with the real Terraform.

The providers are stand-ins that keep what they were asked for (`../shared/terraform-offline`), so nothing is
created anywhere; against the registry's providers this would be a deployment, and is skipped.
"""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from bundle import deployment
from infra.deploy import CannotDeploy, check, deploy, variables_from
from tests.infra.conftest import OFFLINE, ROOT, Terraform

pytestmark = pytest.mark.skipif(not OFFLINE.exists(), reason="needs ../shared/terraform-offline")

SECRETS = {
    "SUPABASE_SECRET_KEY": "sb_secret_never_in_a_state",
    "MSSQL_PASSWORD__NORTHFIELD": "northfield-never-in-a-state",
    "MSSQL_PASSWORD__REGENSBURG": "regensburg-never-in-a-state",
}
FIRST_POLL = {
    "gcp": "called: gcloud scheduler jobs run plantpulse-live_pulse-northfield --location=europe-west3",
    "aws": "called: aws lambda invoke --function-name=plantpulse-live-pulse --region=eu-central-1",
}
BUNDLE_OF_HEALTH = {"gcp": "health.zip", "aws": "health-x86_64.zip"}
REDEPLOYED = {
    "gcp": {
        'google_storage_bucket_object.bundle["health"]',
        'google_cloudfunctions2_function.this["health"]',
    },
    "aws": {'aws_lambda_function.this["health"]'},
}
# What must be there before a function is built or started, and is not referred to by it.
WAITED_FOR = {
    "gcp": {
        "google_project_iam_member.builder",
        "google_project_iam_member.sources",
        "google_storage_bucket_iam_member.builder",
        "google_artifact_registry_repository_iam_member.builder",
        "google_secret_manager_secret_iam_member.function",
    },
    "aws": {"aws_iam_role_policy.function", "aws_secretsmanager_secret_version.this"},
}
FUNCTION = {"gcp": "google_cloudfunctions2_function.this", "aws": "aws_lambda_function.this"}
UNATTENDED = {
    "TF_CLI_ARGS_apply": "-auto-approve -no-color",
    "TF_CLI_ARGS_destroy": "-auto-approve -no-color",
}


class Rehearsal:
    """One cloud's root beside bundles and settings, with its state in a file."""

    def __init__(self, folder: Path, cloud: str, terraform: str, environ: dict[str, str]) -> None:
        self.cloud, self.terraform, self.environ, self.folder = cloud, terraform, environ, folder
        self.infra, self.root = folder / "infra" / "terraform", folder / "infra" / "terraform" / cloud
        self.bundles = folder / "build" / "bundles" / cloud

    def deploy(self, action: str, **environ: str) -> None:
        deploy(action, self.cloud, self.environ | UNATTENDED | environ, self.infra)

    def state(self) -> str:
        return (self.root / "rehearsal.tfstate").read_text(encoding="utf-8")

    def waited_for(self, address: str) -> set[str]:
        """Return the resources that Terraform makes before another one."""
        done = subprocess.run(
            [self.terraform, f"-chdir={self.root}", "graph"],
            env=self.environ,
            capture_output=True,
            text=True,
            check=True,
        )
        return set(re.findall(rf'"{re.escape(address)}" -> "(\S+)"', done.stdout))

    def changes(self) -> dict[str, list[str]]:
        """Return what a plan would change: addresses with their actions."""
        for arguments in (("plan", "-out=plan"), ("show", "-json", "plan")):
            done = subprocess.run(
                [self.terraform, f"-chdir={self.root}", *arguments],
                env=self.environ | variables_from(self.environ),
                capture_output=True,
                text=True,
                check=True,
            )
        changes = json.loads(done.stdout)["resource_changes"]
        found = {change["address"]: change["change"]["actions"] for change in changes}
        return {
            address: actions for address, actions in found.items() if actions not in (["no-op"], ["read"])
        }


@pytest.fixture(params=["gcp", "aws"])
def rehearsal(request: pytest.FixtureRequest, tmp_path: Path, terraform: Terraform) -> Rehearsal:
    cloud, infra = request.param, tmp_path / "infra" / "terraform"
    shutil.copytree(terraform.folder, infra, ignore=shutil.ignore_patterns(".terraform*"))
    shutil.copytree(infra / cloud / "tests" / "bundles", tmp_path / "build" / "bundles" / cloud)
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    shutil.copy(ROOT / "plantpulse.yaml", tmp_path)
    shutil.copy(infra / cloud / "examples" / "complete.tfvars", infra / cloud / "terraform.tfvars")
    (infra / cloud / "backend.hcl").write_text('path = "rehearsal.tfstate"\n', encoding="utf-8")
    (infra / cloud / "backend_override.tf").write_text(
        'terraform {\n  backend "local" {}\n}\n', encoding="utf-8"
    )
    told = subprocess.run(
        [OFFLINE, "env", "google", "aws"], capture_output=True, text=True, check=True
    ).stdout
    environ = terraform.environment() | dict(re.findall(r"^export (\w+)='?(.*?)'?$", told, re.MULTILINE))
    deployment.write(tmp_path / "examples" / "several_plants.yaml", tmp_path / "build" / "deployment.json")
    path = f"{echoing_programs(tmp_path / 'bin', 'gcloud', 'aws')}:{environ['PATH']}"
    return Rehearsal(tmp_path, cloud, terraform.binary, environ | SECRETS | {"PATH": path})


def echoing_programs(folder: Path, *names: str) -> Path:
    """Return a folder of programs that only say how they were called: no test calls a cloud."""
    folder.mkdir()
    for name in names:
        (folder / name).write_text(f'#!/bin/sh\necho "called: {name} $*"\n', encoding="utf-8")
        (folder / name).chmod(0o755)
    return folder


def test_a_deployment_is_made_kept_changed_and_taken_down(
    rehearsal: Rehearsal, capfd: pytest.CaptureFixture[str]
) -> None:
    check(
        rehearsal.cloud,
        rehearsal.environ,
        rehearsal.folder / "examples" / "several_plants.yaml",
        rehearsal.infra,
    )
    rehearsal.deploy("apply")

    told = capfd.readouterr().out
    assert "Apply complete!" in told
    assert FIRST_POLL[rehearsal.cloud] in told
    assert "never-in-a-state" not in told + rehearsal.state()
    assert "never_in_a_state" not in told + rehearsal.state()
    assert rehearsal.changes() == {}

    bundle = rehearsal.bundles / BUNDLE_OF_HEALTH[rehearsal.cloud]
    bundle.write_bytes(bundle.read_bytes() + b"changed")

    assert set(rehearsal.changes()) == REDEPLOYED[rehearsal.cloud]

    rehearsal.deploy("destroy")

    assert json.loads(rehearsal.state())["resources"] == []


def test_the_minimal_example_needs_the_secrets_alone(
    rehearsal: Rehearsal, capfd: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(rehearsal.root / "examples" / "minimal.tfvars", rehearsal.root / "terraform.tfvars")
    deployment.write(rehearsal.folder / "plantpulse.yaml", rehearsal.folder / "build" / "deployment.json")

    rehearsal.deploy("plan", SUPABASE_URL="https://abcdefghijklmnop.supabase.co")

    assert rehearsal.waited_for(FUNCTION[rehearsal.cloud]) >= WAITED_FOR[rehearsal.cloud]
    assert "0 to change, 0 to destroy" in capfd.readouterr().out


def test_a_missing_secret_is_named_before_anything_is_made(
    rehearsal: Rehearsal, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(CannotDeploy):
        rehearsal.deploy("apply", MSSQL_PASSWORD__REGENSBURG="")

    assert "The secret MSSQL_PASSWORD__REGENSBURG is missing" in capfd.readouterr().err
    assert not (rehearsal.root / "rehearsal.tfstate").exists()


def test_a_deployment_of_another_file_is_refused_before_anything_is_made(
    rehearsal: Rehearsal, capfd: pytest.CaptureFixture[str]
) -> None:
    path = rehearsal.folder / "examples" / "several_plants.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "# a change\n", encoding="utf-8")

    with pytest.raises(CannotDeploy):
        rehearsal.deploy("apply")

    told = " ".join(capfd.readouterr().err.replace("│", " ").split())
    assert (
        "../../../build/deployment.json was not made of ../../../examples/several_plants.yaml as it is now:"
        " run `make bundle`, with CONFIG=<that file> if it is not plantpulse.yaml."
    ) in told
    assert told.count("Error: ") == 1
    assert not (rehearsal.root / "rehearsal.tfstate").exists()


def test_a_deployment_that_was_never_computed_is_asked_for(
    rehearsal: Rehearsal, capfd: pytest.CaptureFixture[str]
) -> None:
    (rehearsal.folder / "build" / "deployment.json").unlink()

    with pytest.raises(CannotDeploy):
        rehearsal.deploy("plan")

    told = " ".join(capfd.readouterr().err.replace("│", " ").split())
    assert "../../../build/deployment.json does not exist: run `make bundle`." in told
    assert told.count("Error: ") == 1
