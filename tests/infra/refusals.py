"""A small imitation of what the real clouds refuse, or do wrong in silence, although every mock agrees.

It reads a plan and says what an account would have answered. What it knows is in docs/first-deployment.md,
with its sources. It keeps what outlives a deployment: names that are still taken.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from tests.infra.changes import Change, Changes

FUNCTIONS = ("google_cloudfunctions2_function", "aws_lambda_function")
GRANT_WORKS_AFTER_S = 420
METRIC_IS_KNOWN_AFTER_S = 600
INTERFACES_ARE_GONE_AFTER_S = 1200
_VCPU = {"128Mi": 0.083, "256Mi": 0.167, "512Mi": 0.333, "1024Mi": 0.583, "2048Mi": 1.0}
_VCPU_QUOTA = 20


class Account:
    """An account of one cloud, with the names that are still taken there."""

    def __init__(self) -> None:
        self.taken: dict[str, str] = {}

    def refusals(self, changes: Changes) -> list[str]:
        """Return what the account would have refused of a plan, or what would have failed meanwhile."""
        rules = (
            self._taken_names, _protected, _used_by_functions, _channels, _metrics, _grants,
            _processors, _interfaces, _needed_by_new,
        )  # fmt: skip
        return sorted({told for rule in rules for told in rule(changes)})

    def keep(self, changes: Changes) -> None:
        """Take note of what a plan that was applied has left behind."""
        for one in changes.of("delete", "aws_secretsmanager_secret"):
            if one.before["recovery_window_in_days"]:
                self.taken[one.before["name"]] = "is scheduled for deletion"
        for one in changes.of("delete", "aws_cloudwatch_log_group"):
            if one.before["skip_destroy"]:
                self.taken[one.before["name"]] = "already exists"
        for one in changes.of("delete", "google_logging_project_bucket_config"):
            self.taken[one.before["bucket_id"]] = "must be ACTIVE to be modified, for seven days"

    def undelete_log_bucket(self) -> None:
        """Do by hand what docs/deploy.md says of the log bucket."""
        self.taken = {name: why for name, why in self.taken.items() if "ACTIVE" not in why}

    def _taken_names(self, changes: Changes) -> Iterator[str]:
        names = {
            "aws_secretsmanager_secret": "name",
            "aws_cloudwatch_log_group": "name",
            "google_logging_project_bucket_config": "bucket_id",
        }
        for one in changes.of("create", *names):
            name = one.after[names[one.type]]
            if name in self.taken:
                yield f"{one.address}: {name} {self.taken[name]}"


def _protected(changes: Changes) -> Iterator[str]:
    for one in changes.of("delete", "google_secret_manager_secret"):
        if one.before["deletion_protection"]:
            yield f"{one.address}: cannot be destroyed while deletion_protection is true"
    for one in changes.of("delete", "google_storage_bucket"):
        if not one.before["force_destroy"]:
            yield f"{one.address}: the bucket is not empty"


def _used_by_functions(changes: Changes) -> Iterator[str]:
    """A cold start in the middle of the apply finds nothing of what its function names."""
    for taken_away in changes.all:
        for address, function in changes.before(*FUNCTIONS).items():
            if not _takes_away(taken_away, function):
                continue
            change = changes.of_address(address)
            if change is None or not changes.surely_comes_before(change, taken_away):
                yield f"{taken_away.address}: goes while {address} still needs it"
    for one in changes.of("delete", "google_secret_manager_secret_version"):
        for address, function in changes.after(*FUNCTIONS).items():
            if one.before["deletion_policy"] != "ABANDON" and "latest" in _versions(
                function, one.before["secret"]
            ):
                yield f"{one.address}: is the latest version, which {address} reads"


def _takes_away(change: Change, function: dict[str, Any]) -> bool:
    takes = _TAKES.get((change.type, change.action))
    return takes is not None and takes(change, function)


def _takes_secret(change: Change, function: dict[str, Any]) -> bool:
    return f'"{change.before.get("secret_id") or change.before["arn"]}"' in json.dumps(function)


def _takes_version(change: Change, function: dict[str, Any]) -> bool:
    before = change.before
    return before["deletion_policy"] != "ABANDON" and before["version"] in _versions(
        function, before["secret"]
    )


def _takes_grant(change: Change, function: dict[str, Any]) -> bool:
    email = function["service_config"][0]["service_account_email"]
    secret = change.before["secret_id"].rpartition("/")[2]
    return change.before["member"].endswith(f":{email}") and f'"{secret}"' in json.dumps(function)


def _takes_rights(change: Change, function: dict[str, Any]) -> bool:
    lost = _arns(change.before) - _arns(change.after)
    is_needed = any(f'"{arn}"' in json.dumps(function) for arn in lost)
    return is_needed and _is_of(change.before, function)


def _takes_network(change: Change, function: dict[str, Any]) -> bool:
    where = function["vpc_config"] if "vpc_config" in function else function["service_config"]
    return f'"{change.before["id"]}"' in json.dumps(where)


def _versions(function: dict[str, Any], secret: str) -> set[str]:
    variables = function["service_config"][0]["secret_environment_variables"]
    return {one["version"] for one in variables if secret.endswith(f"/{one['secret']}")}


def _arns(policy: dict[str, Any]) -> set[str]:
    return set(re.findall(r'"(arn:aws:secretsmanager:[^"]+)"', policy.get("policy") or ""))


def _is_of(policy: dict[str, Any], function: dict[str, Any]) -> bool:
    return bool(function["role"].endswith(f"/{policy['role']}"))


def _channels(changes: Changes) -> Iterator[str]:
    for gone in changes.of("delete", "google_monitoring_notification_channel"):
        for address, policy in changes.before("google_monitoring_alert_policy").items():
            change = changes.of_address(address)
            is_named = gone.before["id"] in policy["notification_channels"]
            if is_named and not (change and changes.surely_comes_before(change, gone)):
                yield f"{gone.address}: is still referenced by {address}"


def _metrics(changes: Changes) -> Iterator[str]:
    for policy in (one for one in changes.all if one.type == "google_monitoring_alert_policy" and one.after):
        named = set(
            re.findall(r"logging.googleapis.com/user/([\w/-]+)", json.dumps(policy.after["conditions"]))
        )
        for metric in changes.of("create", "google_logging_metric"):
            if metric.after["name"] in named and not _is_waited_for(
                changes, metric, policy, METRIC_IS_KNOWN_AFTER_S
            ):
                yield f"{policy.address}: cannot find metric {metric.after['name']}"
        known = {one["name"] for one in changes.after("google_logging_metric").values()}
        yield from (f"{policy.address}: there is no metric {name}" for name in named - known)


def _grants(changes: Changes) -> Iterator[str]:
    for job in changes.of("create", "google_cloud_scheduler_job"):
        for grant in changes.of("create", "google_cloud_run_v2_service_iam_member"):
            is_own = 'scheduler"]' in grant.address
            if is_own and not _is_waited_for(changes, grant, job, GRANT_WORKS_AFTER_S):
                yield f"{job.address}: its first call is answered 403"


def _is_waited_for(changes: Changes, first: Change, then: Change, seconds: int) -> bool:
    return any(
        _seconds(one.after["create_duration"]) >= seconds
        and changes.surely_comes_before(first, one)
        and changes.surely_comes_before(one, then)
        for one in changes.of("create", "time_sleep")
    )


def _seconds(duration: str | None) -> int:
    return int(duration[:-1]) * {"s": 1, "m": 60}[duration[-1]] if duration else 0


def _processors(changes: Changes) -> Iterator[str]:
    for address, function in changes.after("google_cloudfunctions2_function").items():
        config = function["service_config"][0]
        if config["max_instance_count"] * _VCPU[config["available_memory"]] > _VCPU_QUOTA:
            yield f"{address}: max instances must be set to fewer in order to set the requested total CPU"


def _interfaces(changes: Changes) -> Iterator[str]:
    """Lambda removes its interfaces with the function's role, up to 20 minutes after the function left."""
    for policy in changes.of("delete", "aws_iam_role_policy"):
        if "ec2:DeleteNetworkInterface" not in policy.before["policy"]:
            continue
        for address, function in changes.before("aws_lambda_function").items():
            if not (_is_of(policy.before, function) and function["vpc_config"]):
                continue
            leaves = changes.of_address(address)
            waits = [
                *(one for one in changes.of("delete", "time_sleep") if _waits_long_enough(one)),
                *changes.of("delete", "aws_security_group"),
            ]
            if leaves is None or not any(
                changes.surely_comes_before(leaves, one) and changes.surely_comes_before(one, policy)
                for one in waits
            ):
                yield f"{policy.address}: goes while Lambda still removes the interfaces of {address}"


