"""What a deployer may do: for each type of resource in the roots, the actions or roles that it needs.

The READMEs of both roots show it as a table (tables.py), and tests/infra/test_permissions.py holds it against
the roots. The actions are those of making, reading, changing, tagging and removing a resource, as its
provider calls them. Source: AWS, "Service Authorization Reference"; Google Cloud, "IAM roles and
permissions index". Nobody has tried them one by one in an account yet (docs/first-deployment.md).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

_TAGS: Final = ("TagResource", "UntagResource", "ListTagsForResource")

# What is only needed with a static address or a network of its own.
NETWORK_TYPES: Final = (
    "aws_default_security_group", "aws_eip", "aws_internet_gateway", "aws_nat_gateway", "aws_route_table",
    "aws_route_table_association", "aws_security_group", "aws_subnet", "aws_vpc",
    "aws_vpc_security_group_egress_rule", "google_compute_address", "google_compute_network",
    "google_compute_router", "google_compute_router_nat", "google_compute_subnetwork",
    "google_vpc_access_connector",
)  # fmt: skip


def _of(service: str, *actions: str) -> tuple[str, ...]:
    return tuple(f"{service}:{action}" for action in actions)


AWS: Final[Mapping[str, Sequence[str]]] = {
    "aws_availability_zones": _of("ec2", "DescribeAvailabilityZones"),
    "aws_caller_identity": _of("sts", "GetCallerIdentity"),
    "aws_cloudwatch_log_group": _of(
        "logs", "CreateLogGroup", "DeleteLogGroup", "DescribeLogGroups", "PutRetentionPolicy",
        "AssociateKmsKey", "DisassociateKmsKey", *_TAGS,
    ),
    "aws_cloudwatch_log_metric_filter": _of(
        "logs", "PutMetricFilter", "DescribeMetricFilters", "DeleteMetricFilter"
    ),
    "aws_cloudwatch_metric_alarm": _of(
        "cloudwatch", "PutMetricAlarm", "DescribeAlarms", "DeleteAlarms", *_TAGS
    ),
    "aws_default_security_group": _of(
        "ec2", "DescribeSecurityGroups", "DescribeSecurityGroupRules", "RevokeSecurityGroupIngress",
        "RevokeSecurityGroupEgress", "CreateTags", "DeleteTags",
    ),
    "aws_eip": _of(
        "ec2", "AllocateAddress", "DescribeAddresses", "DescribeAddressesAttribute", "DisassociateAddress",
        "ReleaseAddress",
    ),
    "aws_iam_role": _of(
        "iam", "CreateRole", "GetRole", "UpdateRole", "UpdateRoleDescription", "UpdateAssumeRolePolicy",
        "DeleteRole", "TagRole", "UntagRole", "ListRolePolicies", "ListAttachedRolePolicies",
        "ListInstanceProfilesForRole", "PassRole",
    ),
    "aws_iam_role_policy": _of("iam", "PutRolePolicy", "GetRolePolicy", "DeleteRolePolicy"),
    "aws_internet_gateway": _of(
        "ec2", "CreateInternetGateway", "AttachInternetGateway", "DetachInternetGateway",
        "DeleteInternetGateway", "DescribeInternetGateways",
    ),
    "aws_lambda_function": _of(
        "lambda", "CreateFunction", "GetFunction", "GetFunctionConfiguration", "GetFunctionCodeSigningConfig",
        "ListVersionsByFunction", "UpdateFunctionCode", "UpdateFunctionConfiguration", "DeleteFunction",
        "TagResource", "UntagResource", "ListTags",
    ),
    "aws_lambda_function_event_invoke_config": _of(
        "lambda", "PutFunctionEventInvokeConfig", "GetFunctionEventInvokeConfig",
        "DeleteFunctionEventInvokeConfig",
    ),
    "aws_lambda_function_url": _of(
        "lambda", "CreateFunctionUrlConfig", "GetFunctionUrlConfig", "UpdateFunctionUrlConfig",
        "DeleteFunctionUrlConfig",
    ),
    "aws_lambda_permission": _of("lambda", "AddPermission", "GetPolicy", "RemovePermission"),
    "aws_nat_gateway": _of("ec2", "CreateNatGateway", "DescribeNatGateways", "DeleteNatGateway"),
    "aws_partition": (),
    "aws_route_table": _of(
        "ec2", "CreateRouteTable", "DescribeRouteTables", "DeleteRouteTable", "CreateRoute", "ReplaceRoute",
        "DeleteRoute",
    ),
    "aws_route_table_association": _of(
        "ec2", "AssociateRouteTable", "ReplaceRouteTableAssociation", "DisassociateRouteTable"
    ),
    "aws_scheduler_schedule": _of(
        "scheduler", "CreateSchedule", "GetSchedule", "UpdateSchedule", "DeleteSchedule"
    ),
    "aws_scheduler_schedule_group": _of(
        "scheduler", "CreateScheduleGroup", "GetScheduleGroup", "DeleteScheduleGroup", *_TAGS
    ),
    "aws_secretsmanager_secret": _of(
        "secretsmanager", "CreateSecret", "DescribeSecret", "GetResourcePolicy", "UpdateSecret",
        "DeleteSecret", "RestoreSecret", "TagResource", "UntagResource",
    ),
    "aws_secretsmanager_secret_version": _of(
        "secretsmanager", "PutSecretValue", "GetSecretValue", "ListSecretVersionIds",
        "UpdateSecretVersionStage",
    ),
    "aws_security_group": _of(
        "ec2", "CreateSecurityGroup", "DeleteSecurityGroup", "DescribeNetworkInterfaces",
        "DetachNetworkInterface", "DeleteNetworkInterface",
    ),
    "aws_sns_topic": _of(
        "sns", "CreateTopic", "GetTopicAttributes", "SetTopicAttributes", "DeleteTopic", *_TAGS
    ),
    "aws_sns_topic_subscription": _of(
        "sns", "Subscribe", "GetSubscriptionAttributes", "SetSubscriptionAttributes", "Unsubscribe",
        "ListSubscriptionsByTopic",
    ),
    "aws_sqs_queue": _of(
        "sqs", "CreateQueue", "GetQueueUrl", "GetQueueAttributes", "SetQueueAttributes", "DeleteQueue",
        "ListQueueTags", "TagQueue", "UntagQueue",
    ),
    "aws_subnet": _of("ec2", "CreateSubnet", "ModifySubnetAttribute", "DescribeSubnets", "DeleteSubnet"),
    "aws_vpc": _of(
        "ec2", "CreateVpc", "ModifyVpcAttribute", "DescribeVpcs", "DescribeVpcAttribute",
        "DescribeNetworkAcls", "DeleteVpc",
    ),
    "aws_vpc_security_group_egress_rule": _of(
        "ec2", "AuthorizeSecurityGroupEgress", "ModifySecurityGroupRules"
    ),
    "time_sleep": (),
}  # fmt: skip

# With kms_key, on that key: AWS services use it in the deployer's name.
AWS_KEY: Final = _of("kms", "DescribeKey", "CreateGrant", "GenerateDataKey", "Decrypt")
# On the bucket of the state and the objects in it.
AWS_STATE: Final = _of("s3", "ListBucket", "GetObject", "PutObject", "DeleteObject")

GOOGLE: Final[Mapping[str, Sequence[str]]] = {
    "google_artifact_registry_repository": ("roles/artifactregistry.admin",),
    "google_artifact_registry_repository_iam_member": ("roles/artifactregistry.admin",),
    "google_cloud_run_v2_service": ("roles/run.admin", "roles/iam.serviceAccountUser"),
    "google_cloud_run_v2_service_iam_member": ("roles/run.admin",),
    "google_cloud_scheduler_job": ("roles/cloudscheduler.admin", "roles/iam.serviceAccountUser"),
    "google_cloudfunctions2_function": ("roles/cloudfunctions.admin", "roles/iam.serviceAccountUser"),
    "google_compute_address": ("roles/compute.networkAdmin",),
    "google_compute_network": ("roles/compute.networkAdmin",),
    "google_compute_router": ("roles/compute.networkAdmin",),
    "google_compute_router_nat": ("roles/compute.networkAdmin",),
    "google_compute_subnetwork": ("roles/compute.networkAdmin",),
    "google_logging_metric": ("roles/logging.configWriter",),
    "google_logging_project_bucket_config": ("roles/logging.configWriter",),
    "google_logging_project_sink": ("roles/logging.configWriter",),
    "google_monitoring_alert_policy": ("roles/monitoring.editor",),
    "google_monitoring_notification_channel": ("roles/monitoring.editor",),
    "google_project_iam_member": ("roles/resourcemanager.projectIamAdmin",),
    "google_project_service": ("roles/serviceusage.serviceUsageAdmin",),
    "google_secret_manager_secret": ("roles/secretmanager.admin",),
    "google_secret_manager_secret_iam_member": ("roles/secretmanager.admin",),
    "google_secret_manager_secret_version": ("roles/secretmanager.admin",),
    "google_service_account": ("roles/iam.serviceAccountAdmin",),
    "google_storage_bucket": ("roles/storage.admin",),
    "google_storage_bucket_iam_member": ("roles/storage.admin",),
    "google_storage_bucket_object": ("roles/storage.admin",),
    "google_vpc_access_connector": ("roles/vpcaccess.admin",),
    "time_sleep": (),
}

NEEDED: Final = {"aws": AWS, "gcp": GOOGLE}


def table(cloud: str) -> str:
    """Return a cloud's table as Markdown: what is needed, and the types of resources that need it."""
    rows = [f"| {name} | {_shown(needed)} |" for name, needed in _rows(cloud)]
    return "\n".join(["| for | needed |", "| --- | --- |", *rows])


def _rows(cloud: str) -> Iterator[tuple[str, Sequence[str]]]:
    for name, needed in NEEDED[cloud].items():
        if needed:
            yield f"`{name}`" + (", with a static address" if name in NETWORK_TYPES else ""), needed
    if cloud == "aws":
        yield "the state, on its bucket", AWS_STATE
        yield "`kms_key`, on the key", AWS_KEY


def _shown(needed: Sequence[str]) -> str:
    return ", ".join(f"`{one}`" for one in sorted(needed))
