"""What a language must have for the mail: words, sentences to fill in, and how it writes numbers and dates.

Pure, and without a word of any language: `english` and `german` have those. A sentence is a format string, so
a translator changes the order of its parts as the language needs it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from plantpulse.plant.rounding import shown_number

NOT_KNOWN: Final = "\u2013"

_MUCH_MONEY: Final = 99_999.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One language. Keys of `sentences` are the same in every language, and so are their fields."""

    code: str
    weekdays: Sequence[str]
    short_weekdays: Sequence[str]
    months: Sequence[str]
    long_date: str
    short_date: str
    thousands: str
    decimal: str
    money: str
    thousand_dollars: str
    percent: str
    hours: str
    minutes: str
    sentences: Mapping[str, str]

    def say(self, sentence: str, **fields: str) -> str:
        """Return a sentence with its fields filled in."""
        return self.sentences[sentence].format(**fields)

    def count(self, value: float | None) -> str:
        """Return a number of units: whole above ten, else with one decimal unless it is whole."""
        if value is None:
            return NOT_KNOWN
        return self._number(f"{value:,.0f}" if abs(value) >= 10 else shown_number(value))

    def percentage(self, value: float | None, decimals: int = 1) -> str:
        """Return a share in percent."""
        return NOT_KNOWN if value is None else self.percent.format(self._number(f"{value:,.{decimals}f}"))

    def points(self, value: float) -> str:
        """Return a difference of percentages, without a sign."""
        return self._number(f"{abs(value):.1f}")

    def dollars(self, value: float | None) -> str:
        """Return an amount of money in whole US dollars: cents below 10, thousands from 100,000 on."""
        if value is None:
            return NOT_KNOWN
        if abs(value) >= _MUCH_MONEY:
            return self.thousand_dollars.format(self._number(f"{value / 1000:,.0f}"))
        has_cents = 0 < abs(value) < 9.995
        return self.money.format(self._number(f"{value:,.2f}" if has_cents else f"{value:,.0f}"))

    def span(self, minutes: float) -> str:
        """Return minutes as hours and minutes, for a sentence."""
        hours, rest = divmod(round(minutes), 60)
        if not hours:
            return self.minutes.format(rest)
        shown = self.hours.format(self._number(f"{hours:,}"))
        return f"{shown} {self.minutes.format(rest)}" if rest else shown

    def short_span(self, minutes: float | None) -> str:
        """Return minutes as minutes or as hours with one decimal, for a table."""
        if minutes is None:
            return NOT_KNOWN
        if round(minutes) < 60:
            return self.minutes.format(round(minutes))
        return self.hours.format(self._number(f"{minutes / 60:,.1f}"))

    def day(self, day: date) -> str:
        """Return a date with its weekday in full."""
        return self._date(self.long_date, day)

    def short_day(self, day: date) -> str:
        """Return a date in the shortest form that has its weekday."""
        return self._date(self.short_date, day)

    def weekday(self, day: date) -> str:
        """Return the name of the day's weekday."""
        return self.weekdays[day.weekday()]

    def clock(self, at: datetime, zone: ZoneInfo) -> str:
        """Return an instant by the plant's clock, with date and zone."""
        local = at.astimezone(zone)
        return f"{self.short_day(local.date())}, {local:%H:%M} {local.tzname()}"

    def joined(self, parts: Sequence[str]) -> str:
        """Return parts as a list in words: a, b and c."""
        if len(parts) < 2:
            return "".join(parts)
        return f"{', '.join(parts[:-1])} {self.sentences['and']} {parts[-1]}"

    def _number(self, english: str) -> str:
        return english.translate({ord(","): self.thousands, ord("."): self.decimal})

    def _date(self, pattern: str, day: date) -> str:
        return pattern.format(
            weekday=self.weekdays[day.weekday()],
            short_weekday=self.short_weekdays[day.weekday()],
            day=day.day,
            month=self.months[day.month - 1],
            month_number=day.month,
            year=day.year,
        )
