"""What was new on each day of publication, from versions of values and the days of their validity. Pure.

A request for some of the vintages cuts each version to its own days, so the first day of a request repeats
what was known before. That is told from news by what is known already.
"""

from collections import defaultdict
from collections.abc import Iterator, MutableMapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

Value = Decimal | None


class Version(NamedTuple):
    """The value of the period `named`, as published from `since` to `until`, both days included."""

    named: date
    value: Value
    since: date
    until: date


def news(
    versions: Sequence[Version], since: date, until: date, known: MutableMapping[date, Value]
) -> Iterator[tuple[date, dict[date, Value]]]:
    """Yield each day of publication with the values that differ from `known`, which is brought up to date.

    `versions` are all those of the days `since` to `until`. A value that was taken back is None.
    """
    by_day: defaultdict[date, dict[date, Value]] = defaultdict(dict)
    for version in versions:
        by_day[version.since][version.named] = version.value
    for version in versions:
        if version.until < until:
            by_day[version.until + timedelta(days=1)].setdefault(version.named, None)
    for gone in known.keys() - {version.named for version in versions if version.since <= since}:
        by_day[since].setdefault(gone, None)
    for on in sorted(by_day):
        new = {named: value for named, value in by_day[on].items() if known.get(named, "none") != value}
        known.update(new)
        if new:
            yield on, new
