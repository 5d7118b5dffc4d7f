"""Reads weekdays as people type them: Mon-Fri, Sat Sun, Mon+Tue, 1-5, weekdays. Pure.

A cell is understood as a whole or refused: half of it would be a plan that nobody made. Names are English.
`Mo` and `Fr` are; `Di`, `Do` and `Mi` are not, because they are other days in other languages.
"""

import re
from typing import Final

_NAMES: Final = (
    ("mo", "mon", "monday"),
    ("tu", "tue", "tues", "tuesday"),
    ("we", "wed", "weds", "wednesday"),
    ("th", "thu", "thur", "thurs", "thursday"),
    ("fr", "fri", "friday"),
    ("sa", "sat", "saturday"),
    ("su", "sun", "sunday"),
)
_DAYS: Final = {
    word: day for day, words in enumerate(_NAMES, 1) for word in (str(day), *words, f"{words[-1]}s")
}
_GROUPS: Final = {
    "weekdays": (1, 5), "weekday": (1, 5), "weekend": (6, 7), "weekends": (6, 7),
    "daily": (1, 7), "everyday": (1, 7), "every day": (1, 7),
}  # fmt: skip
_AND: Final = re.compile(r"\s*[,;/+&]\s*|\s+and\s+|\s+")
_TO: Final = re.compile(r"\s*(?:-|\.{2,3}|\u2026)\s*|\s+(?:to|through|until|till)\s+")
# Hyphens, dashes, the minus sign and those of wide letters.
DASHES: Final = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\uff0d\u301c\uff5e~"), "-")


def days_of_week(text: str) -> list[int]:
    """Return ISO days (1 = Monday) from a list or spans. Raises: ValueError that says what is allowed."""
    words = text.strip().translate(DASHES).lower()
    if words in _GROUPS:
        first, last = _GROUPS[words]
        return list(range(first, last + 1))
    found: set[int] = set()
    for part in _AND.split(_TO.sub("-", words)):
        found.update(_span(part, text))
    return sorted(found)


def _span(part: str, text: str) -> list[int]:
    days = [_DAYS.get(word.removesuffix(".")) for word in part.split("-")]
    first, last = days[0], days[-1]
    if first is None or last is None or len(days) > 2:
        raise ValueError(
            f"{text!r} are not days such as Mon-Fri, Sat Sun or 1-5 (1 is Monday), weekdays, weekend or daily"
        )
    return [(first + step - 1) % 7 + 1 for step in range((last - first) % 7 + 1)]
