"""One logged-in session: batches in, results out.

Which statement is obeyed here and which is translated, the order of tokens and what ends a batch
follow SQL Server.
"""

import json
import re
from collections.abc import Callable
from typing import Final

from sqlglot import exp

from devstack.sqlserver.batch import Call, Declaration, Statement, call, declarations, split
from devstack.sqlserver.dialect import TSql
from devstack.sqlserver.errors import SqlServerError
from devstack.sqlserver.execution import Execution
from devstack.sqlserver.faults import Faults, SeenStatement, Traffic
from devstack.sqlserver.response import Response
from devstack.sqlserver.results import write_rows
from devstack.sqlserver.settings import apply_setting
from devstack.sqlserver.tokens import Done, DoneStatus, return_status
from devstack.sqlserver.translate import Kind, Translation, parse, translate
from devstack.sqlserver.variables import TEXT, Counters, Identity, Scope, Variable, globals_of

_DELAY: Final = re.compile(
    r"WAITFOR\s+DELAY\s+N?'(\d{1,2}):(\d{1,2})(?::(\d{1,2}(?:\.\d{1,3})?))?'\s*$", re.IGNORECASE
)
_CALLS: Final = ("EXEC", "EXECUTE")
_NO_SERVER_STATE: Final = "VIEW SERVER STATE permission was denied on object 'server', database 'master'."
_TRANSACTION: Final = ("TRAN", "TRANSACTION")
# Mixed-case names are kept as comments, for the result of a star.
_WRITTEN_NAMES: Final = """
select json_object_agg(attname, pg_catalog.col_description(attrelid, attnum))::text
from pg_catalog.pg_attribute
where attrelid in (select oid from pg_catalog.pg_class where relnamespace = 'dbo'::regnamespace)
  and pg_catalog.col_description(attrelid, attnum) is not null"""


