"""The second day of a deployment: what follows an apply, in an account that refuses as the real ones do.

Each sequence begins with a deployment of one plant. Every step is planned, held against the imitation
(refusals.py) and applied; a plan after it is empty.
"""

import json
from typing import Any

import pytest

from tests.infra.changes import Action, Changes
from tests.infra.conftest import OFFLINE
from tests.infra.deployed import FUNCTION, OFF, ONE, STAYING, Deployment

pytestmark = pytest.mark.skipif(not OFFLINE.exists(), reason="needs ../shared/terraform-offline")

CALLING = {
    "gcp": {"google_cloud_scheduler_job", "google_monitoring_alert_policy"},
    "aws": {"aws_scheduler_schedule", "aws_cloudwatch_metric_alarm"},
}
VERSIONS = ("google_secret_manager_secret_version", "aws_secretsmanager_secret_version")


def types(changes: Changes, action: str) -> set[str]:
    return {one.type for one in changes.all if one.action == action}


def test_a_plant_that_is_switched_off_and_on_loses_its_schedules_alone(deployed: Deployment) -> None:
    off = deployed.deploy(f"north: {OFF}")
    on = deployed.deploy(f"north: {ONE}")

    assert types(off, "delete") == types(on, "create") == CALLING[deployed.cloud]
    assert types(off, "create") == types(on, "delete") == set()


def test_one_plant_becomes_two_of_which_one_is_renamed_and_the_other_goes(deployed: Deployment) -> None:
    steps = [
        deployed.deploy(f"north: {ONE}, south: {ONE}"),
        deployed.deploy(f"north: {ONE}, east: {ONE}"),
        deployed.deploy(f"east: {ONE}"),
    ]

    assert all(types(step, "delete") <= CALLING[deployed.cloud] for step in steps)
    assert all("MSSQL_PASSWORDS" in " ".join(one.address for one in step.all) for step in steps)


def test_the_last_plant_goes_and_another_comes(deployed: Deployment) -> None:
    none = deployed.deploy("")
    back = deployed.deploy(f"south: {ONE}")

    assert none.of("delete", *STAYING[deployed.cloud]) == []
    assert back.of("create", FUNCTION[deployed.cloud])


OFFICE = "office: {kind: email, host: smtp.example.com, user: u, sender: a@example.com, to: [b@example.com]}"
TEAM = "team: {kind: slack}"
CHANNEL_SECRETS = {"CHANNEL_SECRET__OFFICE": "x", "CHANNEL_SECRET__TEAM": "y"}


def readers_of_channels(changes: Changes, action: Action) -> int:
    return readers_of("CHANNEL_SECRETS", changes, action)


def readers_of(secret: str, changes: Changes, action: Action) -> int:
    grants = changes.of(action, "google_secret_manager_secret_iam_member", "aws_iam_role_policy")
    return sum(secret in one.address for one in grants)


def test_channels_come_one_after_another_and_go_to_the_last(deployed: Deployment) -> None:
    deployed.rehearsal.environ |= CHANNEL_SECRETS
    plants = f"north: {ONE}"
    first = deployed.deploy(plants, channels=OFFICE)
    second = deployed.deploy(plants, channels=f"{OFFICE}, {TEAM}")
    removed = deployed.deploy(plants, channels=TEAM)
    last = deployed.deploy(plants)

    steps = (first, second, removed, last)
    assert [readers_of_channels(step, "create") for step in steps] == [4, 0, 0, 0]
    assert [readers_of_channels(step, "delete") for step in steps] == [0, 0, 0, 4]
    assert all('secret_version.named["CHANNEL_SECRETS"]' in addresses(step) for step in steps)
    assert all(step.of("delete", *STAYING[deployed.cloud]) == [] for step in steps)
    assert all(step.of("create", *STAYING[deployed.cloud]) == [] for step in steps)


def test_a_channel_that_is_switched_off_needs_no_secret_and_keeps_its_place(deployed: Deployment) -> None:
    deployed.rehearsal.environ |= CHANNEL_SECRETS
    deployed.deploy(f"north: {ONE}", channels=TEAM)
    del deployed.rehearsal.environ["CHANNEL_SECRET__TEAM"]

    off = deployed.deploy(f"north: {ONE}", channels="team: {kind: slack, enabled: false}")

    assert readers_of_channels(off, "delete") == 4
    assert off.of("delete", *STAYING[deployed.cloud]) == []


