"""`plantpulse members`: who may see which plant, with nothing but the project's secret key."""

import pytest

from devstack.access import SupabaseAccess
from devstack.members import sign_up
from tests.cli.conftest import CommandLine

ADA = "ada@northfield.example"


@pytest.fixture
def people(supabase: SupabaseAccess) -> None:
    """Ada and Bob have accounts and are no members."""
    sign_up(supabase, "ada")
    sign_up(supabase, "bob")


def stored(supabase: SupabaseAccess) -> list[tuple[str, str, str]]:
    with supabase.connect() as store:
        rows = store.execute(
            """
            select u.email, m.plant, m.role
            from public.plant_members as m join auth.users as u on u.id = m.user_id
            order by u.email, m.plant
            """
        ).fetchall()
    return [(row["email"], row["plant"], row["role"]) for row in rows]


@pytest.mark.usefixtures("people")
def test_a_member_is_added_changed_and_left_alone(cli: CommandLine, supabase: SupabaseAccess) -> None:
    changes = [
        cli("members", "add", "Ada@Northfield.example", "--role", role, "--json").json["member"]["change"]
        for role in ("viewer", "manager", "manager")
    ]

    assert changes == ["added", "changed", "unchanged"]
    assert stored(supabase) == [(ADA, "north", "manager")]


@pytest.mark.usefixtures("people")
def test_members_are_listed_by_plant_with_their_addresses(cli: CommandLine) -> None:
    cli("members", "add", ADA)
    cli("members", "add", "bob@northfield.example", "--all-plants", "--role", "manager")

    shown, north = cli("members").out.splitlines(), cli("members", "list", "--plant", "north", "--json").json

    assert [line.split()[:4] for line in shown[1:]] == [
        ["bob@northfield.example", "every", "plant", "manager"],
        [ADA, "north", "viewer", shown[2].split()[3]],
    ]
    assert [(one["email"], one["role"]) for one in north["members"]] == [(ADA, "viewer")]


@pytest.mark.usefixtures("people")
def test_a_membership_ends_and_the_account_stays(cli: CommandLine, supabase: SupabaseAccess) -> None:
    cli("members", "add", ADA)
    cli("members", "add", ADA, "--all-plants")

    ended, again = cli("members", "remove", ADA), cli("members", "remove", ADA)

    assert (ended.exit_code, ended.out) == (0, f"{ADA}: removed, north\n")
    assert again.exit_code == 2
    assert f"{ADA} is no member of north" in again.err
    assert stored(supabase) == [(ADA, "*", "viewer")]


def test_somebody_without_an_account_must_be_invited(cli: CommandLine, supabase: SupabaseAccess) -> None:
    result = cli("members", "add", "eve@northfield.example")

    assert result.exit_code == 2
    assert "invite the person first" in result.err
    assert stored(supabase) == []


def test_a_plant_and_all_plants_at_once_are_refused(cli: CommandLine) -> None:
    assert cli("members", "add", ADA, "--plant", "north", "--all-plants").exit_code == 2


def test_accounts_beyond_the_first_page_are_found(cli: CommandLine, supabase: SupabaseAccess) -> None:
    with supabase.connect() as store:
        store.execute(
            """
            insert into auth.users (id, email, created_at)
            select gen_random_uuid(), 'user' || n || '@northfield.example', now() - n * interval '1 minute'
            from generate_series(1, 450) as n
            """
        )

    result = cli("members", "add", "user450@northfield.example", "--json")

    assert result.json["member"]["change"] == "added"
    assert stored(supabase) == [("user450@northfield.example", "north", "viewer")]


@pytest.mark.usefixtures("people")
def test_a_publishable_key_may_not_ask_who_has_an_account(cli: CommandLine, supabase: SupabaseAccess) -> None:
    cli.environ["SUPABASE_SECRET_KEY"] = supabase.publishable_key

    result = cli("members", "add", ADA)

    assert result.exit_code == 1
    assert "SUPABASE_SECRET_KEY" in result.err
