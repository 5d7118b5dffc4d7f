"""Reading a plant through real pymssql, on the stand-in or on an outside server."""

import re
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pymssql
import pytest

from devstack.sqlserver import StandIn
from plantpulse.errors import (
    PermanentError,
    SourceLoginFailed,
    SourceQueryFailed,
    SourceRefused,
    SourceSchemaMismatch,
    SourceTableMissing,
    SourceUnavailable,
)
from plantpulse.settings import Secret, SqlServerSettings
from plantpulse.source.query_files import Query, load_queries, make_query
from plantpulse.source.sqlserver import SourceConnection, connect
from tests.conftest import SqlServerUnderTest
from tests.patience import PATIENT_S, WITHOUT_TIME_OUT_S

at = datetime.fromisoformat  # naive, as the plant's database stores it

QUERIES = load_queries()
PARAMETERS = {
    "from": at("2026-11-20T10:00:00"),
    "until": at("2026-11-20T10:30:00"),
    "limit": 1000,
    "bucket_s": 900,
    "reason_codes": "|Safety Issue|Lockout|",
}


@dataclass(frozen=True)
class Plant:
    """A SQL Server with the five tables, a login to write them with and one to read them with."""

    writer: pymssql.Connection
    settings: SqlServerSettings
    stand_in: StandIn | None

    def write(self, sql: str, *values: Any) -> None:
        with self.writer.cursor() as cursor:
            cursor.execute(sql, values)

    def open(self, **changes: Any) -> AbstractContextManager[SourceConnection]:
        return connect(replace(self.settings, **changes), seconds_left=lambda: 120.0)


@pytest.fixture
def plant(mssql: SqlServerUnderTest, mes: pymssql.Connection) -> Plant:
    """The plant with empty tables and nothing seen yet."""
    settings = SqlServerSettings(
        host=mssql.reader.host,
        port=mssql.reader.port,
        user=mssql.reader.user,
        password=Secret(mssql.reader.password),
        database=mssql.reader.database,
        encryption=mssql.encryption,
        query_timeout_s=PATIENT_S,
    )
    return Plant(mes, settings, mssql.stand_in)


@pytest.fixture
def stand_in(plant: Plant) -> StandIn:
    if plant.stand_in is None:
        pytest.skip("looks into the stand-in")
    return plant.stand_in


def read(plant: Plant, query: Query, **changed: object) -> list[tuple[object, ...]]:
    with plant.open() as connection:
        return connection.read(query, PARAMETERS | changed).rows


def insert(plant: Plant, table: str, **row: Any) -> None:
    """Write one row, entered at twenty past ten."""
    columns = ", ".join([*row, "[timestamp]"])
    places = ", ".join(["%s"] * len(row) + ["'2026-11-20T10:20:00'"])
    plant.write(f"insert into {table} ({columns}) values ({places})", *row.values())


def quality(sql: str) -> Query:
    return make_query("quality", sql)


def test_empty_tables_answer_every_question_with_nothing(plant: Plant) -> None:
    with plant.open() as connection:
        answers = {name: connection.read(query, PARAMETERS) for name, query in QUERIES.items()}

    assert {name: answer.rows for name, answer in answers.items()} == {name: [] for name in QUERIES}
    assert not any(answer.is_truncated for answer in answers.values())


def test_every_question_reads_its_rows_in_the_contracts_order(plant: Plant) -> None:
    """Texts of people come with a blank behind them, as the headers of the query files say."""
    insert(plant, "production_data", locationName="PRESS-01", output_count=5)
    insert(plant, "oee_metrics", locationName="PRESS-01", oee=81.5)
    insert(
        plant,
        "downtime_records",
        locationName="PRESS-01",
        reason_code="Safety Issue",
        downtime_minutes=7,
        notes="手を挟む",
    )
    insert(plant, "quality_records", locationName="PRESS-01", good_count=40)
    insert(plant, "labor_records", locationName="Halle Süd", headcount=3, hours_worked=1.5)

    answers = {name: read(plant, query) for name, query in QUERIES.items()}

    assert answers["output"] == [("PRESS-01 ", 0, 5.0, at("2026-11-20T10:20:00"), None)]
    assert answers["oee"] == [("PRESS-01 ", 81.5, at("2026-11-20T10:20:00"))]
    assert answers["downtime"][0][:2] == ("PRESS-01 ", "Safety Issue ")
    assert answers["safety_codes"] == [("Safety Issue ",)]
    assert answers["safety"][0][1:] == (
        "PRESS-01 ",
        "Safety Issue ",
        at("2026-11-20T10:20:00"),
        7,
        "手を挟む ",
    )
    assert answers["quality"][0][:2] == ("PRESS-01 ", 40)
    assert answers["labor"][0][:2] == ("Halle Süd ", 3)


