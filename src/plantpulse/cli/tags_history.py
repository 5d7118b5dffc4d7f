"""`plantpulse tags history`: what a tag was in a span, as a table or a CSV file."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import click
from rich.console import Group, RenderableType
from rich.text import Text

from plantpulse.cli import formats
from plantpulse.cli.app import App, json_option, one_plant_option, pass_app
from plantpulse.cli.series_files import file_option, new_path
from plantpulse.cli.series_times import Moment, MomentType, span_of
from plantpulse.cli.tables import Column, fitted
from plantpulse.cli.tags_words import counted, group_of_tag, quality_of, value_of

Record = Mapping[str, Any]

SHOWN: Final = 60
HOUR: Final = timedelta(hours=1)
_UTC: Final = ZoneInfo("UTC")


@click.command()
@click.argument("tag")
@one_plant_option
@click.option("--group", metavar="NAME", help="The tag's group, if several have a tag of this name.")
@click.option("--from", "first", type=MomentType(), help="From this day or time on (default: the last hour).")
@click.option("--until", "last", type=MomentType(), help="Up to this day, included, or time (default: now).")
@click.option(
    "--resolution",
    type=click.Choice(("raw", "minute", "auto")),
    default="auto",
    show_default=True,
    help="Each sample, or each minute; auto takes what the span still has.",
)
@file_option("--csv", "path", is_required=False, help_="Write it to this CSV file instead.")
@json_option
@pass_app
def history(app: App, /, tag: str, plant: str, path: Path | None, **asked: Any) -> None:
    """Show what a tag was: its values, or of each minute the lowest, highest and mean one."""
    zone = app.zone_of(plant) or _UTC
    first: Moment | None = asked["first"]
    until = app.now() if asked["last"] is None else asked["last"].end(zone)
    start, until = span_of(first, asked["last"], zone, (until - HOUR, until))
    with app.tag_records() as records:
        group = asked["group"] or group_of_tag(records.groups(plant), tag)
        span = {"from": start.isoformat(), "until": until.isoformat()}
        of = {"plant": plant, "group": group, "tag": tag}
        found = records.history({**of, **span, "resolution": asked["resolution"]})
    if path:
        _export(app, path, found, zone)
        return
    app.output.answer({"history": found}, lambda: _page(app, found, zone))


def points_of(found: Record) -> list[dict[str, Any]]:
    """Return the points of a history, each with all that is known of it."""
    columns = [name for name in ("at", *_COLUMNS) if isinstance(found.get(name), list)]
    rows = zip(*(found[name] for name in columns), strict=True)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _export(app: App, path: Path, found: Record, zone: ZoneInfo) -> None:
    points = points_of(found)
    with new_path(path, field="csv") as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows(_lines(found, points, zone))
    answer = {"file": str(path), "points": len(points), "resolution": found["resolution"]}
    app.output.answer(answer, lambda: Text(f"{path} has {counted(len(points), 'point')} of {found['tag']}"))


def _lines(found: Record, points: Sequence[Record], zone: ZoneInfo) -> Iterator[Sequence[Any]]:
    names = [name for name in _COLUMNS if isinstance(found.get(name), list)]
    yield ["at", "local_at", *(_COLUMNS[name] for name in names), "unit"]
    for point in points:
        at = datetime.fromisoformat(point["at"])
        local = at.astimezone(zone).isoformat()
        utc = at.astimezone(UTC).isoformat().replace("+00:00", "Z")
        yield [
            utc,
            local,
            *("" if point[name] is None else point[name] for name in names),
            found["unit"] or "",
        ]


def _page(app: App, found: Record, zone: ZoneInfo) -> RenderableType:
    points = points_of(found)
    of = "sample" if found["resolution"] == "raw" else "minute"
    head = Text(f"{found['tag']}: {counted(len(points), of)}\n", "bold")
    if not points:
        return Text(f"nothing of {found['tag']} is stored in this span")
    more = [Text(f"the last {SHOWN} of them: --csv FILE and --json have all", "dim")]
    columns = _raw_columns(found, zone) if found["resolution"] == "raw" else _minute_columns(found, zone)
    table = fitted(app.output.console, columns, points[-SHOWN:])
    return Group(head, table, *(more if len(points) > SHOWN else []))


def _raw_columns(found: Record, zone: ZoneInfo) -> list[Column]:
    return [
        Column("At", lambda one: _to_milliseconds(one["at"], zone)),
        Column(found["unit"] or "Value", lambda one: value_of(one["values"], found["data_type"]), "right"),
        Column("Quality", lambda one: quality_of(one.get("qualities"))),
    ]


def _to_milliseconds(at: str, zone: ZoneInfo) -> str:
    return f"{datetime.fromisoformat(at).astimezone(zone):%Y-%m-%d %H:%M:%S.%f}"[:-3]


def _minute_columns(found: Record, zone: ZoneInfo) -> list[Column]:
    def number(name: str) -> Any:
        return lambda one: value_of(one.get(name), "float64")

    return [
        Column("Minute", lambda one: formats.local(one["at"], zone)),
        Column(f"Mean {found['unit'] or ''}".strip(), number("mean"), "right"),
        Column("Lowest", number("low"), "right", rank=1),
        Column("Highest", number("high"), "right", rank=2),
        Column("Samples", number("count"), "right", rank=4),
        Column("Bad", lambda one: str(one["bad"] or ""), "right", rank=3),
    ]


# The parts of a history that are lists, each with its name for a single point.
_COLUMNS: Final[Mapping[str, str]] = {
    "values": "value",
    "qualities": "quality",
    "mean": "mean",
    "low": "low",
    "high": "high",
    "count": "count",
    "bad": "bad",
}
