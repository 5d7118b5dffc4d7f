"""A small plant in an empty project, and everybody who may or may not look at it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.rows import DictRow

from devstack.access import SupabaseAccess
from tests.database.api import USERS, Api
from tests.patience import ENDS_S

Connection = psycopg.Connection[DictRow]
MEMBERSHIPS = (
    ("viewer", "northfield", "viewer"),
    ("operator", "northfield", "operator"),
    ("manager", "northfield", "manager"),
    ("neighbour", "southfield", "manager"),
    ("director", "*", "manager"),
)


@pytest.fixture(scope="session")
def api_of(supabase: SupabaseAccess) -> Iterator[Callable[[str], Api]]:
    """The Data API as one of: anon, service_role, or a user of USERS."""
    with ExitStack() as stack:
        opened: dict[str, Api] = {}

        def open_as(role: str) -> Api:
            if role not in opened:
                client = httpx.Client(
                    base_url=supabase.rest_url, headers=_headers(supabase, role), timeout=ENDS_S
                )
                opened[role] = Api(stack.enter_context(client))
            return opened[role]

        yield open_as


def _headers(supabase: SupabaseAccess, role: str) -> dict[str, str]:
    if role == "service_role":
        return {"apikey": supabase.secret_key}
    if role == "anon":
        return {"apikey": supabase.publishable_key}
    token = supabase.user_token(USERS[role], lifetime_s=24 * 3600)  # a slow machine takes hours
    return {"apikey": supabase.publishable_key, "Authorization": f"Bearer {token}"}


@pytest.fixture
def service(api_of: Callable[[str], Api]) -> Api:
    return api_of("service_role")


@pytest.fixture(scope="session")
def connection(supabase: SupabaseAccess) -> Iterator[Connection]:
    with supabase.connect() as connection:
        yield connection


@pytest.fixture
def database(connection: Connection) -> Connection:
    """A connection as the owner of the tables, whom no policy holds back."""
    return connection


@pytest.fixture
def members(database: Connection) -> None:
    for user, user_id in USERS.items():
        database.execute(
            "insert into auth.users (id, email) values (%s, %s)", (user_id, f"{user}@plant.example")
        )
    for user, plant, role in MEMBERSHIPS:
        database.execute(
            "insert into public.plant_members (user_id, plant, role) values (%s, %s, %s)",
            (USERS[user], plant, role),
        )


@pytest.fixture
def assets(database: Connection) -> dict[str, int]:
    """The ids of three assets by source name: PRESS-01 and OVEN-02 of northfield, SAW-01 of southfield."""
    rows = database.execute(
        """
        insert into public.assets (plant, name, source_name, ideal_units_per_hour)
        values
          ('northfield', 'Press 1', 'PRESS-01', 120),
          ('northfield', 'Oven 2', 'OVEN-02', null),
          ('southfield', 'Saw 1', 'SAW-01', 60)
        returning id, source_name
        """
    ).fetchall()
    return {row["source_name"]: row["id"] for row in rows}


@pytest.fixture
def one(database: Connection) -> Callable[..., dict[str, Any]]:
    """Run a query that finds exactly one row, and return it."""

    def fetch(query: str, *parameters: Any) -> dict[str, Any]:
        rows = database.execute(query.encode(), parameters).fetchall()
        assert len(rows) == 1, rows
        return rows[0]

    return fetch


@pytest.fixture
def count(one: Callable[..., dict[str, Any]]) -> Callable[[str], int]:
    """Return the number of rows in a table."""

    def fetch(table: str) -> int:
        number: int = one(f"select count(*) as number from public.{table}")["number"]
        return number

    return fetch
