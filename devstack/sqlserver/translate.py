"""T-SQL to Postgres: one statement in, one statement out, with what the session must know about it.

Identifiers become lower case (SQL Server's are case-insensitive) while the result keeps the names
that the query wrote. What a string is equal to is `grouping`'s business, what functions are called
`functions`'.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Final

import sqlglot
from sqlglot import exp
from sqlglot.errors import ErrorLevel, SqlglotError

from devstack.sqlserver.dialect import StandInPostgres, TSql
from devstack.sqlserver.errors import FALLBACK_NUMBER, SqlServerError
from devstack.sqlserver.functions import translate_functions
from devstack.sqlserver.grouping import compare_by_key
from devstack.sqlserver.vocabulary import SYSTEM_VIEWS, check_vocabulary, written_name

_CACHED_STATEMENTS: Final = 512
_CACHED_TREES: Final = 32  # between the check of a whole batch and its run
# Functions whose value the session knows; it binds them as it binds variables.
_OF_THE_SESSION: Final = {
    "app_name": "@@app_name",
    "db_name": "@@db_name",
    "host_name": "@@host_name",
    "original_login": "@@login",
    "suser_name": "@@login",
    "suser_sname": "@@login",
}


class Kind(Enum):
    """What a statement does; the value is SQL Server's permission for it."""

    SELECT = "SELECT"
    INSERT = "INSERT"
    UPDATE = "UPDATE"
    DELETE = "DELETE"
    DEFINE = "CREATE TABLE"


@dataclass(frozen=True)
class Translation:
    """One translated statement.

    `parameters` are the variables in the order of $1, $2; `columns` the names of the result, None when a
    star leaves them to Postgres; `assigns` the variables that a SELECT sets instead of returning rows;
    `names` maps lower-case names to how the query wrote them; `locks` are tables to lock exclusively;
    `target` is the table that is changed; `comments` keep the mixed-case names of a new table.
    """

    sql: str
    kind: Kind
    parameters: tuple[str, ...]
    columns: tuple[str, ...] | None
    assigns: tuple[str, ...]
    names: Mapping[str, str]
    locks: tuple[str, ...]
    target: str
    comments: tuple[str, ...]


@lru_cache(maxsize=_CACHED_STATEMENTS)
def translate(text: str, types: frozenset[tuple[str, str]], database: str) -> Translation:
    """Translate one T-SQL statement; `types` are the variables in scope (`@x` and its Postgres type).

    Raises: SqlServerError: 102 syntax, 137 undeclared variable, 208 another database's table.
    """
    tree = parse(text)
    check_vocabulary(tree)
    kind = _kind_of(tree)
    names = _written_names(tree)
    target = _target_of(tree)
    columns, assigns = _columns_of(tree) if kind is Kind.SELECT else (None, ())
    locks = _take_hints(tree)
    _qualify_tables(tree, database)
    comments = _comments_on(tree)
    _lower_identifiers(tree)
    parameters = _bind_variables(tree, dict(types))
    translate_functions(tree)
    for select in list(tree.find_all(exp.Select)):
        compare_by_key(select)
    sql = _written(tree)
    return Translation(sql, kind, parameters, columns, assigns, names, locks, target, comments)


def _written(tree: exp.Expr) -> str:
    try:
        return tree.sql(dialect=StandInPostgres, identify=True, unsupported_level=ErrorLevel.RAISE)
    except SqlglotError as error:
        raise SqlServerError(FALLBACK_NUMBER, f"the stand-in cannot translate this: {error}") from error


def parse(text: str) -> exp.Expr:
    """Parse one T-SQL statement; the tree is the caller's own.

    Raises: SqlServerError: 102.
    """
    return _parsed(text).copy()


@lru_cache(maxsize=_CACHED_TREES)
def _parsed(text: str) -> exp.Expr:
    try:
        trees = [tree for tree in sqlglot.parse(text, read=TSql) if tree is not None]
    except (SqlglotError, RecursionError) as error:
        raise syntax_error(error) from error
    if len(trees) != 1 or isinstance(trees[0], exp.Command):
        raise SqlServerError(102, f"Incorrect syntax near '{text.strip()[:30]}'.")
    return trees[0]


def syntax_error(error: Exception) -> SqlServerError:
    """Error 102 near the token at which sqlglot gave up."""
    details = getattr(error, "errors", None) or [{}]
    return SqlServerError(102, f"Incorrect syntax near '{details[0].get('highlight') or ''}'.")


def _kind_of(tree: exp.Expr) -> Kind:
    if isinstance(tree, exp.Query) and not tree.find(exp.Into):
        return Kind.SELECT
    for kind, node in ((Kind.INSERT, exp.Insert), (Kind.UPDATE, exp.Update), (Kind.DELETE, exp.Delete)):
        if isinstance(tree, node):
            return kind
    return Kind.DEFINE


