"""A SQL Server for these tests: the stand-in on a Postgres of its own, or the reader's.

`PLANTPULSE_TEST_MSSQL_URL` (mssql://user:password@host:port/database) names the reader's; the login
must be allowed to create tables there. Each test gets a table name of its own.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pymssql
import pytest

from devstack.postgres import Postgres
from devstack.processes import Children
from devstack.sqlserver import Login, StandIn
from devstack.sqlserver.address import URL_VARIABLE, read_url
from tests.patience import ENDS_S, PATIENT_S

WRITER, READER, PASSWORD = "plant", "plantpulse_reader", "P@ss wörd;1"


_CONNECT = """
import json, sys, pymssql
try:
    pymssql.connect(**json.load(sys.stdin))
except pymssql.Error as error:
    cause = error.args[0] if isinstance(error.args[0], tuple) else error.args
    json.dump([int(cause[0]), str(error)], sys.stdout)
"""


@dataclass(frozen=True)
class Server:
    """Where a SQL Server is, and a login that may create tables in one of its databases."""

    host: str
    port: int
    user: str
    password: str
    database: str

    def address(self) -> tuple[str, int]:
        """For a plain socket."""
        return self.host, self.port

    def connect(self, **changes: Any) -> pymssql.Connection:
        """A connection of pymssql, committing by itself unless told otherwise."""
        return pymssql.connect(**self._settings(changes))

    def refusal(self, **changes: Any) -> tuple[int, str]:
        """What pymssql says of a connection that is refused: number and words.

        Asked for in a process of its own, because pymssql goes on telling the number of an earlier refusal.
        """
        asked = json.dumps(self._settings(changes))
        process = subprocess.run(
            [sys.executable, "-c", _CONNECT], input=asked, capture_output=True, text=True, check=True
        )
        number, words = json.loads(process.stdout)
        return number, words

    def _settings(self, changes: dict[str, Any]) -> dict[str, Any]:
        settings: dict[str, Any] = {
            "server": self.host,
            "port": str(self.port),
            "user": self.user,
            "password": self.password,
            "database": self.database,
            "tds_version": "7.4",
            "timeout": int(ENDS_S),
            "login_timeout": PATIENT_S,
            "autocommit": True,
        }
        return settings | changes


@pytest.fixture(scope="session")
def stand_in_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an empty Postgres database."""
    with Children(tmp_path_factory.mktemp("sqlserver-logs")) as children:
        postgres = Postgres(children)
        postgres.create_database("mes")
        yield postgres.url("mes")


@pytest.fixture(scope="session")
def _stand_in(stand_in_database: str) -> Iterator[StandIn]:
    logins = {WRITER: Login(PASSWORD, can_write=True), READER: Login(PASSWORD)}
    with StandIn(stand_in_database, logins=logins, time_zone="America/Chicago") as running:
        yield running


@pytest.fixture
def stand_in(_stand_in: StandIn) -> Iterator[StandIn]:
    """The stand-in itself, for its switches: nothing seen yet, and no fault left behind."""
    _stand_in.traffic.clear()
    yield _stand_in
    _stand_in.faults.reset()


@pytest.fixture(scope="session")
def mssql(request: pytest.FixtureRequest) -> Server:
    url = os.environ.get(URL_VARIABLE)
    if url:
        address = read_url(url)
        return Server(address.host, address.port, address.user, address.password, address.database)
    running: StandIn = request.getfixturevalue("_stand_in")
    return Server(running.host, running.port, WRITER, PASSWORD, running.database)


@pytest.fixture
def connection(mssql: Server) -> Iterator[pymssql.Connection]:
    with mssql.connect() as opened:
        yield opened


@pytest.fixture
def ask(connection: pymssql.Connection) -> Callable[..., list[tuple[Any, ...]]]:
    """Runs a batch and returns the rows of its first result; none for a batch without one."""

    def run(batch: str, parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(batch, parameters) if parameters else cursor.execute(batch)
            return [tuple(row) for row in cursor.fetchall() or ()] if cursor.description else []

    return run


@pytest.fixture
def table(request: pytest.FixtureRequest, mssql: Server) -> Iterator[str]:
    """The name of a table that does not exist; it is dropped afterwards."""
    name = f"{Path(request.node.path).stem}_{abs(hash(request.node.name)) % 10**8}"
    yield name
    with mssql.connect() as opened, opened.cursor() as cursor:
        cursor.execute(f"drop table if exists {name}")
