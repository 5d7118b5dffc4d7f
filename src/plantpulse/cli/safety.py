"""`plantpulse safety`: the incidents, and who has acknowledged and resolved them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, get_args

import click
from rich.console import RenderableType

from plantpulse.cli import formats
from plantpulse.cli.app import App, Listing, json_option, limit_option, pass_app, plant_option
from plantpulse.cli.arguments import ID, Since
from plantpulse.cli.signatures import by_option, signature
from plantpulse.cli.tables import Column, fitted
from plantpulse.errors import InvalidRequest
from plantpulse.settings import Severity

Record = Mapping[str, Any]

# The values of two columns for each state.
STATES: Final[Mapping[str, Mapping[str, str]]] = {
    "open": {"is_resolved": "false"},
    "unacknowledged": {"is_acknowledged": "false"},
    "resolved": {"is_resolved": "true"},
    "all": {},
}


@click.group(cls=Listing)
def safety() -> None:
    """List safety events; acknowledge or resolve them."""


@safety.command("list")
@plant_option
@click.option(
    "--state",
    type=click.Choice(list(STATES)),
    default="open",
    show_default=True,
    help="Only events in this state.",
)
@click.option("--severity", type=click.Choice(get_args(Severity)), help="Only events of this severity.")
@click.option("--since", type=Since(), help="Only events that happened after this time.")
@limit_option(50)
@json_option
@pass_app
def list_events(
    app: App,
    plant: str | None,
    state: str,
    severity: str | None,
    since: datetime | None,
    limit: int,
) -> None:
    """List safety events, latest first; by default those that are not resolved."""
    wanted = {"plant": plant, "severity": severity, **STATES[state]}
    filters = {name: value for name, value in wanted.items() if value}
    with app.records() as records:
        found = records.safety_events(filters, since=since, limit=limit)
    app.output.answer({"safety_events": found}, lambda: _table(app, found, _nothing(wanted, state, since)))


@safety.command()
@click.argument("event_ids", type=ID, nargs=-1, required=True)
@by_option
@json_option
@pass_app
def ack(app: App, event_ids: tuple[int, ...], by: str) -> None:
    """Acknowledge safety events: somebody has seen them. All events, or none."""
    _sign(app, "acknowledged", lambda changes: changes.acknowledge_safety_events(event_ids, signature(by)))


@safety.command()
@click.argument("event_ids", type=ID, nargs=-1, required=True)
@click.option("--resolution", metavar="TEXT", required=True, help="What was done.")
@by_option
@json_option
@pass_app
def resolve(app: App, event_ids: tuple[int, ...], resolution: str, by: str) -> None:
    """Resolve safety events, which acknowledges them too. All events, or none."""
    if not resolution.strip():
        raise InvalidRequest("must say what was done", field="resolution")
    _sign(
        app,
        "resolved",
        lambda changes: changes.resolve_safety_events(event_ids, signature(by), resolution.strip()),
    )


def _sign(app: App, done: str, send: Callable[[Any], dict[str, Any]]) -> None:
    with app.changes() as changes:
        answer = send(changes)
    if answer["answer"] == "unknown":
        ids = ", ".join(str(event_id) for event_id in answer["event_ids"])
        raise InvalidRequest(f"there is no safety event {ids}; nothing was signed", field="event_ids")
    app.output.answer({"safety_events": answer["events"]}, lambda: _signatures(app, done, answer["events"]))


def _signatures(app: App, done: str, events: Sequence[Record]) -> RenderableType:
    columns = [
        Column("Event", lambda one: str(one["id"]), "right"),
        Column("Asset", lambda one: one["asset"], folds=True),
        Column("Reason", lambda one: _line(one["reason_code"]), rank=2, folds=True, goes_below=True),
        Column("Happened", lambda one: app.local(one["event_timestamp"], one["plant"]), rank=1),
        Column("", lambda one: done if one["is_changed"] else f"was {done} before"),
        Column("By", lambda one: signer(one, done)),
    ]
    return fitted(app.output.console, columns, events)


def _line(text: str | None) -> str | None:
    return formats.on_one_line(text)


def signer(event: Record, done: str) -> str | None:
    """Return who has acknowledged or resolved an event: a name, or a user's id."""
    name: str | None = event[f"{done}_by_name"] or event[f"{done}_by"]
    return name


def _nothing(wanted: Mapping[str, str | None], state: str, since: datetime | None) -> str:
    """Return what it means that there is no event, which is good news unless something was filtered."""
    if wanted["plant"] or wanted["severity"] or since:
        return "no such safety events"
    words = {"open": "unresolved ", "unacknowledged": "unseen ", "resolved": "resolved ", "all": ""}
    good = ": all is well" if state != "resolved" else ""
    return f"no {words[state]}safety events{good}"


def _table(app: App, events: Sequence[Record], nothing: str) -> RenderableType:
    columns = [
        Column("Event", lambda one: str(one["id"]), "right"),
        Column("Happened", lambda one: app.local(one["event_timestamp"], one["plant"])),
        Column("Plant", lambda one: one["plant"], rank=4, goes_below=True),
        Column("Asset", lambda one: one["asset"]["name"], folds=True),
        Column("Severity", lambda one: formats.styled(one["severity"])),
        Column("Minutes", lambda one: formats.number(one["downtime_minutes"]), "right", rank=5),
        Column("Seen by", lambda one: signer(one, "acknowledged"), rank=2, folds=True, goes_below=True),
        Column("Resolved by", lambda one: signer(one, "resolved"), rank=3, folds=True, goes_below=True),
        Column("Reason", lambda one: _line(one["reason_code"]), rank=1, folds=True, goes_below=True),
        Column("Details", lambda one: _line(one["details"]), rank=6, folds=True, goes_below=True),
        Column("Resolution", lambda one: _line(one["resolution"]), rank=7, folds=True, goes_below=True),
    ]
    if not any(one["resolution"] for one in events):
        columns.pop()
    return fitted(app.output.console, columns, events, nothing=nothing)
