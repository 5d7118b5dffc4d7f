from datetime import UTC, datetime, timedelta
from typing import Any

import pymssql
import pytest

from devstack.plant.model import northfield
from devstack.plant.producer import produce
from devstack.plant.rows import Downtime, Output, Production
from devstack.plant.writer import ROWS_PER_INSERT, create_tables, write
from devstack.sqlserver.address import Address, read_url

at = datetime.fromisoformat  # naive, as the plant's database stores it

ENTERED = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)


@pytest.fixture
def source(mes: pymssql.Connection) -> pymssql.Connection:
    """The plant's database with its tables empty."""
    return mes


def read(source: pymssql.Connection, query: str) -> list[tuple[Any, ...]]:
    with source.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall() or ())


def test_an_hour_of_the_plant_is_written_row_for_row(source: pymssql.Connection) -> None:
    start = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)
    hour = produce(northfield(), start, start + timedelta(hours=1))

    written = write(source, hour)

    assert written == 642
    assert read(source, "select count(*) as n, sum(output_count) as units from production_data") == [
        (484, 1453)
    ]
    assert read(source, "select count(*) as n from oee_metrics") == [(24,)]
    assert read(source, "select count(*) as n, sum(downtime_minutes) as m from downtime_records") == [
        (14, 58)
    ]
    assert read(source, "select count(*) as n, sum(reject_count) as r from quality_records") == [(84, 19)]
    assert read(source, "select count(*) as n, sum(headcount) as h from labor_records") == [(36, 146)]


def test_rows_get_their_ids_in_the_order_of_entry_across_several_inserts(source: pymssql.Connection) -> None:
    count = ROWS_PER_INSERT + 1
    rows = tuple(Output(ENTERED, "PRESS-01", n, at("2026-11-20 10:00")) for n in range(count))

    assert write(source, Production(output=rows)) == count

    stored = read(source, "select output_count from production_data order by id")
    assert [row[0] for row in stored] == list(range(count))


def test_what_people_type_arrives_as_typed(source: pymssql.Connection) -> None:
    notes = "Bediener: 'Schutztür 100 % offen' ; drop table production_data --"
    row = Downtime(ENTERED, "weld-01 ", " Safety  Issue", None, at("2026-11-20 10:00:00.997"), notes)

    write(source, Production(downtime=(row,)))

    assert read(
        source, "select locationName, reason_code, downtime_minutes, [timestamp], notes from downtime_records"
    ) == [("weld-01 ", " Safety  Issue", None, at("2026-11-20 10:00:00.997"), notes)]


def test_nothing_to_write_writes_nothing(source: pymssql.Connection) -> None:
    assert write(source, Production()) == 0

    assert read(source, "select id from production_data") == []


def test_tables_that_are_there_are_not_made_again(source: pymssql.Connection) -> None:
    write(source, Production(output=(Output(ENTERED, "PRESS-01", 3, at("2026-11-20 10:00")),)))

    with pytest.raises(pymssql.Error):
        create_tables(source)

    assert read(source, "select output_count from production_data") == [(3,)]


def test_an_url_names_server_login_and_database() -> None:
    assert read_url("mssql://tester:p%40ss%2Fword@127.0.0.1:1444/mes") == Address(
        "127.0.0.1", 1444, "tester", "p@ss/word", "mes"
    )
    assert read_url("mssql://tester:secret@db.example/mes").port == 1433


@pytest.mark.parametrize(
    "url",
    ["mssql://tester:secret@db.example", "mssql://db.example/mes", "postgres://a:b@c/d", "mssql:///mes"],
)
def test_an_url_that_says_too_little_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match="PLANTPULSE_TEST_MSSQL_URL must read") as refusal:
        read_url(url)

    assert "secret" not in str(refusal.value)
