"""`plantpulse tags import`: whole groups of machine tags from a table; the whole file, or nothing.

The database makes the preview, so it cannot differ from the import.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, BinaryIO, Final

import click
from rich.console import Group, RenderableType
from rich.text import Text

from plantpulse.cli.app import App, pass_app
from plantpulse.cli.csv_tables import Mistake, Table
from plantpulse.cli.import_pages import Step, answer_of, page_of
from plantpulse.cli.imports import BadTable, confirm, decimal_of, decimal_option, import_options, read_file
from plantpulse.cli.tags_groups import groups_of, lines_of, values_of
from plantpulse.cli.tags_table import TAGS
from plantpulse.database.tag_records import TagRecords

Record = Mapping[str, Any]

CHANGES: Final = ("added", "changed", "removed", "unchanged")


@click.command("import")
@decimal_option
@import_options
@click.option(
    "--remove", "removes", is_flag=True, help="Remove the plant's groups that the file does not have."
)
@pass_app
def import_(app: App, file: BinaryIO, plant: str | None, dry_run: bool, yes: bool, removes: bool) -> None:
    """Add and change groups of tags from a CSV file (- is stdin): the whole file, or nothing.

    A group in the file becomes what the file says: tags that it does not name are taken out of the group.
    """
    plant = app.one_plant(plant)
    table = read_file(file, TAGS, decimal_of(click.get_current_context()))
    groups = groups_of(table)
    with app.tag_records() as records:
        known = records.groups(plant)
        names = {group["name"] for group in groups}
        gone = [one["name"] for one in known if removes and one["name"] not in names]
        sent = {"plant": plant, "groups": groups, "removed_groups": gone}
        preview = _sent(records, {**sent, "is_preview": True}, known, table)
        is_new = any(row["change"] != "unchanged" for row in preview["rows"])
    if dry_run or not is_new:
        _show(app, preview, table, Step.DRY_RUN if dry_run else Step.NOTHING)
        return
    if not yes:
        confirm(app, lambda: _show(app, preview, table, Step.PREVIEW), plant, file)
    with app.tag_records() as records, app.output.busy(f"Writing {len(table.rows):,} tags"):
        written = _sent(records, {**sent, "is_preview": False}, known, table)
    _show(app, written, table, Step.WRITTEN)


def _sent(records: TagRecords, imported: Record, known: Sequence[Record], table: Table) -> Record:
    """Return what an import changes, line by line. Raises: BadTable with what is wrong."""
    told, lines = records.import_groups(imported), lines_of(table)
    if told["errors"]:
        raise BadTable([_mistake(one, lines) for one in told["errors"]])
    values = values_of(told["changes"], known, imported["groups"])
    rows = [
        {
            "line": lines.get((one["group"], one["tag"])) if one["change"] != "removed" else None,
            "key": {"group": one["group"], "tag": one["tag"]},
            "change": one["change"],
            "values": found,
        }
        for one, found in zip(told["changes"], values, strict=True)
    ]
    rows.sort(key=lambda row: (row["line"] is None, row["line"] or 0, row["key"]["tag"] is not None))
    return {"rows": rows, "inactive": told["inactive"]}


def _mistake(error: Record, lines: Mapping[tuple[str, str | None], int]) -> Mistake:
    group, tag = error["group"], error["tag"]
    what = f"group {group}" if tag is None else f"tag {tag}"
    line = lines.get((group, tag)) or lines.get((group, None)) or 1
    return Mistake(line, "group" if tag is None else "tag", f"{what}: {error['reason']}")


def _show(app: App, told: Record, table: Table, step: Step) -> None:
    answer = answer_of(told, [asdict(question) for question in table.questions], step, CHANGES)
    inactive = told["inactive"] if step in (Step.WRITTEN, Step.NOTHING) else []

    def page() -> RenderableType:
        note = f"stopped, so not polled: {', '.join(inactive)}; `plantpulse tags start` starts them"
        notes = [Text(note, "yellow")] if inactive else []
        return Group(page_of(app.output.console, answer, step), *notes)

    app.output.answer({**answer.document, "inactive": inactive}, page)
