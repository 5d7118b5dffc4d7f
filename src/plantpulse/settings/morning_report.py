"""Schedule, production day and limits of the Morning Report."""

import re
from typing import Annotated

from plantpulse.late_dataclasses import dataclass
from plantpulse.settings.section import Checked, Number, Prepared, Section, Whole, setting


def _time_of_day(text: object) -> str:
    """Return a time of day as it was written."""
    if isinstance(text, str) and re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", text):
        return text
    raise ValueError("must be a time of day such as 06:00")


TimeOfDay = Annotated[str, Prepared(_time_of_day)]


def _each_once(names: tuple[str, ...]) -> tuple[str, ...]:
    if any(not name.strip() for name in names):
        raise ValueError("a channel's name must not be blank")
    if len(set(names)) < len(names):
        raise ValueError("a channel is named twice")
    return names


@dataclass(frozen=True, slots=True, kw_only=True)
class MorningReportSettings(Section):
    """Schedule, production day and limits of the Morning Report. A plant may override them."""

    enabled: bool = setting(
        True, description="Whether reports are made on schedule; a report by hand always works"
    )
    at: TimeOfDay = setting(
        "06:00",
        description="When the report is made, plant time, such as 06:00; "
        "of more than ten plants each begins 0 to 4 minutes later",
    )
    day_starts_at: TimeOfDay = setting(
        "00:00",
        description="When a production day begins, plant time; "
        "a day that begins after noon bears the next date",
    )
    look_back_days: Whole = setting(
        1, ge=0, le=31, description="How many earlier days are reported again, because rows come late"
    )
    catch_up_days: Whole = setting(
        7, ge=1, le=31, description="How far back a missed morning is made up for, in days"
    )
    slot_tolerance_s: Whole = setting(
        60, ge=0, le=600, description="How far ahead of the clock a slot may be, in seconds"
    )
    timeout_s: Whole = setting(120, ge=20, le=900, description="A report ends within this time, in seconds")
    warn_after_s: Whole = setting(
        90, ge=1, le=900, description="A report that takes longer than this warns, in seconds"
    )
    row_limit: Whole = setting(
        50_000, ge=1, le=1_000_000, description="Most rows read from one query over a day (TOP)"
    )
    rejected_share_for_partial: Number = setting(
        0.05, ge=0, le=1, description="A report with a larger share of malformed rows is partial"
    )
    longest_range_days: Whole = setting(
        31, ge=1, le=366, description="Most days that a person may ask for at once"
    )
    source_keeps_days: Whole = setting(
        400,
        ge=1,
        le=36_500,
        description="How long the SQL Server keeps its rows, in days; a report of an older day is refused",
    )

    send_to: Annotated[tuple[str, ...], Checked(_each_once)] = setting(
        (), description="Names of the mail channels that get the report each morning"
    )
    resend_above: Number = setting(
        0.05,
        ge=0,
        le=1,
        description="The mail goes out again if late rows change a total by more than this share",
    )

    @property
    def slow_after_s(self) -> float:
        """Return after how long a report is slow; always early enough for a warning."""
        return min(self.warn_after_s, self.timeout_s * 0.75)
