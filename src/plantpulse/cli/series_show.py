"""`plantpulse series show`: one series: what it is, its newest values, its gaps, and how good it is."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import click
from rich.console import Group, RenderableType
from rich.text import Text

from plantpulse.cli import formats
from plantpulse.cli.app import App, json_option, pass_app
from plantpulse.cli.series_keys import one_series
from plantpulse.cli.series_times import Moment, MomentType
from plantpulse.cli.series_words import (
    age_of,
    judged,
    length_of,
    local,
    rule_of,
    score,
    state_of,
    value_of,
    zone_of,
)
from plantpulse.cli.tables import Column, details, fitted
from plantpulse.database.series_records import SeriesRecords
from plantpulse.plant.rounding import shown_span

Record = Mapping[str, Any]

VALUES: Final = 8
GAPS: Final = 10
DAYS: Final = 7
FLAGS: Final = 20


@click.command()
@click.argument("key", nargs=-1, required=True)
@click.option(
    "--at", type=MomentType(), help="Show also what was known of this time, one reply after the other."
)
@json_option
@pass_app
def show(app: App, key: tuple[str, ...], at: Moment | None) -> None:
    """Show one series: its newest values, gaps, the quality of its last days, and corrections with --at."""
    now = app.now()
    with app.series_records() as records:
        series = one_series(judged(records.status(), now), key)
        found = {"series": {**series, "publication": rule_of(series["kind"])}, **_parts(records, series, now)}
        if at:
            found["versions"] = records.versions(series["key"], at.start(zone_of(series)))
    app.output.answer(found, lambda: _page(app, found))


def _parts(records: SeriesRecords, series: Record, now: datetime) -> dict[str, Any]:
    since = now - timedelta(days=DAYS)
    return {
        "values": records.newest(series["key"], limit=VALUES),
        "gaps": records.gaps([series["group"]], state=None, since=None, limit=GAPS),
        "quality": records.quality({"key": series["key"]}, since=since.date(), limit=DAYS),
        "flags": records.flags(series["key"], since, limit=FLAGS),
    }


def _page(app: App, found: Mapping[str, Any]) -> RenderableType:
    series, console = found["series"], app.output.console
    parts: list[RenderableType] = [details(_facts(series))]
    for title, columns, rows in (
        ("Known of this time, the latest first", _versions(series), found.get("versions")),
        ("Newest values", _values(series), found["values"]),
        ("Gaps", gap_columns(series), found["gaps"]),
        ("Quality", DAY_COLUMNS, found["quality"]),
        ("Invalid or suspect", _flags(series), found["flags"]),
    ):
        if rows or (rows is not None and title.startswith("Known")):
            parts += [Text(f"\n{title}", "bold"), fitted(console, columns, rows, nothing="nothing was known")]
    return Group(*parts)


def _facts(series: Record) -> list[tuple[str, Any]]:
    minutes = series["minutes"]
    return [
        ("series", series["key"]),
        ("state", state_of(series)),
        ("source", series["source"]),
        ("unit", series["unit"]),
        ("clock", series["time_zone"]),
        ("interval", minutes and length_of(minutes)),
        ("published", series["publication"]),
        ("age", age_of(series)),
        ("completed by", series["group"] if series["group"] != series["key"] else None),
    ]


def _values(series: Record) -> list[Column]:
    return [
        Column("At", lambda one: local(one["at"], series, "%Y-%m-%d %H:%M%z")),
        Column("For", lambda one: length_of(one["minutes"]), "right", rank=2),
        Column(series["unit"] or "Value", value_of, "right"),
        Column("Known since", lambda one: local(one["known_at"], series), rank=1, goes_below=True),
    ]


def _versions(series: Record) -> list[Column]:
    return [
        Column("Known from", lambda one: local(one["known_at"], series, "%Y-%m-%d %H:%M:%S")),
        Column("To", lambda one: local(one["superseded_at"], series, "%Y-%m-%d %H:%M:%S") or "now"),
        Column(series["unit"] or "Value", value_of, "right"),
        Column("At", lambda one: local(one["at"], series), rank=1, goes_below=True),
        Column("For", lambda one: length_of(one["minutes"]), "right", rank=2, goes_below=True),
    ]


def gap_columns(series: Record | None = None) -> list[Column]:
    """Return the columns of a table of gaps: of one series, or of several."""

    def clock(one: Record) -> Record:
        return series or one

    columns = [
        Column("Gap", lambda one: str(one["id"]), "right", rank=5),
        Column("Series", lambda one: one["group"], folds=True),
        Column("State", state_of),
        Column("From", lambda one: local(one["starts_at"], clock(one))),
        Column("Length", _length, "right"),
        Column("Tries", lambda one: str(one["attempts"]), "right", rank=3),
        Column("Next try", lambda one: local(one["next_attempt_at"], clock(one)), rank=2, goes_below=True),
        Column("Found", lambda one: local(one["found_at"], clock(one)), rank=4),
        Column("Why", lambda one: formats.on_one_line(one["reason"]), rank=1, folds=True, goes_below=True),
    ]
    return [one for one in columns if one.heading != "Series"] if series else columns


def _length(gap: Record) -> str:
    return shown_span(datetime.fromisoformat(gap["ends_at"]) - datetime.fromisoformat(gap["starts_at"]))


def _flags(series: Record) -> list[Column]:
    return [
        Column("At", lambda one: local(one["at"], series)),
        Column(series["unit"] or "Value", value_of, "right"),
        Column("Why", lambda one: formats.on_one_line(one["reason"].replace("_", " ")), folds=True),
    ]


def _score(name: str) -> Any:
    return lambda one: score(one[name])


def _first_completeness(day: Record) -> Text | None:
    """Return how complete a day was when it was rated first, if that has changed."""
    return None if day["first_completeness"] == day["completeness"] else score(day["first_completeness"])


DAY_COLUMNS: Final[Sequence[Column]] = (
    Column("Day", lambda one: one["day"]),
    Column("Complete %", _score("completeness"), "right"),
    Column("At first %", _first_completeness, "right", rank=4, goes_below=True),
    Column("Timely %", _score("timeliness"), "right"),
    Column("Accurate %", _score("accuracy"), "right"),
    Column("Values", lambda one: formats.number(one["points"]), "right", rank=3),
    Column("Invalid", lambda one: str(one["invalid"] or ""), "right", rank=1, goes_below=True),
    Column("Suspect", lambda one: str(one["suspect"] or ""), "right", rank=2, goes_below=True),
)
