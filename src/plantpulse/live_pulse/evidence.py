"""Whether SQL Server still keeps what is asked of it, so that no output means that nothing was made.

A plant's database is cleaned up too. Of a time whose rows are gone the answer is as empty as of a Sunday, and
zeros would be lies. An older row tells the two apart: where something older is kept, nothing newer is gone.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from plantpulse.plant.local_time import local_bounds
from plantpulse.schedules.slots import Window
from plantpulse.source.answers import Answers, Source

# The next one is asked only where the one before shows nothing, so that it mostly reads few rows; a week
# bridges a weekend and a holiday.
REACHES: Final = (timedelta(hours=1), timedelta(days=1), timedelta(days=7))


@dataclass(slots=True)
class Evidence:
    """What is known of how far back the source goes: `kept_before` is an instant with an older row."""

    answers: Answers
    zone: ZoneInfo
    kept_before: datetime | None = None

    def is_kept_before(self, source: Source, at: datetime) -> bool:
        """Say whether the source shows output from before the instant. Raises: the source's errors."""
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
