"""Reads one production day from SQL Server: output, downtime and quality, one statement each.

Output comes in buckets that separate planned time from other time. If unknown names flood it, it is read
again in fewer buckets. Output and downtime are required, because a report without output or with half of the
downtime would be a lie. A plant may have no quality records.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar
from zoneinfo import ZoneInfo

from plantpulse.morning_report.day import ProductionDay
from plantpulse.morning_report.output_buckets import (
    fewer_buckets,
    most_buckets,
    output_grid,
    spans_of_day,
)
from plantpulse.morning_report.summaries import DayReadings
from plantpulse.plant import readings as parsing
from plantpulse.plant.local_time import (
    BucketGrid,
    LocalBounds,
    bounds_reaching_in,
    bucket_count,
    local_bounds,
)
from plantpulse.plant.plant_model import PlantModel
from plantpulse.plant.readings import Parsed, QualityReading
from plantpulse.source.answers import Answers, Rows, Source

Reading = TypeVar("Reading")


@dataclass(slots=True)
class DayReader:
    """Reads the days of one report.

    `unknown_assets`: names that the plant model lacks, in the source's spelling, by key.
    """

    answers: Answers
    model: PlantModel
    zone: ZoneInfo
    unknown_assets: dict[str, str] = field(default_factory=dict)

    def read(self, source: Source, day: ProductionDay, *, is_new: bool) -> DayReadings | None:
        """Return the readings of the day; None if a required result was cut off.

        For a day that is read again malformed rows are not kept: they were kept the first time.
        Raises: the source's errors of the required queries.
        """
        bounds = local_bounds(day.window, self.zone)
        keep = self.answers.keep if is_new else _readings
        grid, output = self._read_output(source, day)
        stops = self.answers.ask(source, "downtime", bounds_reaching_in(bounds, day.window, self.zone))
        found = DayReadings(
            output=keep(parsing.parse_output(output.rows, bucket_count=bucket_count(*grid))),
            downtime=keep(parsing.parse_downtime(stops.rows, zone=self.zone)),
            quality=self._read_quality(source, bounds, keep),
            spans=spans_of_day(day.window, grid, self.zone),
        )
        self._note_unknown(found)
        return None if output.is_truncated or stops.is_truncated else found

    def _read_output(self, source: Source, day: ProductionDay) -> tuple[BucketGrid, Rows]:
        """Return the day's output and its buckets: fewer ones if the answer was cut off."""
        most: int | None = most_buckets(self.model, self.answers.row_limit)
        while True:
            grid = output_grid(self.model, day.window, self.zone, most or 1)
            is_divisible = bucket_count(*grid) > 1
            bucket_s = int(grid.length.total_seconds())
            output = self.answers.ask(source, "output", grid.bounds, is_paged=is_divisible, bucket_s=bucket_s)
            most = fewer_buckets(grid, output.rows) if output.is_truncated else None
            if most is None:
                return grid, output

    def _read_quality(
        self,
        source: Source,
        bounds: LocalBounds,
        keep: Callable[[Parsed[QualityReading]], Sequence[QualityReading]],
    ) -> Sequence[QualityReading] | None:
        """Return the day's inspections; None if they are unknown or incomplete."""
        answer = self.answers.ask_optional(source, "quality", bounds)
        if answer is None:
            return None
        found = keep(parsing.parse_quality(answer.rows))
        return None if answer.is_truncated else found

    def _note_unknown(self, found: DayReadings) -> None:
        known = {asset.key for asset in self.model.assets}
        for query in (found.output, found.downtime, found.quality or ()):
            for asset, key, *_ in query:
                if key not in known:
                    self.unknown_assets.setdefault(key, asset)


def _readings(parsed: Parsed[Reading]) -> Sequence[Reading]:
    return parsed.readings
