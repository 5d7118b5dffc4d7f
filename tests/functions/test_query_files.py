"""What the query files promise, read from their text: no server is needed."""

import re
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

QUERIES = Path(__file__).parents[2] / "src" / "plantpulse" / "source" / "queries"
NAMES = ("output", "output_sums", "oee", "downtime", "safety_codes", "safety", "quality", "labor")
COLUMNS = {
    "output": ["asset", "bucket", "units", "last_at"],
    "output_sums": ["bucket", "row_count", "sums"],
    "oee": ["asset", "oee", "at"],
    "downtime": ["asset", "reason_code", "started_at", "ended_at", "minutes"],
    "safety_codes": ["reason_code"],
    "safety": ["source_id", "asset", "reason_code", "at", "minutes", "notes"],
    "quality": ["asset", "good", "rejected"],
    "labor": ["asset", "headcount"],
}
PARAMETERS = {
    "from": "datetime2(0)",
    "until": "datetime2(0)",
    "limit": "int",
    "bucket_s": "int",
    "reason_codes": "nvarchar(max)",
}
USED = {
    "output": {"from", "until", "limit", "bucket_s"},
    "output_sums": {"from", "until", "limit", "bucket_s"},
    "oee": {"from", "until", "limit"},
    "downtime": {"from", "until", "limit"},
    "safety_codes": {"from", "until", "limit"},
    "safety": {"from", "until", "limit", "reason_codes"},
    "quality": {"from", "until", "limit"},
    "labor": {"from", "until", "limit"},
}


def text_of(name: str) -> str:
    return (QUERIES / f"{name}.sql").read_text(encoding="ascii")


def header_of(name: str) -> str:
    return "\n".join(line for line in text_of(name).splitlines() if line.startswith("--"))


def statement_of(name: str) -> str:
    return re.sub(r"--.*", "", text_of(name))


@pytest.mark.parametrize("name", NAMES)
def test_header_and_statement_name_the_columns_of_the_contract(name: str) -> None:
    described = header_of(name).split("Result columns")[1].split("Parameters")[0]

    in_header = re.findall(r"^--   (\w+)  ", described, re.MULTILINE)
    in_statement = sqlglot.parse_one(statement_of(name), read="tsql", into=exp.Select).named_selects

    assert in_header == COLUMNS[name]
    assert in_statement == COLUMNS[name]


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_used_is_declared_in_the_header_with_the_type_it_gets(name: str) -> None:
    declared = dict(re.findall(r"^-- declare @(\w+) (\S+) =", header_of(name), re.MULTILINE))

    used = set(re.findall(r"@(\w+)", statement_of(name)))

    assert used == USED[name]
    assert declared == {parameter: PARAMETERS[parameter] for parameter in used}


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_one_bounded_select_without_hints_stars_or_closed_ranges(name: str) -> None:
    statement = statement_of(name).lower()

    assert statement.split()[:3] == ["select", "top", "(@limit)"]
    assert "order by" in statement
    assert statement.count(";") == 1
    assert "[timestamp] < @until" in statement
    assert not re.search(r"\bbetween\b|\blike\b|\*\s*from|nolock|\boption\b|\bwith\s*\(|<= @until", statement)


@pytest.mark.parametrize("name", NAMES)
def test_the_indexed_column_is_compared_bare(name: str) -> None:
    conditions = re.split(r"\n +where ", statement_of(name).lower())[1].split("\n)")[0]

    assert re.search(
        r"^\[timestamp\] >= (@from|dateadd\(day, -7, @from\))\s+and \[timestamp\] < @until", conditions
    )


def test_there_are_eight_files() -> None:
    assert sorted(path.stem for path in QUERIES.glob("*.sql")) == sorted(NAMES)


@pytest.mark.parametrize("name", ["safety_codes", "safety"])
def test_no_collation_of_a_server_decides_which_codes_are_one(name: str) -> None:
    statement = statement_of(name).lower()

    assert "collate latin1_general_bin2" in statement
    assert "lower(" not in statement
