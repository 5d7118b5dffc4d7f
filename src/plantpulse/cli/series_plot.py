"""`plantpulse series plot`: a series drawn in the terminal, or as a picture."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Group, RenderableType
from rich.text import Text

from plantpulse.cli import formats
from plantpulse.cli.app import App, json_option, pass_app
from plantpulse.cli.axes import midnight, odd_days
from plantpulse.cli.chart import ALL_SIGNS, BRAILLE, PLAIN, Chart
from plantpulse.cli.picture import Picture
from plantpulse.cli.series_files import file_option, new_path
from plantpulse.cli.series_keys import one_series
from plantpulse.cli.series_times import Moment, MomentType
from plantpulse.cli.series_words import instant, value_of, zone_of
from plantpulse.cli.strokes import bridged, holes_of
from plantpulse.cli.terminal import can_print
from plantpulse.errors import InvalidRequest
from plantpulse.series.kinds import KINDS
from plantpulse.series.points import Point
from plantpulse.settings.section import MINUTES_A_DAY

Record = Mapping[str, Any]

MOST_DAYS: Final = 3660
_DAYS: Final = ((60, 3), (1440, 90), (10080, 730))  # by the length of an interval in minutes
_HOLIDAYS: Final = timedelta(days=5)  # markets rest at most so long


@click.command()
@click.argument("key", nargs=-1, required=True)
@click.option(
    "--days", type=click.IntRange(1, MOST_DAYS), metavar="N", help="So many days (default: by the intervals)."
)
@click.option(
    "--until", "last", type=MomentType(), help="Up to this day, included, or time (default: the newest)."
)
@click.option("--known-at", type=MomentType(), help="As it was known then, before later corrections.")
@file_option("--png", "png", is_required=False, help_="Write a picture to this file instead.")
@json_option
@pass_app
def plot(
    app: App,
    key: tuple[str, ...],
    days: int | None,
    last: Moment | None,
    known_at: Moment | None,
    png: Path | None,
) -> None:
    """Draw a series in the terminal, or as a picture: the last days of it, in its local time."""
    with app.series_records() as records:
        series = one_series(records.status(), key)
        start, until = _span(series, days, last)
        known = known_at.end(zone_of(series)) if known_at else None
        pages = records.pages(series["key"], start, until, known)
        points = [Point(one.at, one.minutes, one.value) for page in pages for one in page]
    if not any(point.value is not None for point in points):
        raise InvalidRequest(f"{series['key']} has no values in this time", field="key")
    chart = Chart(_drawn(series, points), start, until, zone_of(series))
    if png:
        with new_path(png, field="png") as path:
            Picture(_title(series, chart), chart.points, start, until, chart.zone).write(path)
    answer = _answer(series, chart, points, png)
    app.output.answer(answer, lambda: _page(app, series, chart, answer))


def _span(series: Record, days: int | None, last: Moment | None) -> tuple[datetime, datetime]:
    """Return whole local days up to the newest value."""
    if series["until"] is None:
        raise InvalidRequest(f"{series['key']} has no values yet", field="key")
    zone, until = zone_of(series), instant(series["until"])
    if last:
        until = min(until, last.end(zone))
    days = days or next((some for minutes, some in _DAYS if series["minutes"] <= minutes), MOST_DAYS)
    newest = (until - timedelta(microseconds=1)).astimezone(zone).date()
    start = max(midnight(newest - timedelta(days=days - 1), zone), instant(series["first_at"]))
    if start >= until:
        raise InvalidRequest(f"is before the first value of {series['key']}", field="until")
    return start, until


def _drawn(series: Record, points: Sequence[Point]) -> Sequence[Point]:
    """Return the points as they are drawn: a weekend is no hole in the prices of trading days."""
    kind = KINDS.get(series["kind"])
    return bridged(points, _HOLIDAYS) if kind and kind.is_daily_trade else points


def _answer(series: Record, chart: Chart, points: Sequence[Point], png: Path | None) -> dict[str, Any]:
    holes = holes_of(chart.points, chart.start, chart.until)
    return {
        "key": series["key"],
        "unit": series["unit"],
        "time_zone": series["time_zone"],
        "from": chart.start.isoformat(),
        "until": chart.until.isoformat(),
        "points": [
            {"at": at.isoformat(), "minutes": minutes, "value": None if value is None else str(value)}
            for at, minutes, value in points
        ],
        "holes": [{"from": start.isoformat(), "until": until.isoformat()} for start, until in holes],
        "file": str(png) if png else None,
    }


def _title(series: Record, chart: Chart) -> str:
    unit = f" ({series['unit']})" if series["unit"] else ""
    days = [
        f"{at.astimezone(chart.zone):%Y-%m-%d}" for at in (chart.start, chart.until - timedelta.resolution)
    ]
    return f"{series['key']}{unit}, {' to '.join(dict.fromkeys(days))}, {series['time_zone']}"


def _page(app: App, series: Record, chart: Chart, answer: Mapping[str, Any]) -> RenderableType:
    if answer["file"]:
        return Text(f"the picture is in {answer['file']}")
    console = app.output.console
    signs = BRAILLE if can_print(console.file, ALL_SIGNS) else PLAIN
    lines = chart.lines(min(console.width, WIDEST), signs)
    return Group(Text(f"{_title(series, chart)}\n", "bold"), *lines, *_notes(series, chart, answer))


WIDEST: Final = 160


def _notes(series: Record, chart: Chart, answer: Mapping[str, Any]) -> list[Text]:
    known = [one for one in answer["points"] if one["value"] is not None]
    by_value = sorted(known, key=lambda one: float(one["value"]))
    parts = [("lowest", by_value[0]), ("highest", by_value[-1]), ("newest", known[-1])]
    zone = chart.zone
    words = [
        f"{name} {value_of(one)} ({formats.local(one['at'], zone, '%m-%d %H:%M')})" for name, one in parts
    ]
    notes = [Text(f"\n{', '.join(words)}")]
    if series["minutes"] < MINUTES_A_DAY - 60:
        odd = odd_days(chart.start, chart.until, zone)
        notes += [Text(f"{day} has {hours:g} hours", "dim") for day, hours in odd]
    if holes := answer["holes"]:
        number = "1 hole" if len(holes) == 1 else f"{len(holes)} holes"
        missing = sum((instant(one["until"]) - instant(one["from"]) for one in holes), timedelta(0))
        share = missing / (chart.until - chart.start)
        notes.append(Text(f"x  no values: {number}, {share:.1%} of the time", "red"))
    return notes
