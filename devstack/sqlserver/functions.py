"""Functions, literals and casts of T-SQL, one node at a time.

Most functions keep their name, because `functions.sql` defines it; here stand the ones whose name or
arguments Postgres' grammar would read otherwise.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from sqlglot import exp

from devstack.sqlserver import times
from devstack.sqlserver.dialect import postgres_type
from devstack.sqlserver.errors import SqlServerError

_RENAMED: Final = {
    "ceiling": "ceil",
    "char": "chr",
    "count_big": "count",
    "isnull": "coalesce",
    "log10": "log",
    "nchar": "chr",
    "newid": "gen_random_uuid",
    "replicate": "repeat",
    "scope_identity": "lastval",
    "stdev": "stddev",
    "stdevp": "stddev_pop",
    "var": "variance",
    "varp": "var_pop",
}
EXACT: Final = "exact"
_WHOLE_NUMBERS: Final = {exp.DType.INT: "to_int", exp.DType.BIGINT: "to_bigint"}


def translate_functions(tree: exp.Expr) -> None:
    """Rewrite every function, literal and cast of a statement in place.

    Raises: SqlServerError: 155, no such part of a date.
    """
    for node in list(tree.walk()):
        for kind, translated in _NODES.items():
            if isinstance(node, kind):
                translated(node)


def _translate_national(text: exp.National) -> None:
    text.replace(exp.Literal.string(text.name))


def _translate_binary(literal: exp.HexString) -> None:
    literal.replace(exp.Var(this=f"'\\x{literal.name}'::bytea"))


def _translate_empty_binary(column: exp.Column) -> None:
    """`0x`, which sqlglot takes for a name."""
    if column.name == "0x" and len(column.parts) == 1:
        column.replace(exp.Var(this="''::bytea"))


def _translate_now(now: exp.CurrentTimestamp) -> None:
    now.replace(exp.Anonymous(this="getdate"))


def _translate_like(like: exp.Like) -> None:
    """A backslash is an ordinary character in T-SQL's patterns."""
    if not isinstance(like.parent, exp.Escape):
        like.replace(exp.Escape(this=like.copy(), expression=exp.Literal.string("")))


def _translate_cast(cast: exp.Cast) -> None:
    """A cast to a whole number cuts, where Postgres' rounds; TRY_CAST of a text that does not fit is null."""
    kind, value = cast.to, cast.this
    if isinstance(cast, exp.TryCast):
        value = exp.Anonymous(this="fitting", expressions=[value, exp.Literal.string(postgres_type(kind))])
        cast.set("this", value)
    if kind.this in _WHOLE_NUMBERS:
        cast.replace(exp.Anonymous(this=_WHOLE_NUMBERS[kind.this], expressions=[value]))


def _translate_key(key: exp.PrimaryKey) -> None:
    """A key has no order of nulls, which sqlglot would write."""
    key.set("expressions", [getattr(column, "this", column) for column in key.expressions])


def _translate_collate(collate: exp.Collate) -> None:
    """A binary collation compares a text as it is; no other one can be asked for here."""
    if not _is_binary(collate):
        raise SqlServerError(448, f"Invalid collation '{collate.expression.name}'.")
    collate.replace(exp.Anonymous(this=EXACT, expressions=[collate.this]))


def _is_binary(node: exp.Expr) -> bool:
    return isinstance(node, exp.Collate) and node.expression.name.upper().endswith("_BIN2")


def _translate_function(function: exp.Anonymous) -> None:
    name = function.name.lower()
    if name == "charindex" and any(map(_is_binary, function.expressions)):
        function.set("this", "charindex_exact")
        function.set("expressions", [one.this if _is_binary(one) else one for one in function.expressions])
        return
    function.set("this", _RENAMED.get(name, name))
    if name in times.FUNCTIONS:
        times.translate_date_function(function, name)
    elif name == "iif" and len(function.expressions) == 3:
        condition, then, otherwise = function.expressions
        function.replace(exp.Case(ifs=[exp.If(this=condition, true=then)], default=otherwise))


_NODES: Final[Mapping[type[exp.Expr], Callable[[Any], None]]] = {
    exp.Anonymous: _translate_function,
    exp.Collate: _translate_collate,
    exp.National: _translate_national,
    exp.HexString: _translate_binary,
    exp.Column: _translate_empty_binary,
    exp.AtTimeZone: times.translate_zone,
    exp.CurrentTimestamp: _translate_now,
    exp.Convert: lambda convert: _translate_cast(times.replace_convert(convert)),
    exp.Like: _translate_like,
    exp.Cast: _translate_cast,
    exp.PrimaryKey: _translate_key,
}
