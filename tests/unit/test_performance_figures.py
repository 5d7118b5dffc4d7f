"""The page of figures: what the benchmark prints takes its place there, and the page's commands exist."""

import re
from pathlib import Path

from bench.document import DOCUMENT, titles, with_figures

ROOT = Path(__file__).parents[2]
PAGE = """# Performance

2026-01-01, Linux x86_64, 2 cores,
Python 3.11.7, pymssql 2.4.6
Everything runs on this machine and shares its cores: only the ratios mean something elsewhere.

### Cold start: median (minimum)

|  | ms |
| - | -: |
| old | 1 |

Said about it.

### Peak memory of a new process, MiB

| kept |
"""
PRINTED = """2026-11-26, Linux x86_64, 4 cores,
Python 3.12.1, pymssql 2.4.6
Everything runs on this machine and shares its cores: only the ratios mean something elsewhere.

### Cold start: median (minimum)

|    | ms |
| -- | -: |
| new \\1 | 2 |
"""


def test_a_table_takes_the_place_of_the_one_below_its_headline() -> None:
    page = with_figures(PAGE, PRINTED)

    place, _, below = PRINTED.partition("### ")
    table = "### " + below
    old_place, old_table = PAGE.split("\n\n")[1] + "\n\n", PAGE[PAGE.index("### Cold") : PAGE.index("\nSaid")]
    assert page == PAGE.replace(old_place, place).replace(old_table, table)
    assert "Said about it." in page
    assert "| kept |" in page


def test_putting_the_same_figures_in_again_changes_nothing() -> None:
    page = with_figures(PAGE, PRINTED)

    assert with_figures(page, PRINTED) == page


def test_a_table_without_a_place_comes_last_and_brings_no_other_machine() -> None:
    page = with_figures(PAGE, PRINTED.partition("###")[0] + "### Health, ms\n\n| a |\n")

    assert page == PAGE + "\n### Health, ms\n\n| a |\n"


def test_the_page_says_what_is_measured_before_it_shows_figures() -> None:
    page = DOCUMENT.read_text("utf-8")

    assert re.findall(r"^## (.+)", page, re.MULTILINE) == [
        "What is measured against what",
        "Budgets",
        "A poll and a cold start",
        "Cleanup",
        "Health",
        "Alerts",
        "Reads of members",
        "Board",
        "Series",
        "Machine tags",
    ]
    machine = page.index("only the ratios mean something", page.index("## A poll and a cold start"))
    assert machine < page.index(f"### {titles(page)[0]}") < page.index("## Cleanup")


def test_every_table_of_the_page_is_one_that_the_benchmark_prints() -> None:
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "bench").glob("*.py"))
    found = titles(DOCUMENT.read_text("utf-8"))

    assert "Cold start: median (minimum)" in found
    assert "A poll in a warm process, ms: median (minimum)" in found
    assert [title for title in found if re.split(r"\d", title)[0] not in sources] == []


def test_the_commands_of_the_page_exist() -> None:
    commands = re.findall(
        r"^(make [\w-]+|\.venv/bin/python -m bench.*?) +#", DOCUMENT.read_text("utf-8"), re.MULTILINE
    )
    makefile = (ROOT / "Makefile").read_text("utf-8")
    options = re.findall(r'add_argument\("(--\w+)"', (ROOT / "bench" / "__main__.py").read_text("utf-8"))

    assert len(commands) == 15
    for command in commands:
        if command.startswith("make "):
            assert f"\n{command.removeprefix('make ')}: " in makefile
        assert set(re.findall(r"--\w+", command)) <= set(options)
