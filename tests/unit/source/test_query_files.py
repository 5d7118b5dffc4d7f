"""Query files: where they come from, how they are sent, how their columns are found."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from plantpulse.errors import ConfigurationError, SourceSchemaMismatch
from plantpulse.source.query_files import (
    build_statement,
    find_columns,
    in_order,
    load_queries,
    make_query,
    tables_in,
)

BOUNDS = {"from": datetime(2026, 11, 22, 6, 0), "until": datetime(2026, 11, 22, 6, 30), "limit": 100}  # noqa: DTZ001


def test_there_are_eight_questions_with_the_parameters_they_use() -> None:
    queries = load_queries()

    assert {name: query.parameters for name, query in queries.items()} == {
        "output": ("from", "until", "limit", "bucket_s"),
        "output_sums": ("from", "until", "limit", "bucket_s"),
        "oee": ("from", "until", "limit"),
        "downtime": ("from", "until", "limit"),
        "safety_codes": ("from", "until", "limit"),
        "safety": ("from", "until", "limit", "reason_codes"),
        "quality": ("from", "until", "limit"),
        "labor": ("from", "until", "limit"),
    }


def test_a_safety_file_alone_is_not_asked_for_the_codes_of_another_table(tmp_path: Path) -> None:
    (tmp_path / "safety.sql").write_text("select 1 as x", encoding="utf-8")
    alone = load_queries(tmp_path)
    (tmp_path / "safety_codes.sql").write_text("select 2 as x", encoding="utf-8")
    together = load_queries(tmp_path)

    assert "safety_codes" not in alone
    assert (together["safety_codes"].sql, together["safety_codes"].is_own) == ("select 2 as x", True)


@pytest.mark.parametrize("name", ["output", "output_sums"])
def test_output_and_its_sums_are_both_the_plants_own_or_both_built_in(tmp_path: Path, name: str) -> None:
    (tmp_path / f"{name}.sql").write_text("select 1 as x", encoding="utf-8")
    alone = load_queries(tmp_path)
    for file in ("output", "output_sums"):
        (tmp_path / f"{file}.sql").write_text("select 2 as x", encoding="utf-8")
    together = load_queries(tmp_path)

    assert "output_sums" not in alone
    assert (together["output_sums"].sql, together["output_sums"].is_own) == ("select 2 as x", True)


def test_a_file_of_the_same_name_replaces_a_question(tmp_path: Path) -> None:
    (tmp_path / "Labor.sql").write_text("\ufeffselect 1 as x", encoding="utf-8")

    queries = load_queries(tmp_path)

    assert queries["labor"].sql == "select 1 as x"
    assert queries["labor"].columns == ("asset", "headcount")
    assert queries["output"] == load_queries()["output"]


def test_a_file_that_replaces_nothing_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "outputs.sql").write_text("select 1", encoding="utf-8")

    with pytest.raises(ConfigurationError, match=r"outputs\.sql replaces nothing; the files are output\.sql"):
        load_queries(tmp_path)


def test_a_folder_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="missing is not a folder"):
        load_queries(tmp_path / "missing")


def test_a_file_that_is_not_utf_8_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "oee.sql").write_bytes("select 'Größe'".encode("latin-1"))

    with pytest.raises(ConfigurationError, match=r"oee\.sql cannot be read as UTF-8"):
        load_queries(tmp_path)


def test_only_the_parameters_that_a_file_uses_are_declared() -> None:
    query = make_query("labor", "select top (@limit) 1 from t where at >= @FROM and x <> @@rowcount")

    statement, values = build_statement(query, {**BOUNDS, "bucket_s": 900})

    assert statement == "EXEC sp_executesql %s, %s, @from = %s, @limit = %s"
    assert values == (query.sql, "@from datetime2(0), @limit int", "2026-11-22T06:00:00", 100)


def test_a_file_without_parameters_declares_none() -> None:
    statement, values = build_statement(make_query("labor", "select 1"), BOUNDS)

    assert statement == "EXEC sp_executesql %s"
    assert values == ("select 1",)


def test_a_longer_name_is_another_variable() -> None:
    assert make_query("labor", "declare @from_shift int, @limits int, @@limit int").parameters == ()


def test_a_backslash_at_the_end_of_a_line_does_not_join_lines() -> None:
    query = make_query("labor", "-- see \\\\server\\\nselect 1 -- c:\\\r\nwhere 1 = 1")

    _, values = build_statement(query, BOUNDS)

    assert values == ("-- see \\\\server\\ \nselect 1 -- c:\\ \r\nwhere 1 = 1",)


def test_a_bound_with_a_time_zone_is_refused() -> None:
    query = make_query("labor", "select @from")

    with pytest.raises(ValueError, match="naive plant-local"):
        build_statement(query, {"from": datetime(2026, 11, 22, tzinfo=UTC)})


def test_columns_in_order_leave_the_rows_as_they_are() -> None:
    rows = [("PRESS-01", 12.0, 8.0)]

    positions = find_columns(make_query("quality", ""), ["asset", "good", "rejected"], "here")

    assert in_order(rows, positions, 3) is rows


def test_columns_are_found_whatever_their_order_and_letter_case() -> None:
    positions = find_columns(make_query("quality", ""), ["Rejected", "shift", "ASSET", "gooD"], "here")

    assert in_order([(8.0, "early", "PRESS-01", 12.0)], positions, 4) == [("PRESS-01", 12.0, 8.0)]


def test_a_missing_source_id_reads_as_none() -> None:
    names = ["asset", "reason_code", "at", "minutes", "notes"]

    positions = find_columns(make_query("safety", ""), names, "here")

    assert in_order([("A", "Safety Issue", "t", 5, None)], positions, 5) == [
        (None, "A", "Safety Issue", "t", 5, None)
    ]


@pytest.mark.parametrize(
    ("names", "found"),
    [(["asset", "heads", ""], r"asset, heads, \(no name\)"), ([], "no result at all")],
)
def test_a_missing_column_is_named_with_its_file(names: list[str], found: str) -> None:
    with pytest.raises(
        SourceSchemaMismatch, match=rf"quality\.sql on here: .*good, rejected.* found {found}"
    ):
        find_columns(make_query("quality", ""), names, "here")


def test_the_tables_of_the_built_in_files_are_found() -> None:
    assert {name: tables_in(query.sql) for name, query in load_queries().items()} == {
        "output": ["production_data"],
        "output_sums": ["production_data"],
        "oee": ["oee_metrics"],
        "downtime": ["downtime_records"],
        "safety_codes": ["downtime_records"],
        "safety": ["downtime_records"],
        "quality": ["quality_records"],
        "labor": ["labor_records"],
    }


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("select 1", []),
        ("SELECT a FROM dbo.[Line Stops] JOIN mes..orders o ON 1 = 1", ["dbo.[Line Stops]", "mes..orders"]),
        ("select a from t as x cross join T as y", ["T"]),
        ("select a from stops with (nolock) where b = 'from nowhere'", ["stops"]),
        ("-- from here\nselect a /* join that */ from (select b from inner_one) as t", ["inner_one"]),
        ("with late as (select 1 from stops) select a from late join [b c] on 1 = 1", ["stops", "[b c]"]),
        ("with a (x) as (select 1 from t), b as (select 2 from a) select x from b", ["t"]),
        ("select trim(N' ' from name) as a, trim(leading '-' from b) from stops", ["stops"]),
        ("select a from stops where b is not distinct from c", ["stops"]),
        ("select distinct a from stops", ["stops"]),
        ("select a from openjson(@text) as x join dbo.split(@b) as y on 1 = 1", []),
    ],
)  # fmt: skip
def test_the_tables_of_a_file_are_found(sql: str, tables: list[str]) -> None:
    assert tables_in(sql) == tables
