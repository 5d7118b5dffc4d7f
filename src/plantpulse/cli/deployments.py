"""The options that choose a deployment, for commands that ask its cloud."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

Function = TypeVar("Function", bound=Callable[..., Any])

DEPLOYMENT: Final = "plantpulse"


def deployment_options(function: Function) -> Function:
    """Give a command the options that choose a deployment."""
    for option in (
        click.option(
            "--deployment", default=DEPLOYMENT, show_default=True, metavar="NAME",
            help="Terraform's variable `name`.",
        ),
        click.option("--region", metavar="REGION", help="Region (on AWS default: AWS_REGION)."),
    ):  # fmt: skip
        function = option(function)
    return function
