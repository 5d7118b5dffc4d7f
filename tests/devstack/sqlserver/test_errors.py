"""SQL Server's error numbers, which decide what a poll does next."""

import threading
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pymssql
import pytest
from pymssql import _mssql

from tests.devstack.sqlserver.conftest import PASSWORD, READER, Server
from tests.patience import ENDS_S

Ask = Callable[..., list[tuple[Any, ...]]]


def run(connection: pymssql.Connection, batch: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(batch)
        return list(cursor.fetchall() or ()) if cursor.description else []


@pytest.mark.stand_in  # SQL Server's error numbers
@pytest.mark.parametrize(
    ("batch", "number", "text"),
    [
        ("select 1 as x from Dbo.No_such_table", 208, "Invalid object name 'Dbo.No_such_table'."),
        ("select 1 as x from other_database.dbo.t", 208, "Invalid object name 'other_database.dbo.t'."),
        ("select Nope from (select 1 as x) as t", 207, "Invalid column name 'Nope'."),
        ("select t.Nope from (select 1 as x) as t", 207, "Invalid column name 'Nope'."),
        ("select from where", 102, ""),
        ("select 1 as x; select (1 as y", 102, ""),
        ("select 1 / 0 as x", 8134, "Divide by zero"),
        ("select cast(3000000000 as int) as x", 8115, "Arithmetic overflow"),
        ("select sum(x) as n from (select 2147483647 as x union all select 1) as t", 8115, "overflow"),
        ("select cast(N'abc' as int) as x", 245, "'abc' to data type int"),
        ("select cast('not a date' as datetime) as x", 241, "date and/or time"),
        ("select @nowhere as x", 137, '"@nowhere"'),
        ("exec no_such_procedure 1", 2812, "no_such_procedure"),
        ("use no_such_database", 911, "no_such_database"),
        ("rollback transaction", 3903, "ROLLBACK"),
        ("select pg_sleep(0) as x", 195, "'pg_sleep' is not a recognized"),
        ("select cast(1 as regclass) as x", 243, "regclass"),
        ("select 1 as x from pg_catalog.pg_authid", 208, "Invalid object name 'pg_catalog.pg_authid'."),
    ],
)
def test_an_error_has_sql_servers_number_and_names_what_is_wrong(
    connection: pymssql.Connection, batch: str, number: int, text: str
) -> None:
    with pytest.raises(pymssql.Error) as failure:
        run(connection, batch)

    assert failure.value.args[0] == number or (number == 102 and failure.value.args[0] == 156)
    assert text in failure.value.args[1].decode()
    assert run(connection, "select 1 as still_alive") == [(1,)]


@pytest.mark.stand_in  # SQL Server's error numbers
def test_an_error_carries_severity_and_line(mssql: Server) -> None:
    with (
        closing(
            _mssql.connect(
                server=mssql.host,
                port=str(mssql.port),
                user=mssql.user,
                password=mssql.password,
                database=mssql.database,
            )
        ) as low_level,
        pytest.raises(_mssql.MSSQLDatabaseException) as failure,
    ):
        low_level.execute_non_query("declare @x int = 1\n\nselect 2 as y from no_such_table")

    assert (failure.value.number, failure.value.severity, failure.value.line) == (208, 16, 3)


@pytest.mark.stand_in  # SQL Server's error numbers
def test_a_lock_that_is_not_released_ends_in_1222(mssql: Server, ask: Ask, table: str) -> None:
    ask(f"create table {table} (id int not null primary key, x int)")
    ask(f"insert into {table} (id, x) values (1, 0)")
    with closing(mssql.connect(autocommit=False)) as holder, closing(mssql.connect()) as waiter:
        run(holder, f"update {table} set x = 1 where id = 1")
        with pytest.raises(pymssql.OperationalError) as failure:
            run(waiter, f"set lock_timeout 200; update {table} set x = 2 where id = 1")
        holder.commit()

    assert failure.value.args[0] == 1222
    assert "Lock request time out period exceeded." in failure.value.args[1].decode()
    assert ask(f"select x from {table}") == [(1,)]


@pytest.mark.stand_in  # SQL Server's error numbers
def test_a_lock_time_out_survives_a_roll_back(mssql: Server, ask: Ask, table: str) -> None:
    ask(f"create table {table} (x int)")
    ask(f"insert into {table} (x) values (0)")
    with (
        closing(mssql.connect(autocommit=False)) as holder,
        closing(mssql.connect(autocommit=False)) as waiter,
    ):
        run(waiter, "set lock_timeout 200")
        waiter.rollback()
        run(holder, f"update {table} set x = 1")
        with pytest.raises(pymssql.OperationalError) as failure:
            run(waiter, f"update {table} set x = 2")
        shown = run(waiter, "select @@lock_timeout as ms")

    assert failure.value.args[0] == 1222
    assert shown == [(200,)]


@pytest.mark.stand_in  # SQL Server's error numbers
def test_a_reader_waits_for_a_table_that_is_locked_as_a_whole(mssql: Server, ask: Ask, table: str) -> None:
    ask(f"create table {table} (x int)")
    with closing(mssql.connect(autocommit=False)) as holder, closing(mssql.connect()) as reader:
        run(holder, f"select count(*) as n from {table} with (tablockx, holdlock)")
        with pytest.raises(pymssql.OperationalError) as failure:
            run(reader, f"set lock_timeout 200; select x from {table}")

    assert failure.value.args[0] == 1222
    assert ask(f"select x from {table}") == []


@pytest.mark.stand_in  # SQL Server's error numbers
def test_of_two_in_a_deadlock_one_becomes_the_victim(mssql: Server, ask: Ask, table: str) -> None:
    ask(f"create table {table} (id int not null primary key, x int)")
    ask(f"insert into {table} (id, x) values (1, 0), (2, 0)")
    numbers: list[int] = []
    texts: list[str] = []

    def update(connection: pymssql.Connection, row: int) -> None:
        try:
            run(connection, f"update {table} set x = x + 1 where id = {row}")
            connection.commit()
        except pymssql.Error as error:
            numbers.append(error.args[0])
            texts.append(error.args[1].decode())

    with (
        closing(mssql.connect(autocommit=False)) as one,
        closing(mssql.connect(autocommit=False)) as other,
    ):
        run(one, f"update {table} set x = x + 1 where id = 1")
        run(other, f"update {table} set x = x + 1 where id = 2")
        threads = [threading.Thread(target=update, args=pair) for pair in ((one, 2), (other, 1))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(ENDS_S)

    assert numbers == [1205]
    assert "severity 13" in texts[0]
    assert ask(f"select sum(x) as n from {table}") == [(2,)]


@pytest.mark.stand_in
@pytest.mark.parametrize(
    ("batch", "number"),
    [
        ("insert into {table} (x) values (1)", 229),
        ("update {table} set x = 1", 229),
        ("delete from {table}", 229),
        ("drop table {table}", 262),
        ("create table forbidden (x int)", 262),
        ("select x into copied from {table}", 262),
        ("with t as (select 1 as x) insert into {table} (x) select x from t", 229),
    ],
)
def test_a_reader_cannot_write(mssql: Server, ask: Ask, table: str, batch: str, number: int) -> None:
    ask(f"create table {table} (x int)")
    ask(f"insert into {table} (x) values (7)")

    with (
        closing(mssql.connect(user=READER, password=PASSWORD)) as reader,
        pytest.raises(pymssql.Error) as failure,
    ):
        run(reader, batch.format(table=table))

    assert failure.value.args[0] == number
    assert ask(f"select x from {table}") == [(7,)]


@pytest.mark.stand_in
def test_a_login_can_be_asked_whether_it_may_write(mssql: Server, ask: Ask) -> None:
    question = "select has_perms_by_name(db_name(), N'DATABASE', N'INSERT') as may"

    with closing(mssql.connect(user=READER, password=PASSWORD)) as reader:
        assert run(reader, question) == [(0,)]
    assert ask(question) == [(1,)]
