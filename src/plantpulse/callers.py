"""Who asks for a run over HTTP, and what they may ask for.

Two ways, one of them set (`manual_calls.accept`, docs/decisions/0013): the cloud's own access control has
let the caller in and says who it is, or the caller shows the token of a Supabase user who manages the plant.
Only the former may speak for the scheduler: over the open internet anybody can send a scheduler's header.
Events come past the cloud's access control alone and are always let in.
"""

import json
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Protocol

from plantpulse.errors import ConfigurationError, Forbidden, Unauthenticated
from plantpulse.invocations import Credentials, Invocation
from plantpulse.runs import Budget, Json
from plantpulse.settings import ManualCallsSettings, Settings, SupabaseSettings

SECONDS_TO_IDENTIFY: Final = 10.0
KEYS_KEPT_S: Final = 600.0  # as long as Supabase's own edge keeps them: a revoked key is gone after that
REFRESH_PAUSE_S: Final = 30.0  # tokens that name keys nobody has must not become requests to Supabase
LONGEST_NAME: Final = 200
LONGEST_TOKEN: Final = 8192
ALL_PLANTS: Final = "*"


class Members(Protocol):
    """What is needed of Supabase to know a user."""

    def signing_keys(self) -> Sequence[Mapping[str, Json]]: ...
    def managed_plants(self, user_id: str) -> Sequence[str]: ...


class OpenMembers(Protocol):
    """Opens Supabase for one invocation."""

    def __call__(
        self,
        settings: SupabaseSettings,
        /,
        *,
        seconds_left: Callable[[], float],
        clock: Callable[[], datetime] | None,
    ) -> AbstractContextManager[Members]: ...


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who was let in: `name` None when nobody said it, `plants` None for every plant."""

    name: str | None = None
    plants: frozenset[str] | None = None

    def require(self, plant: str) -> None:
        """Raises: Forbidden unless the caller may ask for this plant."""
        if self.plants is not None and plant not in self.plants:
            raise Forbidden(f"only a manager of plant {plant} may ask for this")


@dataclass(slots=True)
class KeyRing:
    """The project's signing keys by id, kept for a process and fetched anew when they may have changed."""

    monotonic: Callable[[], float] = time.monotonic
    _keys: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    _fetched_s: float | None = None

    def find(
        self, key_id: str, fetch: Callable[[], Sequence[Mapping[str, Json]]]
    ) -> Mapping[str, Json] | None:
        """Return a key; None when the project has none of this id. Raises: what `fetch` raises."""
        kept_for_s = KEYS_KEPT_S if key_id in self._keys else REFRESH_PAUSE_S
        if self._fetched_s is None or self.monotonic() - self._fetched_s >= kept_for_s:
            self._keys = {str(key.get("kid")): key for key in fetch()}
            self._fetched_s = self.monotonic()
        return self._keys.get(key_id)


def admit(
    invocation: Invocation, settings: Settings, keys: KeyRing, open_members: OpenMembers | None
) -> tuple[Invocation, Caller]:
    """Return the invocation as far as its caller is to be believed, and the caller.

    Raises: Unauthenticated, Forbidden, and what Supabase raises when it cannot be asked.
    """
    credentials, accepted = invocation.credentials, settings.manual_calls
    if credentials.arrival == "event":
        return invocation, Caller()
    if accepted.accept == "platform":
        return invocation, _known_to_platform(credentials, accepted)
    return replace(invocation, scheduled_time=None), _manager(credentials, settings, keys, open_members)


def may_be_scheduler(invocation: Invocation, accepted: ManualCallsSettings | None) -> bool:
    """Say whether an invocation that was not understood is to be answered as a scheduler's.

    `accepted` is None while the settings cannot be read.
    """
    is_believed = (
        invocation.credentials.arrival == "event" or accepted is None or accepted.accept == "platform"
    )
    return is_believed and invocation.scheduled_time is not None


def _known_to_platform(credentials: Credentials, accepted: ManualCallsSettings) -> Caller:
    """Return whom the platform has let in; on a laptop, where there is no platform, nobody in particular."""
    if credentials.arrival == "function_url":
        name, is_in_cloud = credentials.aws_identity, True
    else:
        name, is_in_cloud = _google_identity(credentials), accepted.cloud_run_service is not None
    if name is None and is_in_cloud:
        raise Unauthenticated("nobody vouches for this caller: the function must not be open to everybody")
    return Caller(_readable(name))


def _google_identity(credentials: Credentials) -> str | None:
    """Return the account in the token that Cloud Run has checked, and whose signature it has taken off.

    Of the two headers Cloud Run checks the one of its own if it is there; the other may then say anything.
    Source: https://cloud.google.com/run/docs/authenticating/service-to-service
    """
    token = _bearer(credentials.cloud_run_authorization or credentials.authorization)
    try:
        payload = (token or "").split(".")[1]
        claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError, RecursionError):
        return None
    found = (claims.get("email") or claims.get("sub")) if isinstance(claims, dict) else None
    return found if isinstance(found, str) else None


def _manager(
    credentials: Credentials, settings: Settings, keys: KeyRing, open_members: OpenMembers | None
) -> Caller:
    """Return the user of a token, who manages at least one plant."""
    token = _bearer(credentials.authorization)
    if token is None:
        raise Unauthenticated("sign in: the token of a Supabase user belongs into Authorization: Bearer")
    if open_members is None:
        raise ConfigurationError("manual_calls.accept: this function can only do with platform")
    from plantpulse.user_tokens import read_user  # noqa: PLC0415 - 40 ms that a scheduled poll need not pay

    supabase = settings.require_supabase()
    budget = Budget.start(SECONDS_TO_IDENTIFY, SECONDS_TO_IDENTIFY)
    with open_members(supabase, seconds_left=budget.seconds_left, clock=None) as members:
        user = read_user(
            token,
            find_key=lambda key_id: keys.find(key_id, members.signing_keys),
            project_url=supabase.url,
            legacy_secret=supabase.jwt_secret.get_secret_value() if supabase.jwt_secret else None,
        )
        plants = members.managed_plants(user.user_id)
    if not plants:
        raise Forbidden("only a manager of a plant may ask for this")
    return Caller(_readable(user.name), None if ALL_PLANTS in plants else frozenset(plants))


def _bearer(authorization: str | None) -> str | None:
    scheme, _, token = (authorization or "").partition(" ")
    token = token.strip()
    return token if scheme.lower() == "bearer" and 0 < len(token) <= LONGEST_TOKEN else None


def _readable(name: str | None) -> str | None:
    """Return a name as it can be stored and shown: others have written it."""
    return "".join(character for character in name or "" if character.isprintable())[:LONGEST_NAME] or None
