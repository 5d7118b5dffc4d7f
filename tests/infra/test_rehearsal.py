"""A deployment from beginning to end, as `make deploy-*` does it, with the real Terraform.

The providers are stand-ins that keep what they were asked for (`../shared/terraform-offline`), so nothing is
created anywhere; against the registry's providers this would be a deployment, and is skipped.
"""

import json
import re
import shutil

import pytest

from bundle import deployment
from infra.deploy import CannotDeploy, check
from tests.infra.conftest import OFFLINE
from tests.infra.rehearsal import Rehearsal

pytestmark = pytest.mark.skipif(not OFFLINE.exists(), reason="needs ../shared/terraform-offline")

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
        "google_secret_manager_secret_iam_member.reader",
        "time_sleep.grants",
    },
    "aws": {
        "aws_iam_role_policy.function",
        "aws_iam_role_policy.reader",
        "aws_secretsmanager_secret_version.named",
    },
}
FUNCTION = {"gcp": "google_cloudfunctions2_function.this", "aws": "aws_lambda_function.this"}


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

    variables = rehearsal.root / "terraform.tfvars"
    protected = variables.read_text(encoding="utf-8")
    variables.write_text(
        re.sub(r"(?m)^deletion_protection .*", "deletion_protection = false", protected), "utf-8"
    )
    rehearsal.deploy("apply")
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
