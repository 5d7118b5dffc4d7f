"""Schedule, windows and limits of Live Pulse."""

from pydantic import Field, model_validator

from plantpulse.settings.section import MINUTES_A_DAY, Section


class LivePulseSettings(Section):
    """Schedule, windows and limits of Live Pulse: common to all plants, or a plant's own."""

    enabled: bool = Field(True, description="Whether it is polled on schedule")
    every_minutes: int = Field(15, ge=1, le=MINUTES_A_DAY, description="Minutes between polls; divides a day")
    run_on_startup: bool = Field(
        True, description="A deployment polls at once instead of waiting for the next slot"
    )
    window_minutes: int = Field(
        30, ge=1, le=MINUTES_A_DAY, description="Minutes that a snapshot describes; whole intervals"
    )
    timeout_s: int = Field(60, ge=20, le=900, description="A poll ends within this time")
    warn_after_s: int = Field(45, ge=1, le=900, description="A poll that takes longer warns")
    catch_up_hours: int = Field(24, ge=1, le=168, description="How far back a slot is still polled")
    slot_tolerance_s: int = Field(60, ge=0, le=600, description="How far ahead of the clock a slot may lie")
    safety_look_back_hours: int = Field(
        24, ge=1, le=168, description="How far back safety reason codes are read: they are typed in late"
    )
    longest_span_hours: int = Field(
        24, ge=1, le=168, description="Longest span of the past that a person may ask for, in hours"
    )
    row_limit: int = Field(50_000, ge=1, le=1_000_000, description="Most rows read from one query (TOP)")
    rejected_share_for_partial: float = Field(
        0.05, ge=0, le=1, description="Share of malformed rows from which a poll is called partial"
    )

    @model_validator(mode="after")
    def _fits_together(self) -> "LivePulseSettings":
        if MINUTES_A_DAY % self.every_minutes:
            raise ValueError("every_minutes must divide a day (1440 minutes) without a rest")
        if self.window_minutes % self.every_minutes:
            raise ValueError("window_minutes must be a whole multiple of every_minutes")
        return self

    @property
    def slow_after_s(self) -> float:
        """Return from when a poll is slow: as set, but never so late that nobody would be warned."""
        return min(self.warn_after_s, self.timeout_s * 0.75)
