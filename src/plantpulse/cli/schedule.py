"""`plantpulse schedule`: the schedules of a deployment, on either cloud."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final, Literal, TypeVar

import click
from rich.text import Text

from plantpulse.cli import formats
from plantpulse.cli.app import App, json_option, pass_app
from plantpulse.cli.deployments import deployment_options
from plantpulse.cli.tables import Column, fitted
from plantpulse.clouds.schedules import Schedule, Schedules, chosen, first_of_each
from plantpulse.errors import InvalidRequest
from plantpulse.plant.nearest import unknown

Function = TypeVar("Function", bound=Callable[..., Any])


def _schedule_options(function: Function) -> Function:
    for option in (
        click.option("--plant", metavar="PLANT", help="Only schedules of this plant."),
        click.option("--pipeline", metavar="PIPELINE", help="Only schedules of this pipeline."),
        click.option("--project", metavar="PROJECT", help="Project id, on Google Cloud."),
        click.option(
            "--cloud", type=click.Choice(["gcp", "aws"]), required=True, help="The cloud of the deployment."
        ),
    ):
        function = option(function)
    return deployment_options(function)


@click.group(short_help="Show, stop, start and run a deployment's schedules.")
def schedule() -> None:
    """Show, stop, start and run the schedules that Terraform made."""


@schedule.command(short_help="Show the schedules and their next times.")
@_schedule_options
@json_option
@pass_app
def status(app: App, /, pipeline: str | None, plant: str | None, **where: Any) -> None:
    """Show the schedules with their next times."""
    found = _chosen(_open(**where), pipeline, plant)
    records = [_record(one) for one in found]
    app.output.answer({"schedules": records}, lambda: fitted(app.output.console, _COLUMNS, records))


@schedule.command(short_help="Stop schedules until you start them again.")
@_schedule_options
@json_option
@pass_app
def stop(app: App, /, **options: Any) -> None:
    """Stop schedules. Current runs continue; `terraform apply` starts the schedules again."""
    _change(app, "stopped", lambda schedules: schedules.stop, **options)


@schedule.command(short_help="Start stopped schedules.")
@_schedule_options
@json_option
@pass_app
def start(app: App, /, **options: Any) -> None:
    """Start stopped schedules. The next poll catches up on missed slots."""
    _change(app, "started", lambda schedules: schedules.start, **options)


@schedule.command(name="run-now", short_help="Call the functions of schedules once, now.")
@_schedule_options
@json_option
@pass_app
def run_now(app: App, /, **options: Any) -> None:
    """Call the functions of schedules once, now; `plantpulse runs` shows the result."""
    _change(app, "called", lambda schedules: schedules.run_now, **options)


def _change(
    app: App,
    what: str,
    change_of: Callable[[Schedules], Callable[[str], None]],
    *,
    pipeline: str | None,
    plant: str | None,
    **where: Any,
) -> None:
    schedules = _open(**where)
    found = _chosen(schedules, pipeline, plant)
    if what == "called":
        found = first_of_each(found)
    change = change_of(schedules)
    done: list[str] = []
    for one in found:
        change(one.name)
        done.append(one.name)
    app.output.answer({what: done}, lambda: Text(f"{what}: {', '.join(done)}"))


def _chosen(schedules: Schedules, pipeline: str | None, plant: str | None) -> list[Schedule]:
    """Return the schedules of a pipeline and a plant. Raises: InvalidRequest, with the nearest names."""
    every = schedules.all()
    for field, name in (("pipeline", pipeline), ("plant", plant)):
        known = dict.fromkeys(getattr(one, field) for one in every if getattr(one, field))
        if name is not None and name not in known:
            raise unknown(f"schedule of {field}", name, known, field=field)
    return chosen(every, pipeline=pipeline, plant=plant)


def _open(
    *, cloud: Literal["gcp", "aws"], project: str | None, region: str | None, deployment: str
) -> Schedules:
    """Return a deployment's schedules. Raises: InvalidRequest, CloudRefused, ConfigurationError."""
    if cloud == "aws":
        from plantpulse.clouds.aws.schedules import AwsSchedules  # noqa: PLC0415 - one cloud's SDK alone

        return AwsSchedules(region=region, deployment=deployment)
    if not project or not region:
        raise InvalidRequest("is required on Google Cloud", field="region" if project else "project")
    from plantpulse.clouds.google.schedules import GoogleSchedules  # noqa: PLC0415 - one cloud's SDK alone

    return GoogleSchedules(project=project, region=region, deployment=deployment)


def _record(one: Schedule) -> dict[str, Any]:
    record = asdict(one) | {"pipeline": one.pipeline, "plant": one.plant}
    return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in record.items()}


def _state(one: Mapping[str, Any]) -> Text:
    return Text("on schedule", "green") if one["is_running"] else Text("stopped", "bold red")


_COLUMNS: Final = [
    Column("Pipeline", lambda one: one["pipeline"]),
    Column("Plant", lambda one: one["plant"]),
    Column("State", _state),
    Column("Next run", lambda one: formats.local(one["next_run_at"], None)),
    Column("Cron", lambda one: one["expression"], rank=2),
    Column("Time zone", lambda one: one["time_zone"], rank=1),
    Column("Last attempt", lambda one: formats.local(one["last_attempt_at"], None), rank=3),
    Column("Ended", lambda one: one["last_code"], rank=4),
]
