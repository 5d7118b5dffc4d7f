"""`plantpulse snapshots`: the latest snapshot of every asset of a plant, or one asset over time."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, get_args
from zoneinfo import ZoneInfo

import click
from rich.console import Group
from rich.text import Text

from plantpulse.cli import formats
from plantpulse.cli.app import App, json_option, limit_option, one_plant_option, pass_app
from plantpulse.cli.arguments import Since
from plantpulse.cli.tables import Column, fitted
from plantpulse.database.records import Records
from plantpulse.errors import InvalidRequest
from plantpulse.live_pulse.snapshots import TargetStatus
from plantpulse.plant.nearest import unknown

Record = Mapping[str, Any]

MOST_SNAPSHOTS: Final = 100_000
MOST_ASSETS: Final = 100_000


@click.command(short_help="Show the latest snapshot of every asset.")
@one_plant_option
@click.option("--asset", metavar="NAME", help="Show one asset over time, by its own or its source name.")
@click.option("--status", type=click.Choice(get_args(TargetStatus)), help="Only assets with this status.")
@click.option("--since", type=Since(), help="With --asset: only snapshots after this time.")
@limit_option(1000)
@json_option
@pass_app
def snapshots(
    app: App, plant: str, asset: str | None, status: str | None, since: datetime | None, limit: int
) -> None:
    """Show the latest snapshot of every asset of a plant, or the snapshots of one asset, newest first."""
    if since and not asset:
        raise InvalidRequest("needs --asset: without it only the latest snapshots are shown", field="since")
    with app.records() as records:
        if asset:
            found = records.snapshots_of(plant, asset, status=status, since=since, limit=limit)
            if not found:
                _require_asset(records, plant, asset)
        else:
            found = _latest(records, plant)
    found = [one for one in found if status in (None, one["status"])][:limit]
    app.output.answer({"plant": plant, "snapshots": found}, lambda: _snapshots_page(app, plant, found))


def _latest(records: Records, plant: str) -> list[dict[str, Any]]:
    newest = records.latest_snapshot_timestamp(plant)
    if newest is None:
        return []
    found = records.snapshots_at(plant, newest, limit=MOST_SNAPSHOTS)
    return sorted(found, key=lambda one: (one["asset"]["area"] or "", one["asset"]["name"]))


def _require_asset(records: Records, plant: str, asset: str) -> None:
    known = records.assets(plant, limit=MOST_ASSETS)
    names = [name for one in known for name in (one["name"], one["source_name"])]
    if asset not in names:
        raise unknown("asset", asset, dict.fromkeys(names), field="asset")


def _snapshots_page(app: App, plant: str, found: Sequence[Record]) -> Group:
    if not found:
        return Group(Text(f"{plant} has no such snapshots"))
    zone = app.zone_of(plant)
    newest = max(found, key=lambda one: one["snapshot_timestamp"])["snapshot_timestamp"]
    old = formats.age(datetime.fromisoformat(newest), app.now())
    title = Text(f"{plant}: newest snapshot {formats.local(newest, zone)}, {old} old\n", "bold")
    columns = _columns(zone)
    if len({one["snapshot_timestamp"] for one in found}) == 1:
        columns = [column for column in columns if column.heading != "Until"]  # the title says it
    return Group(title, fitted(app.output.console, columns, found))


def _columns(zone: ZoneInfo | None) -> list[Column]:
    return [
        Column("Asset", lambda one: one["asset"]["name"], folds=True),
        Column("Area", lambda one: one["asset"]["area"], rank=5, folds=True),
        Column("Until", lambda one: formats.local(one["snapshot_timestamp"], zone, "%m-%d %H:%M"), rank=1),
        Column("Actual", lambda one: formats.number(one["output_actual"]), "right"),
        Column("Off plan", lambda one: formats.number(one["unplanned_output"]), "right", rank=8),
        Column("Target", lambda one: formats.number(one["output_target"]), "right", rank=2),
        Column("Variance %", lambda one: formats.percent(one["variance_percent"], "+,.1f"), "right", rank=3),
        Column("Status", lambda one: formats.styled(one["status"])),
        Column("OEE %", lambda one: formats.percent(one["oee_current"]), "right"),
        Column("Down min", lambda one: formats.number(one["downtime_minutes"]), "right", rank=4),
        Column("People", lambda one: formats.number(one["labor_headcount"]), "right", rank=6),
        Column("Marks", _marks, rank=7, goes_below=True),
    ]


def _marks(one: Record) -> str | None:
    marks = [name for name in ("catch_up", "time_ambiguous", "planned_in_part") if one[f"is_{name}"]]
    return ", ".join(mark.replace("_", " ") for mark in marks) or None
