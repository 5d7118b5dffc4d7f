"""`plantpulse channels`: who is told of alerts, and whether a message really reaches them."""

import getpass
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit
from uuid import uuid4

import click
from rich.console import Group
from rich.table import Table
from rich.text import Text

from plantpulse.alerts.channels import open_channel
from plantpulse.alerts.channels.channel import LONGEST_CALL_S, Channel, Step
from plantpulse.alerts.notices import Delivery, Notice
from plantpulse.cli.app import App, json_option, pass_app
from plantpulse.cli.exit_codes import FAILED, SUCCESS
from plantpulse.cli.tables import Column, fitted
from plantpulse.errors import (
    ChannelRefused,
    ChannelUnavailable,
    ConfigurationError,
    InvalidRequest,
    NotConfigured,
    PlantpulseError,
)
from plantpulse.settings import ChannelSettings, Settings
from plantpulse.settings.channels import mail_address
from plantpulse.settings.secret_variables import channel_secret_variable

TEXT: Final = (
    "Somebody ran `plantpulse channels test` to see whether messages of plantpulse reach you. They do. "
    "Nothing is wrong, and you need not do anything."
)


class Result(NamedTuple):
    """How the test of one channel went."""

    channel: str
    kind: str
    steps: Sequence[Step]

    @property
    def is_sent(self) -> bool:
        """Say whether the message was accepted for everybody."""
        return all(step.state == "ok" for step in self.steps)


@click.group(short_help="Show who is told of alerts, or send a test message.")
def channels() -> None:
    """Show the channels in plantpulse.yaml, or send a test message through them."""


@channels.command(name="list", short_help="Show the channels, and which lack a secret.")
@json_option
@pass_app
def list_channels(app: App) -> None:
    """Show the channels with what they are told of, and which of them lack a secret."""
    records = [_record(name, channel) for name, channel in app.settings.channels.items()]
    empty = Text("no channels in plantpulse.yaml: nobody is told of alerts")
    app.output.answer(
        {"channels": records}, lambda: fitted(app.output.console, _COLUMNS, records) if records else empty
    )


@channels.command(short_help="Send a test message, and say where it stopped.")
@click.argument("name", required=False)
@click.option("--to", metavar="ADDRESS", help="Send the mail to this address instead.")
@json_option
@pass_app
def test(app: App, name: str | None, to: str | None) -> int:
    """Send a test message through a channel, or through all of them, and say where it stopped.

    A channel that is switched off is tested too. PagerDuty opens an incident and resolves it. An alert about
    the channel ends if it works. The command ends with 1 when a message was not accepted for everybody.
    """
    chosen = _chosen(app.settings, name, to)
    with app.logs_aside():
        results = [_test(one, channel, to) for one, channel in chosen.items()]
    answer = [one._asdict() | {"steps": [asdict(step) for step in one.steps]} for one in results]
    is_ok = all(one.is_sent for one in results)
    found = [record | {"is_sent": one.is_sent} for record, one in zip(answer, results, strict=True)]
    works = [one.channel for one in results if one.is_sent and app.settings.channels[one.channel].is_told]
    notes = [] if to else _end_alerts(app, works)
    shown = Group(*map(_page, results), *(Text(note) for note in notes))
    app.output.answer({"is_ok": is_ok, "channels": found, "notes": notes}, lambda: shown)
    return SUCCESS if is_ok else FAILED


def _end_alerts(app: App, works: Sequence[str]) -> list[str]:
    """Write down which channels work, and end the alerts that they do not; return what to say of it."""
    if not works or app.settings.supabase is None:
        return []
    notes = []
    try:
        with app.changes() as changes:
            for name in works:
                ended = changes.note_working_channel(name, getpass.getuser())["alerts"]
                notes += [f"The alert that {name} fails has ended." for _ in ended]
    except PlantpulseError as error:
        notes.append(f"That it works could not be written down, so alerts stay as they are: {error}")
    return notes


def _chosen(settings: Settings, name: str | None, to: str | None) -> dict[str, ChannelSettings]:
    """Return the channels to test. Raises: InvalidRequest, ConfigurationError."""
    known = ", ".join(sorted(settings.channels)) or "none"
    if name is not None and name not in settings.channels:
        raise InvalidRequest(
            f"there is no channel {name} in the settings; known channels: {known}", field="name"
        )
    if not settings.channels:
        raise ConfigurationError("there are no channels in plantpulse.yaml (docs/alerts.md)")
    chosen = {one: channel for one, channel in settings.channels.items() if name in (None, one)}
    if to is not None:
        _check_recipient(to, chosen)
    return chosen


