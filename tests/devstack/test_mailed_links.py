"""Links in the mails of the local Auth: who is invited, forgot a password, or wants none."""

import base64
import hashlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from devstack.access import SupabaseAccess
from devstack.accounts import AuthMail
from devstack.mailed_links import DeadLink, MailedLinks, destination
from devstack.members import Person, sign_up
from devstack.supabase import Supabase
from tests.patience import ENDS_S

HOME = "http://127.0.0.1:8099/"
VERIFIER = "v" * 60
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


@pytest.fixture
def mails(local_supabase: Supabase) -> Iterator[list[AuthMail]]:
    arrived = list[AuthMail]()
    local_supabase.accounts.post = arrived.append
    yield arrived
    local_supabase.accounts.post = lambda _mail: None


@pytest.fixture
def project(local_supabase: Supabase) -> SupabaseAccess:
    return local_supabase.access


@pytest.fixture(scope="module")
def ada(local_supabase: Supabase) -> Person:
    return sign_up(local_supabase.access, "ada.of.links")


def ask(
    project: SupabaseAccess, path: str, body: Any, *, method: str = "POST", **headers: str
) -> httpx.Response:
    known = {"apikey": project.publishable_key} | headers
    url = f"{project.url}/auth/v1/{path}"
    return httpx.request(method, url, json=body, headers=known, timeout=ENDS_S)


def followed(mail: AuthMail) -> str:
    """Return where a link leads, without a key."""
    answer = httpx.get(mail.link, timeout=ENDS_S)
    assert answer.status_code == 303
    return answer.headers["location"]


def told(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).fragment).items()}


def test_whoever_is_invited_comes_with_tokens_and_chooses_a_password(
    project: SupabaseAccess, mails: list[AuthMail]
) -> None:
    secret = {"apikey": project.secret_key, "user-agent": "plantpulse"}
    invited = ask(project, f"invite?redirect_to={HOME}", {"email": "New@northfield.example"}, **secret)
    assert invited.json()["email"] == "new@northfield.example"

    arrived = told(followed(mails[0]))
    changed = ask(
        project,
        "user",
        {"password": "correct horse"},
        method="PUT",
        authorization=f"Bearer {arrived['access_token']}",
    )

    assert (arrived["type"], arrived["token_type"]) == ("invite", "bearer")
    assert changed.status_code == 200
    given = {"email": "new@northfield.example", "password": "correct horse"}
    assert ask(project, "token?grant_type=password", given).status_code == 200


def test_nobody_invites_without_the_secret_key(project: SupabaseAccess, mails: list[AuthMail]) -> None:
    assert ask(project, "invite", {"email": "x@northfield.example"}).status_code == 403
    assert mails == []


def test_a_link_that_a_page_asked_for_is_a_code_for_that_page(
    project: SupabaseAccess, ada: Person, mails: list[AuthMail]
) -> None:
    asked = {"email": ada.email, "code_challenge": CHALLENGE, "code_challenge_method": "s256"}
    assert ask(project, f"recover?redirect_to={HOME}", asked).status_code == 200
    address = followed(mails[0])
    code = parse_qs(urlsplit(address).query)["code"][0]
    assert urlsplit(address).fragment == ""

    stolen = ask(project, "token?grant_type=pkce", {"auth_code": code, "code_verifier": "x" * 60})
    once = ask(project, "token?grant_type=pkce", {"auth_code": code, "code_verifier": VERIFIER})

    assert stolen.json()["error_code"] == "flow_state_not_found"
    # As with the hosted one, a code that somebody tried is used up.
    assert once.status_code == 404


def test_a_link_is_good_once_and_for_its_own_purpose(
    project: SupabaseAccess, ada: Person, mails: list[AuthMail]
) -> None:
    for _ in range(2):
        ask(project, f"otp?redirect_to={HOME}", {"email": ada.email})
    token = parse_qs(urlsplit(mails[0].link).query)["token"][0]

    other = ask(project, "verify", {"token_hash": token, "type": "recovery"})
    once = ask(project, "verify", {"token_hash": token, "type": "magiclink"})
    again = ask(project, "verify", {"token_hash": token, "type": "magiclink"})

    assert [other.status_code, once.status_code, again.status_code] == [403, 200, 403]
    assert told(followed(mails[1]))["type"] == "magiclink"
    assert told(followed(mails[1]))["error_code"] == "otp_expired"


def test_who_has_no_account_is_mailed_nothing(project: SupabaseAccess, mails: list[AuthMail]) -> None:
    assert ask(project, "recover", {"email": "nobody@northfield.example"}).status_code == 200
    assert mails == []


@pytest.mark.parametrize(
    ("password", "code"), [("", "weak_password"), ("short", "weak_password"), (None, "same_password")]
)
def test_a_password_that_is_no_new_one_is_refused(
    project: SupabaseAccess, ada: Person, password: str | None, code: str
) -> None:
    body = {"password": ada.password if password is None else password}

    answer = ask(project, "user", body, method="PUT", authorization=f"Bearer {ada.token}")

    assert (answer.status_code, answer.json()["error_code"]) == (422, code)


def test_a_link_is_too_old_after_an_hour() -> None:
    now = [0.0]
    links = MailedLinks(lambda: now[0])
    token = links.make("u", "invite")
    now[0] = 3601.0

    with pytest.raises(DeadLink):
        links.use(token, "invite")


@pytest.mark.parametrize(
    ("wanted", "leads_to"),
    [
        ("http://127.0.0.1:1/board#/x", "http://127.0.0.1:1/board#a=1"),
        ("https://evil.example/", "http://127.0.0.1/#a=1"),
        ("//evil.example/", "http://127.0.0.1/#a=1"),
        ("", "http://127.0.0.1/#a=1"),
    ],
)
def test_a_link_leads_to_this_machine_alone(wanted: str, leads_to: str) -> None:
    assert destination(wanted, "http://127.0.0.1/", {"a": "1"}, "#") == leads_to