def test_a_first_channel_comes_with_the_version_that_knows_channels(deployed: Deployment) -> None:
    path = deployed.rehearsal.root / "rehearsal.tfstate"
    state = json.loads(path.read_text(encoding="utf-8"))
    state["resources"] = before("CHANNEL_SECRETS", state["resources"])
    path.write_text(json.dumps(state), encoding="utf-8")
    deployed.rehearsal.environ |= CHANNEL_SECRETS

    upgrade = deployed.deploy(f"north: {ONE}", channels=OFFICE)

    assert readers_of_channels(upgrade, "create") == 4
    assert [one.address for one in upgrade.of("create", *STAYING[deployed.cloud])] == [
        f'{STAYING[deployed.cloud][0]}.named["CHANNEL_SECRETS"]'
    ]


SERIES_KEYS = {"ENTSOE_TOKEN": "x", "EIA_API_KEY": "y", "FRED_API_KEY": "z"}


def test_series_come_with_the_version_that_knows_them_and_go(deployed: Deployment) -> None:
    path = deployed.rehearsal.root / "rehearsal.tfstate"
    state = json.loads(path.read_text(encoding="utf-8"))
    state["resources"] = before("SERIES_KEYS", state["resources"])
    path.write_text(json.dumps(state), encoding="utf-8")
    deployed.rehearsal.environ |= SERIES_KEYS
    plants = f"north: {ONE}"

    upgrade = deployed.deploy(plants, series="{}")
    gone = deployed.deploy(plants)

    steps = (upgrade, gone)
    assert [len(step.of("create", FUNCTION[deployed.cloud])) for step in steps] == [5, 0]
    assert [len(step.of("delete", FUNCTION[deployed.cloud])) for step in steps] == [0, 5]
    assert [readers_of("SERIES_KEYS", step, "create") for step in steps] == [5, 0]
    assert [readers_of("SERIES_KEYS", step, "delete") for step in steps] == [0, 5]
    assert [one.address for one in upgrade.of("create", STAYING[deployed.cloud][0])] == [
        f'{STAYING[deployed.cloud][0]}.named["SERIES_KEYS"]'
    ]
    assert all(step.of("delete", *STAYING[deployed.cloud]) == [] for step in steps)


def test_machine_tags_come_with_the_version_that_knows_them_and_go(deployed: Deployment) -> None:
    path = deployed.rehearsal.root / "rehearsal.tfstate"
    state = json.loads(path.read_text(encoding="utf-8"))
    state["resources"] = before("TAG_CREDENTIALS", state["resources"])
    path.write_text(json.dumps(state), encoding="utf-8")
    with_tags = ONE.removesuffix("}") + ", tags: {}}"

    upgrade = deployed.deploy(f"north: {with_tags}")
    gone = deployed.deploy(f"north: {ONE}")

    steps = (upgrade, gone)
    assert [len(step.of("create", FUNCTION[deployed.cloud])) for step in steps] == [1, 0]
    assert [len(step.of("delete", FUNCTION[deployed.cloud])) for step in steps] == [0, 1]
    assert [readers_of("TAG_CREDENTIALS", step, "create") for step in steps] == [1, 0]
    assert [readers_of("TAG_CREDENTIALS", step, "delete") for step in steps] == [0, 1]
    assert [one.address for one in upgrade.of("create", STAYING[deployed.cloud][0])] == [
        f'{STAYING[deployed.cloud][0]}.named["TAG_CREDENTIALS"]'
    ]
    assert all(step.of("delete", *STAYING[deployed.cloud]) == [] for step in steps)
    calls = [len(upgrade.of("create", one)) for one in CALLING[deployed.cloud] if "schedule" in one]
    assert calls == [{"gcp": 2, "aws": 1}[deployed.cloud]]


def addresses(changes: Changes) -> str:
    return " ".join(one.address for one in changes.all)


@pytest.mark.parametrize("first_day", ["gcp"], indirect=True)
def test_an_address_for_alarms_is_changed_and_removed(deployed: Deployment) -> None:
    changed = deployed.deploy(f"north: {ONE}", alarms='{ emails = ["a@example.com", "c@example.com"] }')
    removed = deployed.deploy(f"north: {ONE}", alarms='{ emails = ["a@example.com"] }')

    assert [len(step.of("delete", *types(step, "delete"))) for step in (changed, removed)] == [1, 1]


def test_values_that_terraform_wrote_outlive_its_hands(deployed: Deployment) -> None:
    by_hand = deployed.deploy(f"north: {ONE}", secrets_version="0")
    again = deployed.deploy(f"north: {ONE}", secrets_version="1")

    assert len(by_hand.of("delete", *VERSIONS)) == len(again.of("create", *VERSIONS)) == 5


