"""The users of the Supabase project: who has sent a token, and which plants they manage.

Only functions that need it give it to their entry point, so the others carry no library for tokens.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Final, Protocol

from plantpulse.errors import PlantpulseError
from plantpulse.late_dataclasses import dataclass, field
from plantpulse.runs import Budget, Json
from plantpulse.settings import SupabaseSettings

SECONDS_TO_IDENTIFY: Final = 10.0
KEYS_KEPT_S: Final = 600.0  # like Supabase's own edge: a revoked key is gone after that
REFRESH_PAUSE_S: Final = 30.0  # tokens with unknown keys must not cause many requests to Supabase


class Members(Protocol):
    """What is needed from Supabase to know a user."""

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


@dataclass(slots=True)
class KeyRing:
    """The project's signing keys by id, kept per process and fetched again when they may have changed."""

    monotonic: Callable[[], float] = time.monotonic
    _keys: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    _fetched_s: float | None = None
    _failure: tuple[float, PlantpulseError] | None = None

    def find(
        self, key_id: str, fetch: Callable[[], Sequence[Mapping[str, Json]]]
    ) -> Mapping[str, Json] | None:
        """Return a key; None if the project has no key with this id. Raises: the errors of `fetch`."""
        kept_for_s = KEYS_KEPT_S if key_id in self._keys else REFRESH_PAUSE_S
        if self._fetched_s is None or self.monotonic() - self._fetched_s >= kept_for_s:
            self._refresh(fetch)
        return self._keys.get(key_id)

    def _refresh(self, fetch: Callable[[], Sequence[Mapping[str, Json]]]) -> None:
        """Fetch the keys. For a while after a failure, fail without asking, as tokens may be forged."""
        if self._failure and self.monotonic() - self._failure[0] < REFRESH_PAUSE_S:
            raise self._failure[1]
        try:
            self._keys = {str(key.get("kid")): key for key in fetch()}
        except PlantpulseError as error:
            self._failure = self.monotonic(), error
            raise
        self._fetched_s, self._failure = self.monotonic(), None


@dataclass(slots=True)
class ProjectUsers:
    """The users of the project; one object per process keeps the signing keys."""

    open_members: OpenMembers
    keys: KeyRing = field(default_factory=KeyRing)

    def identify(self, token: str, supabase: SupabaseSettings) -> tuple[str, Sequence[str]]:
        """Return the name of a token's user and the plants they manage; `*` stands for all.

        Raises: Unauthenticated, and Supabase's errors.
        """
        from plantpulse.entry.user_tokens import read_user  # noqa: PLC0415 - 76 ms that a scheduled poll need not pay

        budget = Budget.start(SECONDS_TO_IDENTIFY, SECONDS_TO_IDENTIFY)
        with self.open_members(supabase, seconds_left=budget.seconds_left, clock=None) as members:
            user = read_user(
                token,
                find_key=lambda key_id: self.keys.find(key_id, members.signing_keys),
                project_url=supabase.url,
                legacy_secret=supabase.jwt_secret.reveal() if supabase.jwt_secret else None,
            )
            return user.name, members.managed_plants(user.user_id)
