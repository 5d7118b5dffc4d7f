"""The entry point `plantpulse`: the root command, and how every call ends.

Exit codes: docs/command-line.md. Errors go to stderr; with --json they go to stdout, in the shape of the
functions' errors.
"""

import errno
import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from plantpulse import __version__
from plantpulse.cli import interrupts
from plantpulse.cli.app import App
from plantpulse.cli.commands import Commands, ReaderLeft
from plantpulse.cli.exit_codes import (
    BROKEN_PIPE,
    FAILED,
    INTERRUPTED,
    SUCCESS,
    USAGE,
    exit_code_of,
)
from plantpulse.errors import PlantpulseError


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Use this settings file instead of plantpulse.yaml or PLANTPULSE_CONFIG.",
)
@click.option("--no-color", is_flag=True, help="Use no colour; the variable NO_COLOR does the same.")
@click.option("--verbose", is_flag=True, help="Show log lines on stderr.")
@click.version_option(__version__, prog_name="plantpulse")
@click.pass_obj
def root(app: App, config_file: Path | None, no_color: bool, verbose: bool) -> None:
    """Operate plantpulse: run pipelines by hand, see their state, maintain the plant's data."""
    app.config_file = config_file
    app.is_verbose = verbose
    if verbose:
        app.output.turn_bars_off()
    if no_color:
        app.output.turn_colour_off()


def main(arguments: Sequence[str] | None = None, app: App | None = None) -> int:
    """Run one command and return the exit code."""
    app = app or App()
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        _refuse_what_is_no_text(given)
        result: Any = root.main(
            given,
            prog_name="plantpulse",
            standalone_mode=False,
            obj=app,
        )
    except click.ClickException as error:
        app.output.refuse_usage(error)
        return USAGE
    except PlantpulseError as error:
        app.output.show_error(error)
        return exit_code_of(error)
    except (KeyboardInterrupt, click.Abort):
        app.output.note("interrupted")
        return INTERRUPTED
    except ReaderLeft:
        _leave_stdout()
        return BROKEN_PIPE
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        _leave_stdout()
        app.output.note(f"the answer could not be written: {error.strerror}")
        return FAILED
    return result if isinstance(result, int) else SUCCESS


def _leave_stdout() -> None:
    """Redirect stdout to nowhere, so that Python does not fail to write the rest at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def run(app: App | None = None) -> None:
    """The console script.

    The garbage collector rests: it took a fifth of `plantpulse status`, and a command ends before garbage
    matters.
    """
    gc.disable()
    interrupts.listen()
    code = main(app=app)
    gc.freeze()
    sys.exit(code)


def _refuse_what_is_no_text(arguments: Sequence[str]) -> None:
    """Raises: click.UsageError for bytes that are no UTF-8, unless a file has that name.

    Python passes them on as halves of characters, which nothing that is sent or written can hold.
    """
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError:
            if not os.path.lexists(argument):
                told = "an argument is not in UTF-8: look at the character set of the terminal"
                raise click.UsageError(told) from None
