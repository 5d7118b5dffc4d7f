"""The client library that pages use works with the local project, unchanged."""

from collections.abc import Iterator
from pathlib import Path
from typing import LiteralString

import pytest

from devstack.access import SupabaseAccess
from devstack.members import Person, sign_up
from devstack.supabase import Supabase
from tests.devstack.javascript import SupabaseJs, Told

PLANT = "plant:northfield"
MEMBERS_LISTEN: LiteralString = """
create policy members_listen on realtime.messages for select to authenticated
using (
  extension = 'broadcast'
  and exists (
    select
    from public.plant_members
    where plant_members.user_id = (select auth.uid())
      and (select realtime.topic()) = 'plant:' || plant_members.plant
  )
)
"""


@pytest.fixture(scope="module")
def project(local_supabase: Supabase) -> Iterator[SupabaseAccess]:
    with local_supabase.fresh_database([MEMBERS_LISTEN]) as access:
        yield access


@pytest.fixture(scope="module")
def member(project: SupabaseAccess) -> Person:
    return sign_up(project, "member", "northfield")


@pytest.fixture(scope="module")
def stranger(project: SupabaseAccess) -> Person:
    return sign_up(project, "stranger")


@pytest.fixture
def page(project: SupabaseAccess) -> Iterator[SupabaseJs]:
    with SupabaseJs(project) as client:
        yield client


def sign_in(page: SupabaseJs, person: Person) -> Told:
    answer = page.do("signIn", email=person.email, password=person.password)
    assert answer["error"] is None
    session: Told = answer["data"]["session"]
    return session


def send(project: SupabaseAccess, topic: str = PLANT, is_private: bool = True) -> None:
    with project.connect() as connection:
        connection.execute(
            """select realtime.send('{"what": "run"}', 'changed', %s, %s)""", [topic, is_private]
        )


def test_a_password_signs_in(page: SupabaseJs, member: Person) -> None:
    session = sign_in(page, member)

    assert session["user"]["email"] == "member@northfield.example"
    assert (session["token_type"], session["expires_in"]) == ("bearer", 3600)
    assert page.do("user")["data"]["user"]["id"] == member.user_id
    assert page.do("claims")["data"]["claims"]["email"] == "member@northfield.example"


def test_a_wrong_password_and_an_unknown_address_are_told_alike(page: SupabaseJs, member: Person) -> None:
    wrong = page.do("signIn", email=member.email, password="guessed")["error"]
    unknown = page.do("signIn", email="nobody@northfield.example", password="guessed")["error"]

    refused = {"code": "invalid_credentials", "message": "Invalid login credentials", "status": 400}
    assert wrong == unknown == refused
    assert page.do("session")["data"]["session"] is None


def test_a_magic_link_is_mailed_to_an_account_and_to_nobody_else(page: SupabaseJs, member: Person) -> None:
    assert page.do("sendMagicLink", email=member.email)["error"] is None

    error = page.do("sendMagicLink", email="nobody@northfield.example")["error"]

    assert error["code"] == "otp_disabled"


def test_a_refresh_gives_new_tokens(page: SupabaseJs, member: Person) -> None:
    before = sign_in(page, member)

    after = page.do("refresh")["data"]["session"]

    assert after["refresh_token"] != before["refresh_token"]
    assert after["user"]["id"] == member.user_id
    assert page.do("user")["error"] is None


def test_somebody_who_signed_out_is_nobody_and_cannot_refresh(page: SupabaseJs, member: Person) -> None:
    session = sign_in(page, member)

    assert page.do("signOut")["error"] is None

    assert page.do("session")["data"]["session"] is None
    error = page.do("refresh", refresh_token=session["refresh_token"])["error"]
    assert error["code"] == "refresh_token_not_found"


def test_rows_are_read_as_the_person_who_is_signed_in(
    page: SupabaseJs, member: Person, stranger: Person
) -> None:
    before = page.do("read", table="plant_members", columns="plant,role")
    sign_in(page, member)
    theirs = page.do("read", table="plant_members", columns="plant,role")
    sign_in(page, stranger)
    strangers = page.do("read", table="plant_members", columns="plant,role")

    assert before["error"]["code"] == "42501"
    assert theirs["data"] == [{"plant": "northfield", "role": "viewer"}]
    assert strangers["data"] == []


