"""Batches, parameters and transactions, as pymssql sends them."""

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pymssql
import pytest

from devstack.sqlserver import Login, StandIn
from tests.devstack.sqlserver.conftest import Server

Ask = Callable[..., list[tuple[Any, ...]]]


def results_of(connection: pymssql.Connection, batch: str, parameters: tuple[Any, ...] = ()) -> list[Any]:
    """The rows of every result of a batch."""
    results = []
    with connection.cursor() as cursor:
        cursor.execute(batch, parameters) if parameters else cursor.execute(batch)
        while True:
            if cursor.description:
                results.append([tuple(row) for row in cursor.fetchall() or ()])
            if not cursor.nextset():
                return results


def test_a_batch_of_several_statements_gives_several_results(connection: pymssql.Connection) -> None:
    results = results_of(connection, "set nocount on select 1 as a select 2 as b; select 3 as c")

    assert results == [[(1,)], [(2,)], [(3,)]]


@pytest.mark.stand_in  # SQL Server's error numbers
def test_a_batch_ends_at_the_first_missing_table(connection: pymssql.Connection) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select 1 as a select 2 as b from no_such_table select 3 as c")
        first = cursor.fetchall()
        with pytest.raises(pymssql.Error) as failure:
            cursor.nextset()

    assert first == [(1,)]
    assert failure.value.args[0] == 208


def test_an_execution_of_sql_takes_parameters_by_name(connection: pymssql.Connection) -> None:
    results = results_of(
        connection,
        "exec sp_executesql N'select @from as a, @limit + 1 as b, @reason as c',"
        " N'@from datetime2(0), @limit int, @reason nvarchar(20)', @limit = %d, @from = %s, @reason = %s",
        (5, "2026-11-22T06:00:00", "it's 🏭"),
    )

    [[(start, limit, reason)]] = results
    assert (start.isoformat(), limit, reason) == ("2026-11-22T06:00:00", 6, "it's 🏭")


def test_an_execution_of_sql_takes_parameters_by_position(connection: pymssql.Connection) -> None:
    results = results_of(
        connection, "execute sys.sp_executesql N'select @a - @b as x', N'@a int, @b int', 7, -2"
    )

    assert results == [[(9,)]]


@pytest.mark.stand_in  # SQL Server's error numbers
def test_a_parameter_is_of_its_declared_type(connection: pymssql.Connection) -> None:
    with pytest.raises(pymssql.Error) as failure:
        results_of(connection, "exec sp_executesql N'select @n + 1 as x', N'@n int', @n = N'seven'")

    assert failure.value.args[0] in (245, 8114)


def test_a_null_parameter_is_null(connection: pymssql.Connection) -> None:
    batch = "exec sp_executesql N'select isnull(@n, -1) as x', N'@n int', @n = %s"

    assert results_of(connection, batch, (None,)) == [[(-1,)]]


@pytest.mark.stand_in  # SQL Server's error numbers
def test_a_missing_parameter_is_named(connection: pymssql.Connection) -> None:
    with pytest.raises(pymssql.Error, match="@n") as failure:
        results_of(connection, "exec sp_executesql N'select @n as x', N'@n int'")

    assert failure.value.args[0] == 8178


def test_text_in_a_parameter_is_never_read_as_sql(ask: Ask, table: str) -> None:
    ask(f"create table {table} (x int)")
    text = f"'; drop table {table}; --"

    rows = ask("exec sp_executesql N'select @t as t', N'@t nvarchar(100)', @t = %s", (text,))

    assert rows == [(text,)]
    assert ask(f"select count(*) as n from {table}") == [(0,)]


def test_declared_variables_last_to_the_end_of_the_batch(connection: pymssql.Connection) -> None:
    results = results_of(
        connection,
        "declare @a int = 3, @b nvarchar(10); set @b = N'x' + N'y'; select @a = @a * 2;"
        " select @a as a, @b as b; select top (@a) 1 as c",
    )

    assert results == [[(6, "xy")], [(1,)]]


def test_without_autocommit_a_transaction_is_open(mssql: Server) -> None:
    with closing(mssql.connect(autocommit=False)) as connection:
        assert results_of(connection, "select @@trancount as n") == [[(1,)]]


