"""Whether SQL Server still keeps the rows of a time, so that no output means that nothing was made.

A plant's database is cleaned up too. A time with deleted rows looks as empty as a Sunday, and zeros would be
lies. An older row separates the two: if the source keeps something older, nothing newer is deleted.
"""

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from plantpulse.late_dataclasses import dataclass
from plantpulse.plant.local_time import local_bounds
from plantpulse.schedules.slots import Window
from plantpulse.source.answers import Answers, Source

# Each span is read only if the one before shows nothing, so few rows are read. A week bridges a weekend and a
# holiday.
REACHES: Final = (timedelta(hours=1), timedelta(days=1), timedelta(days=7))


@dataclass(slots=True)
class Evidence:
    """What is known about how far back the source goes: `kept_before` is an instant with an older row."""

    answers: Answers
    zone: ZoneInfo
    kept_before: datetime | None = None

    def is_kept_before(self, source: Source, at: datetime) -> bool:
        """Say whether the source shows output before the instant. Raises: the source's errors."""
        if self.kept_before is not None and self.kept_before <= at:
            return True
        if not any(self._shows_output(source, Window(at - reach, at)) for reach in REACHES):
            return False
        self.kept_before = at
        return True

    def _shows_output(self, source: Source, window: Window) -> bool:
        bucket_s = int(window.length.total_seconds())
        bounds = local_bounds(window, self.zone)
        answer = self.answers.ask(source, "output", bounds, is_paged=True, bucket_s=bucket_s, limit=1)
        return bool(answer.rows)
