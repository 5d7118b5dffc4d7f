"""The README's quick start and picture: its commands are run, so that the first page cannot fall behind."""

import re
import shutil
from collections.abc import Iterable

import pytest

from devstack.migrations import REPOSITORY
from tests.end_to_end.conftest import started


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


def picture() -> list[str]:
    """Returns the lines of the README's first block, which shows what `make run` prints."""
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    blocks: list[str] = re.findall(r"^```\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    return blocks[0].splitlines()


CUT = "…"


def shapes(lines: Iterable[str]) -> list[str]:
    """Returns lines without what differs by the day: numbers, weekdays, states, wrapped details."""
    return [shape for line in lines if line.strip() != CUT and (shape := _shape(line))]


def _shape(line: str) -> str:
    if line.startswith(" " * 40):  # the rest of a cell that was wrapped
        return ""
    text = re.sub(r"(?<=critical).*|─+", "", line)
    text = re.sub(r"\b(on target|below|above)\b", "STATUS", text)
    text = re.sub(r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b", "DAY", text)
    text = re.sub(r"\b(succeeded|partial)\b", "OUTCOME", text)
    text = re.sub(r"(?<!\S)([+-]?[\d.,:]+|-|reported|computed)(?!\S)", "#", text)
    return " ".join(text.split())


def test_the_picture_marks_what_it_leaves_out() -> None:
    marks = [line.strip() for line in picture()].count(CUT)

    assert marks == 7  # calls and their figures; other assets, incidents and steps


def test_a_shape_keeps_the_words_and_drops_the_figures() -> None:
    printed = ["  Press 2   212 -5.4 below 81.7 reported -  29", " " * 50 + "hand.", "  Paint line  3 x"]

    assert shapes(printed) == ["Press # # # STATUS # # # #", "Paint line # x"]


# The others are not run here: `make test` would run this very test again, and so on without end.
def test_every_make_target_of_the_readme_exists() -> None:
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")

    told = set(re.findall(r"(?:`|^)make ([a-z-]+)", readme, re.MULTILINE))

    assert {"run", "test", "up", "deploy-gcp", "deploy-aws"} <= told
    assert told <= make_targets()


def test_the_readme_stays_short() -> None:
    lines = (REPOSITORY / "README.md").read_text(encoding="utf-8").splitlines()

    assert len(lines) < 120


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_run_works_as_the_quick_start_says() -> None:
    assert "make run" in quick_start_commands()

    with started("make", "run") as command:
        finished = command.finish()

        assert finished.exit_code == 0, finished.output
        assert "All as expected." in finished.output
        printed = iter(shapes(finished.output.splitlines()))
        assert [shape for shape in shapes(picture()) if shape not in printed] == []  # in this order
        assert command.traces() == []
        assert command.listening() == []
