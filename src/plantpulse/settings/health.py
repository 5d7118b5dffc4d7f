"""From when health calls a pipeline late and down."""

from pydantic import Field

from plantpulse.settings.section import Section


class HealthSettings(Section):
    """From when a pipeline whose run is missing is called late and down, and how long health may take."""

    late_after_s: int = Field(
        120, ge=1, le=3600, description="A pipeline is late so long after a run was due, in seconds"
    )
    grace_intervals: int = Field(
        2, ge=1, le=100, description="A pipeline is down so many intervals after a run was due"
    )
    longest_grace_minutes: int = Field(
        120, ge=1, le=10_080, description="It is down after this time at the latest, in minutes"
    )
    timeout_s: int = Field(5, ge=1, le=60, description="Health answers within this time, in seconds")
