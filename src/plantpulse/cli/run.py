"""`plantpulse run`: runs a pipeline by hand, in this process, exactly as the functions do."""

import getpass
import inspect
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from types import FrameType
from typing import Any, Final

import click
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from rich.console import Group
from rich.text import Text

from plantpulse import database
from plantpulse.cli import formats, interrupts
from plantpulse.cli.app import App, Function, json_option, one_plant_option, pass_app
from plantpulse.cli.exit_codes import CONFIGURATION, FAILED, INTERRUPTED, SUCCESS, TRY_AGAIN
from plantpulse.cli.tables import details
from plantpulse.entry.callers import Caller
from plantpulse.entry.service import Answer, Service
from plantpulse.errors import Interrupted, InvalidRequest
from plantpulse.schedules.pipelines import PIPELINES, RegisteredFunction

# What a scheduler or a shell script should do next; docs/command-line.md.
EXIT_CODES: Final[Mapping[str, int]] = {
    "succeeded": SUCCESS,
    "partial": SUCCESS,
    "duplicate": SUCCESS,
    "busy": TRY_AGAIN,
    "not_configured": CONFIGURATION,
}


class Runs(click.Group):
    """The pipelines of the registry as commands; the job of one is imported when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order of the registry."""
        return [_command_name(one) for one in PIPELINES if one.job]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of a pipeline; None for a name that there is not."""
        found = next((one for one in PIPELINES if one.job and _command_name(one) == cmd_name), None)
        return _command_of(found) if found else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands, importing none."""
        with formatter.section("Commands"):
            formatter.write_dl([(_command_name(one), one.purpose) for one in PIPELINES if one.job])


@click.group(cls=Runs)
def run() -> None:
    """Run a pipeline by hand, as the functions do."""


def _command_name(pipeline: RegisteredFunction) -> str:
    return pipeline.name.replace("_", "-")


def _command_of(pipeline: RegisteredFunction) -> click.Command:
    """Return the command that runs a pipeline; its options are the fields of the job's request."""
    module, _, name = str(pipeline.job).partition(":")
    job = getattr(import_module(module), name)
    asked: type[BaseModel] = job.request

    @json_option
    @pass_app
    def command(app: App, /, **parameters: Any) -> int:
        service = Service(
            job(**_adapters(pipeline)), open_store=database.connect, load_settings=lambda: app.settings
        )
        service.clock = app.clock
        try:
            return _run(app, service, parameters)
        except InvalidRequest as error:
            raise _as_option(error, asked) from None

    for place, field in reversed(asked.model_fields.items()):
        command = _option(place, field)(command)
    return click.command(_command_name(pipeline), help=inspect.cleandoc(asked.__doc__ or ""))(command)


def _option(place: str, field: FieldInfo) -> Callable[[Function], Function]:
    """Return the option for a field: named as in a request, unless the field says `option`."""
    parameter = field.alias or place
    if parameter == "plant":
        return one_plant_option
    said: Any = field.json_schema_extra or {}
    name = f"--{said.get('option', parameter.replace('_', '-'))}"
    if field.annotation is bool:
        return click.option(name, parameter, is_flag=True, help=field.description)
    return click.option(name, parameter, metavar=said.get("metavar", "TEXT"), help=field.description)


def _as_option(error: InvalidRequest, asked: type[BaseModel]) -> InvalidRequest:
    """Return an error that names the option instead of the request's field."""
    options: dict[str | None, str] = {
        field.alias or place: str(said["option"])
        for place, field in asked.model_fields.items()
        if isinstance(said := field.json_schema_extra, dict) and "option" in said
    }
    place = options.get(error.field, error.field)
    return InvalidRequest(str(error), field=place, http_status=error.http_status)


def _adapters(pipeline: RegisteredFunction) -> dict[str, Any]:
    """Return what a pipeline's job reads from: the driver and the clients are for those who need them."""
    if pipeline.reads_plant:
        from plantpulse.source import sqlserver  # noqa: PLC0415

        return {"connect_source": sqlserver.connect}
    if pipeline.asks_publishers:
        from plantpulse.series.sources import open_sources  # noqa: PLC0415

        return {"open_sources": open_sources}
    return {}


def _run(app: App, service: Service[Any], asked: Mapping[str, Any]) -> int:
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
