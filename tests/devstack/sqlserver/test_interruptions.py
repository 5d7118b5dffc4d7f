"""Time-outs, cuts and many clients at once: one client's trouble is nobody else's."""

import threading
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import psycopg
import pymssql
import pytest

from devstack.sqlserver import Login, StandIn
from tests.devstack.sqlserver.conftest import Server
from tests.patience import ENDS_S, WITHOUT_TIME_OUT_S

Ask = Callable[..., list[tuple[Any, ...]]]


def run(connection: pymssql.Connection, batch: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(batch)
        return list(cursor.fetchall() or ()) if cursor.description else []


@pytest.fixture(autouse=True)
def _usual_time_out(mssql: Server) -> Any:
    """pymssql's time-out belongs to the process: the last connection opened decides."""
    yield
    mssql.connect().close()


def running_queries(database_url: str, part: str) -> int:
    with psycopg.connect(database_url) as connection:
        row = connection.execute(
            "select count(*) from pg_stat_activity"
            " where state = 'active' and query like %s and pid <> pg_backend_pid()",
            [f"%{part}%"],
        ).fetchone()
        return int(row[0]) if row else 0


@pytest.mark.waits
def test_a_query_that_takes_too_long_ends_at_the_clients_time_out(mssql: Server, ask: Ask) -> None:
    started_at = time.monotonic()

    with closing(mssql.connect(timeout=1)) as slow, pytest.raises(pymssql.OperationalError) as failure:
        run(slow, "waitfor delay '00:01:15'")

    assert failure.value.args[0] in (20003, 20047)
    assert time.monotonic() - started_at < WITHOUT_TIME_OUT_S
    assert ask("select 1 as x") == [(1,)]


@pytest.mark.stand_in
def test_a_cancelled_query_ends_in_the_database_too(mssql: Server, stand_in_database: str) -> None:
    with closing(mssql.connect(timeout=1)) as slow, pytest.raises(pymssql.OperationalError):
        run(slow, "waitfor delay '00:00:17'")

    assert running_queries(stand_in_database, "pg_sleep(17") == 0


def test_a_cursor_left_half_read_does_not_disturb_the_next(mssql: Server) -> None:
    with closing(mssql.connect()) as connection:
        with connection.cursor() as cursor:
            cursor.execute("select 1 as x union all select 2 union all select 3")
            cursor.fetchone()

        assert run(connection, "select 4 as y") == [(4,)]


@pytest.mark.stand_in
def test_a_connection_cut_in_a_result_is_lost_and_the_next_one_works(
    stand_in: StandIn, mssql: Server
) -> None:
    stand_in.faults.results_to_cut = 1

    with closing(mssql.connect(conn_properties="")) as cut, pytest.raises(pymssql.Error):
        run(cut, "select 1 as x union all select 2 union all select 3")

    with closing(mssql.connect()) as whole:
        assert run(whole, "select 1 as x") == [(1,)]


@pytest.mark.stand_in
def test_a_delayed_statement_can_be_cancelled(stand_in: StandIn, mssql: Server) -> None:
    started_at = time.monotonic()
    with closing(mssql.connect(timeout=1)) as slow:
        stand_in.faults.delay_s = 75.0
        with pytest.raises(pymssql.OperationalError):
            run(slow, "select 1 as x")

    assert time.monotonic() - started_at < WITHOUT_TIME_OUT_S


def test_many_clients_work_side_by_side(mssql: Server) -> None:
    answers: list[int] = []

    def ask_for(number: int) -> None:
        with closing(mssql.connect()) as connection:
            answers.append(run(connection, f"select {number} as n")[0][0])

    threads = [threading.Thread(target=ask_for, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(ENDS_S)

    assert sorted(answers) == list(range(20))


@pytest.mark.stand_in
def test_stopping_ends_every_connection_and_thread(stand_in_database: str) -> None:
    before = set(threading.enumerate())
    server = StandIn(stand_in_database, logins={"reader": Login("pw")}).start()
    client = Server(server.host, server.port, "reader", "pw", "mes").connect()

    server.stop()

    assert set(threading.enumerate()) <= before
    with pytest.raises(pymssql.Error):
        run(client, "select 1 as x")
    client.close()


@pytest.mark.stand_in
def test_an_engine_that_is_cold_takes_long_for_the_first_query_of_some_sessions(
    stand_in_database: str,
) -> None:
    logins = {"plant": Login("secret")}
    outcomes = []
    with StandIn(stand_in_database, logins=logins).starting_cold(60, every=2) as cold:
        for patience_s in (1, 20, 1, 20):
            server = Server(cold.host, cold.port, "plant", "secret", cold.database)
            with closing(server.connect(timeout=patience_s)) as connection:
                try:
                    outcomes.append(run(connection, "select 1 as x"))
                except pymssql.OperationalError:
                    outcomes.append([])

    assert outcomes == [[], [(1,)], [], [(1,)]]
