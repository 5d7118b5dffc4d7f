"""`plantpulse status`: one line for every pipeline of every plant.

States, ages and due times come from health (`health.view`); the strip of the last 24 hours is added, and each
series with its newest value.
"""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final

import click
from rich.console import Group, RenderableType
from rich.text import Text

from plantpulse.cli import formats
from plantpulse.cli.app import App, json_option, pass_app, plant_option
from plantpulse.cli.series_states import SERIES_COLUMNS, counted, in_order
from plantpulse.cli.tables import Column, fitted
from plantpulse.health.observed import observed
from plantpulse.health.view import view_of
from plantpulse.plant.rounding import shown_span
from plantpulse.runs import readable
from plantpulse.schedules.pipelines import pipelines_of, title_of

HOURS: Final = 24
UNHEALTHY: Final = 1
SERIES_SHOWN: Final = 30

Record = Mapping[str, Any]

# One character an hour, distinct without colour too: the worst result in it.
_NOTHING: Final = ("·", "dim")
_WORST: Final = (("failed", ("x", "bold red")), ("partial", ("~", "yellow")), ("succeeded", ("#", "green")))
_MEANINGS: Final = {"#": "succeeded", "~": "partial", "x": "failed", "·": "none"}
_STYLES: Final[Mapping[str, str]] = {
    "running": "green",
    "healthy": "bold green",
    "new": "cyan",
    "stopped": "dim",
    "late": "yellow",
    "degraded": "bold yellow",
    "not_configured": "yellow",
    "unknown": "yellow",
    "down": "bold red",
    "unhealthy": "bold red",
}


@click.command(short_help="Show the state of every pipeline and its last 24 hours.")
@plant_option
@json_option
@pass_app
def status(app: App, plant: str | None) -> int:
    """Show the state of every pipeline of every plant, and its last 24 hours.

    It ends with 1 when a pipeline is down.
    """
    now = app.now()
    view = _view(app, plant, now)
    app.output.answer(view, lambda: _status_page(app, view, now))
    return UNHEALTHY if view["status"] == "unhealthy" else 0


def _view(app: App, plant: str | None, now: datetime) -> dict[str, Any]:
    known = [one for one in pipelines_of(app.settings) if plant in (None, one.plant)]
    asked_s = time.monotonic()
    with app.records() as records:
        found = records.pipeline_status([{"pipeline": one.name, "plant": one.plant} for one in known])
        database = {"answered_ms": round((time.monotonic() - asked_s) * 1000)}
        is_of_series = plant is None and app.settings.series is not None
        series = in_order(records.series_status(), now) if is_of_series else []
    with readable("what the runs say about health"):
        view = view_of(observed(known, found, app.settings.health, now), now)
    pairs = zip(view["pipelines"], found, strict=True)
    pipelines = [{**one, "hours": summary["hours"]} for one, summary in pairs]
    return {**view, "database": database, "pipelines": pipelines, "series": series}


def _status_page(app: App, view: Record, now: datetime) -> Group:
    shown = view["pipelines"]
    title = Text.assemble((view["status"], _STYLES[view["status"]]), "\n")
    table = fitted(app.output.console, columns(now), shown, nothing="there is no pipeline")
    notes = [Text(f"{_name(one)}: {note}", "yellow") for one in shown for note in notes_on(one)]
    return Group(title, table, *notes, *legend(shown), *_series_page(app, view["series"]), _database(view))


def _database(view: Record) -> Text:
    return Text(f"\nSupabase answered in {formats.milliseconds(view['database']['answered_ms'])}", "dim")


def _series_page(app: App, series: Sequence[Record]) -> list[RenderableType]:
    """Return the series, the stale ones first; of many the first ones."""
    if not series:
        return []
    left = len(series) - SERIES_SHOWN
    more = [Text(f"and {left} more: `plantpulse series list`", "dim")] if left > 0 else []
    table = fitted(app.output.console, SERIES_COLUMNS, series[:SERIES_SHOWN])
    return [Text(f"\n{counted(series)}", "bold"), table, *more]


def legend(pipelines: Sequence[Record]) -> list[Text]:
    """Return the meaning of the characters that stand in the strips."""
    seen = {character for one in pipelines for character, _ in _marks(one["hours"])}
    known = "  ".join(f"{one} {meaning}" for one, meaning in _MEANINGS.items() if one in seen)
    return [Text(f"\n24 h, the latest on the right: {known}", "dim")] if seen else []


def _name(pipeline: Record) -> str:
    return title_of(pipeline["pipeline"], pipeline["plant"])


def columns(now: datetime) -> Sequence[Column]:
    """Return the columns of the table; ages are relative to `now`."""
    return [
        Column("Pipeline", lambda one: one["pipeline"]),
        Column("Plant", lambda one: one["plant"], rank=1, goes_below=True),
        Column("State", lambda one: Text(one["state"].replace("_", " "), _STYLES[one["state"]])),
        Column("Last success", lambda one: _ago(one["last_success_timestamp"], now)),
        Column("Data age", lambda one: _span(one["data_age_s"]), "right", rank=2, goes_below=True),
        Column("Next", lambda one: _until(one["next_poll_scheduled"], now), "right", rank=4),
        Column(
            "p95",
            lambda one: formats.milliseconds((one.get("duration_ms") or {}).get("p95")),
            "right",
            rank=6,
        ),
        Column("Rows", lambda one: formats.number(rows_of(one)), "right", rank=7),
        Column("Failed", _failed, "right", rank=3, goes_below=True),
        Column("24 h", lambda one: strip(one["hours"]), rank=5, goes_below=True),
    ]


def strip(hours: Sequence[Record]) -> Text:
    """Return 24 characters, the oldest hour first: the worst result of each."""
    line = Text()
    for (character, style), equal in groupby(_marks(hours)):
        line.append(character * len(list(equal)), style)
    return line


def _marks(hours: Sequence[Record]) -> list[tuple[str, str]]:
    """Return character and style of each hour, the oldest first."""
    by_age = {hour["hours_ago"]: hour for hour in hours}
    shown = [by_age.get(hours_ago, {}) for hours_ago in reversed(range(HOURS))]
    return [next((mark for name, mark in _WORST if hour.get(name)), _NOTHING) for hour in shown]


def rows_of(pipeline: Record) -> int | None:
    """Return how many rows the last success wrote, changed or removed; None if unknown."""
    return formats.rows_written(pipeline["counts"] or {})


def notes_on(pipeline: Record) -> list[str]:
    """Return what else an operator should know about a pipeline."""
    notes = []
    if error := pipeline["last_error"]:
        notes.append(f"last error {error['code']}; plantpulse runs show {error['run_id']}")
    if missing := pipeline["missing_settings"]:
        notes.append(f"set {', '.join(missing)}")
    if pipeline["is_data_behind"]:
        notes.append("runs succeed without data: see their warnings")
    return notes


def _failed(pipeline: Record) -> Text:
    failed, all_ = pipeline["polls_failed"], pipeline["polls_executed"]
    return Text(f"{failed} of {all_}", "red" if failed else "")


def _ago(instant: str | None, now: datetime) -> str | None:
    return f"{formats.age(datetime.fromisoformat(instant), now)} ago" if instant else "never"


def _until(instant: str | None, now: datetime) -> str | None:
    return f"in {shown_span(datetime.fromisoformat(instant) - now)}" if instant else None


def _span(seconds: float | None) -> str | None:
    return None if seconds is None else shown_span(timedelta(seconds=seconds))
