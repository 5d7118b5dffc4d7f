"""Where a SQL Server is, and a connection to it: the stand-in's or the reader's own.

Source of the form: PLANTPULSE_TEST_MSSQL_URL in CONTRIBUTING.md.
"""

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import pymssql

from devstack.patience import ENDS_S

URL_VARIABLE = "PLANTPULSE_TEST_MSSQL_URL"
DATABASE = "mes"
LOGIN_TIMEOUT_S = 60  # the longest that settings allow
QUERY_TIMEOUT_S = int(ENDS_S)


@dataclass(frozen=True)
class Address:
    """A SQL Server database and a login that may create tables in it."""

    host: str
    port: int
    user: str
    password: str
    database: str


def read_url(url: str) -> Address:
    """Return what `mssql://user:password@host:port/database` says; special characters are percent-encoded.

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
    """Open a connection that commits every statement by itself; the caller closes it."""
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
