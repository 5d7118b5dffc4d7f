"""When health calls a pipeline late or down."""

from plantpulse.late_dataclasses import dataclass
from plantpulse.settings.section import Section, Whole, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthSettings(Section):
    """When health calls a pipeline late or down, and how long health may take."""

    late_after_s: Whole = setting(
        120, ge=1, le=3600, description="A pipeline is late this long after a run was due, in seconds"
    )
    grace_intervals: Whole = setting(
        2, ge=1, le=100, description="A pipeline is down this many intervals after a run was due"
    )
    longest_grace_minutes: Whole = setting(
        120, ge=1, le=10_080, description="A pipeline is down after this time at the latest, in minutes"
    )
    timeout_s: Whole = setting(
        30,
        ge=15,
        le=60,
        description="A scheduled call ends within this time, in seconds: it looks for 5 s, sends what is due "
        "of alerts, and calls the dead man's switch for 3 s; a GET only looks",
    )
