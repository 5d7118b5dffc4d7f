"""Schedule and limits of the sample pipeline."""

from plantpulse.late_dataclasses import dataclass
from plantpulse.settings.section import MINUTES_A_DAY, Section, require_divisor_of_a_day, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolWearSettings(Section):
    """Schedule and limits of the sample pipeline."""

    enabled: bool = setting(True, description="Whether it runs on schedule")
    every_minutes: int = setting(
        60, ge=1, le=MINUTES_A_DAY, description="Minutes between runs; divides a day"
    )
    timeout_s: int = setting(30, ge=20, le=900, description="A run ends within this time")

    def __post_init__(self) -> None:
        require_divisor_of_a_day(self.every_minutes)
