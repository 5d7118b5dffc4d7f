"""Who calls over HTTP, and what they may ask for.

`manual_calls.accept` chooses one of two ways (docs/decisions/0040). Either the cloud's own access control has
admitted the caller and says who it is, or the caller sends the token of a Supabase user who manages the
plant. Only with the first may a caller speak for the scheduler: over the open internet anybody can send a
scheduler's header. There events have passed the cloud's access control, so they are admitted; a function that
asks for tokens takes none, because an open URL on AWS lets everybody send events too.
"""

import json
from base64 import urlsafe_b64decode
from collections.abc import Sequence
from typing import Final, Protocol

from plantpulse.entry.invocations import Credentials, Invocation
from plantpulse.errors import ConfigurationError, Forbidden, Unauthenticated
from plantpulse.late_dataclasses import dataclass, replace
from plantpulse.schedules.pipelines import shown_plant
from plantpulse.settings import ManualCallsSettings, Settings, SupabaseSettings

LONGEST_NAME: Final = 200
UNVERIFIED: Final = "(unverified)"  # behind a name that the caller could have invented
LONGEST_TOKEN: Final = 8192
EVERY_PLANT: Final = "*"  # stands for all plants in the list of a user's plants


class Users(Protocol):
    """Knows the users of the Supabase project (see `users`)."""

    def identify(self, token: str, supabase: SupabaseSettings) -> tuple[str, Sequence[str]]: ...


@dataclass(frozen=True, slots=True)
class Caller:
    """An admitted caller: `name` is None if unknown, `plants` None for every plant."""

    name: str | None = None
    plants: frozenset[str] | None = None

    def require(self, plant: str) -> None:
        """Raises: Forbidden unless the caller may ask for this plant."""
        if self.plants is not None and plant not in self.plants:
            who = f"plant {shown}" if (shown := shown_plant(plant)) else "all plants"
            raise Forbidden(f"only a manager of {who} may ask for this")


def admit(invocation: Invocation, settings: Settings, users: Users | None) -> tuple[Invocation, Caller]:
    """Return the trustworthy part of the invocation, and its caller.

    Raises: Unauthenticated, Forbidden, and Supabase's errors.
    """
    credentials, accepted = invocation.credentials, settings.manual_calls
    if accepted.accept == "platform":
        is_event = credentials.arrival == "event"
        return invocation, Caller() if is_event else _known_to_platform(credentials, accepted)
    unscheduled = replace(invocation, scheduled_time=None, delay_s=0)
    return unscheduled, _manager(credentials, settings, users)


def may_be_scheduler(invocation: Invocation, accepted: ManualCallsSettings | None) -> bool:
    """Say whether the caller of a malformed invocation may be a scheduler.

    `accepted` is None while the settings cannot be read.
    """
    is_believed = accepted is None or accepted.accept == "platform"
    return is_believed and invocation.scheduled_time is not None


def _known_to_platform(credentials: Credentials, accepted: ManualCallsSettings) -> Caller:
    """Return the caller that the platform admitted; on a laptop, without a platform, an unknown one."""
    if credentials.arrival == "function_url":
        # Whoever may call the function directly may send an event that says anything (decision 0063).
        name, is_in_cloud, is_vouched_for = credentials.aws_identity, True, False
    else:
        is_in_cloud = is_vouched_for = accepted.cloud_run_service is not None
        name = _google_identity(credentials)
    if name is None and is_in_cloud:
        raise Unauthenticated("nobody vouches for this caller: the function must not be open to everybody")
    readable = _readable(name)
    return Caller(readable if is_vouched_for or readable is None else f"{readable} {UNVERIFIED}")


def _google_identity(credentials: Credentials) -> str | None:
    """Return the account in the token that Cloud Run has checked; its signature is removed.

    Cloud Run checks its own header if both are there; the other one may then contain anything.
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


def _manager(credentials: Credentials, settings: Settings, users: Users | None) -> Caller:
    """Return the user of a token, who manages at least one plant."""
    if users is None:
        raise ConfigurationError(
            "manual_calls.accept: this function takes no users; set MANUAL_CALLS=platform for it"
        )
    if credentials.arrival == "event":
        raise Unauthenticated("this function takes users' tokens over HTTP, and no events")
    token = _bearer(credentials.authorization)
    if token is None:
        raise Unauthenticated("sign in: send the token of a Supabase user as Authorization: Bearer")
    name, plants = users.identify(token, settings.require_supabase())
    if not plants:
        raise Forbidden("only a manager of a plant may ask for this")
    return Caller(_readable(name), None if EVERY_PLANT in plants else frozenset(plants))


def _bearer(authorization: str | None) -> str | None:
    scheme, _, token = (authorization or "").partition(" ")
    token = token.strip()
    is_token = token.isascii() and 0 < len(token) <= LONGEST_TOKEN
    return token if scheme.lower() == "bearer" and is_token else None


def _readable(name: str | None) -> str | None:
    """Return a name that is safe to store and show: a stranger may have written it."""
    return "".join(character for character in name or "" if character.isprintable())[:LONGEST_NAME] or None
