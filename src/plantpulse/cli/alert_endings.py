"""`plantpulse alerts end`: ends alerts that nothing looks at any more, as of a plant that was removed."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import click
from rich.console import Group, RenderableType
from rich.text import Text

from plantpulse.cli import formats
from plantpulse.cli.alert_words import as_shown, rule_option
from plantpulse.cli.app import App, json_option, pass_app
from plantpulse.cli.arguments import ID
from plantpulse.cli.signatures import by_option, signature
from plantpulse.cli.tables import Column, fitted
from plantpulse.errors import InvalidRequest

Record = Mapping[str, Any]

MOST_ALERTS: Final = 1000  # at once; the next call ends the next ones


@click.command()
@click.argument("alert_ids", type=ID, nargs=-1)
# Not checked against the settings: the plant may no longer be there.
@click.option("--plant", metavar="PLANT", help="All open alerts of this plant, also if it was removed.")
@rule_option("Only alerts of this rule.")
@by_option
@click.option("--dry-run", is_flag=True, help="Show what it would end, and write nothing.")
@json_option
@pass_app
def end(
    app: App, alert_ids: tuple[int, ...], plant: str | None, rule: str | None, by: str, dry_run: bool
) -> None:
    """End open alerts, by id or all of a plant: nothing looks at them any more.

    What still fires opens again at the next look. The alert of an incident stays: `alerts ack` ends it.
    """
    by = signature(by)
    found = _open(app, alert_ids, plant, rule)
    incidents = [one["id"] for one in found if one["safety_event_id"]]
    ending = [one for one in found if not one["safety_event_id"]]
    if ending and not dry_run:
        with app.changes() as changes:
            answer = changes.end_alerts([one["id"] for one in ending], by)
        ending = [one for one in answer["alerts"] if one["is_changed"]]
    shown = [as_shown(app, one, ()) for one in ending]
    told = {"is_written": not dry_run, "alerts": shown, "incidents": incidents}
    app.output.answer(told, lambda: _page(app, shown, incidents, dry_run=dry_run))


def _open(app: App, alert_ids: Sequence[int], plant: str | None, rule: str | None) -> list[Any]:
    """Return the open alerts that are meant. Raises: InvalidRequest for ids that are not open."""
    if bool(alert_ids) == bool(plant or rule):
        raise InvalidRequest("name alerts by their ids, or by --plant and --rule", field="alert_ids")
    filters = {name: value for name, value in {"plant": plant, "rule": rule}.items() if value}
    with app.records() as records:
        if not alert_ids:
            return records.open_alerts(filters, since=None, limit=MOST_ALERTS)
        found = [
            one
            for number in alert_ids
            for one in records.open_alerts({"id": str(number)}, since=None, limit=1)
        ]
    missing = sorted(set(alert_ids) - {one["id"] for one in found})
    if missing:
        ids = ", ".join(map(str, missing))
        raise InvalidRequest(f"there is no open alert {ids}; nothing was ended", field="alert_ids")
    return found


def _page(app: App, shown: Sequence[Record], incidents: Sequence[int], *, dry_run: bool) -> RenderableType:
    columns = [
        Column("Alert", lambda one: str(one["id"]), "right"),
        Column("What", lambda one: formats.on_one_line(one["title"]), folds=True),
        Column("", lambda _: "would end" if dry_run else "ended"),
    ]
    table = fitted(app.output.console, columns, shown, nothing="no such open alerts")
    if not incidents:
        return table
    ids = " ".join(map(str, incidents))
    return Group(table, Text(f"An incident ends when somebody signs it: plantpulse alerts ack {ids}"))
