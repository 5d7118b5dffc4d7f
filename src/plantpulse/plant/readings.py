"""Turns rows of the source's queries into typed readings, and malformed ones into `Rejected` values.

Pure. Parsing never raises, whatever the values are. What happens to odd values:

    repaired    white space around and inside names and codes, letter case (for comparing), control
                characters (as blanks), numbers in a text, times in ISO 8601 text or with an offset
    rejected    asset missing, blank, not text or over 200 characters; a required number missing, not finite,
                negative or beyond 1e9; a bucket outside the span; a time missing, no time or outside 1970
                to 2199; downtime that ends before it starts; an OEE above 1000 percent
    left out    a bad `last_at`, which no figure uses; a `product` that is no text

All rejected rows are counted; the first `KEPT_REJECTS` of each query are kept. Columns have the order of the
files in `queries/`. Naive plant-local times become aware UTC.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Generic, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from plantpulse.plant.cells import (
    Malformed,
    Reason,
    read_asset,
    read_count,
    read_optional_count,
    read_optional_time,
    read_product_key,
    read_text,
    read_time,
    show_value,
)
from plantpulse.plant.local_time import second_reading, to_utc

Row = Sequence[object]

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "output": ("asset", "bucket", "units", "last_at", "product"),
    "output_sums": ("bucket", "row_count", "sums"),
    "oee": ("asset", "oee", "at"),
    "downtime": ("asset", "reason_code", "started_at", "ended_at", "minutes"),
    "safety_codes": ("reason_code",),
    "safety": ("source_id", "asset", "reason_code", "at", "minutes", "notes"),
    "quality": ("asset", "good", "rejected"),
    "labor": ("asset", "headcount"),
}
OEE_PERCENT_PER_UNIT: Final[Mapping[str, float]] = {"percent": 1.0, "fraction": 100.0}
LARGEST_OEE_PERCENT: Final = 1000.0
KEPT_REJECTS: Final = 100
LONGEST_STOP_MINUTES: Final = 525_600  # a year, as in downtime.sql


class Rejected(NamedTuple):
    """A malformed row: what is wrong, and its columns in a form for JSON."""

    query: str
    reason: Reason
    row: dict[str, object]

    def as_json(self) -> dict[str, object]:
        """Return one entry of the commit's `rejected_records`."""
        return {"query": self.query, "reason": str(self.reason), "row": self.row}


class OutputReading(NamedTuple):
    """Units that an asset made in one bucket; bucket 0 is the newest.

    `product_key`: the key of the product's name; empty if the source does not say.
    """

    asset: str
    asset_key: str
    bucket: int
    units: float
    product_key: str = ""


class OeeReading(NamedTuple):
    """An OEE that the source reports, in percent."""

    asset: str
    asset_key: str
    oee_percent: float
    at: datetime


class DowntimeReading(NamedTuple):
    """A stop of an asset; `ended_at` None means that it is still open.

    `is_second_reading`: the same stop again, placed in the second pass of a repeated hour.
    """

    asset: str
    asset_key: str
    reason_code: str | None
    started_at: datetime
    ended_at: datetime | None
    is_second_reading: bool = False


class QualityReading(NamedTuple):
    """Good and rejected units of an asset over the whole span that was read."""

    asset: str
    asset_key: str
    good: float
    rejected: float


class LaborReading(NamedTuple):
    """How many people work at an asset."""

    asset: str
    asset_key: str
    headcount: float


ReadingT_co = TypeVar("ReadingT_co", covariant=True)


class Parsed(NamedTuple, Generic[ReadingT_co]):
    """A query's rows: the readings, the first malformed rows, and their number for each reason."""

    readings: Sequence[ReadingT_co]
    rejected: Sequence[Rejected]
    rejected_counts: Mapping[Reason, int]

    @property
    def rejected_count(self) -> int:
        return sum(self.rejected_counts.values())


class Rejects:
    """Collects malformed rows of one query: it counts all and keeps the first ones."""

    def __init__(self, query: str) -> None:
        self.query = query
        self.kept: list[Rejected] = []
        self.counts: dict[Reason, int] = {}

    def add(self, reason: Reason, row: Row) -> None:
        self.counts[reason] = self.counts.get(reason, 0) + 1
        if len(self.kept) < KEPT_REJECTS:
            self.kept.append(Rejected(self.query, reason, show_row(self.query, row)))


def show_row(query: str, row: Row) -> dict[str, object]:
    """Return the row as column -> value in a form for JSON; further columns are cut."""
    return {column: show_value(value) for column, value in zip(COLUMNS[query], row, strict=False)}


def parse_output(rows: Iterable[Row], *, bucket_count: int) -> Parsed[OutputReading]:
    """Return output by asset and bucket; `bucket_count` is the number of buckets in the bounds."""

    def read(row: Row) -> OutputReading:
        asset, bucket, units, _last_at, product = row
        name, key = read_asset(asset)
        made_at, made = _read_bucket(bucket, bucket_count), read_count(units)
        if product is None:  # as in nearly all plants
            return OutputReading(name, key, made_at, made)
        return OutputReading(name, key, made_at, made, read_product_key(product))

    return _parse("output", rows, read)


