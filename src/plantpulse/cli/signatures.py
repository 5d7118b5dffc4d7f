"""The name under which somebody signs: acknowledges, resolves or silences."""

import getpass

import click

from plantpulse.cli import cells
from plantpulse.cli.app import Function
from plantpulse.errors import InvalidRequest


def by_option(function: Function) -> Function:
    """Give a command --by, the name of the person who signs."""
    return click.option(
        "--by",
        metavar="NAME",
        default=getpass.getuser,
        show_default="user of this machine",
        help="Name for the signature.",
    )(function)


def signature(by: str) -> str:
    """Return a name as it is stored. Raises: InvalidRequest if it is none."""
    if not by.strip():
        raise InvalidRequest("a signature needs a name", field="by")
    try:
        return cells.name(by.strip())
    except ValueError as error:
        raise InvalidRequest(str(error), field="by") from None
