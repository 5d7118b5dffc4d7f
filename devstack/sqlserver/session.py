"""One logged-in session: batches in, results out, with the state that SQL Server keeps for it.

The order of tokens, what ends a batch and what survives an error follow SQL Server; the work is done
by one Postgres connection. A statement that fails inside a transaction is undone alone (a savepoint
each), because SQL Server leaves the transaction open.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from psycopg import pq
from sqlglot import exp

from devstack.sqlserver.batch import Call, Declaration, Statement, call, declarations, split
from devstack.sqlserver.dialect import TSql
from devstack.sqlserver.errors import SqlServerError, from_postgres
from devstack.sqlserver.faults import Faults, SeenStatement, Traffic
from devstack.sqlserver.results import write_rows
from devstack.sqlserver.response import Response
from devstack.sqlserver.settings import apply_setting
from devstack.sqlserver.store import PostgresRefused, Store
from devstack.sqlserver.tokens import Done, DoneStatus, return_status
from devstack.sqlserver.translate import Kind, Translation, translate

_DELAY: Final = re.compile(
    r"\s*WAITFOR\s+DELAY\s+N?'(\d{1,2}):(\d{1,2})(?::(\d{1,2}(?:\.\d{1,3})?))?'\s*$", re.IGNORECASE
)
_SAVEPOINT: Final = "stand_in_statement"
_DEADLOCK: Final = 1205
_TEXT: Final = "text"


@dataclass(frozen=True)
class Variable:
    """A T-SQL variable: its Postgres type and its value as Postgres would write it."""

    type: str
    value: str | None


Scope = dict[str, Variable]


@dataclass(frozen=True)
class Identity:
    """Who is logged in to what."""

    login: str
    can_write: bool
    database: str
    application: str
    host: str
    number: int
    version: str


class Session:
    """Runs the batches of one connection."""

    def __init__(
        self,
        identity: Identity,
        store: Store,
        *,
        zone: ZoneInfo,
        now: Callable[[], datetime] | None,
        faults: Faults,
        traffic: Traffic,
    ) -> None:
        self._identity = identity
        self._store = store
        self._zone = zone
        self._now = now
        self._faults = faults
        self._traffic = traffic
        self._transactions = 0
        self._row_count = 0
        self._last_error = 0
        self.counts_rows = True
        self.lock_timeout_ms = -1

    def run_batch(self, text: str, response: Response) -> None:
        """Runs one language batch and writes everything that it answers, but not the end of the message."""
        try:
            statements = split(text)
        except SqlServerError as error:
            response.error(error, line=error.line)
            return
        self._run_statements(statements, {}, response, Done.STATEMENT)

    def set_in_store(self, name: str, value: str) -> None:
        """Applies a Postgres setting to the session."""
        self._store.set(name, value)

    def begin(self) -> None:
        """BEGIN TRANSACTION; nested ones are only counted."""
        if self._transactions == 0:
            self._store.command("begin")
        self._transactions += 1

    def commit(self) -> None:
        """COMMIT TRANSACTION; only the outermost one commits."""
        if self._transactions == 0:
            raise SqlServerError(
                3902, "The COMMIT TRANSACTION request has no corresponding BEGIN TRANSACTION."
            )
        self._transactions -= 1
        if self._transactions == 0:
            self._store.command("commit")

    def roll_back(self) -> None:
        """ROLLBACK TRANSACTION, of all nested ones."""
        if self._transactions == 0:
            raise SqlServerError(
                3903, "The ROLLBACK TRANSACTION request has no corresponding BEGIN TRANSACTION."
            )
        self._transactions = 0
        self._store.command("rollback")
        self._store.restore_settings()

    def _run_statements(
        self, statements: tuple[Statement, ...], scope: Scope, response: Response, token: int
    ) -> SqlServerError | None:
        """Runs statements up to an error that ends the batch, which it returns."""
        for statement in statements:
            try:
                self._run_statement(statement, scope, response, token)
                self._last_error = 0
            except SqlServerError as error:
                self._last_error = error.number
                response.error(error, line=statement.line, token=token)
                if error.ends_batch:
                    return error
        return None

    def _run_statement(self, statement: Statement, scope: Scope, response: Response, token: int) -> None:
        first = statement.words[0]
        if first in ("EXEC", "EXECUTE"):
            self._execute(call(statement), scope, response)
            return
        self._traffic.statements.append(SeenStatement(statement.text, {}))
        obey = self._obeyed().get(first)
        if obey is None:
            self._run_translated(statement.text, scope, response, token)
            return
        obey(statement, scope)
        response.done(token)

    def _obeyed(self) -> dict[str, Callable[[Statement, Scope], None]]:
        """The statements that change the session and are not translated."""
        return {
            "BEGIN": self._obey_begin,
            "COMMIT": lambda statement, scope: self.commit(),
            "ROLLBACK": lambda statement, scope: self.roll_back(),
            "DECLARE": lambda statement, scope: self._declare(declarations(statement.text), scope),
            "SET": self._obey_set,
            "WAITFOR": self._obey_waitfor,
            "USE": self._obey_use,
        }

    def _obey_begin(self, statement: Statement, scope: Scope) -> None:
        if statement.words[1:2] not in (("TRAN",), ("TRANSACTION",)):
            raise SqlServerError(102, "Incorrect syntax near 'BEGIN'.")
        self.begin()

    def _obey_use(self, statement: Statement, scope: Scope) -> None:
        name = statement.words[1] if len(statement.words) > 1 else ""
        if name != self._identity.database.upper():
            raise SqlServerError(911, f"Database '{name.lower()}' does not exist.")

    def _obey_waitfor(self, statement: Statement, scope: Scope) -> None:
        delay = _DELAY.match(statement.text)
        if not delay:
            raise SqlServerError(102, "Incorrect syntax near 'WAITFOR'.")
        seconds = int(delay[1]) * 3600 + int(delay[2]) * 60 + float(delay[3] or 0)
        self._guarded(f"select pg_sleep({seconds})", [], {})

    def _obey_set(self, statement: Statement, scope: Scope) -> None:
        if statement.words[1:2] != ("@",):
            apply_setting(self, statement.text)
            return
        name = f"@{statement.words[2].lower()}"
        if name not in scope:
            raise SqlServerError(137, f'Must declare the scalar variable "{name}".')
        value = statement.text.partition("=")[2]
        scope[name] = self._evaluate(value, scope[name].type, scope)

    def _declare(self, declared: tuple[Declaration, ...], scope: Scope) -> None:
        for one in declared:
            if one.default is None:
                scope[one.name] = Variable(one.type, None)
            else:
                scope[one.name] = self._value_of(one.default, one.type, scope)

    def _execute(self, procedure: Call, scope: Scope, response: Response) -> None:
        name = procedure.procedure.lower().removeprefix("sys.").removeprefix("dbo.")
        if name != "sp_executesql":
            raise SqlServerError(2812, f"Could not find stored procedure '{procedure.procedure}'.")
        (text, declared), values = self._statement_of(procedure, scope), procedure.arguments[2:]
        inner: Scope = {}
        for index, one in enumerate(declared):
            inner[one.name] = self._argument(one, index, values, scope)
        parameters = {one: variable.value for one, variable in inner.items()}
        self._traffic.statements.append(SeenStatement(text, parameters))
        error = self._run_statements(split(text), inner, response, Done.IN_PROCEDURE)
        response.write(return_status(error.number if error else 0))
        response.done(Done.PROCEDURE, DoneStatus.ERROR if error else DoneStatus.FINAL)

    def _statement_of(self, procedure: Call, scope: Scope) -> tuple[str, tuple[Declaration, ...]]:
        if not procedure.arguments:
            raise SqlServerError(201, "Procedure or function 'sp_executesql' expects parameter '@statement'.")
        texts = [self._value_of(value, _TEXT, scope).value for _, value in procedure.arguments[:2]]
        declared = declarations(f"DECLARE {texts[1]}") if len(texts) > 1 and texts[1] else ()
        return texts[0] or "", declared

    def _argument(
        self,
        one: Declaration,
        index: int,
        values: tuple[tuple[str | None, exp.Expression], ...],
        scope: Scope,
    ) -> Variable:
        by_name = [value for name, value in values if name == one.name]
        by_position = [value for name, value in values[index : index + 1] if name is None]
        given = by_name or by_position
        if not given:
            text = f"The parameterized query expects the parameter '{one.name}', which was not supplied."
            raise SqlServerError(8178, text)
        return self._value_of(given[0], one.type, scope)

    def _value_of(self, value: exp.Expression, type_name: str, scope: Scope) -> Variable:
        """A constant is taken as it stands, to be read by Postgres as the type; anything else is computed."""
        if isinstance(value, exp.National) or value.is_string or value.is_number:
            sign = "-" if isinstance(value, exp.Neg) else ""
            return Variable(type_name, sign + (value.this.name if sign else value.name))
        if isinstance(value, exp.Null):
            return Variable(type_name, None)
        return self._evaluate(value.sql(dialect=TSql), type_name, scope)

    def _evaluate(self, text: str, type_name: str, scope: Scope) -> Variable:
        translation = self._translate(f"SELECT {text}", scope)
        sql = f"select cast(cast(({translation.sql}) as {type_name}) as text)"
        rows = self._guarded(sql, self._bind(translation, scope), translation.names)
        return Variable(type_name, rows[0] if rows else None)

    def _run_translated(self, text: str, scope: Scope, response: Response, token: int) -> None:
        translation = self._translate(text, scope)
        self._check_permission(translation)
        values = self._bind(translation, scope)
        if translation.assigns:
            row = self._guarded(_as_text(translation), values, translation.names)
            for name, value in zip(translation.assigns, row, strict=False):
                scope[name] = Variable(scope[name].type, value)
            response.done(token)
            return
        for table in translation.locks if self._transactions and self._identity.can_write else ():
            self._guarded(f'lock table dbo."{table}" in access exclusive mode', [], translation.names)
        results = self._statement(translation.sql, values, translation.names)
        self._row_count = write_rows(
            results,
            translation,
            response,
            own_types=self._store.own_types,
            zone=self._zone,
            faults=self._faults,
        )
        is_counted = self.counts_rows and translation.kind is not Kind.DEFINE
        status = DoneStatus.COUNT if is_counted else DoneStatus.FINAL
        response.done(token, status, rows=self._row_count if is_counted else 0)

    def _translate(self, text: str, scope: Scope) -> Translation:
        types = {name: variable.type for name, variable in (self._globals() | scope).items()}
        return translate(text, frozenset(types.items()), self._identity.database)

    def _bind(self, translation: Translation, scope: Scope) -> list[str | None]:
        variables = self._globals() | scope
        return [variables[name].value for name in translation.parameters]

    def _globals(self) -> Scope:
        identity = self._identity
        numbers = {
            "@@trancount": self._transactions,
            "@@rowcount": self._row_count,
            "@@error": self._last_error,
            "@@lock_timeout": self.lock_timeout_ms,
            "@@spid": identity.number,
            "@@can_write": int(identity.can_write),
        }
        texts = {
            "@@version": identity.version,
            "@@servername": "STANDIN",
            "@@app_name": identity.application,
            "@@host_name": identity.host,
            "@@db_name": identity.database,
            "@@login": identity.login,
        }
        return {name: Variable("integer", str(value)) for name, value in numbers.items()} | {
            name: Variable("varchar(4000)", value) for name, value in texts.items()
        }

    def _check_permission(self, translation: Translation) -> None:
        identity, kind = self._identity, translation.kind
        if kind is Kind.SELECT or identity.can_write:
            return
        if kind is Kind.DEFINE:
            raise SqlServerError(262, f"{kind.value} permission denied in database '{identity.database}'.")
        where = f"on the object '{translation.target}', database '{identity.database}', schema 'dbo'"
        raise SqlServerError(229, f"The {kind.value} permission was denied {where}.")

    def _guarded(self, sql: str, values: list[str | None], names: dict[str, str]) -> list[str | None]:
        """Runs a statement and returns its first row, as text."""
        row: list[str | None] = []
        for result in self._statement(sql, values, names):
            if result.ntuples and not row:
                raw = [result.get_value(0, index) for index in range(result.nfields)]
                row = [None if value is None else value.decode(errors="replace") for value in raw]
        return row

    def _statement(
        self, sql: str, values: list[str | None], names: dict[str, str]
    ) -> Iterator[pq.abc.PGresult]:
        """Runs one statement at the stand-in's time, inside a savepoint of its own if in a transaction."""
        in_transaction = self._transactions > 0
        if self._now:
            self._store.fetch_row("select set_config('mssql.now', $1, false)", [self._now().isoformat()])
        if in_transaction:
            self._store.command(f"savepoint {_SAVEPOINT}")
        is_done = False
        try:
            if self._faults.delay_s > 0:
                self._store.command(f"select pg_sleep({self._faults.delay_s})")
            yield from self._store.results(sql, values)
            is_done = True
        except PostgresRefused as refusal:
            raise from_postgres(refusal.sqlstate, refusal.text, names=names) from refusal
        finally:
            if in_transaction:
                self._store.command(
                    f"release savepoint {_SAVEPOINT}" if is_done else f"rollback to savepoint {_SAVEPOINT}"
                )


def _as_text(translation: Translation) -> str:
    columns = ", ".join(f"cast(c{index} as text)" for index in range(len(translation.assigns)))
    aliases = ", ".join(f"c{index}" for index in range(len(translation.assigns)))
    return f"select {columns} from ({translation.sql}) as assigned({aliases})"
