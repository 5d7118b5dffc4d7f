"""The rights of each role on everything in the catalogue: what is new has none until they are written down.

test_privileges.py says what each role comes to over the Data API. Here every table, view and function that
there is stands in the matrix by itself, and nobody may do to it what its line does not name.
"""

from collections.abc import Iterator, Mapping
from typing import Final

import pytest

from tests.database.api import USERS, Api
from tests.database.conftest import Connection
from tests.database.test_privileges import (
    DELETES,
    FUNCTIONS,
    FUNCTIONS_OF_MEMBERS,
    FUNCTIONS_OF_ROWS,
    FUNCTIONS_OF_USERS,
    INSERTS,
    MATRIX,
    UPDATES,
)

Rights = Mapping[
    tuple[str, str], str
]  # of a relation or a function, and a role: the letters of what it may do

# What select, insert, update and delete, of a whole table or of one of its columns, and execute are called.
_RIGHTS: Final = """
  with roles (role) as (values ('anon'), ('authenticated'), ('service_role')),
  relations as (
    select oid, relname from pg_class
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'f')
  ),
  functions as (
    select oid, proname from pg_proc
    where pronamespace = 'public'::regnamespace and prorettype <> 'trigger'::regtype
  )
  select
    relname as name,
    role,
    concat(
      case when has_any_column_privilege(role, oid, 'select') then 'r' end,
      case when has_any_column_privilege(role, oid, 'insert') then 'i' end,
      case when has_any_column_privilege(role, oid, 'update') then 'u' end,
      case when has_table_privilege(role, oid, 'delete') then 'd' end,
      case when has_table_privilege(role, oid, 'truncate') then 't' end
    ) as rights
  from relations cross join roles
  union all
  select proname || '()', role, case when has_function_privilege(role, oid, 'execute') then 'x' else '' end
  from functions cross join roles
"""
_MEMBERS: Final = ("stranger", "viewer", "operator", "manager", "neighbour", "director")
_LETTERS: Final = "riud"


def rights(database: Connection) -> Rights:
    """Return what each role of Postgres may do to everything that is in the catalogue."""
    return {(row["name"], row["role"]): row["rights"] for row in database.execute(_RIGHTS).fetchall()}


def written_down() -> Rights:
    """Return what the lines of test_privileges.py say: what nobody wrote down, nobody may do."""
    known: dict[tuple[str, str], str] = {}
    for table in INSERTS:
        known[table, "service_role"] = _LETTERS
        known[table, "anon"] = ""
        known[table, "authenticated"] = _of_users(table)
    calls = {*FUNCTIONS_OF_USERS, *FUNCTIONS_OF_MEMBERS, *FUNCTIONS_OF_ROWS}
    for function in {*calls, *FUNCTIONS}:
        known[f"{function}()", "service_role"] = "x"
        known[f"{function}()", "anon"] = ""
        known[f"{function}()", "authenticated"] = "x" if function in calls else ""
    return known


def _of_users(table: str) -> str:
    """Return what users may try: whatever any of them is not denied; policies say with which rows."""
    outcomes = [expected for name, role, expected in MATRIX if name == table and role in _MEMBERS]
    return "".join(
        letter
        for place, letter in enumerate(_LETTERS)
        if any(expected[place] in ("rows", "nothing") for expected in outcomes)
    )


def differences(database: Connection) -> list[str]:
    """Return what the catalogue has and nobody wrote down, and the other way round.

    A function that is not written down is one that others call: the service may, and nobody else.
    """
    found = rights(database)
    inner = {key: "x" if key[1] == "service_role" else "" for key in found if key[0].endswith("()")}
    known = {**inner, **written_down()}
    return sorted(
        f"{role} on {name}: {found.get((name, role), 'nothing there')!r}, "
        f"written down is {known.get((name, role))!r}"
        for name, role in found.keys() | known.keys()
        if found.get((name, role)) != known.get((name, role))
    )


def test_everything_in_the_catalogue_has_the_rights_that_are_written_down(database: Connection) -> None:
    assert differences(database) == []


def test_every_role_has_a_line_for_every_table() -> None:
    lines = {(table, role) for table, role, _ in MATRIX}
    roles = ("anon", "stranger", "viewer", "manager", "service_role")

    assert {(table, role) for table in INSERTS for role in roles} - lines == set()
    assert INSERTS.keys() == UPDATES.keys() == DELETES.keys() == {table for table, _ in lines}


@pytest.fixture
def rolled_back(database: Connection) -> Iterator[Connection]:
    """A connection of which nothing stays."""
    with database.transaction(force_rollback=True):
        yield database


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        (
            "create table public.novelties (id int)",
            "authenticated on novelties: '', written down is None",
        ),
        (
            "create table public.novelties (id int); grant select on public.novelties to anon",
            "anon on novelties: 'r', written down is None",
        ),
        (
            "create view public.novelties as select 1 as one;"
            "grant select on public.novelties to authenticated",
            "authenticated on novelties: 'r', written down is None",
        ),
        (
            "create function public.novelty() returns int language sql as 'select 1'",
            "anon on novelty(): ",
        ),
        (
            "grant update (unit) on public.series to authenticated",
            "authenticated on series: 'ru', written down is 'r'",
        ),
        (
            "grant execute on function public.project_state() to authenticated",
            "authenticated on project_state(): 'x', written down is ''",
        ),
        (
            "grant truncate on public.assets to service_role",
            "service_role on assets: 'riudt', written down is 'riud'",
        ),
        (
            "drop function public.project_state()",
            "service_role on project_state(): 'nothing there', written down is 'x'",
        ),
    ],
)
def test_what_is_new_is_in_the_matrix_by_itself(rolled_back: Connection, statement: str, told: str) -> None:
    rolled_back.execute(statement.encode())

    assert [one for one in differences(rolled_back) if one.startswith(told)]


@pytest.mark.usefixtures("members")
def test_no_role_reaches_past_a_table_of_which_nobody_wrote_down_anything(
    api_of: object, database: Connection
) -> None:
    """A table as a careless migration makes it: Row Level Security is missing, and so are all grants."""
    assert callable(api_of)
    database.execute("create table public.novelties (id int); insert into public.novelties values (1)")
    database.execute("notify pgrst, 'reload schema'")
    try:
        for role in ("anon", *USERS):
            api: Api = api_of(role)
            # Not known to the API yet, or denied by Postgres: both is nothing.
            assert api.select("novelties") in ("42501", "PGRST205")
    finally:
        database.execute("drop table public.novelties")
        database.execute("notify pgrst, 'reload schema'")
