"""Every command by name: its place and its purpose in one line.

A command is imported when it is used, so `status` does not wait for the driver of `run`. A new command
is one module and one line here.
"""

import sys
from importlib import import_module
from typing import Any, Final, NamedTuple

import click


class Command(NamedTuple):
    """Where a command is defined (module:attribute) and its line in `plantpulse --help`."""

    place: str
    short_help: str


COMMANDS: Final = {
    "alarms": Command("plantpulse.cli.alarms:alarms", "Send a test notice to the topic of AWS's alarms."),
    "alerts": Command(
        "plantpulse.cli.alerts:alerts", "List alerts; acknowledge or silence them, and see how loud they are."
    ),
    "assets": Command("plantpulse.cli.assets:assets", "List or import a plant's assets."),
    "channels": Command(
        "plantpulse.cli.channels:channels", "Show who is told of alerts, or send a test message."
    ),
    "check": Command(
        "plantpulse.cli.check:check", "Check every link from the plant to Supabase, and say what to do."
    ),
    "closed-days": Command(
        "plantpulse.cli.closed_days:closed_days",
        "List or import closed days: holidays and other days without shifts.",
    ),
    "config": Command("plantpulse.cli.config:config", "Begin, show or describe the settings."),
    "cost-centers": Command(
        "plantpulse.cli.cost_centers:cost_centers", "List or import a plant's cost centers with their rates."
    ),
    "dead-letters": Command(
        "plantpulse.cli.dead_letters:dead_letters",
        "List events that AWS could not deliver, or send them again.",
    ),
    "members": Command("plantpulse.cli.members:members", "List, add and remove the members of plants."),
    "product-rates": Command(
        "plantpulse.cli.product_rates:product_rates",
        "List or import ideal rates of products, for plants whose output names the product.",
    ),
    "report": Command(
        "plantpulse.cli.report:report", "Show the summaries of a production day, or the mail about it."
    ),
    "run": Command("plantpulse.cli.run:run", "Run a pipeline by hand, as the functions do."),
    "runs": Command("plantpulse.cli.runs:runs", "List runs, or show one with its error and timings."),
    "safety": Command("plantpulse.cli.safety:safety", "List safety events; acknowledge or resolve them."),
    "schedule": Command(
        "plantpulse.cli.schedule:schedule", "Show, stop, start and run a deployment's schedules."
    ),
    "series": Command(
        "plantpulse.cli.series:series", "List, show, draw and export energy and commodity series."
    ),
    "snapshots": Command("plantpulse.cli.snapshots:snapshots", "Show the latest snapshot of every asset."),
    "status": Command(
        "plantpulse.cli.status:status", "Show the state of every pipeline and its last 24 hours."
    ),
    "tags": Command("plantpulse.cli.tags:tags", "Import, check, start, stop and show machine tags."),
    "targets": Command(
        "plantpulse.cli.targets:targets", "List or import shift targets: what assets should make in a shift."
    ),
}


class ReaderLeft(Exception):
    """The reader of the answer has closed the pipe. Not an OSError: click would end the process on one."""


class Commands(click.Group):
    """The root command, which knows its subcommands by name and imports the one that is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in alphabetical order."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command; None for an unknown name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].place.partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. Raises: ReaderLeft, and whatever the command raises."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError as error:
            raise ReaderLeft from error
        return result

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name].short_help) for name in self.list_commands(ctx)])
