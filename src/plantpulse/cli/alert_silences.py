"""`plantpulse alerts silence`: what nobody wants to hear of for a while, and why."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import click
from rich.console import Group, RenderableType
from rich.text import Text

from plantpulse.cli import formats
from plantpulse.cli.alert_words import as_shown, at, is_silenced_by, rule_option
from plantpulse.cli.app import App, json_option, limit_option, pass_app, plant_option
from plantpulse.cli.arguments import ID, Instant, Span
from plantpulse.cli.signatures import by_option, signature
from plantpulse.cli.tables import Column, fitted
from plantpulse.errors import InvalidRequest
from plantpulse.plant.nearest import unknown

Record = Mapping[str, Any]

LONGEST: Final = timedelta(days=90)
LONGEST_WHY: Final = 1000
MOST_ALERTS: Final = 10_000


@click.command()
@click.argument("alert_id", type=ID, required=False)
@plant_option
@rule_option("Only alerts of this rule.")
@click.option("--fingerprint", metavar="TEXT", help="Only the alert with this fingerprint.")
@click.option("--for", "length", type=Span(), help="How long, at most 90d.")
@click.option("--until", type=Instant(), help="Until when, instead of --for; UTC unless it has an offset.")
@click.option("--why", metavar="TEXT", required=True, help="Why, in words.")
@by_option
@click.option("--dry-run", is_flag=True, help="Show what it would silence, and write nothing.")
@json_option
@pass_app
def silence(app: App, /, alert_id: int | None, dry_run: bool, **asked: Any) -> None:
    """Hold back messages about an alert, a rule or a plant for a while. Alerts go on meanwhile."""
    row: dict[str, Any] = {
        "plant": asked["plant"],
        "rule": asked["rule"],
        **_span(app.now(), asked["length"], asked["until"]),
        "why": _reason(asked["why"]),
        "created_by_name": signature(asked["by"]),
    }
    with app.records() as records:
        row["fingerprint"] = _fingerprint(records, alert_id, asked["fingerprint"])
        _check_target(row)
        filters = {name: row[name] for name in ("plant", "rule", "fingerprint") if row[name]}
        held = records.open_alerts(filters, since=None, limit=MOST_ALERTS)
    made = {"id": None, **row}
    if not dry_run:
        with app.changes() as changes:
            made = changes.add_silence(row)
    found = [as_shown(app, one, ()) for one in held]
    answer = {"is_written": not dry_run, "silence": made, "alerts": found}
    app.output.answer(answer, lambda: _page(app, made, found))


def _span(now: datetime, length: timedelta | None, until: datetime | None) -> dict[str, str]:
    """Return when a silence begins and ends. Raises: InvalidRequest."""
    if (length is None) == (until is None):
        raise InvalidRequest("say how long: either --for 2h or --until TIME", field="for")
    field = "until" if until else "for"
    ends = until or now + (length or timedelta())
    if ends <= now:
        raise InvalidRequest("must end in the future", field=field)
    if ends - now > LONGEST:
        raise InvalidRequest("a silence lasts 90 days at most", field=field)
    return {"starts_at": now.isoformat(), "ends_at": ends.isoformat()}


def _reason(why: str) -> str:
    words = why.strip()
    if not 0 < len(words) <= LONGEST_WHY:
        raise InvalidRequest(f"must say why, in 1 to {LONGEST_WHY} characters", field="why")
    return words


def _fingerprint(records: Any, alert_id: int | None, fingerprint: str | None) -> str | None:
    """Return the fingerprint that is meant. Raises: InvalidRequest for an alert that there is not."""
    if alert_id and fingerprint:
        raise InvalidRequest("name an alert by its id or by its fingerprint, not both", field="fingerprint")
    if alert_id:
        found = records.alerts({"id": str(alert_id)}, since=None, limit=1)
        if not found:
            message = f"there is no alert {alert_id}; `plantpulse alerts list` lists them"
            raise InvalidRequest(message, field="alert_id")
        of_alert: str = found[0]["fingerprint"]
        return of_alert
    if fingerprint and not records.alerts({"fingerprint": fingerprint}, since=None, limit=1):
        known = {one["fingerprint"] for one in records.alerts({}, since=None, limit=MOST_ALERTS)}
        raise unknown("alert with the fingerprint", fingerprint, sorted(known), field="fingerprint")
    return fingerprint


def _check_target(row: Record) -> None:
    if not (row["plant"] or row["rule"] or row["fingerprint"]):
        message = "say what: an alert's id, --fingerprint, --rule or --plant"
        raise InvalidRequest(message, field="alert_id")


def _page(app: App, made: Record, found: Sequence[Record]) -> RenderableType:
    number = "a dry run, nothing is written: silence" if made["id"] is None else f"silence {made['id']}:"
    ends = at(app, made["ends_at"], made["plant"] or (found[0]["plant"] if found else None))
    head = Text(f"{number} no messages about {_target(made)} until {ends}")
    columns = [
        Column("Alert", lambda one: str(one["id"]), "right"),
        Column("Severity", lambda one: formats.styled(one["severity"])),
        Column("What", lambda one: formats.on_one_line(one["title"]), folds=True),
    ]
    nothing = "No open alert is silenced by it now."
    return Group(head, fitted(app.output.console, columns, found, nothing=nothing))


def _target(row: Record) -> str:
    """Return what a silence is about, in words."""
    if row["fingerprint"]:
        return str(row["fingerprint"])
    rule = row["rule"] or "everything"
    return f"{rule} of {row['plant']}" if row["plant"] else f"{rule} of every plant"


@click.command()
@click.option("--all", "is_all", is_flag=True, help="Show also those that have ended.")
@limit_option(100)
@json_option
@pass_app
def silences(app: App, is_all: bool, limit: int) -> None:
    """List silences, the last to end first, and how many open alerts each one holds back."""
    with app.records() as records:
        found = records.silences({}, ends_after=None if is_all else app.now(), limit=limit)
        alerts = records.open_alerts({}, since=None, limit=MOST_ALERTS) if found else []
    now = app.now()
    shown = [
        {**one, "alert_ids": [alert["id"] for alert in alerts if is_silenced_by(alert, one, now)]}
        for one in found
    ]
    nothing = "no silences: every alert is told"
    app.output.answer(
        {"silences": shown}, lambda: fitted(app.output.console, _columns(app), shown, nothing=nothing)
    )


def _columns(app: App) -> list[Column]:
    return [
        Column("Silence", lambda one: str(one["id"]), "right"),
        Column("About", _target, folds=True),
        Column("Until", lambda one: at(app, one["ends_at"], one["plant"])),
        Column("Alerts", lambda one: str(len(one["alert_ids"])), "right", rank=3),
        Column(
            "By", lambda one: one["created_by_name"] or one["created_by"], rank=2, folds=True, goes_below=True
        ),
        Column("Why", lambda one: formats.on_one_line(one["why"]), rank=1, folds=True, goes_below=True),
    ]


@click.command()
@click.argument("silence_id", type=ID)
@json_option
@pass_app
def unsilence(app: App, silence_id: int) -> None:
    """End a silence now; what still fires is told within a minute."""
    with app.records() as records:
        found = records.silences({"id": str(silence_id)}, ends_after=None, limit=1)
    if not found:
        message = f"there is no silence {silence_id}; `plantpulse alerts silences` lists them"
        raise InvalidRequest(message, field="silence_id")
    [one] = found
    now = app.now()
    is_changed = datetime.fromisoformat(one["ends_at"]) > now
    if is_changed:
        with app.changes() as changes:
            one = changes.end_silence(silence_id, max(now, datetime.fromisoformat(one["starts_at"])))
    words = "ended" if is_changed else f"had ended at {at(app, one['ends_at'], one['plant'])}"
    app.output.answer(
        {"silence": {**one, "is_changed": is_changed}},
        lambda: Text(f"silence {silence_id} about {_target(one)} {words}"),
    )
