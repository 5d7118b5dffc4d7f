"""The settings as a tree of plain values, as written in a file, before they are checked.

Pure. A tree may be wrong in any way, so nothing here trusts its shape; the models report the faults.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from plantpulse.settings.secret_variables import password_variable
from plantpulse.settings.settings import PLANT_SECTIONS

Tree = dict[str, Any]
Place = tuple[str, ...]

_NEEDED_TO_CONNECT: Final = {
    "host": "MSSQL_HOST",
    "user": "MSSQL_USER",
    "password": "MSSQL_PASSWORD",
    "database": "MSSQL_DATABASE",
}


def mapping(tree: Any, key: str) -> Tree:
    """Return tree[key] if it is a mapping, else an empty one."""
    value = tree.get(key) if isinstance(tree, dict) else None
    return value if isinstance(value, dict) else {}


def put(tree: Tree, place: Place, value: Any) -> None:
    """Write a value; leave a wrong shape for the models to refuse."""
    for part in place[:-1]:
        below = tree.setdefault(part, {})
        if below is None:
            below = tree[part] = {}
        if not isinstance(below, dict):
            return
        tree = below
    tree[place[-1]] = value


def places(tree: Any, above: str = "") -> Iterator[str]:
    """Return the dotted places of all values in a tree."""
    if not isinstance(tree, dict):
        yield above
        return
    for key, value in tree.items():
        yield from places(value, f"{above}.{key}" if above else str(key))


def anchor_paths(tree: Tree, folder: Path) -> None:
    """Make the paths in a tree relative to its file's folder, wherever the function is started."""
    named = [(channel, "ca_file") for channel in mapping(tree, "channels").values()]
    for plant in mapping(tree, "plants").values():
        named += [(plant, "queries_dir"), (mapping(plant, "sql_server"), "ca_file")]
    for section, key in named:
        if isinstance(section, dict) and isinstance(section.get(key), str):
            section[key] = str(folder / section[key])


def complete(tree: Tree) -> Tree:
    """Return the tree, with each plant's own sections completed by the common settings.

    A SQL Server without all its settings is removed, and `missing_settings` names what it lacks.
    """
    plants = mapping(tree, "plants")
    if not plants:
        return tree
    is_only = len(plants) == 1
    return tree | {
        "plants": {key: _complete_plant(key, plant, tree, is_only=is_only) for key, plant in plants.items()}
    }


def _complete_plant(key: str, plant: Any, tree: Tree, *, is_only: bool) -> Any:
    if not isinstance(plant, dict):
        return plant
    own = {name: (tree.get(name), plant.get(name)) for name in PLANT_SECTIONS}
    filled = plant | {
        name: _over(common, section)
        for name, (common, section) in own.items()
        if isinstance(common, dict) and isinstance(section, dict)
    }
    if not isinstance(plant.get("sql_server") or {}, dict):
        return filled
    server = mapping(plant, "sql_server")
    missing = [name for part, name in _names_of_needed(key, is_only=is_only).items() if _lacks(server, part)]
    return filled | {"missing_settings": missing, "sql_server": None} if missing else filled


def _over(common: Tree, own: Tree) -> Tree:
    """Return the common values with a plant's own over them, mapping by mapping."""
    below = {
        name: _over(common[name], value)
        for name, value in own.items()
        if isinstance(value, dict) and isinstance(common.get(name), dict)
    }
    return common | own | below


def as_if_connected(tree: Tree) -> Tree:
    """Return the tree with each started SQL Server section completed by a stand-in for what it lacks.

    So a server that is not used yet is checked like the others: a slip is found, and no secret hides there.
    """
    plants = {key: _as_if_connected(plant) for key, plant in mapping(tree, "plants").items()}
    return tree | {"plants": plants} if plants else tree


def _as_if_connected(plant: Any) -> Any:
    server = plant.get("sql_server") if isinstance(plant, dict) else None
    if not server or not isinstance(server, dict):
        return plant
    lacking = {part: "not known yet" for part in _NEEDED_TO_CONNECT if _lacks(server, part)}
    return plant | {"sql_server": server | lacking}


def _lacks(server: Tree, part: str) -> bool:
    """Say whether nothing is written for a setting; no and 0 are something, and wrong."""
    return server.get(part) in (None, "")


def _names_of_needed(key: str, *, is_only: bool) -> Mapping[str, str]:
    """Return the names of the settings for a connection; with several plants each has its own names."""
    if is_only:
        return _NEEDED_TO_CONNECT
    names = {name: f"plants.{key}.sql_server.{name}" for name in _NEEDED_TO_CONNECT}
    return names | {"password": password_variable(key)}


def without_half_a_supabase(tree: Tree) -> Tree:
    """Return the tree, without Supabase if its URL or its key is missing; its users report that."""
    if {"url", "secret_key"} <= set(mapping(tree, "supabase")):
        return tree
    return {name: value for name, value in tree.items() if name != "supabase"}
