"""docs/deploy.md and the SQL Server login: every command, file and table in them exists."""

import re
import shlex
from pathlib import Path

import click
import pytest
import sqlglot
from sqlglot import exp

from plantpulse.cli.main import root
from plantpulse.source.query_files import load_queries

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
READER = (ROOT / "examples" / "sql-server" / "reader.sql").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(?:bash)?\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
LINES = [line.strip() for block in BLOCKS for line in block.splitlines() if line.strip()]
INLINE = re.findall(r"`([^`\n]+)`", GUIDE)


def commands_of_ours() -> list[str]:
    """Return every call of the command line in the guide, without the path before it."""
    told = [text for text in (*LINES, *INLINE) if re.match(r"(\.venv/bin/)?plantpulse ", text)]
    return sorted({text.partition("plantpulse ")[2] for text in told})


def make_targets() -> set[str]:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))


def test_the_guide_has_commands() -> None:
    assert len(commands_of_ours()) > 8
    assert "make deploy-gcp" in LINES
    assert "make deploy-aws" in LINES


def test_every_make_target_exists() -> None:
    told = {text.split()[1] for text in (*LINES, *INLINE) if text.startswith("make ")}

    assert told <= make_targets()


@pytest.mark.parametrize("text", commands_of_ours())
def test_every_call_of_the_command_line_is_understood(text: str) -> None:
    words = shlex.split(text)
    command: click.Command = root
    context = click.Context(root)
    while isinstance(command, click.Group) and words:
        found = command.get_command(context, words.pop(0))
        assert found is not None
        command = found

    options = {name for one in command.params if isinstance(one, click.Option) for name in one.opts}
    assert {word for word in words if word.startswith("--")} <= options


def test_every_link_and_every_file_of_ours_exists() -> None:
    links = {link.partition("#")[0] for link in re.findall(r"\]\(([^)]+)\)", GUIDE) if ":" not in link}
    files = {
        word
        for text in (*LINES, *INLINE)
        for word in text.split()
        if re.match(r"(infra|examples|functions|supabase)/[\w./-]+$", word)
    }
    made_by_the_reader = {
        f"infra/terraform/{cloud}/{name}"
        for cloud in ("gcp", "aws")
        for name in ("backend.hcl", "terraform.tfvars")
    }

    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []
    assert [file for file in files - made_by_the_reader if not (ROOT / file).exists()] == []
    assert links
    assert files


def test_the_reader_may_read_the_tables_of_the_built_in_queries_and_no_other() -> None:
    tables = {
        table.name.lower()
        for query in load_queries().values()
        for statement in sqlglot.parse(query.sql, read="tsql")
        if statement
        for table in statement.find_all(exp.Table)
        if table.name
    }
    names_in_queries = {alias.alias.lower() for alias in _common_tables()}

    granted = re.findall(r"^grant (\w+) on dbo\.(\w+) to plantpulse_reader;$", READER, re.MULTILINE)

    assert {privilege for privilege, _ in granted} == {"select"}
    assert {table for _, table in granted} == tables - names_in_queries
    assert READER.count("grant ") == len(granted) + 1  # the heading tells to grant, too


def _common_tables() -> list[exp.CTE]:
    return [
        common
        for query in load_queries().values()
        for statement in sqlglot.parse(query.sql, read="tsql")
        if statement
        for common in statement.find_all(exp.CTE)
    ]


def test_the_reader_is_denied_to_write_and_the_script_holds_no_password() -> None:
    assert "deny insert, update, delete, execute, alter on schema::dbo to plantpulse_reader;" in READER
    assert re.findall(r"password = '([^']*)'", READER) == ["<a password of your own>"]
    assert "db_datareader to" not in READER


def costs() -> list[tuple[str, list[str]]]:
    """Return the lines of the table of costs: what, and what it costs on Google Cloud and on AWS."""
    table = GUIDE.partition("| | Google Cloud | AWS |")[2].partition("\n\n")[0]
    lines = [line.strip("|").split(" | ") for line in table.splitlines()[2:]]
    return [(what.strip(), [cell.strip() for cell in cells]) for what, *cells in lines]


def amount(cell: str) -> float:
    return float(re.findall(r"\d+(?:\.\d+)?", cell)[0])


@pytest.mark.parametrize("cloud", [0, 1])
def test_the_costs_add_up(cloud: int) -> None:
    lines = [(what, amount(cells[cloud])) for what, cells in costs()]
    together = [what for what, _ in lines].index("**together**")

    assert lines[together][1] == pytest.approx(sum(cost for _, cost in lines[:together]), abs=0.005)


@pytest.mark.parametrize("what", ["schedules", "alarms", "series that the alarms look at"])
def test_what_is_bought_by_the_piece_costs_pieces_times_price(what: str) -> None:
    for cell in dict(costs())[what]:
        if pieces := re.search(r"\(([\d.]+) [a-z ]*at ([\d.]+)", cell):
            assert amount(cell) == pytest.approx(float(pieces[1]) * float(pieces[2]), abs=0.005)
