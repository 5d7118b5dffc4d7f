"""When the pipelines of series run, and how long. Pure."""

from typing import Literal

from plantpulse.late_dataclasses import dataclass
from plantpulse.settings.morning_report import TimeOfDay
from plantpulse.settings.plant import TimeZoneName
from plantpulse.settings.section import MINUTES_A_DAY, Section, Whole, require_divisor_of_a_day, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class CommodityPricesSettings(Section):
    """When prices of commodities are collected."""

    enabled: bool = setting(True, description="Whether they are collected on schedule; by hand always works")
    every: Literal["day", "week", "month"] = setting(
        "day", description="How often: each day, on Mondays, or on the first of each month"
    )
    at: TimeOfDay = setting("06:00", description="When, by the clock of time_zone")
    time_zone: TimeZoneName = setting("America/New_York", description="The time zone of `at`")
    timeout_s: Whole = setting(300, ge=30, le=900, description="A run ends within this time, in seconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyActualsSettings(Section):
    """When loads, generation and imbalances are collected."""

    enabled: bool = setting(True, description="Whether they are collected on schedule; by hand always works")
    every_minutes: Whole = setting(30, ge=5, le=120, description="Minutes between runs; must divide a day")
    timeout_s: Whole = setting(240, ge=30, le=900, description="A run ends within this time, in seconds")

    def __post_init__(self) -> None:
        require_divisor_of_a_day(self.every_minutes)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyForecastsSettings(Section):
    """When forecasts and day-ahead prices are collected."""

    enabled: bool = setting(True, description="Whether they are collected on schedule; by hand always works")
    every_minutes: Whole = setting(
        360, ge=15, le=MINUTES_A_DAY, description="Minutes between runs; must divide a day"
    )
    prices_at: TimeOfDay | None = setting(
        "14:05",
        description="When day-ahead prices are collected in addition, by the clock of Brussels; "
        "nothing waits for the next run",
    )
    timeout_s: Whole = setting(240, ge=30, le=900, description="A run ends within this time, in seconds")

    def __post_init__(self) -> None:
        require_divisor_of_a_day(self.every_minutes)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesGapsSettings(Section):
    """When gaps in series are looked for, and small ones filled."""

    enabled: bool = setting(True, description="Whether they are looked for on schedule; by hand always works")
    every_minutes: Whole = setting(
        240, ge=60, le=MINUTES_A_DAY, description="Minutes between runs; must divide a day"
    )
    look_back_days: Whole = setting(
        35, ge=1, le=3650, description="How far back gaps are looked for, in days"
    )
    timeout_s: Whole = setting(240, ge=30, le=900, description="A run ends within this time, in seconds")

    def __post_init__(self) -> None:
        require_divisor_of_a_day(self.every_minutes)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesBackfillSettings(Section):
    """When large gaps are filled, values collected again, and the quality of each day worked out."""

    enabled: bool = setting(True, description="Whether this happens on schedule; by hand always works")
    at: TimeOfDay = setting("02:00", description="When, by the clock of time_zone")
    time_zone: TimeZoneName = setting("Europe/Brussels", description="The time zone of `at`")
    timeout_s: Whole = setting(840, ge=60, le=900, description="A run ends within this time, in seconds")