def parse_oee(rows: Iterable[Row], *, zone: ZoneInfo, scale: str) -> Parsed[OeeReading]:
    """Return reported OEE in percent; `scale` is that of the plant's figures: percent or fraction."""
    percent_per_unit = OEE_PERCENT_PER_UNIT[scale]

    def read(row: Row) -> OeeReading:
        asset, oee, at = row
        name, key = read_asset(asset)
        oee_percent = read_count(oee) * percent_per_unit
        if oee_percent > LARGEST_OEE_PERCENT:
            raise Malformed(Reason.OEE_OUT_OF_RANGE)
        return OeeReading(name, key, oee_percent, to_utc(read_time(at, zone), zone))

    return _parse("oee", rows, read)


def parse_downtime(
    rows: Iterable[Row], *, zone: ZoneInfo, seen_by: datetime | None = None
) -> Parsed[DowntimeReading]:
    """Return uncut stops.

    A stop that begins in autumn's repeated hour is placed in the first pass. With `seen_by`, the instant of
    reading, it is returned for both passes if it can belong to the second by then, so that no window lacks
    it, not even one after the hour.
    """
    again: list[DowntimeReading] = []

    def read(row: Row) -> DowntimeReading:
        asset, reason_code, started, ended, lasted = row
        name, key = read_asset(asset)
        started_at, ended_at = _read_stop(started, ended, zone)
        minutes = read_optional_count(lasted)
        if ended_at is not None and minutes is not None:
            # The source added the length by the wall clock: an hour off over a change of the clock.
            ended_at = started_at + timedelta(minutes=min(minutes, LONGEST_STOP_MINUTES))
        stop = DowntimeReading(name, key, read_text(reason_code), started_at, ended_at)
        if seen_by is not None:
            again.extend(_in_second_pass(stop, zone, seen_by, is_length_known=minutes is not None))
        return stop

    parsed = _parse("downtime", rows, read)
    return parsed._replace(readings=[*parsed.readings, *again]) if again else parsed


def _in_second_pass(
    stop: DowntimeReading, zone: ZoneInfo, seen_by: datetime, *, is_length_known: bool
) -> Iterator[DowntimeReading]:
    """Yield the same stop in the second pass, if it can belong there and that is another time.

    An open stop, or one that ends after the hour, already lasts through the second pass.
    """
    started_at = second_reading(stop.started_at, zone)
    if started_at is None or stop.ended_at is None or started_at > seen_by:
        return
    if is_length_known or second_reading(stop.ended_at, zone):
        ended_at = stop.ended_at + (started_at - stop.started_at)
        yield stop._replace(started_at=started_at, ended_at=ended_at, is_second_reading=True)


def parse_quality(rows: Iterable[Row]) -> Parsed[QualityReading]:
    """Return good and rejected units by asset."""

    def read(row: Row) -> QualityReading:
        asset, good, rejected = row
        name, key = read_asset(asset)
        return QualityReading(name, key, read_count(good), read_count(rejected))

    return _parse("quality", rows, read)


def parse_labor(rows: Iterable[Row]) -> Parsed[LaborReading]:
    """Return headcounts, newest first, in the query's order."""

    def read(row: Row) -> LaborReading:
        asset, headcount = row
        name, key = read_asset(asset)
        return LaborReading(name, key, read_count(headcount))

    return _parse("labor", rows, read)


def _parse(query: str, rows: Iterable[Row], read: Callable[[Row], ReadingT_co]) -> Parsed[ReadingT_co]:
    width = len(COLUMNS[query])
    readings: list[ReadingT_co] = []
    rejects = Rejects(query)
    for row in rows:
        if len(row) != width:
            rejects.add(Reason.WRONG_WIDTH, row)
            continue
        try:
            readings.append(read(row))
        except Malformed as malformed:
            rejects.add(malformed.reason, row)
    return Parsed(readings, rejects.kept, rejects.counts)


def _read_bucket(value: object, bucket_count: int) -> int:
    bucket = value if type(value) is int else _whole_number(value)
    if 0 <= bucket < bucket_count:
        return bucket
    raise Malformed(Reason.BUCKET_OUT_OF_RANGE)


def _whole_number(value: object) -> int:
    try:
        number = read_count(value)
    except Malformed:
        raise Malformed(Reason.BUCKET_OUT_OF_RANGE) from None
    return int(number) if number.is_integer() else -1


def _read_stop(started: object, ended: object, zone: ZoneInfo) -> tuple[datetime, datetime | None]:
    start = read_time(started, zone)
    end = read_optional_time(ended, zone)
    started_at = to_utc(start, zone)
    if end is None:
        return started_at, None
    ended_at = to_utc(end, zone)
    if ended_at < started_at and end < start:
        # A stop that ends in the second of autumn's equal hours only looks reversed.
        ended_at = to_utc(end.replace(fold=1), zone)
        if ended_at < started_at:
            raise Malformed(Reason.REVERSED)
    return started_at, max(started_at, ended_at)
