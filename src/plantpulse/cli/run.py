"""`plantpulse run`: runs a pipeline by hand, in this process, exactly as the functions do."""

import getpass
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

import click
from rich.console import Group
from rich.text import Text

from plantpulse import database
from plantpulse.cleanup import Cleanup
from plantpulse.cli import formats
from plantpulse.cli.app import App, Function, json_option, pass_app, plant_option
from plantpulse.cli.exit_codes import CONFIGURATION, FAILED, INTERRUPTED, SUCCESS, TRY_AGAIN
from plantpulse.cli.tables import details
from plantpulse.entry.callers import Caller
from plantpulse.entry.service import Answer, Service
from plantpulse.errors import Interrupted
from plantpulse.live_pulse.job import LivePulse
from plantpulse.morning_report.job import MorningReport
from plantpulse.source import sqlserver

# What a scheduler or a shell script should do next; docs/command-line.md.
EXIT_CODES: Final[Mapping[str, int]] = {
    "succeeded": SUCCESS,
    "partial": SUCCESS,
    "duplicate": SUCCESS,
    "busy": TRY_AGAIN,
    "not_configured": CONFIGURATION,
}


@click.group()
def run() -> None:
    """Run a pipeline by hand, as the functions do."""


def _dry_run_option(function: Function) -> Function:
    return click.option("--dry-run", is_flag=True, help="Read and evaluate, but write nothing.")(function)


@run.command("live-pulse")
@plant_option
@click.option("--from", "since", metavar="TIME", help="Read a span of the past again, from this time.")
@click.option("--until", metavar="TIME", help="With --from: the end of the span, included.")
@_dry_run_option
@json_option
@pass_app
def live_pulse(app: App, plant: str | None, since: str | None, until: str | None, dry_run: bool) -> int:
    """Poll a plant now, or read a span of the past again and fill its slots.

    Times are ISO 8601; without an offset they are plant time.
    """
    service = Service(
        LivePulse(connect_source=sqlserver.connect),
        open_store=database.connect,
        load_settings=lambda: app.settings,
    )
    return _run(app, service, {"plant": plant, "from": since, "until": until, "dry_run": dry_run})


@run.command()
@_dry_run_option
@json_option
@pass_app
def cleanup(app: App, dry_run: bool) -> int:
    """Remove expired snapshots, runs and rejected records of all plants."""
    service = Service(Cleanup(), open_store=database.connect, load_settings=lambda: app.settings)
    return _run(app, service, {"dry_run": dry_run})


@run.command("morning-report")
@plant_option
@click.option("--date", "day", metavar="DATE", help="The production day (default: the last finished one).")
@click.option("--from", "since", metavar="DATE", help="The first of several production days.")
@click.option("--until", metavar="DATE", help="With --from: the last day, included.")
@_dry_run_option
@json_option
@pass_app
def morning_report(
    app: App, plant: str | None, day: str | None, since: str | None, until: str | None, dry_run: bool
) -> int:
    """Make the report of one production day or several; an earlier report is replaced."""
    service = Service(
        MorningReport(connect_source=sqlserver.connect),
        open_store=database.connect,
        load_settings=lambda: app.settings,
    )
    asked = {"plant": plant, "date": day, "from_date": since, "until_date": until, "dry_run": dry_run}
    return _run(app, service, asked)


def _run(app: App, service: Service[Any], asked: Mapping[str, Any]) -> int:
    parameters = {name: value for name, value in asked.items() if value is not None}
    with app.logs_aside(), app.output.busy("Running") as watcher, _recorded_interruption():
        service.watcher = watcher
        answer = service.ask(parameters, Caller(f"cli:{getpass.getuser()}"))
    if answer.error:
        raise answer.error
    report = answer.body()
    app.output.answer(report, lambda: _report_page(app, report))
    return exit_code_of(answer)


def exit_code_of(answer: Answer) -> int:
    """Return the exit code for an answer with a report."""
    assert answer.report  # noqa: S101 - an error was raised
    if (answer.report.error or {}).get("code") == Interrupted.code:
        return INTERRUPTED
    return TRY_AGAIN if answer.is_retryable else EXIT_CODES.get(answer.report.outcome, FAILED)


@contextmanager
def _recorded_interruption() -> Iterator[None]:
    """Let the first Ctrl-C end the run as a recorded failure; a second one ends it at once."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, before)
        raise Interrupted("the run was interrupted by hand")

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _report_page(app: App, report: Mapping[str, Any]) -> Group:
    parts: list[Any] = [details(_facts(app, report))]
    timings_ms = formats.in_order(report["timings_ms"])
    for title, numbers in (("Timings (ms)", timings_ms), ("Counts", report["counts"])):
        if numbers:
            pairs = ((name.replace("_", " "), formats.number(value)) for name, value in numbers.items())
            parts += [Text(f"\n{title}", "bold"), details(pairs)]
    if report["warnings"]:
        warnings = ((one["code"], one["message"]) for one in report["warnings"])
        parts += [Text("\nWarnings", "bold"), details(warnings)]
    if preview := report.get("preview"):
        would = ", ".join(f"{len(rows)} {name.replace('_', ' ')}" for name, rows in preview.items())
        parts.append(Text(f"\nit would write {would}: --json shows them"))
    return Group(*parts)


def _facts(app: App, report: Mapping[str, Any]) -> list[tuple[str, Any]]:
    plant, window, error = report["plant"], report["window"], report["error"]
    span = window and f"{app.local(window['start'], plant)} to {app.local(window['until'], plant)}"
    number = None if report["run_id"] is None else str(report["run_id"])
    return [
        ("outcome", formats.styled(report["outcome"])),
        ("error", error and Text(f"{error['code']}: {error['message']}", "red")),
        ("run", "dry run: nothing was written" if report["is_dry_run"] else number),
        ("window", span),
        ("took", formats.milliseconds(report["duration_ms"])),
    ]
