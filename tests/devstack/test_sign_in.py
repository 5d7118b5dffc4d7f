"""Auth as a client without a library meets it: what is refused, and how."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from devstack.access import SupabaseAccess
from devstack.members import Person, sign_up
from devstack.passwords import hashed, is_right
from devstack.supabase import Supabase
from tests.patience import ENDS_S


@pytest.fixture(scope="module")
def project(local_supabase: Supabase) -> Iterator[SupabaseAccess]:
    with local_supabase.fresh_database() as access:
        yield access


@pytest.fixture(scope="module")
def ada(project: SupabaseAccess) -> Person:
    return sign_up(project, "ada")


def ask(
    project: SupabaseAccess, method: str, path: str, token: str | None = None, **content: Any
) -> httpx.Response:
    headers = {"apikey": project.publishable_key} | ({"authorization": f"Bearer {token}"} if token else {})
    return httpx.request(method, f"{project.url}/auth/v1/{path}", headers=headers, timeout=ENDS_S, **content)


def sign_in(project: SupabaseAccess, person: Person) -> Any:
    given = {"email": person.email.upper(), "password": person.password}
    return ask(project, "POST", "token?grant_type=password", json=given).raise_for_status().json()


def told(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error_code"]


def test_the_token_of_a_sign_in_is_taken_by_the_data_api(project: SupabaseAccess, ada: Person) -> None:
    signed_in = sign_in(project, ada)

    rows = Person(project, ada.user_id, ada.email, "", signed_in["access_token"]).read("plant_members")

    assert rows == []
    assert "encrypted_password" not in str(signed_in)


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b"null", b"[" * 60_000, b"\xff", b'{"email": 1, "password": 2}', b'{"email": "ada"}'],
)
@pytest.mark.parametrize("grant", ["password", "refresh_token"])
def test_a_body_that_makes_no_sense_is_refused(project: SupabaseAccess, body: bytes, grant: str) -> None:
    answer = ask(project, "POST", f"token?grant_type={grant}", content=body)

    assert answer.status_code == 400


@pytest.mark.parametrize("email", ["ada\0@northfield.example", "' or true --", "\ud800", ""])
@pytest.mark.parametrize("password", ["\ud800", "", "\0", "x" * 10_000])
def test_hostile_credentials_are_wrong_ones(project: SupabaseAccess, email: str, password: str) -> None:
    body = json.dumps({"email": email, "password": password}).encode()
    answer = ask(project, "POST", "token?grant_type=password", content=body)

    assert told(answer) == (400, "invalid_credentials")


def test_somebody_without_a_password_cannot_sign_in(project: SupabaseAccess) -> None:
    with project.connect() as connection:
        connection.execute("insert into auth.users (id, email) values (gen_random_uuid(), 'bob@x.example')")

    answer = ask(
        project, "POST", "token?grant_type=password", json={"email": "bob@x.example", "password": ""}
    )

    assert told(answer) == (400, "invalid_credentials")


def test_a_request_that_is_too_long_is_refused_unread(project: SupabaseAccess) -> None:
    assert ask(project, "POST", "token?grant_type=password", content=b"x" * 70_000).status_code == 413


def test_only_a_valid_token_has_a_user(project: SupabaseAccess, ada: Person) -> None:
    expired = project.user_token(ada.user_id, lifetime_s=-1)
    of_nobody = project.user_token("5f0c7c1e-6f5d-4b0b-9f5d-0d9f5a1b2c3d")

    assert ask(project, "GET", "user", ada.token).json()["email"] == "ada@northfield.example"
    assert told(ask(project, "GET", "user", expired)) == (403, "bad_jwt")
    assert told(ask(project, "GET", "user", "a.b.c")) == (403, "bad_jwt")
    assert told(ask(project, "GET", "user")) == (403, "bad_jwt")
    assert told(ask(project, "GET", "user", of_nobody)) == (403, "user_not_found")


def test_signing_out_ends_the_session_at_once(project: SupabaseAccess, ada: Person) -> None:
    here, elsewhere = (sign_in(project, ada)["access_token"] for _ in range(2))

    assert ask(project, "POST", "logout?scope=local", here).status_code == 204

    assert told(ask(project, "GET", "user", here)) == (403, "session_not_found")
    assert ask(project, "GET", "user", elsewhere).status_code == 200
    assert told(ask(project, "POST", "logout?scope=everything", elsewhere)) == (400, "validation_failed")


def test_a_user_who_is_gone_gets_no_new_token(project: SupabaseAccess) -> None:
    eve = sign_up(project, "eve")
    token = sign_in(project, eve)["refresh_token"]
    with project.connect() as connection:
        connection.execute("delete from auth.users where id = %s", [eve.user_id])

    answer = ask(project, "POST", "token?grant_type=refresh_token", json={"refresh_token": token})

    assert told(answer) == (403, "user_not_found")


@pytest.mark.parametrize("path", ["signup", "token?grant_type=id_token", "token", "sso"])
def test_what_is_not_imitated_says_so(project: SupabaseAccess, path: str) -> None:
    assert told(ask(project, "POST", path, json={})) == (404, "not_found")


def test_a_page_of_users_that_is_no_number_is_refused(project: SupabaseAccess) -> None:
    headers = {"apikey": project.secret_key}
    for query in ("page=x", "page=0", "per_page=-1", "page=99999999999"):
        url = f"{project.url}/auth/v1/admin/users?{query}"
        assert told(httpx.get(url, headers=headers, timeout=ENDS_S)) == (400, "validation_failed")


def test_a_password_is_kept_salted_and_only_itself_is_right() -> None:
    stored = hashed("correct horse")

    assert "correct horse" not in stored
    assert stored != hashed("correct horse")
    assert is_right("correct horse", stored)
    assert not is_right("correct hors", stored)
    assert not is_right("", None)
    assert not is_right("", "")
    assert not is_right("x", "bcrypt$x$y")
