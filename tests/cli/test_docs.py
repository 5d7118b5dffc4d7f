"""docs/command-line.md tells of every command and option, and of no other."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from plantpulse.cli import exit_codes
from plantpulse.cli.assets import ASSETS
from plantpulse.cli.closed_days import CLOSED_DAYS
from plantpulse.cli.cost_centers import COST_CENTERS
from plantpulse.cli.imports import Kind
from plantpulse.cli.main import root
from plantpulse.cli.product_rates import PRODUCT_RATES
from plantpulse.cli.targets import TARGETS

GUIDE = (Path(__file__).parents[2] / "docs" / "command-line.md").read_text(encoding="utf-8")
SECTIONS = dict(
    re.findall(r"^## `plantpulse ([a-z -]+)`$\n(.*?)(?=^## |\Z)", GUIDE, re.MULTILINE | re.DOTALL)
)
EVERYWHERE = {"--json", "--help", "-h"}


def commands(group: click.Group, above: str = "") -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, f"{above}{name} ")
        else:
            yield f"{above}{name}", command


ALL = dict(commands(root))


def options(command: click.Command) -> set[str]:
    found = {name for one in command.params if isinstance(one, click.Option) for name in one.opts}
    return found - EVERYWHERE


def test_every_command_has_a_section_and_nothing_else_has() -> None:
    assert SECTIONS.keys() == ALL.keys()


@pytest.mark.parametrize("name", sorted(ALL))
def test_a_section_tells_of_every_option_and_argument_and_of_no_other(name: str) -> None:
    told = set(re.findall(r"(--[a-z][a-z-]+)", SECTIONS[name])) - EVERYWHERE
    arguments = [one.human_readable_name for one in ALL[name].params if isinstance(one, click.Argument)]

    assert told == options(ALL[name])
    assert [one for one in arguments if one not in SECTIONS[name]] == []


@pytest.mark.parametrize("name", sorted(ALL))
def test_every_command_answers_in_json_and_the_guide_tells_the_shape(name: str) -> None:
    if name == "config schema":  # is JSON, whatever is asked
        return

    assert "--json" in {option for one in ALL[name].params for option in one.opts}
    assert re.search(r"^JSON: `", SECTIONS[name], re.MULTILINE)


@pytest.mark.parametrize(
    "kind", [COST_CENTERS, ASSETS, TARGETS, CLOSED_DAYS, PRODUCT_RATES], ids=lambda kind: kind.function
)
def test_every_column_of_a_table_is_told(kind: Kind) -> None:
    name = kind.function.removeprefix("import_").removeprefix("shift_").replace("_", "-")
    cells = re.findall(r"^\| (`[a-z_`, ]+) \| (required)?", SECTIONS[f"{name} import"], re.MULTILINE)
    told = {column: required for columns, required in cells for column in re.findall(r"[a-z_]+", columns)}

    assert told == {column: "required" if cell.is_required else "" for column, cell in kind.cells.items()}


def test_the_options_before_a_command_are_told() -> None:
    told = set(re.findall(r"^\| `(--[a-z-]+)", GUIDE, re.MULTILINE))

    assert told == options(root) - {"--version"}


def test_every_exit_code_is_told() -> None:
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", GUIDE, re.MULTILINE)}

    names = ("SUCCESS", "FAILED", "USAGE", "CONFIGURATION", "TRY_AGAIN", "INTERRUPTED", "BROKEN_PIPE")
    assert told == {getattr(exit_codes, name) for name in names}
