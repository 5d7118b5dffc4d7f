"""`plantpulse alerts`: what is wrong now, who was told of it, and what happened before."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import click
from rich.console import Group, RenderableType
from rich.text import Text

from plantpulse.cli import formats
from plantpulse.cli.alert_endings import end
from plantpulse.cli.alert_report import report
from plantpulse.cli.alert_silences import silence, silences, unsilence
from plantpulse.cli.alert_words import (
    as_shown,
    at,
    is_silenced_by,
    notice_about,
    rule_option,
    signer,
    words_of,
)
from plantpulse.cli.app import App, Listing, json_option, limit_option, pass_app, plant_option
from plantpulse.cli.arguments import ID, Since
from plantpulse.cli.signatures import by_option, signature
from plantpulse.cli.tables import Column, details, fitted
from plantpulse.errors import InvalidRequest
from plantpulse.settings.alerts import SEVERITIES

Record = Mapping[str, Any]

MOST_SILENCES: Final = 1000
MOST_HISTORY: Final = 1000
WHAT_HAPPENS: Final = ("opened", "worse", "resolved", "reopened", "acknowledged", "told")


@click.group(cls=Listing)
def alerts() -> None:
    """List alerts; acknowledge or silence them, and see how loud they are."""


for command in (silence, silences, unsilence, end, report):
    alerts.add_command(command)


@alerts.command("list")
@click.option("--all", "is_all", is_flag=True, help="Show also those that are over, latest first.")
@plant_option
@rule_option("Only alerts of this rule.")
@click.option("--severity", type=click.Choice(SEVERITIES), help="Only alerts of this severity.")
@click.option("--since", type=Since(), help="Only alerts that began after this time.")
@limit_option(100)
@json_option
@pass_app
def list_alerts(
    app: App,
    is_all: bool,
    plant: str | None,
    rule: str | None,
    severity: str | None,
    since: datetime | None,
    limit: int,
) -> None:
    """List open alerts, worst first."""
    wanted = {"plant": plant, "rule": rule, "severity": severity}
    filters = {name: value for name, value in wanted.items() if value}
    with app.records() as records:
        read = records.alerts if is_all else records.open_alerts
        rows = read(filters, since=since, limit=limit)
        held = records.silences({}, ends_after=app.now(), limit=MOST_SILENCES)
    found = [as_shown(app, one, held) for one in rows]
    nothing = "no such alerts" if filters or since else f"no {'' if is_all else 'open '}alerts: all is well"
    app.output.answer(
        {"alerts": found}, lambda: fitted(app.output.console, _columns(), found, nothing=nothing)
    )


def _columns() -> list[Column]:
    return [
        Column("Alert", lambda one: str(one["id"]), "right"),
        Column("Severity", lambda one: formats.styled(one["severity"])),
        Column("What", lambda one: formats.on_one_line(one["title"]), folds=True),
        Column("Seen by", signer, rank=1, folds=True, goes_below=True),
        Column("Silence", lambda one: ", ".join(map(str, one["silenced_by"])), rank=2, goes_below=True),
        Column("Rule", lambda one: one["rule"], rank=3),
    ]


@alerts.command()
@click.argument("alert_id", type=ID)
@json_option
@pass_app
def show(app: App, alert_id: int) -> None:
    """Show one alert: its facts, what to do, what each channel was told, and what happened."""
    with app.records() as records:
        found = records.alerts({"id": str(alert_id)}, since=None, limit=1)
        if not found:
            message = f"there is no alert {alert_id}; `plantpulse alerts list --all` lists them"
            raise InvalidRequest(message, field="alert_id")
        told = records.notifications(alert_id)
        past = records.alert_events({"alert_id": str(alert_id)}, {}, since=None, limit=MOST_HISTORY)
        held = records.silences({}, ends_after=app.now(), limit=MOST_SILENCES)
    [alert] = found
    holding = [one for one in held if is_silenced_by(alert, one, app.now())]
    history = [{name: one[name] for name in one if name != "alert"} for one in reversed(past)]
    answer = as_shown(app, alert, held) | {
        "to_do": words_of(app, alert).do.get(alert["rule"]),
        "notifications": told,
        "history": history,
        "silences": holding,
    }
    app.output.answer({"alert": answer}, lambda: _alert_page(app, alert, answer))


def _alert_page(app: App, alert: Record, shown: Record) -> Group:
    plant = alert["plant"]
    parts: list[RenderableType] = [Text(shown["title"], "bold"), details(_heads(app, alert, shown))]
    if facts := notice_about(app, alert).facts:
        parts += [Text("\nFacts", "bold"), details(facts)]
    if shown["to_do"]:
        parts += [Text("\nWhat to do", "bold"), Text(shown["to_do"])]
    told = [(one["channel"], _told(app, one, plant)) for one in shown["notifications"]]
    parts += [Text("\nChannels", "bold"), details(told) if told else Text("no channel was told of it yet")]
    past = [(at(app, one["at"], plant) or "", happened(one)) for one in shown["history"]]
    return Group(*parts, Text("\nHistory", "bold"), details(past))


def _heads(app: App, alert: Record, shown: Record) -> list[tuple[str, Any]]:
    plant, by = alert["plant"], signer(alert)
    signed = f"{by}, {at(app, alert['acknowledged_at'], plant)}" if by else None
    incident = alert["safety_event_id"]
    silenced = [
        f"silence {one['id']} until {at(app, one['ends_at'], plant)}: {one['why']}"
        for one in shown["silences"]
    ]
    return [
        ("alert", str(alert["id"])),
        ("severity", formats.styled(alert["severity"])),
        ("rule", alert["rule"]),
        ("began", at(app, alert["opened_at"], plant)),
        ("last seen", at(app, alert["last_seen_at"], plant)),
        ("ended", at(app, alert["resolved_at"], plant)),
        ("came back", f"{alert['reopened']} times" if alert["reopened"] else None),
        ("acknowledged", signed),
        ("safety event", str(incident) if incident else None),
        ("silenced", "\n".join(silenced) or None),
        ("fingerprint", alert["fingerprint"]),
    ]


def _told(app: App, one: Record, plant: str) -> Text:
    """Return what a channel was told, and what stands in the way of more."""
    words = "nothing yet"
    if one["told"]:
        words = f"{one['told']} at {at(app, one['told_at'], plant)}, {one['told_times']} in all"
    text = Text(words)
    if one["is_perhaps_told"]:
        text.append("; perhaps once more, because a function died while it sent")
    if one["error"]:
        waits = datetime.fromisoformat(one["next_try_at"]) > app.now() if _is_set(one) else False
        again = f"; next try {at(app, one['next_try_at'], plant)}" if waits else ""
        text.append(f"\nfailed, try {one['attempts']}: {one['error']}{again}", "red")
    return text


def _is_set(one: Record) -> bool:
    return one["next_try_at"] not in (None, "-infinity", "infinity")


def happened(event: Record) -> str:
    """Return what happened to an alert, in words."""
    if event["what"] == "told":
        return f"told {event['channel']}: {event['occasion']}"
    by = f" by {event['by_name']}" if event["by_name"] else ""
    severity = f", {event['severity']}" if event["what"] in ("opened", "worse") and event["severity"] else ""
    return f"{event['what']}{by}{severity}"


@alerts.command()
@click.argument("alert_ids", type=ID, nargs=-1, required=True)
@by_option
@json_option
@pass_app
def ack(app: App, alert_ids: tuple[int, ...], by: str) -> None:
    """Acknowledge alerts: somebody takes care of them. All alerts, or none.

    The alert of an incident acknowledges the incident too, which ends the alert.
    """
    with app.changes() as changes:
        answer = changes.acknowledge_alerts(alert_ids, signature(by))
    if answer["answer"] == "unknown":
        ids = ", ".join(str(one) for one in answer["alert_ids"])
        raise InvalidRequest(f"there is no alert {ids}; nothing was acknowledged", field="alert_ids")
    found = [as_shown(app, one, ()) for one in answer["alerts"]]
    app.output.answer({"alerts": found}, lambda: _signatures(app, found))


def _signatures(app: App, found: Sequence[Record]) -> RenderableType:
    columns = [
        Column("Alert", lambda one: str(one["id"]), "right"),
        Column("What", lambda one: formats.on_one_line(one["title"]), folds=True),
        Column("", lambda one: "acknowledged" if one["is_changed"] else "was acknowledged before"),
        Column("By", signer, rank=1, folds=True, goes_below=True),
    ]
    table = fitted(app.output.console, columns, found)
    incidents = [str(one["safety_event_id"]) for one in found if one["safety_event_id"]]
    if not incidents:
        return table
    return Group(table, Text(f"The incident is acknowledged too: safety event {', '.join(incidents)}"))


@alerts.command()
@plant_option
@rule_option("Only alerts of this rule.")
@click.option("--severity", type=click.Choice(SEVERITIES), help="Only alerts of this severity.")
@click.option("--what", type=click.Choice(WHAT_HAPPENS), help="Only what happened so.")
@click.option("--channel", metavar="NAME", help="Only what this channel was told.")
@click.option("--since", type=Since(), help="Only what happened after this time.")
@limit_option(50)
@json_option
@pass_app
def history(app: App, /, since: datetime | None, limit: int, **asked: str | None) -> None:
    """List what happened to alerts, newest first."""
    given = {name: value for name, value in asked.items() if value}
    filters = {name: value for name, value in given.items() if name in ("what", "channel")}
    of_alerts = {name: value for name, value in given.items() if name not in filters}
    with app.records() as records:
        found = records.alert_events(filters, of_alerts, since=since, limit=limit)
    shown = [{**one, "alert": as_shown(app, one["alert"], ())} for one in found]
    nothing = "nothing such happened" if given or since else "no alert yet: all is well"
    app.output.answer({"history": shown}, lambda: _history_table(app, found, nothing))


def _history_table(app: App, found: Sequence[Record], nothing: str) -> RenderableType:
    columns = [
        Column("When", lambda one: at(app, one["at"], one["alert"]["plant"])),
        Column("Alert", lambda one: str(one["alert_id"]), "right"),
        Column("", happened),
        Column(
            "About",
            lambda one: formats.on_one_line(notice_about(app, one["alert"], as_it_began=True).title),
            rank=1,
            folds=True,
            goes_below=True,
        ),
    ]
    return fitted(app.output.console, columns, found, nothing=nothing)
