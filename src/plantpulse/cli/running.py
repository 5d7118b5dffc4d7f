"""Runs a job in this process, exactly as the functions do, and shows its report."""

import getpass
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

from rich.console import Group
from rich.text import Text

from plantpulse import database
from plantpulse.cli import formats, interrupts
from plantpulse.cli.app import App
from plantpulse.cli.exit_codes import CONFIGURATION, FAILED, INTERRUPTED, SUCCESS, TRY_AGAIN
from plantpulse.cli.tables import details
from plantpulse.entry.callers import Caller
from plantpulse.entry.service import Answer, Service
from plantpulse.errors import Interrupted

# What a scheduler or a shell script should do next; docs/command-line.md.
EXIT_CODES: Final[Mapping[str, int]] = {
    "succeeded": SUCCESS,
    "partial": SUCCESS,
    "duplicate": SUCCESS,
    "busy": TRY_AGAIN,
    "not_configured": CONFIGURATION,
}


def run_by_hand(app: App, job: Any, asked: Mapping[str, Any]) -> int:
    """Run a job with what a person asked, show the report, and return the exit code.

    Raises: the error of a run that never began.
    """
    service = Service(job, open_store=database.connect, load_settings=lambda: app.settings)
    service.clock = app.clock
    parameters = {name: value for name, value in asked.items() if value is not None}
    with app.output.busy("Running") as watcher, app.logs_aside(), _recorded_interruption():
        service.watcher, service.end_process = watcher, app.end_process
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
        interrupts.hear()
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
    plant, window, error = report.get("plant"), report["window"], report["error"]
    span = window and f"{app.local(window['start'], plant)} to {app.local(window['until'], plant)}"
    number = None if report["run_id"] is None else str(report["run_id"])
    return [
        ("outcome", formats.styled(report["outcome"])),
        ("error", error and Text(f"{error['code']}: {error['message']}", "red")),
        ("run", "dry run: nothing was written" if report["is_dry_run"] else number),
        ("window", span),
        ("took", formats.milliseconds(report["duration_ms"])),
    ]
