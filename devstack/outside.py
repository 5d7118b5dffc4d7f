"""Servers that stand outside the test suite, as somebody's own would: `python -m devstack.outside -- tests`.

Starts a Supabase project and a SQL Server stand-in that poses as another engine, tells pytest of them by the
variables of CONTRIBUTING.md alone, and ends them with it. For the suite they are strangers: it may not start,
stop or switch them, and the engine's error numbers and words need not be SQL Server's.
"""

import argparse
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

from devstack.access import SupabaseAccess
from devstack.migrations import REPOSITORY
from devstack.postgres import Postgres
from devstack.processes import Children
from devstack.sqlserver import Login, StandIn
from devstack.sqlserver.address import DATABASE, URL_VARIABLE
from devstack.sqlserver.engines import ENGINES
from devstack.supabase import Supabase

_LOGIN: Final = "plant"
_TIME_ZONE: Final = "Pacific/Auckland"  # of no plant in a test: a server's clock may be anywhere


def main(arguments: Sequence[str] | None = None) -> int:
    """Run pytest with outside servers; return its exit code."""
    options = _parse(arguments)
    command = [sys.executable, "-m", "pytest", *options.pytest]
    with tempfile.TemporaryDirectory(prefix="plantpulse-outside-") as logs, ExitStack() as stack:
        variables = stack.enter_context(servers(Path(logs), options.engine))
        environment = {**os.environ, **variables}
        return subprocess.run(command, env=environment, cwd=REPOSITORY, check=False).returncode


@contextmanager
def servers(logs: Path, engine: str) -> Iterator[dict[str, str]]:
    """The running servers, as the variables that name them."""
    with Supabase(logs) as supabase, Children(logs) as children:
        postgres, password = Postgres(children), secrets.token_hex(16)
        postgres.create_database(DATABASE)
        with StandIn(
            postgres.url(DATABASE),
            logins={_LOGIN: Login(password, can_write=True)},
            database=DATABASE,
            time_zone=_TIME_ZONE,
        ).posing_as(ENGINES[engine]) as sql_server:
            url = f"mssql://{_LOGIN}:{quote(password)}@{sql_server.host}:{sql_server.port}/{DATABASE}"
            yield {URL_VARIABLE: url, **_variables(supabase.access)}


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
