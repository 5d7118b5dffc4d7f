"""What the contestants talk to: real Postgres and PostgREST, and the stand-in for SQL Server.

The stand-in runs in a process of its own, and so does every contestant: what they use is not counted as
anybody else's. The gateway in front of PostgREST is a thread of this process, which only waits meanwhile.
"""

import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bench.plant import BARE_CLIENT, OURS, PHYSICAL_FLOOR, PlantClock, enter_model
from devstack.access import SupabaseAccess
from devstack.migrations import REPOSITORY
from devstack.plant.writer import create_tables
from devstack.processes import Child, Children, Program, free_port, start_on_free_port
from devstack.sqlserver.__main__ import READER_PASSWORD, WRITER_PASSWORD
from devstack.sqlserver.address import DATABASE, Address, connect
from devstack.supabase import Supabase

CONFIG = """\
plants:
  bench:
    time_zone: America/Chicago
cleanup:
  timeout_s: 900
"""
# A child starts with the interpreter's own defaults: with bytecode, as in the cloud.
_NOT_INHERITED = ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PYTHONUNBUFFERED")


@dataclass(frozen=True)
class Servers:
    """Both ends of one plant of a size: what the poll reads from and what it writes to."""

    assets: int
    supabase: SupabaseAccess
    sql_server: Address
    clock: PlantClock
    scratch: Path

    def settings(self) -> dict[str, str]:
        """Returns the environment of a contestant: the settings and nothing else."""
        return {
            **clean_environment(self.scratch),
            "SUPABASE_URL": self.supabase.url,
            "SUPABASE_SECRET_KEY": self.supabase.secret_key,
            "MSSQL_HOST": self.sql_server.host,
            "MSSQL_PORT": str(self.sql_server.port),
            "MSSQL_USER": self.sql_server.user,
            "MSSQL_PASSWORD": self.sql_server.password,
            "MSSQL_DATABASE": self.sql_server.database,
            "MSSQL_ENCRYPTION": "off",  # as the floor
            "PLANTPULSE_CONFIG": str(self.scratch / "plantpulse.yaml"),
        }

    def settings_file(self) -> Path:
        """Writes plantpulse.yaml as this plant's people would; returns its path."""
        reached = {name: getattr(self.sql_server, name) for name in ("host", "port", "user", "database")}
        server = ", ".join(f"{name}: {value}" for name, value in reached.items())
        plant = f"  bench: {{time_zone: America/Chicago, sql_server: {{{server}, encryption: off}}}}"
        path = self.scratch / f"{self.assets}.yaml"
        path.write_text("\n".join(["plants:", plant, "cleanup: {timeout_s: 900}", ""]))
        return path

    def seen_through(self, supabase_url: str, sql_server_port: int) -> "Servers":
        """Returns the same servers behind other doors."""
        return replace(
            self,
            supabase=replace(self.supabase, url=supabase_url),
            sql_server=replace(self.sql_server, port=sql_server_port),
        )


def clean_environment(scratch: Path) -> dict[str, str]:
    """Returns this process's environment without what would make a child slower than a function."""
    inherited = {name: value for name, value in os.environ.items() if name not in _NOT_INHERITED}
    return inherited | {"PYTHONPYCACHEPREFIX": str(scratch / "bytecode")}


@contextmanager
def project() -> Iterator[tuple[Supabase, Children]]:
    """A Supabase project, and the children that everything else is started in."""
    with Children() as children, Supabase(children.log_folder) as supabase:
        (children.log_folder / "plantpulse.yaml").write_text(CONFIG)
        yield supabase, children


@contextmanager
def servers(supabase: Supabase, children: Children, assets: int) -> Iterator[Servers]:
    """The servers of a plant of so many assets: tables of their own, and a migrated project of their own."""
    name = f"{DATABASE}_{assets}"
    with ExitStack() as stack:
        access = stack.enter_context(supabase.fresh_database())
        supabase.postgres.create_database(name)
        stack.callback(supabase.postgres.drop_database, name)
        for plant in (OURS, PHYSICAL_FLOOR, BARE_CLIENT):
            enter_model(access.database_url, plant, assets)
        database_url = supabase.postgres.url(name)
        address, child = _start_stand_in(children, database_url)
        stack.callback(children.stop, child)
        clock = PlantClock(database_url, assets)
        clock.start()
        yield Servers(assets, access, address, clock, children.log_folder)


def _start_stand_in(children: Children, database_url: str) -> tuple[Address, Child]:
    passwords = {READER_PASSWORD: secrets.token_hex(16), WRITER_PASSWORD: secrets.token_hex(16)}

    def start() -> tuple[int, Child]:
        port = free_port()
        options = {"database-url": database_url, "port": port, "time-zone": "America/Chicago"}
        arguments = [f"--{name}={value}" for name, value in options.items()]
        program = Program(
            "sqlserver",
            [sys.executable, "-m", "devstack.sqlserver", *arguments],
            env={**os.environ, **passwords, "PYTHONPATH": str(REPOSITORY)},
        )
        return port, children.start(program, lambda: _is_listening(writer(port)))

    def writer(port: int) -> Address:
        return Address("127.0.0.1", port, "plant", passwords[WRITER_PASSWORD], DATABASE)

    port, child = start_on_free_port(start)
    with closing(connect(writer(port))) as connection:
        create_tables(connection)
    return replace(writer(port), user="plantpulse_reader", password=passwords[READER_PASSWORD]), child


def _is_listening(address: Address) -> bool:
    import pymssql  # noqa: PLC0415 - not before it is needed: it takes memory

    try:
        connect(address).close()
    except pymssql.Error:
        return False
    return True