def _check_recipient(to: str, chosen: dict[str, ChannelSettings]) -> None:
    try:
        mail_address(to)
    except ValueError as error:
        raise InvalidRequest(str(error), field="to") from None
    if others := [name for name, channel in chosen.items() if channel.kind != "email"]:
        raise InvalidRequest(f"is for mail; {others[0]} is of another kind: name a mail channel", field="to")


def _test(name: str, settings: ChannelSettings, to: str | None) -> Result:
    try:
        channel = open_channel(name, settings, to=(to,) if to else ())
    except NotConfigured as error:
        return Result(name, settings.kind, [Step("settings", "failed", str(error))])
    except ChannelRefused as error:
        return Result(name, settings.kind, [Step(error.stopped_at, "failed", str(error))])
    steps = list(channel.probe(_time))
    if all(step.state == "ok" for step in steps):
        steps.append(_send(channel, name, settings, to))
    return Result(name, settings.kind, steps)


def _send(channel: Channel, name: str, settings: ChannelSettings, to: str | None) -> Step:
    notice = _notice(name)
    try:
        delivery = channel.send(notice, _time)
        if settings.kind == "pagerduty":
            channel.send(_notice(name, resolves=notice), _time)
    except (ChannelUnavailable, ChannelRefused) as error:
        return Step(error.stopped_at, "failed", str(error))
    return _outcome(delivery, to or ", ".join(settings.to))


def _time() -> float:
    return LONGEST_CALL_S


def _outcome(delivery: Delivery, recipients: str) -> Step:
    missed = {**delivery.refused, **delivery.postponed}
    if missed:
        told = "; ".join(f"{address} ({words})" for address, words in missed.items())
        return Step("send", "failed", f"not accepted for {told}; the others have it")
    return Step("send", "ok", f"sent to {recipients}" if recipients else "sent")


def _notice(name: str, *, resolves: Notice | None = None) -> Notice:
    key = str(uuid4())
    return Notice(
        key=f"test/{key}",
        thread=resolves.thread if resolves else f"test/{key}",
        occasion="resolved" if resolves else "fired",
        severity="info",
        title=f"plantpulse: a test of the channel {name}",
        text=TEXT,
        at=datetime.now(UTC),
        color="good",
        is_first=resolves is None,
    )


def _record(name: str, channel: ChannelSettings) -> dict[str, Any]:
    quiet = channel.quiet_hours
    return {
        "channel": name,
        "kind": channel.kind,
        "state": _state(channel),
        "missing": None if channel.is_configured else channel_secret_variable(name),
        "target": _target(channel),
        "least_severity": channel.least_severity,
        "plants": list(channel.plants),
        "rules": list(channel.rules),
        "quiet_hours": f"{quiet.starts_at}-{quiet.ends_at}" if quiet else None,
    }


def _state(channel: ChannelSettings) -> str:
    if not channel.enabled:
        return "off"
    return "ready" if channel.is_configured else "not_configured"


def _target(channel: ChannelSettings) -> str | None:
    """Return where messages go, as far as the file says: the rest is secret."""
    if channel.kind == "email":
        return ", ".join(channel.to)
    if channel.kind in {"webhook", "pagerduty"}:
        return urlsplit(channel.target_url).hostname
    return channel.topic_arn


def _page(result: Result) -> Group:
    lines = Table.grid(padding=(0, 2, 0, 0))
    lines.add_column(no_wrap=True)
    lines.add_column(no_wrap=True, style="dim")
    lines.add_column(overflow="fold")
    for step in result.steps:
        is_ok = step.state == "ok"
        word = Text("ok" if is_ok else "FAIL", "green" if is_ok else "bold red")
        lines.add_row(word, step.name, Text(step.message))
    return Group(Text(f"{result.channel} ({result.kind})", "bold"), lines)


def _shown_state(one: Any) -> Text:
    if one["missing"]:
        return Text(f"set {one['missing']}", "bold red")
    return Text(one["state"], "green" if one["state"] == "ready" else "dim")


_COLUMNS: Final = [
    Column("Channel", lambda one: one["channel"]),
    Column("Kind", lambda one: one["kind"]),
    Column("State", _shown_state, folds=True),
    Column("From", lambda one: one["least_severity"], rank=1),
    Column("Plants", lambda one: ", ".join(one["plants"]) or "all", rank=2),
    Column("Rules", lambda one: ", ".join(one["rules"]) or "all", rank=3),
    Column("Quiet", lambda one: one["quiet_hours"], rank=4),
    Column("To", lambda one: one["target"], rank=5),
]
