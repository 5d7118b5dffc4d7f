"""A local Supabase project: real Postgres, real PostgREST and a small gateway, migrated by the real CLI.

What is real and what is imitated stands in `supabase_bootstrap.sql`, `gateway.py`, `accounts.py` and
`realtime/`. The data is thrown away with the stack.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import LiteralString, Self

from psycopg import sql

from devstack import migrations
from devstack.access import SupabaseAccess, make_keys
from devstack.accounts import Accounts
from devstack.gateway import Gateway
from devstack.plant_time import PlantTime
from devstack.postgres import Postgres
from devstack.postgrest import Postgrest
from devstack.processes import Children
from devstack.realtime import Realtime
from devstack.signing import accepted

_DATABASE = "postgres"
# Migrated once and never connected to again, so that databases can be copied from it.
_PRISTINE = "pristine"
_BOOTSTRAPS = (
    Path(__file__).with_name("supabase_bootstrap.sql"),
    Path(__file__).with_name("realtime") / "bootstrap.sql",
)


class Supabase:
    """A running project in a context: `with Supabase(log_folder) as supabase: supabase.access.url`.

    `binaries` chooses another Postgres (`postgres.binaries_of`), `project` another folder with
    `supabase/migrations`.

    Raises: StartFailed, LookupError (something is not installed), CliFailed (a migration fails).
    """

    access: SupabaseAccess
    real_time_url: str
    """The same project for whoever lives in real time, whatever the plant's clock says (`use_clock`)."""
    accounts: Accounts
    realtime: Realtime
    postgres: Postgres

    def __init__(
        self, log_folder: Path, *, binaries: Path | None = None, project: Path = migrations.REPOSITORY
    ) -> None:
        self._log_folder = log_folder
        self._binaries = binaries
        self._project = project
        self._stack = ExitStack()
        self._gateway: Gateway
        self._keys = make_keys()
        self._copies = 0

    def __enter__(self) -> Self:
        with ExitStack() as starting:
            self._children = starting.enter_context(Children(self._log_folder))
            self.postgres = Postgres(self._children, self._binaries)
            create_like_supabase(self.postgres, _PRISTINE)
            migrations.push(self.postgres.url(_PRISTINE, "postgres"), self._project)
            self.postgres.drop_database(_DATABASE)
            self.access = starting.enter_context(self._serve(_DATABASE))
            self._stack = starting.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pids(self) -> list[int]:
        """The process ids of Postgres and PostgREST; the gateway is a thread of this process."""
        return self._children.pids

    def stop(self) -> None:
        """End everything and delete the data; the logs stay."""
        self._stack.close()

    def use_clock(self, now: Callable[[], datetime]) -> None:
        """Let functions that look at the clock see a plant's, from now on (`plant_time.py`)."""
        self._gateway.use_clock(PlantTime(self.access.database_url, now))

    @contextmanager
    def fresh_database(self, statements: Sequence[LiteralString] = ()) -> Iterator[SupabaseAccess]:
        """A second project beside the first, just migrated and empty, for tests that change the schema.

        `statements` run as `postgres` before PostgREST reads the schema.
        """
        self._copies += 1
        name = f"fresh_{self._copies}"
        with self._serve(name, statements) as access:
            yield access
        self.postgres.drop_database(name)

    @contextmanager
    def _serve(self, database: str, statements: Sequence[LiteralString] = ()) -> Iterator[SupabaseAccess]:
        self.postgres.create_database(database, owner="postgres", template=_PRISTINE)
        for statement in statements:
            self.postgres.execute(database, statement, role="postgres")
        postgrest = Postgrest(
            self._children,
            self.postgres.url(database, "authenticator"),
            accepted(self._keys.signing_key, self._keys.jwt_secret),
            name=f"postgrest-{database}",
        )
        accounts = Accounts(self.postgres.url(database, "postgres"), self._keys)
        realtime = Realtime(self.postgres.url(database, "postgres"), self._keys)
        gateway = Gateway(self._keys, postgrest.port, accounts=accounts, realtime=realtime)
        in_real_time = Gateway(self._keys, postgrest.port, accounts=accounts)
        if database == _DATABASE:
            self.accounts, self.realtime, self._gateway = accounts, realtime, gateway
            self.real_time_url = in_real_time.url
        try:
            yield SupabaseAccess(gateway.url, self.postgres.url(database, "postgres"), self._keys)
        finally:
            gateway.stop()
            in_real_time.stop()
            realtime.stop()
            postgrest.stop()


def create_like_supabase(postgres: Postgres, database: str) -> None:
    """Make an empty database with the roles, schemas and privileges of a new Supabase project."""
    postgres.create_database(database)
    for script in _BOOTSTRAPS:
        postgres.execute(database, script.read_bytes())
    postgres.execute(
        database, sql.SQL("alter database {} owner to postgres").format(sql.Identifier(database))
    )
    for role in ("postgres", "authenticator"):
        postgres.set_password(role)
