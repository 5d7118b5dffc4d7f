"""`plantpulse series rates`: how often publishers answered, and how long they took."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import click

from plantpulse.cli import formats
from plantpulse.cli.app import App, json_option, pass_app
from plantpulse.cli.arguments import Instant, Since
from plantpulse.cli.series_words import score
from plantpulse.cli.tables import Column, fitted
from plantpulse.errors import InvalidRequest

Record = Mapping[str, Any]

_COLUMN_OF: Final = {"area": "subject", "kind": "kind", "source": "source", "pipeline": "pipeline"}
_EVERY: Final = ("hour", "day", "week", "month")


@click.command()
@click.option("--since", type=Since(), default="7d", show_default=True, help="Questions after this time.")
@click.option("--until", type=Instant(), help="Questions before this time (default: now).")
@click.option(
    "--by", type=click.Choice(list(_COLUMN_OF)), multiple=True, default=("area", "kind"), show_default=True,
    help="A row for each of these; several are possible.",
)  # fmt: skip
@click.option("--every", type=click.Choice(_EVERY), help="A row for each span of this length (UTC) too.")
@json_option
@pass_app
def rates(app: App, since: datetime, until: datetime | None, by: tuple[str, ...], every: str | None) -> None:
    """Show how often publishers answered, the worst first: by area and kind, or as --by says."""
    until = until or app.now()
    if until <= since:
        raise InvalidRequest("must be after --since", field="until")
    with app.series_records() as records:
        found = records.rates(since, until, [_COLUMN_OF[one] for one in by], every)
    if not every:
        found.sort(key=lambda one: 2.0 if one["success_rate"] is None else float(one["success_rate"]))
    answer = {"since": since.isoformat(), "until": until.isoformat(), "rates": found}
    columns = [one for one in _columns() if one.heading not in _unused(by, every)]
    nothing = "no publisher was asked in this time"
    app.output.answer(answer, lambda: fitted(app.output.console, columns, found, nothing=nothing))


def _unused(by: tuple[str, ...], every: str | None) -> set[str]:
    """Return the headings that say nothing here."""
    return {name.capitalize() for name in _COLUMN_OF if name not in by} | (set() if every else {"From"})


def _columns() -> list[Column]:
    return [
        Column("From", lambda one: formats.local(one["at"], None)),
        Column("Pipeline", lambda one: one["pipeline"]),
        Column("Area", lambda one: one["subject"], folds=True),
        Column("Kind", lambda one: one["kind"]),
        Column("Source", lambda one: one["source"]),
        Column("Success %", lambda one: score(one["success_rate"]), "right"),
        Column("Asked", lambda one: formats.number(one["collections"] - one["skipped"]), "right"),
        Column("Failed", lambda one: str(one["failed"] or ""), "right", rank=1, goes_below=True),
        Column("Empty", lambda one: str(one["empty"] or ""), "right", rank=6),
        Column("Skipped", lambda one: str(one["skipped"] or ""), "right", rank=5),
        Column("New", lambda one: formats.number(one["points_new"]), "right", rank=4),
        Column("Revised", lambda one: formats.number(one["points_revised"]), "right", rank=7),
        Column("API p50", lambda one: formats.milliseconds(one["api_ms_median"]), "right", rank=3),
        Column("p95", lambda one: formats.milliseconds(one["api_ms_p95"]), "right", rank=2),
    ]
