"""What a deployer needs is listed for each type of resource, and the guides say the same."""

import re

import pytest

from infra import permissions
from tests.infra.conftest import ROOT

INFRA = ROOT / "infra" / "terraform"
DEPLOY = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")


def types_in(cloud: str) -> set[str]:
    text = "\n".join(path.read_text(encoding="utf-8") for path in (INFRA / cloud).glob("*.tf"))
    return set(re.findall(r'^(?:resource|data) "(\w+)"', text, re.MULTILINE))


@pytest.mark.parametrize("cloud", ["aws", "gcp"])
def test_every_type_of_resource_has_its_rights_and_no_other_is_listed(cloud: str) -> None:
    assert set(permissions.NEEDED[cloud]) == types_in(cloud)
    assert set(permissions.NETWORK_TYPES) <= {*permissions.AWS, *permissions.GOOGLE}


@pytest.mark.parametrize("cloud", ["aws", "gcp"])
def test_the_readme_lists_them(cloud: str) -> None:
    readme = (INFRA / cloud / "README.md").read_text(encoding="utf-8")

    assert permissions.table(cloud) in readme


def test_what_is_tagged_can_be_untagged_and_what_is_made_removed() -> None:
    actions = {action for needed in permissions.AWS.values() for action in needed}

    for action in actions:
        service, _, verb = action.partition(":")
        if verb.startswith("Tag"):
            assert f"{service}:Un{verb[0].lower()}{verb[1:]}" in actions, action
        if verb.startswith("Create") and verb not in ("CreateTags", "CreateGrant"):
            assert f"{service}:{verb.replace('Create', 'Delete', 1)}" in actions, action


def test_the_guide_names_every_role_and_every_service() -> None:
    google = DEPLOY.partition("## 4 Google Cloud")[2].partition("## 5 AWS")[0]
    aws = DEPLOY.partition("## 5 AWS")[2].partition("\n## ")[0]

    roles = {role for needed in permissions.GOOGLE.values() for role in needed}
    assert {role for role in roles if f"`{role}`" not in google} == set()
    assert {one for one in (*permissions.AWS_STATE, *permissions.AWS_KEY) if f"`{one}`" not in aws} == set()
    services = {one.partition(":")[0] for needed in permissions.AWS.values() for one in needed} - {"sts"}
    assert {one for one in services if f"`{one}:" not in aws} == set()
