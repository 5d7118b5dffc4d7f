"""Who is let in, who is believed to be a scheduler, and who may ask for which plant."""

import json
import subprocess
import sys
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from devstack.signing import SigningKey, sign
from plantpulse.entry.callers import Caller, admit, may_be_scheduler
from plantpulse.entry.invocations import Credentials, Invocation
from plantpulse.entry.users import KeyRing, ProjectUsers
from plantpulse.errors import ConfigurationError, Forbidden, StoreUnavailable, Unauthenticated
from plantpulse.schedules.pipelines import ALL_PLANTS, NO_PLANT
from plantpulse.settings import ManualCallsSettings, PlantSettings, Secret, Settings, SupabaseSettings

ROOT = Path(__file__).parents[3]
URL = "http://127.0.0.1:9"
KEY = SigningKey.make()
USER = "5f0c7c1e-6f5d-4b0b-9f5d-0d9f5a1b2c3d"
AT = "2026-01-01T00:00:00Z"


def settings(**manual_calls: Any) -> Settings:
    return Settings(
        plants={"north": PlantSettings(time_zone="UTC")},
        manual_calls=ManualCallsSettings(**manual_calls),
        supabase=SupabaseSettings(url=URL, secret_key=Secret("k" * 30)),
    )


def bearer(claims: Mapping[str, Any]) -> str:
    """Return an Authorization header as Cloud Run passes it on: checked, and without its signature."""
    payload = urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"Bearer e30.{payload}.SIGNATURE_REMOVED_BY_GOOGLE"


def user_token(**claims: Any) -> str:
    known = {"iss": f"{URL}/auth/v1", "aud": "authenticated", "role": "authenticated", "sub": USER}
    return "Bearer " + sign(known | claims, KEY, 60)


@dataclass
class MemoryMembers:
    """Supabase as it knows users."""

    plants: Sequence[str] = ("north",)
    keys: Sequence[Mapping[str, Any]] = field(default_factory=lambda: [KEY.public_jwk()])
    asked: list[str] = field(default_factory=list)

    @contextmanager
    def open(self, _: SupabaseSettings, **__: object) -> Iterator["MemoryMembers"]:
        yield self

    def signing_keys(self) -> Sequence[Mapping[str, Any]]:
        self.asked.append("signing_keys")
        return self.keys

    def managed_plants(self, user_id: str) -> Sequence[str]:
        self.asked.append(user_id)
        return self.plants


def by_platform(credentials: Credentials, **manual_calls: Any) -> tuple[Invocation, Caller]:
    invocation = Invocation({}, scheduled_time=AT, credentials=credentials)
    return admit(invocation, settings(**manual_calls), None)


def by_token(authorization: str | None, members: MemoryMembers) -> tuple[Invocation, Caller]:
    credentials = Credentials("http", authorization=authorization)
    invocation = Invocation({}, scheduled_time=AT, delay_s=7, credentials=credentials)
    return admit(invocation, settings(accept="supabase_user"), ProjectUsers(members.open))


@pytest.mark.parametrize(
    ("credentials", "name"),
    [
        (
            Credentials("http", authorization=bearer({"email": "ada@x.example", "sub": "1"})),
            "ada@x.example (unverified)",
        ),
        (Credentials("http", authorization=bearer({"sub": "1234"})), "1234 (unverified)"),
        (
            Credentials("function_url", aws_identity="arn:aws:iam::1:user/ada"),
            "arn:aws:iam::1:user/ada (unverified)",
        ),
        (
            Credentials("http", authorization=bearer({"email": "a\u0000\nb" + "x" * 300})),
            "ab" + "x" * 198 + " (unverified)",
        ),
        (Credentials("http"), None),
        (Credentials("http", authorization="Bearer "), None),
        (Credentials("http", authorization="Basic YWRhOmI="), None),
        (Credentials("http", authorization="Bearer ya29.opaque"), None),
        (Credentials("http", authorization="Bearer a.!!.c"), None),
        (Credentials("http", authorization=bearer({"email": 7})), None),
        (Credentials("http", authorization="Bearer e30.W10.x"), None),
    ],
)
def test_the_platform_says_who_asks_and_may_speak_for_the_scheduler(
    credentials: Credentials, name: str | None
) -> None:
    invocation, caller = by_platform(credentials)

    assert caller == Caller(name, None)
    assert invocation.scheduled_time == AT
    caller.require("north")


