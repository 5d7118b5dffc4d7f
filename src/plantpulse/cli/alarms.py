"""`plantpulse alarms`: tests whether a deployment's alarms on AWS reach anybody."""

from dataclasses import asdict
from typing import Any, Final

import click
from rich.console import Group
from rich.text import Text

from plantpulse.cli.app import App, json_option, pass_app
from plantpulse.cli.deployments import deployment_options
from plantpulse.cli.exit_codes import FAILED, SUCCESS
from plantpulse.cli.tables import Column, fitted

SUBJECT: Final = "plantpulse: a test of the alarms"
TEXT: Final = (
    "Somebody ran `plantpulse alarms test` to see whether the alarms of {deployment} reach you. They do. "
    "Nothing is wrong, and you need not do anything."
)


@click.group(short_help="Send a test notice to the topic of AWS's alarms.")
def alarms() -> None:
    """Test whether the alarms of a deployment on AWS reach anybody."""


@alarms.command(short_help="Send a test notice, and show who receives it.")
@deployment_options
@click.option("--topic", metavar="ARN", help="Your own topic, as in Terraform's alarms.topic.")
@json_option
@pass_app
def test(app: App, region: str | None, deployment: str, topic: str | None) -> int:
    """Send a test notice to the topic of a deployment's alarms, and show its subscribers.

    It ends with 1 when nobody has confirmed a subscription: nobody would receive an alarm.
    """
    from plantpulse.clouds.aws import notices  # noqa: PLC0415 - boto3 for who needs it

    arn = topic or notices.find_topic(region=region, deployment=deployment)
    heard_by = [asdict(one) for one in notices.subscriptions_of(arn)]
    message_id = notices.publish(arn, SUBJECT, TEXT.format(deployment=deployment))
    answer = {"topic": arn, "message_id": message_id, "subscriptions": heard_by}
    app.output.answer(answer, lambda: _alarms_page(app, arn, heard_by))
    return SUCCESS if any(one["is_confirmed"] for one in heard_by) else FAILED


def _alarms_page(app: App, topic: str, heard_by: list[dict[str, Any]]) -> Group:
    parts: list[Any] = [Text(f"sent to {topic}")]
    if heard_by:
        parts.append(fitted(app.output.console, _COLUMNS, heard_by))
    if not any(one["is_confirmed"] for one in heard_by):
        parts.append(Text("nobody receives it: subscribe, and confirm the mail from SNS", "bold red"))
    return Group(*parts)


_COLUMNS: Final = [
    Column("Who", lambda one: one["endpoint"], folds=True),
    Column("By", lambda one: one["protocol"]),
    Column(
        "Confirmed", lambda one: Text("yes", "green") if one["is_confirmed"] else Text("not yet", "yellow")
    ),
]
