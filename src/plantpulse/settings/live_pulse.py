"""Schedule, windows and limits of Live Pulse."""

from plantpulse.late_dataclasses import dataclass
from plantpulse.settings.section import (
    MINUTES_A_DAY,
    Number,
    Section,
    Whole,
    require_divisor_of_a_day,
    setting,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LivePulseSettings(Section):
    """Schedule, window and limits of Live Pulse. A plant may override them."""

    enabled: bool = setting(True, description="Whether polls run on schedule; a poll by hand always works")
    every_minutes: Whole = setting(
        15, ge=1, le=MINUTES_A_DAY, description="Minutes between polls; must divide a day"
    )
    run_on_startup: bool = setting(
        True,
        description="Whether a deployment polls at once or waits for the next slot; "
        "read by make deploy-gcp and make deploy-aws alone",
    )
    window_minutes: Whole = setting(
        30,
        ge=1,
        le=MINUTES_A_DAY,
        description="Minutes that a snapshot describes; a whole multiple of every_minutes",
    )
    timeout_s: Whole = setting(60, ge=20, le=900, description="A poll ends within this time, in seconds")
    warn_after_s: Whole = setting(
        45, ge=1, le=900, description="A poll that takes longer than this warns, in seconds"
    )
    catch_up_hours: Whole = setting(
        24, ge=1, le=168, description="How far back a missed slot is still polled, in hours"
    )
    slot_tolerance_s: Whole = setting(
        60, ge=0, le=600, description="How far ahead of the clock a slot may be, in seconds"
    )
    safety_look_back_hours: Whole = setting(
        24,
        ge=1,
        le=168,
        description="How far back safety reason codes are read, in hours, as people type them in late",
    )
    longest_span_hours: Whole = setting(
        24, ge=1, le=168, description="Longest span of the past that a person may ask for, in hours"
    )
    row_limit: Whole = setting(50_000, ge=1, le=1_000_000, description="Most rows read from one query (TOP)")
    rejected_share_for_partial: Number = setting(
        0.05, ge=0, le=1, description="A poll with a larger share of malformed rows is partial"
    )

    def __post_init__(self) -> None:
        require_divisor_of_a_day(self.every_minutes)
        if self.window_minutes % self.every_minutes:
            raise ValueError("window_minutes must be a whole multiple of every_minutes")

    @property
    def slow_after_s(self) -> float:
        """Return after how long a poll is slow; always early enough for a warning."""
        return min(self.warn_after_s, self.timeout_s * 0.75)
