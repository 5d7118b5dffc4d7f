"""Every command by name: where it is, and what it is for in one line.

A command is imported when it is used, so that `status` does not wait for the driver of `run`. A new one
is a module of its own and a line here.
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
    "alarms": Command("plantpulse.cli.alarms:alarms", "Send a test notice where AWS's alarms go."),
    "assets": Command("plantpulse.cli.assets:assets", "Import the machines and lines of a plant."),
    "check": Command(
        "plantpulse.cli.check:check", "Check every link from the plant to Supabase, and say what to do."
    ),
    "config": Command("plantpulse.cli.config:config", "Show the settings, or their JSON schema for editors."),
    "cost-centers": Command(
        "plantpulse.cli.cost_centers:cost_centers", "Import a plant's cost centers with their rates."
    ),
    "dead-letters": Command(
        "plantpulse.cli.dead_letters:dead_letters", "List events that AWS gave up, or send them again."
    ),
    "members": Command("plantpulse.cli.members:members", "List, add and remove the members of plants."),
    "run": Command("plantpulse.cli.run:run", "Run a pipeline by hand, as the functions run it."),
    "runs": Command("plantpulse.cli.runs:runs", "List runs, or show one with its error and timings."),
    "safety": Command("plantpulse.cli.safety:safety", "List safety events; acknowledge or resolve them."),
    "schedule": Command(
        "plantpulse.cli.schedule:schedule", "See, stop, start and run a deployment's schedules."
    ),
    "snapshots": Command("plantpulse.cli.snapshots:snapshots", "Show how every asset stands."),
    "status": Command("plantpulse.cli.status:status", "Show how every pipeline stands, and its last day."),
    "targets": Command("plantpulse.cli.targets:targets", "Import what assets should make in a shift."),
}


class ReaderLeft(Exception):
    """Whoever read the answer has closed the pipe. Not an OSError: click would end the process on one."""


class Commands(click.Group):
    """The root command, which knows its subcommands by name and imports the one that is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in alphabetical order."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command; None for a name that there is not."""
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
        """Write the list of commands, importing none."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name].short_help) for name in self.list_commands(ctx)])
