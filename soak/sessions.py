"""Supabase, imitated between the client and the database: the SQL functions are real, the network is not.

A call runs the function on Postgres as PostgREST would: as `service_role`, with typed arguments, in one
transaction. The client above it (`plantpulse.database`) is the real one from the reply on: retries, refusals,
reading of answers. The database's clock is the true time, whatever the caller believes.
"""

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import psycopg
from psycopg import sql
from psycopg.rows import tuple_row

from plantpulse.database import Supabase
from plantpulse.database.http import CallFailed, Reply
from plantpulse.retry import Pacing
from plantpulse.settings import SupabaseSettings
from soak.boundaries import Boundaries

_HTML: Final = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
_STATUS: Final[Mapping[str, int]] = {"08": 503, "23": 409, "40": 500, "53": 503, "57": 503, "42501": 403}
_ARGUMENTS: Final = """
select proargnames, array(select format_type(one, null) from unnest(proargtypes) as one)
from pg_proc
where pronamespace = 'public'::regnamespace and proname = %s
"""
_DELAYED_S: Final = (1.0, 1200.0)


@dataclass(slots=True)
class Database:
    """The SQL functions of one database, each call by itself."""

    connection: psycopg.Connection[Any]
    _statements: dict[str, tuple[sql.Composed, dict[str, str]]] = field(default_factory=dict)

    def call(self, function: str, arguments: Mapping[str, Any]) -> Reply:
        """Return the reply of PostgREST to a call."""
        statement, kinds = self._statement(function)
        values = [_as_text(arguments.get(name), kind) for name, kind in kinds.items()]
        try:
            with self.connection.cursor(row_factory=tuple_row) as cursor:
                row = cursor.execute(statement, values).fetchone()
        except psycopg.Error as error:
            code = error.sqlstate or "XX000"
            status = _STATUS.get(code) or _STATUS.get(code[:2], 400)
            told = {"code": code, "message": error.diag.message_primary or "", "details": None, "hint": None}
            return Reply(status, "Refused", json.dumps(told).encode())
        return Reply(200, "OK", (row[0] if row and row[0] is not None else "null").encode())

    def _statement(self, function: str) -> tuple[sql.Composed, dict[str, str]]:
        if function not in self._statements:
            with self.connection.cursor(row_factory=tuple_row) as cursor:
                row = cursor.execute(_ARGUMENTS, [function]).fetchone()
            if row is None:
                raise LookupError(f"there is no function public.{function}")
            kinds = dict(zip(row[0] or (), row[1], strict=False))
            passed = sql.SQL(", ").join(
                sql.SQL("{} := %s::text::{}").format(sql.Identifier(name), sql.SQL(kind))
                for name, kind in kinds.items()
            )
            statement = sql.SQL("select (public.{}({}))::text").format(sql.Identifier(function), passed)
            self._statements[function] = statement, kinds
        return self._statements[function]


def _as_text(value: Any, kind: str) -> str | None:
    """Return an argument as text that Postgres reads as the parameter's type."""
    if value is None:
        return None
    if kind.endswith("[]"):
        return "{" + ",".join(json.dumps(one, ensure_ascii=False) for one in value) + "}"
    if kind.startswith("json") or not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return value


@dataclass(slots=True)
class SimulatedSession:
    """Stands where `plantpulse.database.http.Session` stands."""

    database: Database
    boundaries: Boundaries
    host: str = "soak"

    def close(self) -> None:
        """Nothing is open."""

    def get(self, path: str, *, timeout_s: float) -> Reply:
        """Nothing is fetched: no user calls."""
        raise CallFailed(f"{path} within {timeout_s} s: it is not simulated")

    def post(self, path: str, body: bytes, _headers: Mapping[str, str], *, timeout_s: float) -> Reply:
        """Return the reply to a call of a function. Raises: CallFailed, Died."""
        function, arguments = path.rsplit("/", 1)[1], json.loads(body)
        fault = self.boundaries.cross("store", 0.03, timeout_s)
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
        return self._perform(function, arguments, process.name)

    def _perform_later(self, function: str, arguments: dict[str, Any], process: str) -> None:
        timeline, draws = self.boundaries.timeline, self.boundaries.draws
        after_s = draws.between(*_DELAYED_S, f"{process} {function} {timeline.seconds()} arrives")
        timeline.after(after_s, lambda: self._perform_alone(function, arguments, process))

    def _perform_alone(self, function: str, arguments: dict[str, Any], process: str) -> None:
        self._perform(function, arguments, process)

    def _perform(self, function: str, arguments: dict[str, Any], process: str) -> Reply:
        now = self.boundaries.now()
        reply = self.database.call(function, {**arguments, "p_now": now.isoformat()})
        self.boundaries.ledger.note_call(process, function, arguments, reply.status, reply.body, now)
        return reply


_REPLIES: Final[Mapping[str | None, Reply]] = {
    "500": Reply(500, "Internal Server Error", b'{"message":"it broke"}'),
    "503": Reply(503, "Service Unavailable", b'{"code":"PGRST001","message":"no connection"}'),
    "page": Reply(502, "Bad Gateway", _HTML),
    "nothing": Reply(200, "OK", b""),
}


@dataclass(frozen=True, slots=True)
class OpenStore:
    """Opens the real client over a simulated network."""

    database: Database
    boundaries: Boundaries

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
        store._transport._session = SimulatedSession(self.database, self.boundaries)  # type: ignore[assignment]
        return store
