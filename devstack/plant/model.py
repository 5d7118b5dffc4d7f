"""What stands on the floor of the plant: areas, assets, shifts, cost centres and targets.

Pure values; `northfield()` is the plant of the local stack. How the assets behave stands in `machine`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)


@dataclass(frozen=True)
class Break:
    """A pause of a shift, in local wall time; it lies on one side of midnight."""

    starts_at: time
    ends_at: time

    def covers(self, clock: time) -> bool:
        return self.starts_at <= clock < self.ends_at


@dataclass(frozen=True)
class Shift:
    """A shift in local wall time; one that ends at or before its start crosses midnight."""

    name: str
    starts_at: time
    ends_at: time
    breaks: tuple[Break, ...]
    days_of_week: tuple[int, ...] = EVERY_DAY  # ISO, 1 = Monday, of the day it starts on

    def covers(self, local: datetime) -> bool:
        """Whether the shift is on at this naive local time, breaks included."""
        clock = local.time()
        if self.starts_at < self.ends_at:
            return self.starts_at <= clock < self.ends_at and local.isoweekday() in self.days_of_week
        if clock >= self.starts_at:
            return local.isoweekday() in self.days_of_week
        return clock < self.ends_at and (local - timedelta(days=1)).isoweekday() in self.days_of_week

    def works(self, local: datetime) -> bool:
        """Whether the shift is on and not in a break."""
        return self.covers(local) and not any(pause.covers(local.time()) for pause in self.breaks)


@dataclass(frozen=True)
class ShiftTarget:
    """How many units an asset should make in one whole shift."""

    shift: Shift
    target_output: int


@dataclass(frozen=True)
class CostCenter:
    """Where time and scrap are charged to, in dollars."""

    name: str
    standard_hourly_rate: float
    scrap_unit_cost: float


@dataclass(frozen=True)
class Area:
    """A part of the floor: what its stops are called there and who pays for them."""

    name: str
    cost_center: CostCenter
    micro_stop_reasons: tuple[str, ...]
    breakdown_reasons: tuple[str, ...]


@dataclass(frozen=True)
class Asset:
    """A machine or line. Without `is_mapped` it produces, but nobody entered it in the plant model."""

    source_name: str
    name: str
    area: Area
    ideal_units_per_hour: int
    pace: float  # share of the ideal rate that it reaches while it runs
    scrap_share: float
    crew: int
    targets: tuple[ShiftTarget, ...]
    typed_name: str = ""  # what operators type at the terminal, when it is not the source's spelling
    is_mapped: bool = True
    reports_oee: bool = True
    stands_still: bool = False

    @property
    def name_in_records(self) -> str:
        return self.typed_name or self.source_name

    def is_staffed(self, local: datetime) -> bool:
        return any(target.shift.covers(local) for target in self.targets)

    def works(self, local: datetime) -> bool:
        return any(target.shift.works(local) for target in self.targets)


@dataclass(frozen=True)
class Plant:
    """The whole plant. `seed` decides every chance event in it."""

    key: str
    timezone: ZoneInfo
    seed: int
    assets: tuple[Asset, ...]

    def local(self, at: datetime) -> datetime:
        """Return an aware instant as the naive wall time that the plant's database stores."""
        return at.astimezone(self.timezone).replace(tzinfo=None)

    @property
    def mapped_assets(self) -> tuple[Asset, ...]:
        return tuple(asset for asset in self.assets if asset.is_mapped)

    @property
    def cost_centers(self) -> tuple[CostCenter, ...]:
        centers = {asset.area.cost_center.name: asset.area.cost_center for asset in self.mapped_assets}
        return tuple(centers.values())


EARLY = Shift(
    "early",
    time(6),
    time(14),
    (Break(time(9), time(9, 15)), Break(time(12), time(12, 30))),
)
LATE = Shift(
    "late",
    time(14),
    time(22),
    (Break(time(17), time(17, 15)), Break(time(19, 30), time(20))),
)
NIGHT = Shift(
    "night",
    time(22),
    time(6),
    (Break(time(0), time(0, 15)), Break(time(3), time(3, 30))),
)


def northfield() -> Plant:
    """Return the plant of the local stack: three areas, eight assets, and one that nobody mapped."""
    return Plant("northfield", ZoneInfo("America/Chicago"), 1907, tuple(_northfield_assets()))


def _northfield_assets() -> Iterator[Asset]:
    yield from _body_shop(
        Area(
            "Body Shop",
            CostCenter("Body Shop", standard_hourly_rate=185.00, scrap_unit_cost=4.20),
            ("Sheet Jam", "Sensor Fault", "Tip Dressing"),
            ("Hydraulic Leak", "Tool Change", "Robot Fault"),
        )
    )
    yield from _paint_shop(
        Area(
            "Paint Shop",
            CostCenter("Paint Shop", standard_hourly_rate=240.00, scrap_unit_cost=38.50),
            ("Skid Out Of Position", "Sensor Fault"),
            ("Color Change", "Booth Filter"),
        )
    )
    yield from _final_assembly(
        Area(
            "Final Assembly",
            CostCenter("Final Assembly", standard_hourly_rate=142.50, scrap_unit_cost=21.00),
            ("Material Shortage", "Scanner Fault", "Carton Jam"),
            ("Conveyor Fault", "Torque Tool Fault", "Changeover"),
        )
    )


def _body_shop(area: Area) -> Iterator[Asset]:
    yield Asset("PRESS-01", "Press 1", area, 600, 0.95, 0.010, 2, _three_shifts(4000))
    yield Asset("PRESS-02", "Press 2", area, 480, 0.96, 0.012, 2, _three_shifts(3250))
    yield Asset(
        "WELD-01", "Weld cell 1", area, 120, 0.92, 0.020, 3, _three_shifts(780), typed_name="weld-01 "
    )
    yield Asset("WELD-02", "Weld cell 2", area, 120, 0.92, 0.020, 3, _three_shifts(780), stands_still=True)


def _paint_shop(area: Area) -> Iterator[Asset]:
    yield Asset("PAINT-01", "Paint line", area, 90, 0.97, 0.030, 5, _two_shifts(600))


def _final_assembly(area: Area) -> Iterator[Asset]:
    yield Asset("ASSY-01", "Assembly line 1", area, 60, 0.85, 0.015, 9, _three_shifts(380), reports_oee=False)
    yield Asset("ASSY-02", "Assembly line 2", area, 60, 0.98, 0.015, 9, _three_shifts(380))
    yield Asset("PACK-01", "Packaging", area, 240, 0.95, 0.005, 4, _three_shifts(1600))
    yield Asset(
        "REWORK-07", "", area, 20, 0.80, 0.050, 1, _three_shifts(0), is_mapped=False, reports_oee=False
    )


def _three_shifts(target_output: int) -> tuple[ShiftTarget, ...]:
    return tuple(ShiftTarget(shift, target_output) for shift in (EARLY, LATE, NIGHT))


def _two_shifts(target_output: int) -> tuple[ShiftTarget, ...]:
    return tuple(ShiftTarget(shift, target_output) for shift in (EARLY, LATE))