class Session:
    """Runs the batches of one connection."""

    def __init__(
        self,
        identity: Identity,
        execution: Execution,
        counters: Counters,
        *,
        faults: Faults,
        traffic: Traffic,
        refused_settings: frozenset[str] = frozenset(),
    ) -> None:
        self._refused_settings = refused_settings
        self._identity = identity
        self.execution = execution
        self._counters = counters
        self._faults = faults
        self._traffic = traffic
        self.counts_rows = True
        self._obeyed: dict[str, Callable[[Statement, Scope], None]] = {
            "BEGIN": self._obey_begin,
            "COMMIT": lambda statement, scope: execution.commit(),
            "ROLLBACK": lambda statement, scope: execution.roll_back(),
            "DECLARE": lambda statement, scope: self._declare(declarations(statement.text), scope),
            "SET": self._obey_set,
            "WAITFOR": self._obey_waitfor,
            "USE": self._obey_use,
        }

    def run_batch(self, text: str, response: Response) -> None:
        """Run one language batch and write all that it answers, but not the end of the message."""
        try:
            statements = self._statements_of(text)
        except SqlServerError as error:
            response.error(error, line=error.line)
            return
        self._run_statements(statements, {}, response, Done.STATEMENT)

    def set_in_store(self, name: str, value: str) -> None:
        """Apply a Postgres setting."""
        self.execution.set(name, value)

    def note_lock_timeout(self, lock_timeout_ms: int) -> None:
        """Remember what @@LOCK_TIMEOUT shows."""
        self._counters.lock_timeout_ms = lock_timeout_ms

    def _statements_of(self, text: str) -> tuple[Statement, ...]:
        """Cut a batch and check its syntax: SQL Server runs nothing of one that does not parse."""
        statements = split(text)
        for statement in statements:
            if statement.words[0] == "SET" and self._refused_settings.intersection(statement.words[1:2]):
                told = f"'{statement.words[1]}' is not currently supported in this engine"
                raise SqlServerError(195, told, statement.line, own_text=told)
            if statement.words[0] not in _CALLS and statement.words[0] not in self._obeyed:
                try:
                    parse(statement.text)
                except SqlServerError as error:
                    error.line = statement.line
                    raise
        return statements

    def _run_statements(
        self, statements: tuple[Statement, ...], scope: Scope, response: Response, token: int
    ) -> SqlServerError | None:
        """Run statements up to an error that ends the batch, which it returns."""
        for statement in statements:
            try:
                self._run_statement(statement, scope, response, token)
                self._counters.last_error = 0
            except SqlServerError as error:
                self._counters.last_error = error.number
                self.execution.end_deadlocked(error)
                response.error(error, line=statement.line, token=token)
                if error.ends_batch:
                    return error
        return None

    def _run_statement(self, statement: Statement, scope: Scope, response: Response, token: int) -> None:
        first = statement.words[0]
        if first in _CALLS:
            self._execute(call(statement), scope, response)
            return
        if token == Done.STATEMENT:
            self._traffic.statements.append(SeenStatement(statement.text, {}))
        obey = self._obeyed.get(first)
        if obey is None:
            self._run_translated(statement.text, scope, response, token)
            return
        obey(statement, scope)
        response.done(token)

    # Statements that change the session -------------------------------------------------------

    def _obey_begin(self, statement: Statement, scope: Scope) -> None:
        if statement.words[1:2] not in tuple((word,) for word in _TRANSACTION):
            raise SqlServerError(102, "Incorrect syntax near 'BEGIN'.")
        self.execution.begin()

    def _obey_use(self, statement: Statement, scope: Scope) -> None:
        name = "".join(statement.words[1:2])
        if name != self._identity.database.upper():
            raise SqlServerError(911, f"Database '{name.lower()}' does not exist.")

    def _obey_waitfor(self, statement: Statement, scope: Scope) -> None:
        delay = _DELAY.match(statement.text)
        if not delay:
            raise SqlServerError(102, "Incorrect syntax near 'WAITFOR'.")
        seconds = int(delay[1]) * 3600 + int(delay[2]) * 60 + float(delay[3] or 0)
        self.execution.first_row(f"select pg_sleep({seconds})")

    def _obey_set(self, statement: Statement, scope: Scope) -> None:
        if statement.words[1:2] != ("@",):
            apply_setting(self, statement.text)
            return
        name = f"@{statement.words[2].lower()}"
        if name not in scope:
            raise SqlServerError(137, f'Must declare the scalar variable "{name}".')
        scope[name] = self._evaluate(statement.text.partition("=")[2], scope[name].type, scope)

    def _declare(self, declared: tuple[Declaration, ...], scope: Scope) -> None:
        for one in declared:
            if one.default is None:
                scope[one.name] = Variable(one.type, None)
            else:
                scope[one.name] = self._value_of(one.default, one.type, scope)

    # sp_executesql ----------------------------------------------------------------------------

    def _execute(self, procedure: Call, scope: Scope, response: Response) -> None:
        name = procedure.procedure.lower().removeprefix("sys.").removeprefix("dbo.")
        if name != "sp_executesql":
            raise SqlServerError(2812, f"Could not find stored procedure '{procedure.procedure}'.")
        text, declared = self._statement_of(procedure, scope)
        inner = {
            one.name: self._argument(one, index, procedure, scope)
            for index, one in enumerate(declared, start=2)
        }
        self._traffic.statements.append(SeenStatement(text, {name: one.value for name, one in inner.items()}))
        error = self._run_statements(self._statements_of(text), inner, response, Done.IN_PROCEDURE)
        response.write(return_status(error.number if error else 0))
        response.done(Done.PROCEDURE, DoneStatus.ERROR if error else DoneStatus.FINAL)

    def _statement_of(self, procedure: Call, scope: Scope) -> tuple[str, tuple[Declaration, ...]]:
        texts = [self._value_of(value, TEXT, scope).value or "" for _, value in procedure.arguments[:2]]
        if not texts:
            raise SqlServerError(201, "Procedure 'sp_executesql' expects parameter '@statement'.")
        return texts[0], declarations(f"DECLARE {texts[1]}") if texts[1:] and texts[1].strip() else ()

    def _argument(self, one: Declaration, index: int, procedure: Call, scope: Scope) -> Variable:
        by_name = [value for name, value in procedure.arguments[2:] if name == one.name]
        by_position = [value for name, value in procedure.arguments[index : index + 1] if name is None]
        if not by_name and not by_position:
            text = f"The parameterized query expects the parameter '{one.name}', which was not supplied."
            raise SqlServerError(8178, text)
        return self._value_of((by_name or by_position)[0], one.type, scope)

    def _value_of(self, value: exp.Expr, type_name: str, scope: Scope) -> Variable:
        """A constant is taken as it stands, to be read by Postgres as the type; anything else is computed."""
        if isinstance(value, exp.National | exp.Literal):
            return Variable(type_name, value.name)
        if isinstance(value, exp.Null):
            return Variable(type_name, None)
        return self._evaluate(value.sql(dialect=TSql), type_name, scope)

    def _evaluate(self, text: str, type_name: str, scope: Scope) -> Variable:
        translation = self._translate(f"SELECT {text}", scope)
        sql = f"select cast(cast(({translation.sql}) as {type_name}) as text)"
        row = self.execution.first_row(sql, self._bind(translation, scope), translation.names)
        return Variable(type_name, row[0])

    # Everything else --------------------------------------------------------------------------

    def _run_translated(self, text: str, scope: Scope, response: Response, token: int) -> None:
        translation = self._translate(text, scope)
        self._check_permission(translation)
        values = self._bind(translation, scope)
        if translation.assigns:
            self._assign(translation, values, scope)
            response.done(token)
            return
        self._lock_tables(translation)
        columns = self._columns_of(translation)
        results = self.execution.results(translation.sql, values, translation.names)
        rows = write_rows(
            results,
            columns,
            response,
            own_types=self.execution.own_types,
            faults=self._faults,
        )
        self._counters.rows = rows
        for comment in translation.comments:
            self.execution.first_row(comment)
        is_counted = self.counts_rows and translation.kind is not Kind.DEFINE
        status = DoneStatus.COUNT if is_counted else DoneStatus.FINAL
        response.done(token, status, rows=rows if is_counted else 0)

    def _assign(self, translation: Translation, values: list[str | None], scope: Scope) -> None:
        """SELECT @x = ...: without a row the variables keep their values."""
        names = [f"c{index}" for index in range(len(translation.assigns))]
        columns = ", ".join(f"cast({name} as text)" for name in names)
        sql = f"select {columns} from ({translation.sql}) as assigned({', '.join(names)})"
        row = self.execution.first_row(sql, values, translation.names)
        for name, value in zip(translation.assigns, row, strict=False):
            if name not in scope:
                raise SqlServerError(137, f'Must declare the scalar variable "{name}".')
            scope[name] = Variable(scope[name].type, value)

    def _columns_of(self, translation: Translation) -> Callable[[str], str] | tuple[str, ...]:
        """The result's names, or for a star how to write a name that Postgres gives."""
        if translation.columns is not None:
            return translation.columns
        if translation.kind is not Kind.SELECT:
            return ()
        [written] = self.execution.first_row(_WRITTEN_NAMES)
        names: dict[str, str] = json.loads(written or "{}")
        return lambda name: names.get(name, name)

    def _lock_tables(self, translation: Translation) -> None:
        """TABLOCKX inside a transaction; a login that may only read cannot lock in Postgres."""
        if self._counters.transactions and self._identity.can_write:
            for table in translation.locks:
                self.execution.first_row(f'lock table dbo."{table}" in access exclusive mode')

    def _translate(self, text: str, scope: Scope) -> Translation:
        types = {name: one.type for name, one in (self._globals() | scope).items()}
        return translate(text, frozenset(types.items()), self._identity.database)

    def _bind(self, translation: Translation, scope: Scope) -> list[str | None]:
        variables = self._globals() | scope
        return [variables[name].value for name in translation.parameters]

    def _globals(self) -> Scope:
        return globals_of(self._identity, self._counters)

    def _check_permission(self, translation: Translation) -> None:
        identity, kind = self._identity, translation.kind
        denied = self._faults.denied_tables & translation.names.keys() if kind is Kind.SELECT else ()
        for table in denied:
            raise SqlServerError(229, self._denial("SELECT", translation.names[table]))
        if "dm_tran_locks" in translation.names and not identity.can_view_server_state:
            raise SqlServerError(300, _NO_SERVER_STATE)
        if kind is Kind.SELECT or identity.can_write:
            return
        if kind is Kind.DEFINE:
            raise SqlServerError(262, f"{kind.value} permission denied in database '{identity.database}'.")
        raise SqlServerError(229, self._denial(kind.value, translation.target))

    def _denial(self, permission: str, table: str | None) -> str:
        where = f"on the object '{table}', database '{self._identity.database}', schema 'dbo'"
        return f"The {permission} permission was denied {where}."
