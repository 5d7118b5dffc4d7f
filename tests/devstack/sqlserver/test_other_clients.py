"""python-tds, a client of another make, and the stand-in as a process of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytds
import pytest

from tests.devstack.sqlserver.conftest import PASSWORD, READER, Server

pytestmark = pytest.mark.stand_in  # an outside server needs no second client to prove that it speaks TDS

Ask = Callable[..., list[tuple[Any, ...]]]
CHECKOUT = Path(__file__).parents[3]


@pytest.fixture
def other_client(mssql: Server) -> Iterator[Any]:
    with closing(
        pytds.connect(
            mssql.host, port=mssql.port, user=mssql.user, password=mssql.password, database=mssql.database
        )
    ) as client:
        yield client


def test_another_client_logs_in_and_reads(other_client: Any) -> None:
    with other_client.cursor() as cursor:
        cursor.execute(
            "select 1 as a, N'Über 🏭' as b, cast(null as int) as c, cast('2026-11-22' as date) as [D e],"
            " cast('x' as nvarchar(max)) as f"
        )
        [row] = cursor.fetchall()
        names = [column[0] for column in cursor.description]

    assert [str(value) for value in row] == ["1", "Über 🏭", "None", "2026-11-22", "x"]
    assert names == ["a", "b", "c", "D e", "f"]


def test_another_client_commits_and_rolls_back(other_client: Any, ask: Ask, table: str) -> None:
    ask(f"create table {table} (x int)")
    with other_client.cursor() as cursor:
        cursor.execute(f"insert into {table} (x) values (1)")
        other_client.commit()
        cursor.execute(f"insert into {table} (x) values (2)")
        other_client.rollback()

    assert ask(f"select x from {table}") == [(1,)]


def test_another_client_sees_the_same_error(other_client: Any) -> None:
    with other_client.cursor() as cursor, pytest.raises(pytds.Error) as failure:
        cursor.execute("select 1 as x from no_such_table")

    assert failure.value.number == 208


@pytest.mark.parametrize("packet_bytes", [512, 4096, 32767])
def test_rows_cross_packets_of_any_size(mssql: Server, packet_bytes: int) -> None:
    with (
        closing(
            pytds.connect(
                mssql.host,
                port=mssql.port,
                user=mssql.user,
                password=mssql.password,
                database=mssql.database,
                blocksize=packet_bytes,
            )
        ) as client,
        client.cursor() as cursor,
    ):
        cursor.execute("select replicate(N'0123456789', 300) as a, 7 as b union all select N'', 8")
        rows = [tuple(row) for row in cursor.fetchall()]

    assert rows == [("0123456789" * 300, 7), ("", 8)]


def test_as_a_process_it_says_when_it_is_ready_and_stops_when_told(stand_in_database: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "devstack.sqlserver", "--database-url", stand_in_database],
        cwd=CHECKOUT,
        env=os.environ | {"STANDIN_READER_PASSWORD": PASSWORD, "STANDIN_WRITER_PASSWORD": "other"},
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            port = int(line.rpartition(":")[2])
            server = Server("127.0.0.1", port, READER, PASSWORD, "mes")
            with closing(server.connect()) as connection, connection.cursor() as cursor:
                cursor.execute("select original_login() as login")
                rows = cursor.fetchall()
        finally:
            process.send_signal(signal.SIGTERM)

    assert line.startswith("SQL Server stand-in ready on 127.0.0.1:")
    assert rows == [(READER,)]
    assert process.returncode == 0


def test_a_refused_login_says_whose_it_was(mssql: Server) -> None:
    with pytest.raises(pytds.Error, match=f"Login failed for user '{mssql.user}'"):
        pytds.connect(mssql.host, port=mssql.port, user=mssql.user, password="wrong", database=mssql.database)