def _target_of(tree: exp.Expr) -> str:
    table = tree.find(exp.Table)
    return table.name if table else ""


def _written_names(tree: exp.Expr) -> dict[str, str]:
    names = {identifier.name.lower(): identifier.name for identifier in tree.find_all(exp.Identifier)}
    for table in tree.find_all(exp.Table):
        written = written_name(table)
        names[table.name.lower()] = names[f"dbo.{table.name.lower()}"] = written
    for function in tree.find_all(exp.Anonymous):
        names.setdefault(function.name.lower(), function.name)
    return names


def _columns_of(tree: exp.Expr) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    """The names of the result's columns, and the variables of `SELECT @x = ...` (which lose their `=`)."""
    selects = tree.selects if isinstance(tree, exp.Query) else []
    if selects and all(isinstance(one, exp.EQ) and isinstance(one.this, exp.Parameter) for one in selects):
        variables = tuple(f"@{one.this.name.lower()}" for one in selects)
        for one in selects:
            one.replace(one.expression)
        return None, variables
    if any(one.is_star for one in selects):
        return None, ()
    return tuple(one.alias_or_name if isinstance(one, exp.Alias | exp.Column) else "" for one in selects), ()


def _take_hints(tree: exp.Expr) -> tuple[str, ...]:
    """Drop hints (NOLOCK, OPTION (...) and the like); TABLOCKX alone means something here."""
    for select in tree.find_all(exp.Select):
        select.set("options", None)
    locks = []
    for table in tree.find_all(exp.Table):
        hints = table.args.get("hints") or []
        if any("TABLOCKX" in hint.sql().upper() for hint in hints):
            locks.append(table.name.lower())
        table.set("hints", None)
    return tuple(locks)


def _qualify_tables(tree: exp.Expr, database: str) -> None:
    ctes = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier):
            continue
        if table.catalog and table.catalog.lower() != database.lower():
            raise SqlServerError(208, f"Invalid object name '{written_name(table)}'.")
        table.set("catalog", None)
        if view := SYSTEM_VIEWS.get((table.db.lower(), table.name.lower())):
            table.set("this", exp.to_identifier(view))
            table.set("db", exp.to_identifier("mssql"))
        if not table.db and table.name.lower() not in ctes and not _is_index_name(table):
            table.set("db", exp.to_identifier("dbo"))


def _is_index_name(table: exp.Table) -> bool:
    return isinstance(table.parent, exp.Drop) and table.parent.args.get("kind") == "INDEX"


def _comments_on(tree: exp.Expr) -> tuple[str, ...]:
    """Postgres keeps names in lower case; what a star shall show is kept beside them."""
    if not isinstance(tree, exp.Create) or tree.args.get("kind") != "TABLE":
        return ()
    table = _target_of(tree)
    names = [column.name for column in tree.find_all(exp.ColumnDef)]
    return tuple(
        f"comment on column {_quoted('dbo')}.{_quoted(table)}.{_quoted(name)} is {_literal(name)}"
        for name in names
        if name != name.lower()
    )


def _quoted(name: str) -> str:
    return exp.to_identifier(name.lower(), quoted=True).sql(dialect=StandInPostgres)


def _literal(text: str) -> str:
    return exp.Literal.string(text).sql(dialect=StandInPostgres)


def _lower_identifiers(tree: exp.Expr) -> None:
    for identifier in tree.find_all(exp.Identifier):
        identifier.set("this", identifier.name.lower())


def _bind_variables(tree: exp.Expr, types: Mapping[str, str]) -> tuple[str, ...]:
    for function in list(tree.find_all(exp.Anonymous)):
        name = function.name.lower()
        if name in _OF_THE_SESSION:
            function.replace(_variable(_OF_THE_SESSION[name]))
        elif name == "has_perms_by_name":
            function.append("expressions", _variable("@@can_write"))
    order: list[str] = []
    for parameter in list(tree.find_all(exp.Parameter)):
        if isinstance(parameter.parent, exp.Parameter):
            continue
        name = _variable_name(parameter)
        if name not in types:
            raise SqlServerError(137, f'Must declare the scalar variable "{_written_variable(parameter)}".')
        if name not in order:
            order.append(name)
        parameter.replace(exp.Var(this=f"cast(${order.index(name) + 1} as {types[name]})"))
    return tuple(order)


def _variable(name: str) -> exp.Parameter:
    return exp.Parameter(this=exp.Parameter(this=exp.Var(this=name.lstrip("@"))))


def _variable_name(parameter: exp.Parameter) -> str:
    return _written_variable(parameter).lower()


def _written_variable(parameter: exp.Parameter) -> str:
    inner = parameter.this
    return f"@{_written_variable(inner)}" if isinstance(inner, exp.Parameter) else f"@{inner.name}"
