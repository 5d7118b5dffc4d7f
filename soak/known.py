"""What is known of series: the replies that runs have had, once they are committed. The newest reply counts.

Nothing here imports `plantpulse`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple


class Replied(NamedTuple):
    """A reply of a publisher: when it came by the run's clock, and what it had."""

    key: str
    received_at: datetime
    values: Sequence[tuple[datetime, Decimal]]


@dataclass(slots=True)
class Known:
    """The values of each series by their hours, each with when it was known.

    `since` says when a series was stored first.
    """

    series: dict[str, dict[datetime, tuple[datetime, Decimal]]] = field(default_factory=dict)
    since: dict[str, datetime] = field(default_factory=dict)
    _read: dict[str, list[Replied]] = field(default_factory=dict)

    def note(self, process: str, replied: Replied) -> None:
        """Note that a process has had a reply."""
        self._read.setdefault(process, []).append(replied)

    def commit(self, process: str, now: datetime) -> None:
        """Note that what a process has read is stored."""
        for replied in self._read.pop(process, ()):
            if replied.values:
                self.since.setdefault(replied.key, now)
            values = self.series.setdefault(replied.key, {})
            for at, value in replied.values:
                if at not in values or values[at][0] < replied.received_at:
                    values[at] = replied.received_at, value

    def forget(self, process: str) -> None:
        """Forget what a process has read and not stored."""
        self._read.pop(process, None)
