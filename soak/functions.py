"""The SQL functions of a database, called as PostgREST calls them: typed arguments, one transaction.

The connection has the role that PostgREST would take. Nothing here imports `plantpulse`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg
from psycopg import sql
from psycopg.rows import tuple_row

_STATUS: Final[Mapping[str, int]] = {"08": 503, "23": 409, "40": 500, "53": 503, "57": 503, "42501": 403}
_ARGUMENTS: Final = """
select proargnames, array(select format_type(one, null) from unnest(proargtypes) as one)
from pg_proc
where pronamespace = 'public'::regnamespace and proname = %s
"""


@dataclass(slots=True)
class SqlFunctions:
    """The SQL functions of one database, each call by itself."""

    connection: psycopg.Connection[Any]
    _statements: dict[str, tuple[bytes, dict[str, str]]] = field(default_factory=dict)

    def call(self, function: str, arguments: Mapping[str, Any]) -> tuple[int, bytes]:
        """Return the HTTP status and the body that PostgREST would answer with."""
        statement, kinds = self._statement(function)
        values = [_as_text(arguments.get(name), kind) for name, kind in kinds.items()]
        try:
            with self.connection.cursor(row_factory=tuple_row) as cursor:
                row = cursor.execute(statement, values).fetchone()
        except psycopg.Error as error:
            code = error.sqlstate or "XX000"
            status = _STATUS.get(code) or _STATUS.get(code[:2], 400)
            told = {"code": code, "message": error.diag.message_primary or "", "details": None, "hint": None}
            return status, json.dumps(told).encode()
        return 200, (row[0] if row and row[0] is not None else "null").encode()

    def _statement(self, function: str) -> tuple[bytes, dict[str, str]]:
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
            # As bytes once: to put the parts together takes longer than some calls.
            self._statements[function] = statement.as_bytes(self.connection), kinds
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
