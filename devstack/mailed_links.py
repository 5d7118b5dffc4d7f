"""Links in the mails of Auth and the codes that they turn into: each is good for one use; in memory, no I/O.

As Supabase Auth does: a link that a page asked for with a challenge becomes a code, which only that page can
turn into a session; any other becomes tokens in the address.
Source: https://supabase.com/docs/guides/auth/sessions/pkce-flow
"""

import base64
import hashlib
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode, urlsplit

_GOOD_FOR_S: Final = 3600.0
_LOOPBACK: Final = ("127.0.0.1", "localhost")


class DeadLink(Exception):
    """A link or a code is unknown, used or too old, or its verifier is another page's."""


@dataclass(frozen=True)
class Link:
    """What a link is for: `kind` is invite, recovery or magiclink; `challenge` is empty without one."""

    user_id: str
    kind: str
    challenge: str
    made_at: float


class MailedLinks:
    """The links of one project that nobody has used yet; `now` counts seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._links: dict[str, Link] = {}
        self._lock = threading.Lock()

    def make(self, user_id: str, kind: str, challenge: str = "") -> str:
        """Return the token of a new link, or the code of one that was followed."""
        token = secrets.token_urlsafe(24)
        with self._lock:
            self._links[token] = Link(user_id, kind, challenge, self._now())
        return token

    def use(self, token: str, kind: str) -> Link:
        """Return what a token is for; it is used up. Raises: DeadLink."""
        with self._lock:
            link = self._links.get(token)
            if link is None or link.kind != kind or self._now() - link.made_at > _GOOD_FOR_S:
                raise DeadLink
            return self._links.pop(token)

    def exchange(self, code: str, verifier: str) -> Link:
        """Return what a code is for, to the page that made its challenge. Raises: DeadLink."""
        link = self.use(code, "code")
        digest = hashlib.sha256(verifier.encode()).digest()
        if base64.urlsafe_b64encode(digest).decode().rstrip("=") != link.challenge:
            raise DeadLink
        return link


def destination(wanted: str, site_url: str, told: dict[str, str], mark: str) -> str:
    """Return where a browser is sent with what it is told behind `mark` (`?` or `#`): loopback alone."""
    place = wanted if urlsplit(wanted).hostname in _LOOPBACK else site_url
    return f"{place.partition('#')[0]}{mark}{urlencode(told)}"
