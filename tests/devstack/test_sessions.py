"""Refresh tokens rotate, and a stolen one ends its session."""

import pytest

from devstack.sessions import NoSession, Session, Sessions, Stolen

ADA = "ada"


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def now(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sessions(clock: Clock) -> Sessions:
    return Sessions(clock.now)


def began(sessions: Sessions, user: str = ADA) -> tuple[Session, str]:
    session = sessions.begin(user)
    return session, session.refresh_token


def test_a_refresh_token_gives_the_next_one_of_its_session(sessions: Sessions) -> None:
    session, first = began(sessions)

    second = sessions.renew(first).refresh_token
    third = sessions.renew(second)

    assert len({first, second, third.refresh_token}) == 3
    assert (third.session_id, third.user_id) == (session.session_id, ADA)


def test_a_token_that_is_used_twice_at_once_gives_the_same_next_one(sessions: Sessions, clock: Clock) -> None:
    _, first = began(sessions)
    second = sessions.renew(first).refresh_token
    clock.seconds += 10

    assert sessions.renew(first).refresh_token == second


def test_a_token_that_is_used_again_later_ends_its_session_and_no_other(
    sessions: Sessions, clock: Clock
) -> None:
    session, first = began(sessions)
    other, others_token = began(sessions)
    second = sessions.renew(first).refresh_token
    clock.seconds += 10.1

    with pytest.raises(Stolen):
        sessions.renew(first)

    with pytest.raises(NoSession):
        sessions.renew(second)
    assert not sessions.has(session.session_id)
    assert sessions.renew(others_token).session_id == other.session_id


def test_an_unknown_token_is_no_session(sessions: Sessions) -> None:
    with pytest.raises(NoSession):
        sessions.renew("")


@pytest.mark.parametrize(
    ("scope", "left"),
    [("local", [False, True, True]), ("others", [True, False, True]), ("global", [False, False, True])],
)
def test_signing_out_ends_what_it_says(sessions: Sessions, scope: str, left: list[bool]) -> None:
    this, _ = began(sessions)
    elsewhere, _ = began(sessions)
    somebody_elses, _ = began(sessions, "bob")

    sessions.end(this.session_id, ADA, scope)  # type: ignore[arg-type] # a parameter of the test

    assert [sessions.has(one.session_id) for one in (this, elsewhere, somebody_elses)] == left


def test_nobody_ends_the_session_of_somebody_else(sessions: Sessions) -> None:
    theirs, _ = began(sessions, "bob")

    sessions.end(theirs.session_id, ADA, "local")

    assert sessions.has(theirs.session_id)
