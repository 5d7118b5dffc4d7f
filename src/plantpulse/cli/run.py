"""`plantpulse run`: runs a pipeline by hand, in this process, exactly as the functions do."""

import inspect
from collections.abc import Callable
from dataclasses import Field, fields
from importlib import import_module
from typing import Any

import click

from plantpulse.cli.app import App, Function, json_option, one_plant_option, pass_app
from plantpulse.cli.running import run_by_hand
from plantpulse.entry.requests import Request, name_of
from plantpulse.errors import InvalidRequest
from plantpulse.schedules.pipelines import PIPELINES, RegisteredFunction


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
    asked: type[Request] = job.request

    @json_option
    @pass_app
    def command(app: App, /, **parameters: Any) -> int:
        try:
            return run_by_hand(app, job(**_adapters(pipeline)), parameters)
        except InvalidRequest as error:
            raise _as_option(error, asked) from None

    for one in reversed(fields(asked)):
        command = _option(one)(command)
    return click.command(_command_name(pipeline), help=inspect.cleandoc(asked.__doc__ or ""))(command)


def _option(one: Field[Any]) -> Callable[[Function], Function]:
    """Return the option for a field: named as in a request, unless the field says `option`."""
    parameter, told = name_of(one), one.metadata.get("description")
    if parameter == "plant":
        return one_plant_option
    said = one.metadata.get("json_schema_extra", {})
    name = f"--{said.get('option', parameter.replace('_', '-'))}"
    if one.type is bool:
        return click.option(name, parameter, is_flag=True, help=told)
    return click.option(name, parameter, metavar=said.get("metavar", "TEXT"), help=told)


def _as_option(error: InvalidRequest, asked: type[Request]) -> InvalidRequest:
    """Return an error that names the option instead of the request's field."""
    options: dict[str | None, str] = {
        name_of(one): str(said["option"])
        for one in fields(asked)
        if "option" in (said := one.metadata.get("json_schema_extra", {}))
    }
    place = options.get(error.field, error.field)
    return InvalidRequest(str(error), field=place, http_status=error.http_status)


def _adapters(pipeline: RegisteredFunction) -> dict[str, Any]:
    """Return what a pipeline's job reads from: the driver and the clients are for those who need them."""
    if pipeline.reads_plant:
        from plantpulse.source import sqlserver  # noqa: PLC0415 - only who reads a plant

        return {"connect_source": sqlserver.connect}
    if pipeline.asks_publishers:
        from plantpulse.series.sources import open_sources  # noqa: PLC0415 - only who asks

        return {"open_sources": open_sources}
    return {}
