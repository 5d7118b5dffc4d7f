"""`plantpulse series export`: points of series as a file for those who analyse."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click
from rich.text import Text

from plantpulse.cli import formats
from plantpulse.cli.app import App, json_option, pass_app
from plantpulse.cli.series_files import FORMATS, Format, Row, Write, file_option, new_file
from plantpulse.cli.series_keys import several_series
from plantpulse.cli.series_times import EARLIEST, LATEST, Moment, MomentType, span_of
from plantpulse.cli.series_words import instant, zone_of
from plantpulse.database.series_records import SeriesRecords
from plantpulse.errors import InvalidRequest
from plantpulse.runs import Watcher

Record = Mapping[str, Any]


@click.command()
@click.argument("keys", nargs=-1, required=True)
@click.option("--from", "first", type=MomentType(), help="From this day or time on (default: the first).")
@click.option(
    "--until", "last", type=MomentType(), help="Up to this day, included, or time (default: the last)."
)
@click.option("--known-at", type=MomentType(), help="As it was known then, before later corrections.")
@click.option(
    "--format", "form", type=click.Choice(FORMATS), help="csv or parquet (default: by the name of the file)."
)
@file_option("--out", "path", is_required=True, help_="The file to write.")
@json_option
@pass_app
def export(
    app: App,
    keys: tuple[str, ...],
    first: Moment | None,
    last: Moment | None,
    known_at: Moment | None,
    form: Format | None,
    path: Path,
) -> None:
    """Write the points of series to a file: CSV, or Parquet for those who analyse."""
    form = form or ("parquet" if path.suffix.lower() in {".parquet", ".pq"} else "csv")
    with app.series_records() as records, app.output.busy("Exporting") as watcher:
        wanted = several_series(records.status(), keys)
        spans = [_Part.of(one, first, last, known_at, app.now()) for one in wanted]
        with new_file(path, form) as write:
            exported = _Export(records, write, watcher, sum(part.expected for part in spans))
            for part in spans:
                exported.add(part)
    answer = {
        "file": str(path),
        "format": form,
        "bytes": path.stat().st_size,
        "points": exported.points,
        "series": exported.counts,
    }
    app.output.answer(answer, lambda: _said(answer))


@dataclass(frozen=True, slots=True)
class _Part:
    """What is exported of one series."""

    series: Record
    start: datetime
    until: datetime
    known_at: datetime | None

    @classmethod
    def of(
        cls, series: Record, first: Moment | None, last: Moment | None, known_at: Moment | None, now: datetime
    ) -> "_Part":
        """Return the part of a series between two moments. Raises: InvalidRequest."""
        zone = zone_of(series)
        start, until = span_of(first, last, zone, (EARLIEST, LATEST))
        known = known_at.end(zone) if known_at else None
        if known and known_at and known_at.start(zone) > now:
            raise InvalidRequest("is in the future: nobody knows yet what will be known", field="known_at")
        return cls(series, start, until, known)

    @property
    def expected(self) -> int:
        """Return how many points there are if none is missing, for the bar."""
        if self.series["until"] is None:
            return 0
        start = max(self.start, instant(self.series["first_at"]))
        until = min(self.until, instant(self.series["until"]))
        return max((until - start) // timedelta(minutes=self.series["minutes"]), 0)


@dataclass(slots=True)
class _Export:
    """The writing of one file, page by page: never more than a page is in memory."""

    records: SeriesRecords
    write: Write
    watcher: Watcher
    expected: int
    points: int = 0
    counts: list[dict[str, Any]] = field(default_factory=list)

    def add(self, part: _Part) -> None:
        """Write the points of a part."""
        before = self.points
        for rows in self._pages(part):
            self.write(rows)
            self.points += len(rows)
            self.watcher(self.points, "points", max(self.expected, self.points))
        self.counts.append({"key": part.series["key"], "points": self.points - before})

    def _pages(self, part: _Part) -> Iterator[Sequence[Row]]:
        key, unit, zone = part.series["key"], part.series["unit"], zone_of(part.series)
        for page in self.records.pages(key, part.start, part.until, part.known_at):
            yield [Row(key, one.at, one.minutes, one.value, unit, one.known_at, zone) for one in page]


def _said(answer: Mapping[str, Any]) -> Text:
    series = answer["series"]
    of = series[0]["key"] if len(series) == 1 else f"{len(series)} series"
    size = answer["bytes"]
    shown = f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{formats.number(size)} bytes"
    empty = [one["key"] for one in series if not one["points"]]
    text = Text(f"{formats.number(answer['points'])} points of {of} are in {answer['file']} ({shown})")
    if empty and len(series) > 1:
        text.append(f"\nnothing of {', '.join(empty)}", "yellow")
    return text
