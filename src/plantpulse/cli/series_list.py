"""`plantpulse series list`: every series with its newest value, and whether it is fresh."""

from collections.abc import Sequence
from typing import Any, Final

import click
from rich.console import Group, RenderableType
from rich.text import Text

from plantpulse.cli.app import App, json_option, pass_app
from plantpulse.cli.series_keys import filter_options, filtered
from plantpulse.cli.series_states import SERIES_COLUMNS, counted, in_order
from plantpulse.cli.tables import fitted

NONE_YET: Final = "no series is stored yet: `plantpulse run energy-actuals` and its siblings collect them"


@click.command("list")
@filter_options
@click.option("--stale", "is_stale", is_flag=True, help="Only series that are stale.")
@json_option
@pass_app
def list_series(app: App, area: str | None, kind: str | None, source: str | None, is_stale: bool) -> None:
    """List series with their newest values, the stale ones first."""
    with app.series_records() as records:
        known = records.status()
    found = in_order(filtered(known, area, kind, source) if known else [], app.now())
    found = [one for one in found if one["state"] == "stale" or not is_stale]
    app.output.answer({"series": found}, lambda: _page(app, found, is_any=bool(known)))


def _page(app: App, found: Sequence[dict[str, Any]], *, is_any: bool) -> RenderableType:
    if not found:
        return Text("no such series" if is_any else NONE_YET)
    return Group(Text(f"{counted(found)}\n", "bold"), fitted(app.output.console, SERIES_COLUMNS, found))
