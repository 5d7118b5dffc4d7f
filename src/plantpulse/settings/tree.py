"""The settings as a tree of plain values, as a file holds them: before they are checked.

Pure. A tree may be wrong in any way, so nothing here trusts its shape; the models say what is wrong.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from plantpulse.settings.secret_variables import password_variable
from plantpulse.settings.whole import PLANT_SECTIONS

Tree = dict[str, Any]
Place = tuple[str, ...]

_NEEDED_TO_CONNECT: Final = {
    "host": "MSSQL_HOST",
    "user": "MSSQL_USER",
    "password": "MSSQL_PASSWORD",
    "database": "MSSQL_DATABASE",
}


def mapping(tree: Any, key: str) -> Tree:
    """Return tree[key] when it is a mapping, else an empty one."""
    value = tree.get(key) if isinstance(tree, dict) else None
    return value if isinstance(value, dict) else {}


def put(tree: Tree, place: Place, value: Any) -> None:
    """Write a value; where something stands that can hold none, leave it for the models to refuse."""
    for part in place[:-1]:
        below = tree.setdefault(part, {})
        if below is None:
            below = tree[part] = {}
        if not isinstance(below, dict):
            return
        tree = below
    tree[place[-1]] = value


def places(tree: Any, above: str = "") -> Iterator[str]:
    """Return the dotted places of all values that a tree holds."""
    if not isinstance(tree, dict):
        yield above
        return
    for key, value in tree.items():
        yield from places(value, f"{above}.{key}" if above else str(key))


def anchor_paths(tree: Tree, folder: Path) -> None:
    """Make the paths in a tree start at its file's folder, from wherever the function is started."""
    for plant in mapping(tree, "plants").values():
        for section, key in ((plant, "queries_dir"), (mapping(plant, "sql_server"), "ca_file")):
            if isinstance(section, dict) and isinstance(section.get(key), str):
                section[key] = str(folder / section[key])


def complete(tree: Tree) -> Tree:
    """Return the tree with each section that a plant has of its own filled up with the common settings.

    A SQL Server that lacks something is taken out, and what it lacks is noted (`missing_settings`).
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
        name: common | section
        for name, (common, section) in own.items()
        if isinstance(common, dict) and isinstance(section, dict)
    }
    server = mapping(plant, "sql_server")
    missing = [name for part, name in _names_of_needed(key, is_only=is_only).items() if not server.get(part)]
    return filled | {"missing_settings": missing, "sql_server": None} if missing else filled


def _names_of_needed(key: str, *, is_only: bool) -> Mapping[str, str]:
    """Return under which name to set what a connection needs: of several plants each has names of its own."""
    if is_only:
        return _NEEDED_TO_CONNECT
    names = {name: f"plants.{key}.sql_server.{name}" for name in _NEEDED_TO_CONNECT}
    return names | {"password": password_variable(key)}


def without_half_a_supabase(tree: Tree) -> Tree:
    """Return the tree without a Supabase that lacks its URL or its key; who needs it says so."""
    if {"url", "secret_key"} <= set(mapping(tree, "supabase")):
        return tree
    return {name: value for name, value in tree.items() if name != "supabase"}
