"""`plantpulse members`: who may see which plant, with nothing but the project's secret key."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

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


Exchange = tuple[int, bytes]
ADA_ALONE = json.dumps(
    {"users": [{"id": "1", "aud": "a", "app_metadata": {}, "user_metadata": {},
                "created_at": "2026-03-01T00:00:00Z", "email": ADA}]}
).encode()  # fmt: skip
NOBODY = b'{"users": []}'


@contextmanager
def auth(*answers: Exchange) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """Serve answers, one after the other; yield the URL and the headers of the requests so far."""
    left, asked = list(answers), list[dict[str, str]]()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append({name.lower(): value for name, value in self.headers.items()} | {"path": self.path})
            status, body = left.pop(0)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nobody wants to read it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", asked
        finally:
            server.shutdown()
            thread.join()


def remove_of(cli: CommandLine, url: str) -> tuple[int, str]:
    """Remove somebody who has no account, so that Auth alone is asked; return code and message."""
    cli.environ |= {"SUPABASE_URL": url, "SUPABASE_SECRET_KEY": "sb_secret_nobody_knows"}
    result = cli("members", "remove", "eve@northfield.example", "--json")
    assert "nobody_knows" not in result.out + result.err
    return result.exit_code, result.json["error"]["message"]


def test_supabase_py_asks_page_by_page_with_the_key_where_a_new_key_belongs(cli: CommandLine) -> None:
    with auth((200, ADA_ALONE), (200, NOBODY)) as (url, asked):
        exit_code, message = remove_of(cli, url)

    assert (exit_code, message[:23]) == (2, "there is no account eve")
    assert [one["path"] for one in asked] == [
        "/auth/v1/admin/users?page=1&per_page=200",
        "/auth/v1/admin/users?page=2&per_page=200",
    ]
    assert {one["apikey"] for one in asked} == {"sb_secret_nobody_knows"}
    assert all(one["x-client-info"].startswith("supabase-py/") for one in asked)
    assert all("authorization" not in one for one in asked)


@pytest.mark.parametrize("status", [502, 503, 520, 429])
def test_auth_that_is_busy_is_asked_again(cli: CommandLine, status: int) -> None:
    with auth((status, b"{}"), (200, NOBODY)) as (url, asked):
        exit_code, _ = remove_of(cli, url)

    assert (exit_code, len(asked)) == (2, 2)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            (401, b'{"code": 401, "error_code": "no_authorization", "msg": "Who are you?"}'),
            "Supabase refused /auth/v1/admin/users: Who are you? (HTTP 401); "
            "check SUPABASE_URL and SUPABASE_SECRET_KEY",
        ),
        (
            (403, b"<html>no</html>"),
            "Supabase refused /auth/v1/admin/users: Forbidden (HTTP 403); "
            "check SUPABASE_URL and SUPABASE_SECRET_KEY",
        ),
        (
            (540, b""),
            "Supabase refused /auth/v1/admin/users: no reason given (HTTP 540); "
            "the project is paused: restore it in Supabase's dashboard",
        ),
        (
            (200, b"<html>a portal</html>"),
            "Supabase returned no JSON that can be read for /auth/v1/admin/users: check SUPABASE_URL",
        ),
        (
            (200, b'{"people": []}'),
            "Supabase returned no JSON that can be read for /auth/v1/admin/users: check SUPABASE_URL",
        ),
        (
            (301, b""),
            "Supabase refused /auth/v1/admin/users: Moved Permanently (HTTP 301)",
        ),
    ],
    ids=["401", "403", "540", "portal", "else", "301"],
)
def test_auth_that_refuses_is_told_in_our_words(cli: CommandLine, answer: Exchange, message: str) -> None:
    with auth(answer) as (url, asked):
        assert remove_of(cli, url) == (1, message)

    assert len(asked) == 1


def test_a_project_that_is_away_is_no_refusal(cli: CommandLine) -> None:
    exit_code, message = remove_of(cli, "http://127.0.0.1:9")

    assert exit_code == 75
    assert message == "Supabase at 127.0.0.1 did not answer /auth/v1/admin/users: ConnectError"
