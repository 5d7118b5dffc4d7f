"""What the platform says when it sends no data: that there is none, that it was too much, or why not.

Pure. All come with the code 999, and some with HTTP 200: only the text tells them apart.
Source: the recorded replies, and refusals that users of the API published in 2025 and 2026.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from plantpulse.errors import one_line

ROOT: Final = "Acknowledgement_MarketDocument"
_NO_DATA: Final = "No matching data found"
_TOO_MUCH: Final = re.compile(
    r"exceeds the allowed maximum|exceeds allowed limit|larger than maximum allowed period", re.IGNORECASE
)
_PERIOD: Final = re.compile(r"maximum allowed period '?P(\d{1,3})([DWMY])'?", re.IGNORECASE)
_DAYS: Final = {"D": 1, "W": 7, "M": 28, "Y": 365}  # the shortest of each, so that it always fits


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """The texts of all reasons that were given."""

    reasons: Sequence[str]

    @property
    def text(self) -> str:
        """Return the reasons on one line."""
        return one_line("; ".join(self.reasons)) or "no reason given"

    @property
    def is_no_data(self) -> bool:
        """Whether it says nothing but that there is no data."""
        return bool(self.reasons) and all(reason.startswith(_NO_DATA) for reason in self.reasons)

    @property
    def is_too_much(self) -> bool:
        """Whether a shorter span may be answered."""
        return any(_TOO_MUCH.search(reason) for reason in self.reasons)

    @property
    def longest_days(self) -> int | None:
        """Return the span that the platform allows, if it names one."""
        found = _PERIOD.search(self.text)
        return int(found[1]) * _DAYS[found[2].upper()] if found else None
