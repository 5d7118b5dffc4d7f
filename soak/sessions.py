"""Supabase, imitated between the client and the database: the SQL functions are real, the network is not.

A call runs the function on Postgres as PostgREST would: as `service_role`, with typed arguments, in one
transaction. The client above it (`plantpulse.database`) is the real one from the reply on: retries, refusals,
reading of answers. The database's clock is the true time, whatever the caller believes.
"""

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from plantpulse.database import Supabase
from plantpulse.database.http import CallFailed, Reply, Session
from plantpulse.database.transport import key_headers
from plantpulse.retry import Pacing
from plantpulse.settings import SupabaseSettings
from soak.boundaries import Boundaries

_HTML: Final = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
_JSON: Final = {"Content-Type": "application/json"}
_REAL_S: Final = 300.0  # only a hang takes so long
_DELAYED_S: Final = (1.0, 1200.0)


class Functions(Protocol):
    """What performs a call: the database itself, or PostgREST in front of it."""

    def call(self, function: str, arguments: Mapping[str, Any]) -> tuple[int, bytes]:
        """Return the HTTP status and the body of the answer."""
        ...


@dataclass(frozen=True, slots=True)
class OverTheWire:
    """Performs calls over real HTTP and a real PostgREST: slower, and nothing between is imitated."""

    session: Session

    @classmethod
    def to(cls, url: str, secret_key: str) -> "OverTheWire":
        """Return calls of a project."""
        return cls(Session(url, key_headers(secret_key)))

    def call(self, function: str, arguments: Mapping[str, Any]) -> tuple[int, bytes]:
        """Return the HTTP status and the body of the answer. Raises: CallFailed."""
        body = json.dumps(arguments).encode()
        reply = self.session.post(f"/rest/v1/rpc/{function}", body, _JSON, timeout_s=_REAL_S)
        return reply.status, reply.body


@dataclass(slots=True)
class SimulatedSession:
    """Stands where `plantpulse.database.http.Session` stands."""

    functions: Functions
    boundaries: Boundaries
    boundary: str = "store"
    host: str = "soak"

    def close(self) -> None:
        """Nothing is open."""

    def get(self, path: str, *, timeout_s: float) -> Reply:
        """Nothing is fetched: no user calls."""
        raise CallFailed(f"{path} within {timeout_s} s: it is not simulated")

    def post(self, path: str, body: bytes, _headers: Mapping[str, str], *, timeout_s: float) -> Reply:
        """Return the reply to a call of a function. Raises: CallFailed, Died."""
        function, arguments = path.rsplit("/", 1)[1], json.loads(body)
        fault = self.boundaries.cross(self.boundary, 0.03, timeout_s)
        process = self.boundaries.process()
        if fault in _REPLIES:
            return _REPLIES[fault]
        match fault:
            case "refused":
                raise CallFailed("ConnectionRefusedError")
            case "lost":
                self._perform(function, arguments, process.name)
                raise CallFailed(f"completely within {timeout_s:.1f} s")
            case "delayed":
                self._perform_later(function, arguments, process.name)
                raise CallFailed(f"completely within {timeout_s:.1f} s")
            case "dies behind it":
                self._perform_later(function, arguments, process.name)
                process.die()
            case "half":
                reply = self._perform(function, arguments, process.name)
                return Reply(reply.status, reply.reason, reply.body[: len(reply.body) // 2])
        reply = self._perform(function, arguments, process.name)
        if function == "claim_tag_groups":
            self.boundaries.ledger.note_claim(process.name, self.boundaries.now())
        return reply

    def _perform_later(self, function: str, arguments: dict[str, Any], process: str) -> None:
        timeline, draws = self.boundaries.timeline, self.boundaries.draws
        after_s = draws.between(*_DELAYED_S, f"{process} {function} {timeline.seconds()} arrives")
        timeline.after(after_s, lambda: self._perform_alone(function, arguments, process))

    def _perform_alone(self, function: str, arguments: dict[str, Any], process: str) -> None:
        self._perform(function, arguments, process)

    def _perform(self, function: str, arguments: dict[str, Any], process: str) -> Reply:
        now = self.boundaries.now()
        status, body = self.functions.call(function, {**arguments, "p_now": now.isoformat()})
        self.boundaries.ledger.note_call(process, function, arguments, status, body, now)
        return Reply(status, "OK", body)


_REPLIES: Final[Mapping[str | None, Reply]] = {
    "500": Reply(500, "Internal Server Error", b'{"message":"it broke"}'),
    "503": Reply(503, "Service Unavailable", b'{"code":"PGRST001","message":"no connection"}'),
    "page": Reply(502, "Bad Gateway", _HTML),
    "nothing": Reply(200, "OK", b""),
}


@dataclass(frozen=True, slots=True)
class OpenStore:
    """Opens the real client over a simulated network; `boundary` names what stands between."""

    functions: Functions
    boundaries: Boundaries
    boundary: str = "store"

    def __call__(
        self,
        settings: SupabaseSettings,
        /,
        *,
        seconds_left: Callable[[], float],
        clock: Callable[[], datetime] | None,
    ) -> AbstractContextManager[Supabase]:
        pacing = Pacing(self.boundaries.sleep, self.boundaries.jitter)
        store = Supabase(settings, seconds_left=seconds_left, clock=clock, pacing=pacing)
        # The one place that is reached into: production has no use for another session.
        session: Any = SimulatedSession(self.functions, self.boundaries, self.boundary)
        store._transport._session = session
        return store
