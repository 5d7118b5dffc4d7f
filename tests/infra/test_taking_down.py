"""Taking a deployment down and making it again, and leaving a network, in an account that refuses.

See test_second_day.py.
"""

import re

import pytest

from infra.deploy import CannotDeploy
from tests.infra.conftest import OFFLINE, ROOT
from tests.infra.deployed import FUNCTION, ONE, STAYING, Deployment

pytestmark = pytest.mark.skipif(not OFFLINE.exists(), reason="needs ../shared/terraform-offline")

GUIDE = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
EXISTING = '{ existing = { subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"] } }'


def test_a_protected_deployment_is_not_destroyed_by_half(deployed: Deployment) -> None:
    with pytest.raises(
        CannotDeploy, match=r"deletion_protection = false in terraform.tfvars, run make deploy"
    ):
        deployed.rehearsal.deploy("destroy")

    deployed.set()
    assert deployed.rehearsal.is_settled()


def test_a_deployment_that_was_taken_down_is_made_again_at_once(deployed: Deployment) -> None:
    deployed.deploy(f"north: {ONE}", deletion_protection="false")
    gone = deployed.apply("-destroy")
    deployed.account.undelete_log_bucket()
    again = deployed.deploy(f"north: {ONE}", deletion_protection="true")

    assert len(gone.all) == len(again.all) > 50
    assert "gcloud logging buckets undelete plantpulse" in GUIDE


def test_what_a_bare_terraform_destroy_leaves_is_told_how_to_take_back(deployed: Deployment) -> None:
    deployed.set()
    gone = deployed.rehearsal.plan("-destroy")
    if deployed.cloud == "gcp":
        assert any("deletion_protection" in told for told in deployed.account.refusals(gone))
        return
    deployed.apply("-destroy")

    refused = deployed.account.refusals(deployed.rehearsal.plan())
    assert {told.split(".")[0] for told in refused} == set(STAYING["aws"])

    [blocks] = re.findall(r"```terraform\n(.*?)```", GUIDE, re.DOTALL)
    (deployed.rehearsal.root / "imports.tf").write_text(blocks, encoding="utf-8")
    assert deployed.account.refusals(deployed.rehearsal.plan()) == []
    assert "aws secretsmanager restore-secret --secret-id plantpulse/MSSQL_PASSWORDS" in GUIDE


def test_a_static_address_comes_goes_and_is_taken_down(deployed: Deployment) -> None:
    deployed.deploy(f"north: {ONE}", network="{ static_address = true }")
    without = deployed.deploy(f"north: {ONE}", network="{}")
    deployed.deploy(f"north: {ONE}", network="{ static_address = true }", deletion_protection="false")
    gone = deployed.apply("-destroy")

    for step in (without, gone):
        assert step.of("delete", "google_vpc_access_connector", "aws_nat_gateway")


@pytest.mark.parametrize("first_day", ["aws"], indirect=True)
def test_a_network_of_your_own_is_left_without_leftovers(deployed: Deployment) -> None:
    deployed.deploy(f"north: {ONE}", network=EXISTING)
    deployed.deploy(f"north: {ONE}", network="{}")
    deployed.deploy(f"north: {ONE}", network=EXISTING, deletion_protection="false")

    gone = deployed.apply("-destroy")

    assert gone.of("delete", FUNCTION["aws"])


@pytest.mark.parametrize("first_day", ["aws"], indirect=True)
def test_the_imitation_sees_rights_that_go_before_the_interfaces(deployed: Deployment) -> None:
    path = deployed.rehearsal.root / "network.tf"
    text = path.read_text(encoding="utf-8")
    right = "depends_on = [aws_iam_role_policy.network]"
    path.write_text(text.replace(right, ""), encoding="utf-8")
    deployed.deploy(f"north: {ONE}", network="{ static_address = true }")

    refused = deployed.account.refusals(deployed.rehearsal.plan("-destroy"))

    assert text.count(right) == 3  # security group, subnets, and the wait in a network of your own
    assert [told for told in refused if "while Lambda still removes the interfaces" in told]
