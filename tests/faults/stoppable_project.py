"""A Supabase project whose parts can be stopped one by one; its addresses stay what they are."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from devstack import migrations
from devstack.access import SupabaseAccess, make_keys
from devstack.gateway import Gateway
from devstack.postgres import Postgres
from devstack.postgrest import Postgrest
from devstack.processes import Children
from devstack.signing import accepted
from devstack.supabase import create_like_supabase
from tests.patience import ENDS_S

DATABASE = "stoppable"


class StoppableProject:
    """Real Postgres, real PostgREST and the gateway in front of it."""

    def __init__(self, children: Children) -> None:
        keys = make_keys()
        self.postgres = Postgres(children)
        create_like_supabase(self.postgres, DATABASE)
        migrations.push(self.postgres.url(DATABASE, "postgres"))
        jwt_keys = accepted(keys.signing_key, keys.jwt_secret)
        self.postgrest = Postgrest(children, self.postgres.url(DATABASE, "authenticator"), jwt_keys)
        self.gateway = Gateway(keys, self.postgrest.port)
        self.access = SupabaseAccess(self.gateway.url, self.postgres.url(DATABASE, "postgres"), keys)

    def wait_until_ready(self) -> None:
        """Wait until PostgREST has a connection and knows the schema, however long a busy machine takes."""
        ends_at, pause = time.monotonic() + ENDS_S, threading.Event()
        while not self.postgrest.is_ready() and time.monotonic() < ends_at:
            pause.wait(0.05)


@contextmanager
def stoppable_project(log_folder: Path) -> Iterator[StoppableProject]:
    """Run a migrated project until the block ends."""
    with Children(log_folder) as children:
        project = StoppableProject(children)
        try:
            yield project
        finally:
            project.gateway.stop()