def test_the_token_that_cloud_run_has_checked_counts_and_not_the_other() -> None:
    checked, unchecked = bearer({"email": "ada@x.example"}), bearer({"email": "boss@x.example"})
    credentials = Credentials("http", authorization=unchecked, cloud_run_authorization=checked)

    assert by_platform(credentials, cloud_run_service="live-pulse")[1].name == "ada@x.example"


@pytest.mark.parametrize(
    ("credentials", "manual_calls"),
    [
        (Credentials("function_url"), {}),
        (Credentials("function_url", authorization=bearer({"email": "ada@x.example"})), {}),
        (Credentials("http"), {"cloud_run_service": "live-pulse"}),
        (Credentials("http", authorization="Bearer nonsense"), {"cloud_run_service": "live-pulse"}),
    ],
)
def test_in_a_cloud_nobody_may_be_unknown(credentials: Credentials, manual_calls: dict[str, str]) -> None:
    with pytest.raises(Unauthenticated):
        by_platform(credentials, **manual_calls)


def test_an_event_has_passed_the_clouds_own_control_and_may_speak_for_the_scheduler() -> None:
    invocation = Invocation({}, scheduled_time=AT)

    admitted, caller = admit(invocation, settings(), None)

    assert (admitted, caller) == (invocation, Caller())
    assert may_be_scheduler(invocation, ManualCallsSettings())


def test_a_function_that_is_open_takes_no_events() -> None:
    invocation = Invocation({}, scheduled_time=AT)

    with pytest.raises(Unauthenticated, match="users' tokens over HTTP, and no events"):
        admit(invocation, settings(accept="supabase_user"), ProjectUsers(MemoryMembers().open))
    assert not may_be_scheduler(invocation, ManualCallsSettings(accept="supabase_user"))


def test_a_manager_is_let_in_by_name_for_the_plants_managed() -> None:
    members = MemoryMembers()

    _, caller = by_token(user_token(email="ada@x.example"), members)

    assert caller == Caller("ada@x.example", frozenset({"north"}))
    assert members.asked == ["signing_keys", USER]
    caller.require("north")
    with pytest.raises(Forbidden):
        caller.require("south")


def test_a_manager_of_all_plants_may_ask_for_any() -> None:
    _, caller = by_token(user_token(), MemoryMembers(plants=["*", "north"]))

    assert caller == Caller(USER, None)
    caller.require("south")


def test_somebody_who_manages_no_plant_is_refused_whatever_they_ask_for() -> None:
    with pytest.raises(Forbidden):
        by_token(user_token(), MemoryMembers(plants=[]))


def test_a_user_cannot_speak_for_the_scheduler() -> None:
    invocation, _ = by_token(user_token(), MemoryMembers())

    assert (invocation.scheduled_time, invocation.delay_s) == (None, 0)


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer ", "Basic YWRhOmI=", "Bearer " + "x" * 8193, "Bearer \ud800.b.c", "Bearer ä.b.c"],
)
def test_without_a_token_a_schedulers_header_opens_nothing(authorization: str | None) -> None:
    members = MemoryMembers()

    with pytest.raises(Unauthenticated) as raised:
        by_token(authorization, members)

    assert raised.value.challenge == "Bearer"
    assert members.asked == []


def test_a_token_that_is_not_valid_is_not_looked_up() -> None:
    members = MemoryMembers()

    with pytest.raises(Unauthenticated) as raised:
        by_token(bearer({"email": "ada@x.example"}), members)

    assert raised.value.challenge == 'Bearer error="invalid_token"'
    assert members.asked == []


