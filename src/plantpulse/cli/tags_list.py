"""`plantpulse tags list`: a plant's groups, the tags of one with their newest values, their table as CSV."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Group, RenderableType
from rich.text import Text

from plantpulse.cli import formats
from plantpulse.cli.app import App, json_option, one_plant_option, pass_app
from plantpulse.cli.series_files import file_option, new_path
from plantpulse.cli.tables import Column, details, fitted
from plantpulse.cli.tags_groups import rows_of, tags_of
from plantpulse.cli.tags_table import TAGS
from plantpulse.cli.tags_words import counted, every, one_group, quality_of, state_of, value_of

Record = Mapping[str, Any]


@click.command("list")
@click.argument("group", required=False)
@one_plant_option
@file_option("--export", "path", is_required=False, help_="Write the groups to a CSV file that import reads.")
@json_option
@pass_app
def list_tags(app: App, group: str | None, plant: str, path: Path | None) -> None:
    """List a plant's groups, or the tags of one with their newest values."""
    with app.tag_records() as records:
        found: Sequence[Record] = records.groups(plant)
        if group is not None:
            found = [one_group(found, group)]
        newest = records.newest(plant, group) if group is not None and path is None else None
    if path:
        _export(app, path, plant, found)
        return
    answer = {"plant": plant, "groups": found} | ({"newest": newest} if newest else {})
    app.output.answer(answer, lambda: _page(app, plant, found, newest))


def _export(app: App, path: Path, plant: str, groups: Sequence[Record]) -> None:
    rows = list(rows_of(groups))
    with new_path(path, field="export") as part, part.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.DictWriter(file, list(TAGS.cells), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    counts = {"groups": len(groups), "tags": len(rows)}
    answer = {"plant": plant, "file": str(path), "bytes": path.stat().st_size, **counts}
    told = f"{path} has {counted(len(rows), 'tag')} of {counted(len(groups), 'group')}"
    app.output.answer(answer, lambda: Text(told))


def _page(app: App, plant: str, found: Sequence[Record], newest: Record | None) -> RenderableType:
    if newest is not None:
        return _group_page(app, found[0], newest)
    nothing = f"{plant} has no groups of tags yet: `plantpulse tags import`"
    return fitted(app.output.console, _GROUPS, found, nothing=nothing)


def _group_page(app: App, group: Record, newest: Record) -> RenderableType:
    by_name = {one["name"]: one for one in newest["tags"]}
    rows = [{"value": None, "quality": None, **by_name.get(tag["name"], {}), **tag} for tag in tags_of(group)]
    facts = [
        ("group", group["name"]),
        ("state", _state(group)),
        ("mode", f"{group['mode']}, {every(group['interval_ms'])}"),
        ("device", group["address"]),
        ("credentials", group["credentials"]),
        ("newest", formats.local(newest["slot"], app.zone_of(group["plant"]), "%Y-%m-%d %H:%M:%S")),
    ]
    return Group(details(facts), Text(), fitted(app.output.console, _TAGS, rows, nothing="it has no tags"))


def _state(group: Record) -> Text:
    return state_of("active" if group["active"] else "stopped")


def _value(tag: Record) -> str | None:
    return value_of(tag["value"], tag["data_type"])


_GROUPS: Final = [
    Column("Group", lambda one: one["name"], folds=True),
    Column("State", _state),
    Column("Mode", lambda one: one["mode"]),
    Column("Every", lambda one: every(one["interval_ms"]), "right"),
    Column("Tags", lambda one: str(len(tags_of(one))), "right"),
    Column("Device", lambda one: one["address"], rank=1, folds=True, goes_below=True),
    Column("Credentials", lambda one: one["credentials"], rank=2),
]
_TAGS: Final = [
    Column("Tag", lambda one: one["name"], folds=True),
    Column("Value", _value, "right"),
    Column("Unit", lambda one: one["unit"]),
    Column("Quality", lambda one: None if one["quality"] is None else quality_of(one["quality"]), rank=1),
    Column("Address", lambda one: one["address"], rank=2, folds=True, goes_below=True),
    Column("Type", lambda one: one["data_type"], rank=3, goes_below=True),
    Column("Order", lambda one: one["order"], rank=4),
    Column("Role", lambda one: None if one["role"] == "value" else one["role"], rank=5, goes_below=True),
]
