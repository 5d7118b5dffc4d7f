"""`plantpulse series`: energy and commodity series: what is stored, what is missing, and how good it is.

Each command is a module of its own, imported when it is used: `list` does not wait for what `retry` needs.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Final

import click

from plantpulse.cli.app import Listing

COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "list": ("series_list:list_series", "List series with their newest values, the stale ones first."),
    "show": ("series_show:show", "Show one series: newest values, gaps, quality, corrections."),
    "plot": ("series_plot:plot", "Draw a series in the terminal, or as a picture."),
    "export": ("series_export:export", "Write the points of series to a CSV or Parquet file."),
    "gaps": ("series_gaps:gaps", "List gaps: what is missing, and what becomes of it."),
    "quality": ("series_quality:quality", "Show how good the days of series are, the worst first."),
    "report": ("series_report:report", "Show how good the series of a day or a week were, in words."),
    "rates": ("series_rates:rates", "Show how often publishers answered, the worst first."),
    "failed": ("series_failed:failed", "List replies that could not be read or stored."),
    "retry": ("series_retry:retry", "Ask again for a reply that could not be read or stored."),
}


class Series(Listing):
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


@click.group(cls=Series)
def series() -> None:
    """List, show, draw and export energy and commodity series."""
