"""`plantpulse tags`: values of machines: which are read, how that goes, and what they were.

Each command is a module of its own, imported when it is used.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Final

import click

from plantpulse.cli.app import Listing

COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "import": ("tags_import:import_", "Add, change and remove groups of tags from a CSV file."),
    "list": ("tags_list:list_tags", "List groups of tags, or the tags of one; export them as CSV."),
    "check": ("tags_check:check", "Read each tag of a group once, and show what came."),
    "status": ("tags_status:status", "Show how the polling of each group goes; --watch keeps looking."),
    "start": ("tags_control:start", "Start a group, or all of a plant."),
    "stop": ("tags_control:stop", "Stop a group, or all of a plant."),
    "trigger": ("tags_trigger:trigger", "Read a handshake group now, and store the sample."),
    "history": ("tags_history:history", "Show what a tag was in a span, or write it as CSV."),
    "run": ("tags_run:run", "Poll a plant's groups on this computer: the edge runner."),
}


class Tags(Listing):
    """The commands by name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command; None for an unknown name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(f"plantpulse.cli.{module}"), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, short_help) for name, (_, short_help) in COMMANDS.items()])


@click.group(cls=Tags)
def tags() -> None:
    """Import, check, start, stop and show machine tags."""
