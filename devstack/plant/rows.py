"""The rows that the plant's database receives, one class per table, and a `Production` of them.

The fields after `entered_at` are the columns in the order of `columns`; names may be blank, misspelt or
missing and counts negative, as they are in a real plant. `entered_at` is when the row appears in the
database (aware UTC, not stored): operators type reasons after the stop, and gateways deliver late.
`timestamp` is naive plant-local time, because that is what such databases store.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, TypeAlias


@dataclass(frozen=True)
class Output:
    """A counter's reading: units made in a minute."""

    table: ClassVar[str] = "production_data"
    columns: ClassVar[tuple[str, ...]] = ("locationName", "output_count", "[timestamp]")

    entered_at: datetime
    location_name: str | None
    output_count: int | None
    timestamp: datetime


@dataclass(frozen=True)
class Oee:
    """What the source itself calculates, in percent; a factor is None when it is undefined."""

    table: ClassVar[str] = "oee_metrics"
    columns: ClassVar[tuple[str, ...]] = (
        "locationName",
        "oee",
        "availability",
        "performance",
        "quality",
        "[timestamp]",
    )

    entered_at: datetime
    location_name: str
    oee: float | None
    availability: float | None
    performance: float | None
    quality: float | None
    timestamp: datetime


@dataclass(frozen=True)
class Downtime:
    """A stop, by its start; without minutes it is still open."""

    table: ClassVar[str] = "downtime_records"
    columns: ClassVar[tuple[str, ...]] = (
        "locationName",
        "reason_code",
        "downtime_minutes",
        "[timestamp]",
        "notes",
    )

    entered_at: datetime
    location_name: str
    reason_code: str
    downtime_minutes: int | None
    timestamp: datetime
    notes: str | None


@dataclass(frozen=True)
class Quality:
    """An inspected lot: units good and rejected."""

    table: ClassVar[str] = "quality_records"
    columns: ClassVar[tuple[str, ...]] = ("locationName", "good_count", "reject_count", "[timestamp]")

    entered_at: datetime
    location_name: str
    good_count: int | None
    reject_count: int | None
    timestamp: datetime


@dataclass(frozen=True)
class Labor:
    """A booking: people present and the person-hours they booked."""

    table: ClassVar[str] = "labor_records"
    columns: ClassVar[tuple[str, ...]] = ("locationName", "headcount", "hours_worked", "[timestamp]")

    entered_at: datetime
    location_name: str
    headcount: int | None
    hours_worked: float | None
    timestamp: datetime


Row: TypeAlias = Output | Oee | Downtime | Quality | Labor


@dataclass(frozen=True)
class Production:
    """What a plant's database receives in a span, each table in the order of entry."""

    output: tuple[Output, ...] = ()
    oee: tuple[Oee, ...] = ()
    downtime: tuple[Downtime, ...] = ()
    quality: tuple[Quality, ...] = ()
    labor: tuple[Labor, ...] = ()

    def __add__(self, later: "Production") -> "Production":
        return Production(
            self.output + later.output,
            self.oee + later.oee,
            self.downtime + later.downtime,
            self.quality + later.quality,
            self.labor + later.labor,
        )

    @property
    def tables(self) -> tuple[tuple[Row, ...], ...]:
        return (self.output, self.oee, self.downtime, self.quality, self.labor)

    @classmethod
    def of(cls, rows: Iterable[Row]) -> "Production":
        """Sort rows into their tables, in the order of entry; rows entered together keep their order."""
        entered = sorted(rows, key=lambda row: row.entered_at)
        return cls(
            tuple(row for row in entered if isinstance(row, Output)),
            tuple(row for row in entered if isinstance(row, Oee)),
            tuple(row for row in entered if isinstance(row, Downtime)),
            tuple(row for row in entered if isinstance(row, Quality)),
            tuple(row for row in entered if isinstance(row, Labor)),
        )