def test_a_result_as_long_as_its_limit_is_truncated(plant: Plant) -> None:
    for count in (1, 2, 3):
        insert(plant, "downtime_records", locationName="PRESS-01", reason_code=f"Jam {count}")

    with plant.open() as connection:
        some = connection.read(QUERIES["downtime"], PARAMETERS | {"limit": 3})
        all_of_them = connection.read(QUERIES["downtime"], PARAMETERS | {"limit": 4})

    assert (len(some.rows), some.is_truncated) == (3, True)
    assert (len(all_of_them.rows), all_of_them.is_truncated) == (3, False)


def test_values_keep_their_kind(plant: Plant) -> None:
    query = quality(
        "select N'Größe, 日本 😀' as asset, cast(9223372036854775807 as bigint) as good, "
        "cast(null as int) as rejected"
    )

    assert read(plant, query) == [("Größe, 日本 😀", 9223372036854775807, None)]


def test_columns_may_come_in_any_order_with_others_between(plant: Plant) -> None:
    query = quality("select 8 as REJECTED, 'early' as shift, 'PRESS-01' as Asset, 12 as good")

    assert read(plant, query) == [("PRESS-01", 12, 8)]


def test_a_table_without_record_keys_leaves_source_id_out(plant: Plant) -> None:
    query = make_query(
        "safety", "select 'A' as asset, 'Lockout' as reason_code, @from as [at], 1 as minutes, '' as notes"
    )

    assert read(plant, query) == [(None, "A", "Lockout", at("2026-11-20T10:00:00"), 1, "")]


def test_quotes_and_percent_signs_in_a_file_are_text(plant: Plant) -> None:
    query = quality(
        "select 'it''s 100 %s, %d, %(from)s' as asset, 7 % 4 as good, N'O''Brien' as rejected -- 5 % 'odd'"
    )

    assert read(plant, query) == [("it's 100 %s, %d, %(from)s", 3, "O'Brien")]


@pytest.mark.parametrize(
    "evil",
    [
        "'; drop table labor_records; --",
        "|'' + (select 1) + ''|",
        "%s%(from)s%d",
        "')); waitfor delay '0:0:5' --",
    ],
)
def test_a_parameter_stays_data(plant: Plant, evil: str) -> None:
    query = make_query("quality", "select @reason_codes as asset, len(@reason_codes) as good, 1 as rejected")

    assert read(plant, query, reason_codes=evil) == [(evil, len(evil), 1)]
    assert read(plant, QUERIES["labor"]) == []


def test_a_missing_column_names_the_file(plant: Plant) -> None:
    with pytest.raises(
        SourceSchemaMismatch, match=r"quality\.sql on .*no column rejected; .* found asset, good, hrs"
    ):
        read(plant, quality("select 'A' as asset, 1 as good, 2 as hrs"))


def test_a_missing_table_is_told_by_whatever_engine(plant: Plant) -> None:
    with pytest.raises(SourceTableMissing, match=r"quality\.sql on .*no_such_table"):
        read(plant, quality("select asset, good, rejected from no_such_table"))


@pytest.mark.stand_in  # SQL Server's error numbers
def test_a_missing_table_can_be_told_from_a_missing_column(plant: Plant) -> None:
    with pytest.raises(SourceTableMissing, match=r"quality\.sql on .* 208, "):
        read(plant, quality("select asset, good, rejected from no_such_table"))
    with pytest.raises(SourceSchemaMismatch, match=r"quality\.sql on .* 207, ") as caught:
        read(plant, quality("select no_such_column as asset from labor_records"))

    assert not isinstance(caught.value, SourceTableMissing)


def test_a_file_that_is_not_sql_is_refused_for_good(plant: Plant) -> None:
    with pytest.raises(SourceQueryFailed, match=r"quality\.sql on "):
        read(plant, quality("selekt 1"))


def test_the_next_question_is_answered_after_a_failed_one(plant: Plant) -> None:
    with plant.open() as connection:
        with pytest.raises(PermanentError):
            connection.read(quality("select 1 as asset from no_such_table"), PARAMETERS)

        assert connection.read(QUERIES["labor"], PARAMETERS).rows == []


def test_the_servers_clock_is_told(plant: Plant) -> None:
    with plant.open() as connection:
        clock = connection.server_clock

    assert abs(clock.utc_now.timestamp() - time.time()) < 300
    assert clock.utc_offset_minutes % 15 == 0


