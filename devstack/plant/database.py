"""Where a plant's tables stand for a test: on the reader's own SQL Server, or on the stand-in.

The tables are made for one use and dropped after it. On an own server they must not be there before: what
was not made here is never emptied or dropped.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pymssql

from devstack.plant.writer import create_tables, drop_tables
from devstack.postgres import Postgres
from devstack.processes import Children
from devstack.sqlserver import Login, StandIn

URL_VARIABLE = "PLANTPULSE_TEST_MSSQL_URL"
DATABASE = "mes"
WRITER = "plant_writer"
LOGIN_TIMEOUT_S = 10
QUERY_TIMEOUT_S = 30


@dataclass(frozen=True)
class Address:
    """A SQL Server database and a login that may create tables in it."""

    host: str
    port: int
    user: str
    password: str
    database: str


def read_url(url: str) -> Address:
    """Returns what `mssql://user:password@host:port/database` says; special characters are percent-encoded.

    Raises: ValueError when a part is missing.
    """
    parts = urlsplit(url)
    database = unquote(parts.path.lstrip("/"))
    if parts.scheme != "mssql" or not (parts.hostname and parts.username and parts.password and database):
        raise ValueError(f"{URL_VARIABLE} must read mssql://user:password@host:port/database")
    return Address(
        parts.hostname, parts.port or 1433, unquote(parts.username), unquote(parts.password), database
    )


def connect(address: Address) -> pymssql.Connection:
    """Opens a connection that commits every statement by itself; the caller closes it."""
    return pymssql.connect(
        server=address.host,
        port=str(address.port),
        user=address.user,
        password=address.password,
        database=address.database,
        login_timeout=LOGIN_TIMEOUT_S,
        timeout=QUERY_TIMEOUT_S,
        tds_version="7.4",
        autocommit=True,
    )


@contextmanager
def plant_database(url: str | None, log_folder: Path) -> Iterator[pymssql.Connection]:
    """A connection to empty tables of a plant, on the server at `url` or, with None, on a stand-in."""
    if url:
        with _tables_at(read_url(url)) as connection:
            yield connection
        return
    with Children(log_folder) as children, _stand_in(children) as address, _tables_at(address) as connection:
        yield connection


@contextmanager
def _stand_in(children: Children) -> Iterator[Address]:
    postgres = Postgres(children)
    postgres.create_database(DATABASE)
    password = secrets.token_hex(16)
    logins = {WRITER: Login(password, can_write=True)}
    with StandIn(postgres.url(DATABASE), logins=logins, database=DATABASE) as server:
        yield Address(server.host, server.port, WRITER, password, DATABASE)


@contextmanager
def _tables_at(address: Address) -> Iterator[pymssql.Connection]:
    connection = connect(address)
    try:
        create_tables(connection)
        try:
            yield connection
        finally:
            drop_tables(connection)
    finally:
        connection.close()
