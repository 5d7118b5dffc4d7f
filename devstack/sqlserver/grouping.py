"""Grouping, de-duplicating and ordering by `mssql.k`, the key under which strings are equal.

Letter case and trailing blanks do not count in it. Comparisons need no rewrite: the operators of schema
mssql come first in the search path. Postgres groups and sorts by a type's own operators, whatever the path.
"""

import re
from collections.abc import Iterator
from typing import Final

from sqlglot import exp

from devstack.sqlserver.functions import EXACT

_AGGREGATES: Final = re.compile("any_value|avg|count|max|min|stddev(_pop)?|string_agg|sum|var_pop|variance")


def compare_by_key(select: exp.Select) -> None:
    """Groups, de-duplicates and orders by `mssql.k`, so that 'A' and 'a ' are one value."""
    _group_distinct(select)
    group = select.args.get("group")
    keys = list(group.expressions) if group else []
    if group:
        for part in _outside_group(select):
            _take_any_value(part, keys)
        group.set("expressions", [_key(key) for key in keys])
    for distinct in select.find_all(exp.Distinct):
        if isinstance(distinct.parent, exp.Anonymous):
            distinct.set("expressions", [_key(one) for one in distinct.expressions])
    for window in select.find_all(exp.Window):
        window.set("partition_by", [_key(one) for one in window.args.get("partition_by") or []])
    _order_by_key(select)


def _group_distinct(select: exp.Select) -> None:
    """SELECT DISTINCT a, b becomes GROUP BY a, b, where that says the same."""
    if not select.args.get("distinct") or select.args.get("group"):
        return
    if any(one.is_star or one.find(exp.Window, exp.Anonymous) for one in select.selects):
        return
    select.set("distinct", None)
    select.set("group", exp.Group(expressions=[one.unalias().copy() for one in select.selects]))


def _outside_group(select: exp.Select) -> Iterator[exp.Expr]:
    yield from list(select.selects)
    for name in ("having", "order"):
        if part := select.args.get(name):
            yield part


def _take_any_value(node: exp.Expr, keys: list[exp.Expr]) -> None:
    """Wrap what is grouped by: within a group its values are equal by key, but not the same text."""
    if node in keys:
        name = node.name if isinstance(node, exp.Column) else ""
        wrapped: exp.Expr = exp.Anonymous(this="any_value", expressions=[node.copy()])
        if name and isinstance(node.parent, exp.Select):
            wrapped = exp.alias_(wrapped, name, quoted=True)
        node.replace(wrapped)
        return
    is_aggregate = isinstance(node, exp.Anonymous) and _AGGREGATES.fullmatch(node.name.lower()) is not None
    if is_aggregate and not isinstance(node.parent, exp.Window):
        return
    for child in list(node.iter_expressions()):
        _take_any_value(child, keys)


def _order_by_key(select: exp.Select) -> None:
    if select.args.get("distinct"):
        return  # Postgres orders what is distinct only by what it shows
    aliases = {one.alias for one in select.selects if isinstance(one, exp.Alias)}
    for order in select.find_all(exp.Order):
        if order.parent_select is not select:
            continue
        for ordered in order.find_all(exp.Ordered):
            is_alias = (
                isinstance(ordered.this, exp.Column)
                and ordered.this.name in aliases
                and not ordered.this.table
            )
            if not is_alias and not isinstance(ordered.this, exp.Literal):
                ordered.set("this", _key(ordered.this))


def _key(expression: exp.Expr) -> exp.Expr:
    if isinstance(expression, exp.Anonymous) and expression.name == EXACT:
        return expression.copy()
    return exp.Anonymous(this="k", expressions=[expression.copy()])
