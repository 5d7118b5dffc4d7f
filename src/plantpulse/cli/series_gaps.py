"""`plantpulse series gaps`: what is missing in series, and what becomes of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import click
from rich.console import RenderableType

from plantpulse.cli.app import App, json_option, limit_option, pass_app
from plantpulse.cli.arguments import Since
from plantpulse.cli.series_keys import filter_options, filtered
from plantpulse.cli.series_show import gap_columns
from plantpulse.cli.tables import fitted

Record = Mapping[str, Any]

STATES: Final = ("open", "filled", "absent", "all")


@click.command()
@filter_options
@click.option(
    "--state", type=click.Choice(STATES), default="open", show_default=True, help="Only gaps in this state."
)
@click.option("--since", type=Since(), help="Only gaps that end after this time.")
@limit_option(50)
@json_option
@pass_app
def gaps(
    app: App,
    area: str | None,
    kind: str | None,
    source: str | None,
    state: str,
    since: datetime | None,
    limit: int,
) -> None:
    """List gaps, latest first; by default those that are open."""
    is_filtered = any((area, kind, source))
    with app.series_records() as records:
        known = records.series()
        wanted = filtered(known, area, kind, source) if is_filtered else known
        groups = sorted({one["group"] for one in wanted}) if is_filtered else None
        rows = records.gaps(groups, state=None if state == "all" else state, since=since, limit=limit)
    zones = {one["group"]: one["time_zone"] for one in known}
    found = [{**row, "time_zone": zones.get(row["group"], "UTC")} for row in rows]
    nothing = "no such gaps" if is_filtered or since or state != "open" else "no open gaps: all is well"
    app.output.answer({"gaps": found}, lambda: _table(app, found, nothing))


def _table(app: App, found: Sequence[Record], nothing: str) -> RenderableType:
    return fitted(app.output.console, gap_columns(), found, nothing=nothing)
