"""Groups of tags as an import sends them and an export writes them. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from plantpulse.cli.csv_tables import Row, Table
from plantpulse.cli.tags_table import rows_by_group

Record = Mapping[str, Any]

_DEFAULTS: Final[Mapping[str, Any]] = {"mode": "fixed", "interval_ms": 1000, "credentials": None}
_OF_GROUP: Final = ("address", "mode", "interval_ms", "credentials", "active")
_OF_TAG: Final = ("address", "data_type", "length", "order", "scale", "offset", "unit", "role")
_USUAL: Final[Mapping[str, Any]] = {**_DEFAULTS, "length": 0, "scale": 1, "offset": 0, "role": "value"}


def groups_of(table: Table) -> list[dict[str, Any]]:
    """Return the groups of a table without mistakes, in the form of the SQL function that imports them.

    `active` is only there if the table says it: a group that is stopped stays so.
    """
    return [_group_of(rows) for rows in rows_by_group(table).values()]


def _group_of(rows: Sequence[Row]) -> dict[str, Any]:
    first = rows[0]
    group = {"name": first["group"], "address": first["device"]}
    for name, default in _DEFAULTS.items():
        group[name] = default if first.get(name) is None else first[name]
    if first.get("is_active") is not None:
        group["active"] = first["is_active"]
    return {**group, "tags": [_tag_of(row) for row in rows]}


def _tag_of(row: Row) -> dict[str, Any]:
    return {
        "name": row["tag"],
        "address": row["address"],
        "data_type": row["data_type"],
        "length": row.get("length") or 0,
        "order": row.get("byte_order"),
        "scale": 1.0 if row.get("scale") is None else row["scale"],
        "offset": row.get("offset") or 0.0,
        "unit": row.get("unit"),
        "role": row.get("role") or "value",
    }


def rows_of(groups: Iterable[Record]) -> Iterator[dict[str, str]]:
    """Yield the rows of groups as they stand in Supabase, so that an import of them changes nothing."""
    for group in groups:
        of_group = {
            "group": group["name"],
            "device": group["address"],
            "mode": group["mode"],
            "interval_ms": str(group["interval_ms"]),
            "credentials": group["credentials"] or "",
            "is_active": "yes" if group["active"] else "no",
        }
        for tag in tags_of(group):
            yield of_group | {
                "tag": tag["name"],
                "address": tag["address"],
                "data_type": tag["data_type"],
                "length": str(tag["length"] or ""),
                "byte_order": tag["order"] or "",
                "scale": "" if tag["scale"] == 1 else plain(tag["scale"]),
                "offset": "" if tag["offset"] == 0 else plain(tag["offset"]),
                "unit": tag["unit"] or "",
                "role": "" if tag["role"] == "value" else tag["role"],
            }


def lines_of(table: Table) -> dict[tuple[str, str | None], int]:
    """Return the line of each group (its first) and tag, by their names."""
    lines: dict[tuple[str, str | None], int] = {}
    for rows in rows_by_group(table).values():
        name = rows[0]["group"]
        lines[name, None] = rows[0]["line"]
        lines |= {(name, row["tag"]): row["line"] for row in rows}
    return lines


def values_of(
    changes: Iterable[Record], before: Iterable[Record], after: Iterable[Record]
) -> Iterator[Record]:
    """Yield the values of what changes, old and new; those that stay or are as usual are left out."""
    old, new = _by_name(before), _by_name(after)
    for change in changes:
        key = change["group"], change["tag"]
        was, becomes = old.get(key, {}), new.get(key, {})
        if change["change"] == "removed":
            yield {}
            continue
        names = [name for name in becomes if becomes[name] != was.get(name, _USUAL.get(name))]
        yield {name: [was.get(name), becomes[name]] for name in names}


def _by_name(groups: Iterable[Record]) -> dict[tuple[str, str | None], Record]:
    found: dict[tuple[str, str | None], Record] = {}
    for group in groups:
        found[group["name"], None] = {name: group[name] for name in _OF_GROUP if name in group}
        for tag in tags_of(group):
            found[group["name"], tag["name"]] = {name: tag[name] for name in _OF_TAG}
    return found


def tags_of(group: Record) -> list[Record]:
    """Return all tags of a group, the trigger and the acknowledgement last."""
    others = [group.get("trigger_tag"), group.get("acknowledge_tag")]
    return [*group["tags"], *(one for one in others if one)]


def plain(number: float) -> str:
    """Return a number that an import reads as the same: with three decimals it could be a thousand."""
    text = repr(float(number)).removesuffix(".0")
    _, point, decimals = text.partition(".")
    return f"{text}0" if point and len(decimals) == 3 and decimals.isdigit() else text