@pytest.mark.parametrize("has_token", [True, False])
def test_a_function_that_takes_no_users_says_so(has_token: bool) -> None:
    token = user_token() if has_token else None
    invocation = Invocation({}, credentials=Credentials("http", authorization=token))

    with pytest.raises(ConfigurationError, match="set MANUAL_CALLS=platform for it"):
        admit(invocation, settings(accept="supabase_user"), None)


def test_a_poll_that_the_platform_vouches_for_does_not_cost_the_import_of_what_reads_tokens() -> None:
    code = (
        "import sys; sys.path.insert(0, 'functions/live_pulse'); import main;"
        " main.handle_event({'scheduled_time': '2026-01-01T00:00:00Z'}, None);"
        " print([name for name in ('jwt', 'cryptography') if name in sys.modules])"
    )

    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert told.stdout.splitlines()[-1] == "[]"
    assert "not_configured" in told.stdout


@dataclass
class Keys:
    """A project whose keys change, and a clock."""

    ids: list[str]
    now_s: float = 0.0
    fetched: int = 0
    error: StoreUnavailable | None = None

    def fetch(self) -> list[dict[str, Any]]:
        self.fetched += 1
        if self.error:
            raise self.error
        return [{"kid": key_id} for key_id in self.ids]

    def ring(self) -> Callable[[str], object]:
        ring = KeyRing(monotonic=lambda: self.now_s)
        return lambda key_id: ring.find(key_id, self.fetch)


def test_keys_are_fetched_once_for_many_tokens() -> None:
    keys = Keys(["a", "b"])
    find = keys.ring()

    assert [find("a"), find("b"), find("a")] == [{"kid": "a"}, {"kid": "b"}, {"kid": "a"}]
    assert keys.fetched == 1


def test_a_key_that_is_new_is_found_soon_and_unknown_ones_cost_one_request_a_while() -> None:
    keys = Keys(["a"])
    find = keys.ring()
    find("a")
    keys.ids.append("b")

    keys.now_s = 29.0
    assert [find("b"), *(find(f"made-up-{number}") for number in range(50))] == [None] * 51
    assert keys.fetched == 1
    keys.now_s = 30.0
    assert find("b") == {"kid": "b"}
    assert [find(f"made-up-{number}") for number in range(50)] == [None] * 50
    assert keys.fetched == 2


def test_a_key_that_was_revoked_is_forgotten_after_ten_minutes() -> None:
    keys = Keys(["a"])
    find = keys.ring()
    find("a")
    keys.ids.clear()

    keys.now_s = 599.0
    assert find("a") == {"kid": "a"}
    keys.now_s = 600.0
    assert find("a") is None


def test_keys_that_cannot_be_fetched_are_nobodys_fault() -> None:
    keys = Keys(["a"], error=StoreUnavailable("down"))
    find = keys.ring()

    with pytest.raises(StoreUnavailable):
        find("a")
    keys.error, keys.now_s = None, 30.0
    assert find("a") == {"kid": "a"}


def test_tokens_that_come_while_keys_cannot_be_fetched_cost_one_request_a_while() -> None:
    keys = Keys(["a"], error=StoreUnavailable("down"))
    find = keys.ring()

    for number in range(50):
        with pytest.raises(StoreUnavailable, match="down"):
            find(f"made-up-{number}")
    keys.now_s = 30.0
    with pytest.raises(StoreUnavailable):
        find("made-up")

    assert keys.fetched == 2


@pytest.mark.parametrize("plant", [ALL_PLANTS, NO_PLANT])
def test_only_a_manager_of_all_plants_starts_what_is_of_no_plant(plant: str) -> None:
    Caller("ada@x.example").require(plant)

    with pytest.raises(Forbidden, match="only a manager of all plants may ask"):
        Caller("ada@x.example", frozenset({"north"})).require(plant)