def test_no_transaction_is_left_open(plant: Plant) -> None:
    query = quality("select 'A' as asset, @@trancount as good, @@lock_timeout as rejected")

    assert read(plant, query) == [("A", 0, 5000)]


@pytest.mark.stand_in  # SQL Server's error numbers
def test_a_wrong_password_is_told_by_its_number(plant: Plant) -> None:
    with (
        pytest.raises(SourceLoginFailed, match="18456"),
        plant.open(password=Secret("not-the-passw0rd")),
    ):
        pass


def test_a_wrong_password_is_refused_for_good(plant: Plant) -> None:
    wrong = Secret("not-the-passw0rd")

    with pytest.raises((SourceLoginFailed, SourceRefused)) as caught, plant.open(password=wrong):
        pass

    assert "not-the-passw0rd" not in f"{caught.value!r} {caught.value.__cause__!r}"
    assert not caught.value.is_retryable


def test_a_missing_database_is_refused(plant: Plant) -> None:
    with pytest.raises((SourceLoginFailed, SourceRefused)) as caught, plant.open(database="no_such_database"):
        pass

    assert "no_such_database" in str(caught.value)


@pytest.mark.waits
def test_a_lock_is_not_waited_for_longer_than_allowed(plant: Plant) -> None:
    insert(plant, "labor_records", locationName="A", headcount=1)
    plant.write("begin transaction")
    try:
        plant.write("select count(*) as rows_held from labor_records with (tablockx, holdlock)")
        with (
            plant.open(lock_timeout_ms=1000) as connection,
            pytest.raises(SourceUnavailable, match=r"labor\.sql on .*error \d+, "),
        ):
            connection.read(QUERIES["labor"], PARAMETERS)
    finally:
        plant.write("rollback transaction")

    assert len(read(plant, QUERIES["labor"])) == 1


@pytest.mark.waits
def test_a_slow_query_is_ended(plant: Plant) -> None:
    query = quality("waitfor delay '00:01:15'; select 'A' as asset, 1 as good, 1 as rejected")
    began = time.monotonic()

    with plant.open(query_timeout_s=1) as connection, pytest.raises(SourceUnavailable, match="within 1 s"):
        connection.read(query, PARAMETERS)

    assert time.monotonic() - began < WITHOUT_TIME_OUT_S


@pytest.mark.stand_in
def test_a_poll_is_one_login_and_one_statement_a_question(plant: Plant, stand_in: StandIn) -> None:
    with plant.open() as connection:
        for query in QUERIES.values():
            connection.read(query, PARAMETERS)

    asked = [statement for statement in stand_in.traffic.statements if "select top" in statement.text]
    assert [statement.parameters["@limit"] for statement in asked] == ["1000"] * 8
    assert asked[0].parameters["@from"] == "2026-11-20T10:00:00"
    assert [(login.application, login.is_read_only) for login in stand_in.traffic.logins] == [
        ("plantpulse", True)
    ]


@pytest.mark.stand_in
def test_nothing_but_set_use_and_select_is_sent(plant: Plant, stand_in: StandIn) -> None:
    with plant.open() as connection:
        for query in QUERIES.values():
            connection.read(query, PARAMETERS)

    texts = [re.sub(r"--.*", "", statement.text) for statement in stand_in.traffic.statements]
    assert {text.split()[0].lower() for text in texts} == {"use", "set", "select"}


@pytest.mark.stand_in
def test_a_server_without_tls_is_refused(plant: Plant, stand_in: StandIn) -> None:
    with pytest.raises(SourceRefused, match="TLS"), plant.open(encryption="require"):
        pass

    assert stand_in.traffic.logins == []


@pytest.mark.stand_in
def test_a_wrong_password_is_tried_once(plant: Plant, stand_in: StandIn) -> None:
    with pytest.raises(SourceLoginFailed), plant.open(password=Secret("wrong")):
        pass

    assert len(stand_in.traffic.logins) == 1


@pytest.mark.stand_in
def test_the_plants_offset_is_told(plant: Plant, stand_in: StandIn) -> None:
    with plant.open() as connection:
        assert connection.server_clock.utc_offset_minutes in (-360, -300)


@pytest.mark.stand_in
def test_a_result_cut_in_the_middle_gives_no_rows(plant: Plant, stand_in: StandIn) -> None:
    insert(plant, "labor_records", locationName="A", headcount=1)

    with plant.open() as connection:
        stand_in.faults.results_to_cut = 1
        with pytest.raises(SourceUnavailable):
            connection.read(QUERIES["labor"], PARAMETERS)
        with pytest.raises(SourceUnavailable, match="not used again"):
            connection.read(QUERIES["labor"], PARAMETERS)

    assert len(read(plant, QUERIES["labor"])) == 1
