"""Who is signed in: sessions and their refresh tokens, which are good for one use; in memory, no I/O.

As Supabase Auth does: a used token may be used again within 10 s (two tabs, a lost answer) and gives the
newest of its session; later somebody has stolen it, and the session ends.
Source: https://supabase.com/docs/guides/auth/sessions
"""

import secrets
import threading
import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final, Literal

_REUSED_WITHIN_S: Final = 10.0

Scope = Literal["global", "local", "others"]


class NoSession(Exception):
    """A refresh token is unknown, or its session has ended."""


class Stolen(Exception):
    """A refresh token was used again, too late to be an accident; its session has ended."""


@dataclass
class Session:
    """One sign-in; `refresh_token` is the newest."""

    session_id: str
    user_id: str
    refresh_token: str


@dataclass
class _Token:
    session: Session
    used_at: float | None = None


class Sessions:
    """The sessions of one project; `now` counts seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._tokens: dict[str, _Token] = {}
        self._lock = threading.Lock()

    def begin(self, user_id: str) -> Session:
        """Return a new session."""
        session = Session(str(uuid.uuid4()), user_id, "")
        with self._lock:
            self._give_token(session)
        return session

    def renew(self, refresh_token: str) -> Session:
        """Return the session with its next token. Raises: NoSession, Stolen."""
        with self._lock:
            token = self._tokens.get(refresh_token)
            if token is None:
                raise NoSession
            if token.used_at is None:
                token.used_at = self._now()
                self._give_token(token.session)
            elif self._now() - token.used_at > _REUSED_WITHIN_S:
                self._end([token.session.session_id])
                raise Stolen
            return token.session

    def has(self, session_id: str) -> bool:
        """Whether a session has not ended."""
        with self._lock:
            return any(token.session.session_id == session_id for token in self._tokens.values())

    def end(self, session_id: str, user_id: str, scope: Scope) -> None:
        """End this session (`local`), the user's others (`others`), or all of the user's (`global`)."""
        with self._lock:
            sessions = [token.session for token in self._tokens.values()]
            theirs = {session.session_id for session in sessions if session.user_id == user_id}
            ended = {"local": theirs & {session_id}, "others": theirs - {session_id}, "global": theirs}
            self._end(ended[scope])

    def _give_token(self, session: Session) -> None:
        session.refresh_token = secrets.token_urlsafe(9)
        self._tokens[session.refresh_token] = _Token(session)

    def _end(self, session_ids: Collection[str]) -> None:
        self._tokens = {
            name: token for name, token in self._tokens.items() if token.session.session_id not in session_ids
        }