def test_a_member_hears_what_the_database_sends(
    project: SupabaseAccess, page: SupabaseJs, member: Person
) -> None:
    sign_in(page, member)
    page.do("join", topic=PLANT, isPrivate=True)
    assert page.hear()["heard"] == "SUBSCRIBED"

    send(project, "plant:elsewhere")
    send(project, is_private=False)
    send(project)

    heard = page.hear()
    assert heard["heard"] == "broadcast"
    assert heard["message"]["event"] == "changed"
    assert heard["message"]["payload"] == {"what": "run", "id": heard["message"]["meta"]["id"]}
    assert page.has_heard_nothing()


def test_what_is_rolled_back_is_never_heard(
    project: SupabaseAccess, page: SupabaseJs, member: Person
) -> None:
    sign_in(page, member)
    page.do("join", topic=PLANT, isPrivate=True)
    assert page.hear()["heard"] == "SUBSCRIBED"

    with project.connect() as connection, connection.transaction(force_rollback=True):
        connection.execute("select realtime.send('{}', 'undone', %s, true)", [PLANT])
    send(project)

    assert page.hear()["message"]["event"] == "changed"


def test_a_stranger_may_not_listen(page: SupabaseJs, stranger: Person) -> None:
    sign_in(page, stranger)

    page.do("join", topic=PLANT, isPrivate=True)

    heard = page.hear()
    assert heard["heard"] == "CHANNEL_ERROR"
    assert "Unauthorized: You do not have permissions to read from this Channel topic" in heard["error"]


def test_nobody_who_is_not_signed_in_may_listen(page: SupabaseJs) -> None:
    page.do("join", topic=PLANT, isPrivate=True)

    assert page.hear()["heard"] == "CHANNEL_ERROR"


def test_a_public_topic_is_heard_by_anybody_and_tells_nothing_private(
    project: SupabaseAccess, page: SupabaseJs
) -> None:
    page.do("join", topic=PLANT, isPrivate=False)
    assert page.hear()["heard"] == "SUBSCRIBED"

    send(project)
    send(project, is_private=False)

    assert page.hear()["message"]["event"] == "changed"
    assert page.has_heard_nothing()


def test_an_expired_token_reads_nothing_and_joins_nothing(project: SupabaseAccess, member: Person) -> None:
    expired = project.user_token(member.user_id, lifetime_s=-60)

    with SupabaseJs(project, expired) as page:
        read = page.do("read", table="plant_members", columns="plant")
        page.do("join", topic=PLANT, isPrivate=True)
        heard = page.hear()

    assert (read["status"], read["error"]["message"]) == (401, "JWT expired")
    assert heard["heard"] == "CHANNEL_ERROR"
    assert "InvalidJWTToken: Token has expired" in heard["error"]


def test_a_channel_ends_with_its_token(project: SupabaseAccess, page: SupabaseJs, member: Person) -> None:
    sign_in(page, member)
    page.do("join", topic=PLANT, isPrivate=True)
    assert page.hear()["heard"] == "SUBSCRIBED"

    page.do("useToken", token=project.user_token(member.user_id, lifetime_s=2))

    told, closed = page.hear(), page.hear()
    assert (told["heard"], closed["heard"]) == ("system", "CLOSED")
    assert "Token has expired" in told["message"]["message"]


def test_a_channel_that_was_left_is_silent_and_may_be_joined_again(
    project: SupabaseAccess, page: SupabaseJs, member: Person
) -> None:
    sign_in(page, member)
    page.do("join", topic=PLANT, isPrivate=True)
    assert page.hear()["heard"] == "SUBSCRIBED"

    assert page.do("leave", topic=PLANT)["data"] == "ok"
    send(project)
    page.do("join", topic=PLANT, isPrivate=True)

    assert [page.hear()["heard"] for _ in range(2)] == ["CLOSED", "SUBSCRIBED"]


def test_a_page_whose_database_was_away_hears_again(tmp_path: Path) -> None:
    # A project of its own: what other tests hold open to the shared one would be cut.
    with (
        Supabase(tmp_path) as running,
        running.fresh_database([MEMBERS_LISTEN]) as project,
        SupabaseJs(project) as page,
    ):
        sign_in(page, sign_up(project, "member", "northfield"))
        page.do("join", topic=PLANT, isPrivate=True)
        assert page.hear()["heard"] == "SUBSCRIBED"

        running.postgres.stop()
        running.postgres.start()
        page.do("leave", topic=PLANT)
        assert page.hear()["heard"] == "CLOSED"
        page.do("join", topic=PLANT, isPrivate=True)

        assert page.hear()["heard"] == "SUBSCRIBED"
        send(project)
        assert page.hear()["message"]["event"] == "changed"