def test_a_roll_back_undoes_and_a_commit_keeps(mssql: Server, ask: Ask, table: str) -> None:
    ask(f"create table {table} (x int)")
    with closing(mssql.connect(autocommit=False)) as connection:
        results_of(connection, f"insert into {table} (x) values (1)")
        connection.commit()
        results_of(connection, f"insert into {table} (x) values (2)")
        connection.rollback()
        results_of(connection, f"insert into {table} (x) values (3)")

    assert ask(f"select x from {table}") == [(1,)]


@pytest.mark.stand_in  # SQL Server's error numbers
def test_a_failed_statement_leaves_its_transaction_open(mssql: Server, ask: Ask, table: str) -> None:
    ask(f"create table {table} (x int not null primary key)")
    with closing(mssql.connect(autocommit=False)) as connection:
        results_of(connection, f"insert into {table} (x) values (1)")
        with pytest.raises(pymssql.IntegrityError) as failure:
            results_of(connection, f"insert into {table} (x) values (1)")
        results_of(connection, f"insert into {table} (x) values (2)")
        connection.commit()

    assert failure.value.args[0] == 2627
    assert ask(f"select x from {table} order by x") == [(1,), (2,)]


@pytest.fixture
def has_every_setting(connection: pymssql.Connection) -> None:
    """Skip on an engine without all of SQL Server's settings: a poll goes on without them there."""
    try:
        results_of(connection, "set dateformat ymd; set deadlock_priority low")
    except pymssql.Error as error:
        pytest.skip(f"the engine lacks a setting of SQL Server's: {type(error).__name__}")


@pytest.mark.usefixtures("has_every_setting")
def test_every_setting_of_a_poll_is_accepted(connection: pymssql.Connection) -> None:
    results = results_of(
        connection,
        "SET ANSI_NULLS, ANSI_PADDING, ANSI_WARNINGS, ARITHABORT, CONCAT_NULL_YIELDS_NULL ON;"
        " SET QUOTED_IDENTIFIER ON SET TEXTSIZE 2147483647 SET NOCOUNT ON; SET DATEFORMAT ymd;"
        " SET LOCK_TIMEOUT 5000; SET DEADLOCK_PRIORITY LOW;"
        " SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED; SELECT 1 AS ok",
    )

    assert results == [[(1,)]]


@pytest.mark.usefixtures("has_every_setting")
def test_the_date_format_decides_how_a_literal_is_read(connection: pymssql.Connection) -> None:
    batch = "set dateformat {}; select month(cast('01/02/2026' as datetime)) as m"

    assert results_of(connection, batch.format("mdy")) == [[(1,)]]
    assert results_of(connection, batch.format("dmy")) == [[(2,)]]


@pytest.mark.stand_in
def test_statements_are_seen_with_their_parameters(stand_in: StandIn, ask: Ask) -> None:
    stand_in.traffic.clear()

    ask("exec sp_executesql N'select @n as n', N'@n int', @n = %d", (7,))

    [seen] = stand_in.traffic.statements
    assert (seen.text, seen.parameters) == ("select @n as n", {"@n": "7"})


@pytest.mark.stand_in
def test_a_simulated_clock_drives_the_server(stand_in_database: str) -> None:
    moments = iter([datetime(2026, 7, 1, 12, 0, tzinfo=UTC), datetime(2026, 12, 1, 12, 0, tzinfo=UTC)] * 3)
    logins = {"reader": Login("pw")}
    with StandIn(
        stand_in_database, logins=logins, time_zone="America/Chicago", now=lambda: next(moments)
    ) as server:
        clock = Server(server.host, server.port, "reader", "pw", "mes")
        with closing(clock.connect()) as connection:
            summer = results_of(connection, "select getutcdate() as a, getdate() as b")
            winter = results_of(connection, "select getutcdate() as a, getdate() as b")

    assert [moment.isoformat() for moment in summer[0][0]] == ["2026-07-01T12:00:00", "2026-07-01T07:00:00"]
    assert [moment.isoformat() for moment in winter[0][0]] == ["2026-12-01T12:00:00", "2026-12-01T06:00:00"]
