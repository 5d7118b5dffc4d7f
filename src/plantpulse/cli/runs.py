"""`plantpulse runs`: what ran, what it did, and why it failed."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, get_args
from zoneinfo import ZoneInfo

import click
from rich.console import Group, RenderableType
from rich.text import Text

from plantpulse.cli import formats
from plantpulse.cli.app import App, Listing, json_option, limit_option, pass_app, plant_option
from plantpulse.cli.arguments import ID, Since
from plantpulse.cli.tables import Column, details, fitted
from plantpulse.errors import InvalidRequest
from plantpulse.plant.nearest import unknown
from plantpulse.runs import RunStatus, check_report
from plantpulse.schedules.pipelines import PIPELINES, shown_plant, title_of

REJECTED_SHOWN: Final = 10

Record = Mapping[str, Any]


@click.group(cls=Listing)
def runs() -> None:
    """List runs, or show one with its error and timings."""


@runs.command("list")
@plant_option
@click.option("--pipeline", metavar="NAME", help="Only runs of this pipeline, such as live_pulse.")
@click.option("--status", type=click.Choice(get_args(RunStatus)), help="Only runs with this status.")
@click.option("--since", type=Since(), help="Only runs that began after this time.")
@limit_option(20)
@json_option
@pass_app
def list_runs(
    app: App,
    plant: str | None,
    pipeline: str | None,
    status: str | None,
    since: datetime | None,
    limit: int,
) -> None:
    """List runs, latest first, in plant time."""
    wanted = {"plant": plant, "pipeline": _known(pipeline), "status": status}
    filters = {name: value for name, value in wanted.items() if value}
    nothing = "no such runs" if filters or since else "nothing has run yet: `plantpulse run live-pulse` polls"
    with app.records() as records:
        found = [as_shown(run) for run in records.runs(filters, since=since, limit=limit)]
    app.output.answer({"runs": found}, lambda: _table(app, found, nothing))


def _known(pipeline: str | None) -> str | None:
    """Return the name of a pipeline, which may have - for _. Raises: InvalidRequest."""
    name = pipeline and pipeline.replace("-", "_")
    if pipeline and name not in (known := [one.name for one in PIPELINES]):
        raise unknown("pipeline", pipeline, known, field="pipeline")
    return name


def _table(app: App, found: Sequence[Record], nothing: str) -> RenderableType:
    return fitted(app.output.console, _columns(app), found, nothing=nothing)


@runs.command()
@click.argument("run_id", type=ID)
@json_option
@pass_app
def show(app: App, run_id: int) -> None:
    """Show one run: its window, counts, timings, warnings, error and rejected rows."""
    with app.records() as records:
        run = records.run(run_id)
        if run is None:
            raise InvalidRequest(f"there is no run {run_id}; `plantpulse runs` lists them", field="run_id")
        rejected = records.rejected_records(run_id, limit=100)
    run = as_shown(run) | {"rejected_records": rejected}
    app.output.answer({"run": run}, lambda: _run_page(app, run))


def as_shown(run: Record) -> dict[str, Any]:
    """Return a run with `duration_ms`, None while it is running, and no plant if it is of none.

    Raises: StoreRefused if its report is none.
    """
    if run.get("report") is not None:
        check_report(run["report"])
    began, ended = run["started_at"], run["finished_at"]
    took = (datetime.fromisoformat(ended) - datetime.fromisoformat(began)) if ended else None
    took_ms = round(took / timedelta(milliseconds=1)) if took is not None else None
    return {**run, "plant": shown_plant(run["plant"]), "duration_ms": took_ms}


def _columns(app: App) -> list[Column]:
    return [
        Column("Run", lambda run: str(run["id"]), "right"),
        Column("Status", lambda run: formats.styled(run["status"])),
        Column("Pipeline", lambda run: run["pipeline"]),
        Column("Plant", lambda run: run["plant"], rank=1, goes_below=True),
        Column("Began", lambda run: app.local(run["started_at"], run["plant"])),
        Column("Slot", lambda run: app.local(run["slot"], run["plant"]) or "by hand", rank=5),
        Column("Took", lambda run: formats.milliseconds(run["duration_ms"]), "right", rank=3),
        Column("Written", lambda run: formats.number(formats.rows_written(run["counts"])), "right", rank=4),
        Column("Attempt", lambda run: str(run["attempt"]), "right", rank=7),
        Column("By", lambda run: run["requested_by"], rank=6, folds=True),
        Column("Error", lambda run: formats.on_one_line(run["error_code"]), rank=2, goes_below=True),
    ]


def _run_page(app: App, run: Record) -> Group:
    zone = app.zone_of(run["plant"])
    parts: list[Any] = [details(_facts(run, zone))]
    for title, numbers in (("Timings (ms)", formats.in_order(run["timings_ms"])), ("Counts", run["counts"])):
        if numbers:
            pairs = ((name.replace("_", " "), formats.number(value)) for name, value in numbers.items())
            parts += [Text(f"\n{title}", "bold"), details(pairs)]
    warnings = (run["report"] or {}).get("warnings") or ()
    if warnings:
        parts += [Text("\nWarnings", "bold"), details((one["code"], one["message"]) for one in warnings)]
    if run["rejected_records"]:
        parts += [Text("\nRejected rows", "bold"), details(_rejected(run["rejected_records"]))]
    return Group(*parts)


def _facts(run: Record, zone: ZoneInfo | None) -> list[tuple[str, Any]]:
    window = f"{formats.local(run['window_start'], zone)} to {formats.local(run['window_until'], zone)}"
    error = run["error_code"] and Text(f"{run['error_code']}: {run['error_message']}", "red")
    again = {True: "the next delivery tries again", False: "somebody must act", None: None}[
        run["is_retryable"]
    ]
    return [
        ("run", f"{run['id']}, attempt {run['attempt']}"),
        ("pipeline", title_of(run["pipeline"], run["plant"])),
        ("status", formats.styled(run["status"])),
        ("error", error),
        ("then", again),
        ("slot", formats.local(run["slot"], zone) or "none: started by hand"),
        ("window", window if run["window_start"] else None),
        ("began", formats.local(run["started_at"], zone, "%Y-%m-%d %H:%M:%S")),
        ("took", formats.milliseconds(run["duration_ms"])),
        ("asked by", run["requested_by"]),
        ("cold start", {True: "yes", False: "no", None: None}[run["is_cold_start"]]),
        ("version", run["code_version"]),
    ]


def _rejected(records: Sequence[Record]) -> list[tuple[str, str]]:
    shown = [(one["query"], f"{one['reason']}: {_row(one['row'])}") for one in records[:REJECTED_SHOWN]]
    left = len(records) - len(shown)
    return [*shown, ("", f"and {left} more: --json shows them")] if left else shown


def _row(row: Record) -> str:
    return ", ".join(f"{name}={value}" for name, value in row.items())
