"""Who is let in, what they are told, and what the server remembers of them."""

import pymssql
import pytest

from devstack.sqlserver import StandIn
from tests.devstack.sqlserver.conftest import PASSWORD, READER, Server


@pytest.mark.stand_in  # SQL Server's error numbers
def test_a_wrong_password_is_refused_with_18456(mssql: Server) -> None:
    number, words = mssql.refusal(password="wrong")

    assert number == 18456
    assert f"Login failed for user '{mssql.user}'" in words


@pytest.mark.stand_in  # SQL Server's error numbers
def test_an_unknown_login_is_refused_with_18456(mssql: Server) -> None:
    number, words = mssql.refusal(user="nobody_known")

    assert number == 18456
    assert "Login failed for user 'nobody_known'" in words


@pytest.mark.stand_in  # SQL Server's error numbers
def test_an_unknown_database_is_named_before_the_login_fails(mssql: Server) -> None:
    number, words = mssql.refusal(database="no_such_database")

    assert "no_such_database" in words or number in (4060, 18456)


@pytest.mark.stand_in
def test_a_client_that_insists_on_encryption_refuses_the_connection(stand_in: StandIn, mssql: Server) -> None:
    with pytest.raises(pymssql.OperationalError):
        mssql.connect(encryption="require")

    assert stand_in.traffic.connections >= 1
    assert stand_in.traffic.logins == []


@pytest.mark.stand_in
def test_application_and_intent_are_remembered_and_the_password_is_not(
    stand_in: StandIn, mssql: Server
) -> None:
    mssql.connect(user=READER, appname="plantpulse", read_only=True).close()

    [seen] = stand_in.traffic.logins
    assert (seen.user, seen.database, seen.application) == (READER, "mes", "plantpulse")
    assert seen.is_read_only
    assert seen.is_accepted
    assert PASSWORD not in repr(seen)


@pytest.mark.stand_in
def test_a_refused_login_is_counted_and_the_next_one_succeeds(stand_in: StandIn, mssql: Server) -> None:
    stand_in.faults.refused_logins = 1

    number, _ = mssql.refusal()
    mssql.connect().close()

    assert number == 18456
    assert [login.is_accepted for login in stand_in.traffic.logins] == [False, True]


@pytest.mark.stand_in
def test_a_silent_server_ends_in_the_clients_own_time_out(stand_in: StandIn, mssql: Server) -> None:
    stand_in.faults.is_silent = True

    with pytest.raises(pymssql.OperationalError):
        mssql.connect(login_timeout=1)

    assert stand_in.traffic.logins == []


@pytest.mark.stand_in
def test_the_server_says_that_it_is_a_stand_in(mssql: Server) -> None:
    with mssql.connect() as connection, connection.cursor() as cursor:
        cursor.execute("select @@version")
        rows = cursor.fetchall() or []

    assert "not SQL Server" in str(rows[0][0])


def test_a_session_knows_its_database_its_login_and_its_number(mssql: Server) -> None:
    with mssql.connect() as connection, connection.cursor() as cursor:
        cursor.execute("select db_name(), original_login(), suser_sname(), @@spid")
        rows = cursor.fetchall() or []

    database, login, name, number = rows[0]
    assert (database, login, name) == (mssql.database, mssql.user, mssql.user)
    assert isinstance(number, int)
    assert number > 50
