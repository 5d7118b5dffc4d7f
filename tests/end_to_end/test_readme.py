"""The README's quick start: its commands are run, so that the first page cannot fall behind."""

import re
import shutil

import pytest

from devstack.migrations import REPOSITORY
from tests.end_to_end.conftest import listening, started


def quick_start_commands() -> list[str]:
    """Returns the commands in the bash blocks below the README's heading "Quick start", without comments."""
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    section = re.search(r"^## Quick start$(.*?)(?=^## |\Z)", readme, re.MULTILINE | re.DOTALL)
    blocks = re.findall(r"^```bash\n(.*?)^```$", section[1], re.MULTILINE | re.DOTALL) if section else []
    lines = (line.partition("#")[0].strip() for block in blocks for line in block.splitlines())
    return [line for line in lines if line]


def make_targets() -> set[str]:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))


def test_the_quick_start_shows_how_to_run_and_how_to_test() -> None:
    commands = quick_start_commands()

    assert "make run" in commands
    assert "make test" in commands


# The others are not run here: `make test` would run this very test again, and so on without end.
def test_every_make_target_of_the_quick_start_exists() -> None:
    makes = [command.split() for command in quick_start_commands() if command.startswith("make ")]

    assert {target for _, target, *_ in makes} <= make_targets()


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_run_works_as_the_quick_start_says() -> None:
    assert "make run" in quick_start_commands()

    with started("make", "run") as command:
        finished = command.finish()

        assert finished.exit_code == 0, finished.output
        assert "All as expected." in finished.output
        assert command.traces() == []
        assert listening(finished.output) == []
