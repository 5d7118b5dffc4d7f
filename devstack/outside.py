"""Servers that stand outside the test suite, as somebody's own would: `python -m devstack.outside -- tests`.

Starts a Supabase project and a SQL Server stand-in that poses as another engine, tells pytest of them by the
variables of CONTRIBUTING.md alone, and ends them with it. For the suite they are strangers: it may not start,
stop or switch them. The engine's error numbers and words are not SQL Server's, it speaks TLS and ends it with
close_notify, and it is slow when it is cold.
"""

import argparse
import os
import secrets
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

import trustme

from devstack.access import SupabaseAccess
from devstack.migrations import REPOSITORY
from devstack.patience import FACTOR_VARIABLE
from devstack.postgres import Postgres
from devstack.processes import Children
from devstack.sqlserver import Login, StandIn, Tls
from devstack.sqlserver.address import DATABASE, URL_VARIABLE
from devstack.sqlserver.engines import ENGINES
from devstack.sqlserver.server import LOOPBACK
from devstack.supabase import Supabase

_LOGIN: Final = "plant"
_TIME_ZONE: Final = "Pacific/Auckland"  # of no plant in a test: a server's clock may be anywhere
# Measured on an engine of another kind: so long took its first queries.
_COLD_S: Final = 2.4
_COLD_EVERY: Final = 20
_FACTOR: Final = "4"  # the shortest time-out, a second, must be longer than that, also on a busy machine


def main(arguments: Sequence[str] | None = None) -> int:
    """Run pytest with outside servers; return its exit code."""
    options = _parse(arguments)
    command = [sys.executable, "-m", "pytest", *options.pytest]
    with tempfile.TemporaryDirectory(prefix="plantpulse-outside-") as logs, ExitStack() as stack:
        variables = stack.enter_context(servers(Path(logs), options.engine))
        environment = {FACTOR_VARIABLE: _FACTOR, **os.environ, **variables}
        return subprocess.run(command, env=environment, cwd=REPOSITORY, check=False).returncode


@contextmanager
def servers(logs: Path, engine: str) -> Iterator[dict[str, str]]:
    """The running servers, as the variables that name them."""
    with Supabase(logs) as supabase, Children(logs) as children:
        postgres, password = Postgres(children), secrets.token_hex(16)
        postgres.create_database(DATABASE)
        running = StandIn(
            postgres.url(DATABASE),
            logins={_LOGIN: Login(password, can_write=True)},
            database=DATABASE,
            time_zone=_TIME_ZONE,
            tls=_certified(),
        )
        with running.posing_as(ENGINES[engine]).starting_cold(_COLD_S, every=_COLD_EVERY) as sql_server:
            url = f"mssql://{_LOGIN}:{quote(password)}@{sql_server.host}:{sql_server.port}/{DATABASE}"
            yield {URL_VARIABLE: url, **_variables(supabase.access)}


def _certified() -> Tls:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert(LOOPBACK, "localhost").configure_cert(context)
    return Tls(context, is_required=True)  # else it would encrypt no more than the login of most clients


def _variables(access: SupabaseAccess) -> dict[str, str]:
    return {
        "PLANTPULSE_TEST_DATABASE_URL": access.database_url,
        "PLANTPULSE_TEST_SUPABASE_URL": access.url,
        "PLANTPULSE_TEST_SUPABASE_KEY": access.secret_key,
        "PLANTPULSE_TEST_SUPABASE_PUBLISHABLE_KEY": access.publishable_key,
        "PLANTPULSE_TEST_JWT_SECRET": access.keys.jwt_secret,
    }


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    description = (__doc__ or "").split("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m devstack.outside", description=description)
    parser.add_argument("--engine", choices=ENGINES, default="foreign", help="whose errors SQL Server tells")
    parser.add_argument("pytest", nargs="*", help="what pytest is told, behind --")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    raise SystemExit(main())