def _waits_long_enough(sleep: Change) -> bool:
    return _seconds(sleep.before["destroy_duration"]) >= INTERFACES_ARE_GONE_AFTER_S


def _needed_by_new(changes: Changes) -> Iterator[str]:
    """A function that begins to need a secret finds it, its value and the right to read it."""
    types = (
        "google_secret_manager_secret_version", "google_secret_manager_secret_iam_member",
        "aws_secretsmanager_secret_version", "aws_iam_role_policy",
    )  # fmt: skip
    for function in (one for one in changes.all if one.type in FUNCTIONS and one.action != "delete"):
        for needed in changes.of("create", *types):
            own = re.search(r'\["(\w+) \w+"\]$', needed.address)
            if own and f'["{own[1]}"]' not in function.address:
                continue
            if needed.address.startswith("aws_iam_role_policy.scheduler"):
                continue
            if not changes.surely_comes_before(needed, function):
                yield f"{function.address}: may start before {needed.address} is there"


_TAKES: dict[tuple[str, str], Callable[[Change, dict[str, Any]], bool]] = {
    ("google_secret_manager_secret", "delete"): _takes_secret,
    ("google_secret_manager_secret_version", "delete"): _takes_version,
    ("google_secret_manager_secret_iam_member", "delete"): _takes_grant,
    ("google_vpc_access_connector", "delete"): _takes_network,
    ("aws_secretsmanager_secret", "delete"): _takes_secret,
    ("aws_iam_role_policy", "update"): _takes_rights,
    ("aws_iam_role_policy", "delete"): _takes_rights,
    ("aws_security_group", "delete"): _takes_network,
    ("aws_subnet", "delete"): _takes_network,
}