@pytest.mark.parametrize("first_day", ["gcp"], indirect=True)
def test_a_metric_that_comes_later_is_waited_for(deployed: Deployment) -> None:
    deployed.set()
    for address in (
        "google_logging_metric.this",
        "time_sleep.metric",
        "google_monitoring_alert_policy.incident",
    ):
        deployed.rehearsal.run("state", "rm", f'{address}["timeouts"]')

    later = deployed.apply()

    assert [one.address.count('["timeouts"]') for one in later.all] == [1, 1, 1]


@pytest.mark.parametrize("first_day", ["gcp"], indirect=True)
def test_forty_plants_fit_into_the_first_quota(deployed: Deployment) -> None:
    deployed.rehearsal.environ |= {f"MSSQL_PASSWORD__P{number}": "x" for number in range(40)}
    deployed.settle(", ".join(f"p{number}: {ONE}" for number in range(40)))
    deployed.set()

    changes = deployed.rehearsal.plan()

    assert deployed.account.refusals(changes) == []
    assert len(changes.of("create", "google_cloud_scheduler_job")) == 80


def test_a_deployment_of_an_older_version_loses_nothing(deployed: Deployment) -> None:
    path = deployed.rehearsal.root / "rehearsal.tfstate"
    state = json.loads(path.read_text(encoding="utf-8"))
    state["resources"] = as_before_the_one_secret(state["resources"])
    path.write_text(json.dumps(state), encoding="utf-8")
    deployed.set()

    upgrade = deployed.apply()

    assert types(upgrade, "delete") == set()
    assert [one.address for one in upgrade.of("create", *STAYING[deployed.cloud])] == [
        f'{STAYING[deployed.cloud][0]}.named["{name}"]'
        for name in ("CHANNEL_SECRETS", "MSSQL_PASSWORDS", "SERIES_KEYS", "TAG_CREDENTIALS")
    ]


def before(secret: str, resources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a state as it was when there was no such secret."""
    return [
        one | {"instances": [made for made in one["instances"] if made.get("index_key") != secret]}
        for one in resources
    ]


def as_before_the_one_secret(resources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a state as it was when a single plant had a secret MSSQL_PASSWORD."""
    older_still = resources
    for secret in ("CHANNEL_SECRETS", "SERIES_KEYS", "TAG_CREDENTIALS"):
        older_still = before(secret, older_still)
    text = json.dumps(older_still).replace("MSSQL_PASSWORDS", "MSSQL_PASSWORD")
    older = [one for one in json.loads(text) if one["type"] != "time_sleep"]
    older = [one for one in older if (one["type"], one["name"]) != ("aws_iam_role_policy", "reader")]
    names = {"named": "this", "reader": "function"}
    for one in older:
        one["name"] = names.get(one["name"], one["name"])
        for instance in one["instances"]:
            instance.pop("create_before_destroy", None)
    return older


# The Google root as it was: the imitation sees each fault. Of AWS it sees what a bare destroy leaves behind.
FAULTS = {
    "still referenced": ("alarms.tf", "create_before_destroy = true # the policies", "# the policies"),
    "cannot find metric": ("alarms.tf", "depends_on = [time_sleep.metric]", ""),
    "answered 403": (
        "scheduler.tf",
        "[time_sleep.invoker]",
        "[google_cloud_run_v2_service_iam_member.invoker]",
    ),
    "total CPU": ("main.tf", "= local.instances[each.key]", "= each.value.max_instances"),
}


@pytest.mark.parametrize("told", FAULTS)
@pytest.mark.parametrize("first_day", ["gcp"], indirect=True)
def test_the_imitation_sees_what_was_wrong(told: str, deployed: Deployment) -> None:
    name, right, wrong = FAULTS[told]
    path = deployed.rehearsal.root / name
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(right, wrong), encoding="utf-8")
    deployed.rehearsal.environ |= {f"MSSQL_PASSWORD__P{number}": "x" for number in range(40)}
    deployed.settle(", ".join(f"p{number}: {ONE}" for number in range(40)))
    deployed.set(alarms='{ emails = ["a@example.com"] }')
    state = deployed.rehearsal.root / "rehearsal.tfstate"
    if told in ("cannot find metric", "answered 403"):
        state.unlink()  # a first deployment
    else:  # Terraform goes by the order that it has noted before
        noted = json.loads(state.read_text(encoding="utf-8"))
        for instance in (one for resource in noted["resources"] for one in resource["instances"]):
            instance.pop("create_before_destroy", None)
        state.write_text(json.dumps(noted), encoding="utf-8")

    refused = deployed.account.refusals(deployed.rehearsal.plan())

    assert text.count(right) > 0
    assert [one for one in refused if told in one]
