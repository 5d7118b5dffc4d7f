"""What was new on each day of publication."""

from datetime import date
from decimal import Decimal

from plantpulse.series.sources.vintages import Value, Version, news

JULY, AUGUST = date(2026, 7, 1), date(2026, 8, 1)
FIRST, SECOND, THIRD = date(2026, 9, 1), date(2026, 10, 1), date(2026, 11, 1)
BEFORE_SECOND = date(2026, 9, 30)


def test_a_first_value_and_its_correction_are_news() -> None:
    versions = [
        Version(JULY, Decimal(1), FIRST, BEFORE_SECOND),
        Version(JULY, Decimal(2), SECOND, date.max),
        Version(AUGUST, None, SECOND, date.max),
    ]

    assert list(news(versions, FIRST, date.max, {})) == [
        (FIRST, {JULY: Decimal(1)}),
        (SECOND, {JULY: Decimal(2), AUGUST: None}),
    ]


def test_what_was_known_before_is_no_news() -> None:
    known: dict[date, Value] = {JULY: Decimal(1), AUGUST: None}
    versions = [Version(JULY, Decimal("1.0"), SECOND, date.max), Version(AUGUST, None, SECOND, date.max)]

    assert list(news(versions, SECOND, date.max, known)) == []


def test_a_value_that_is_not_repeated_was_taken_back_when_the_part_began() -> None:
    known: dict[date, Value] = {JULY: Decimal(1), AUGUST: Decimal(2)}
    versions = [Version(AUGUST, Decimal(2), SECOND, date.max), Version(JULY, Decimal(3), THIRD, date.max)]

    assert list(news(versions, SECOND, date.max, known)) == [
        (SECOND, {JULY: None}),
        (THIRD, {JULY: Decimal(3)}),
    ]
    assert known == {JULY: Decimal(3), AUGUST: Decimal(2)}


def test_a_value_is_taken_back_on_the_day_after_its_last() -> None:
    versions = [Version(JULY, Decimal(1), FIRST, BEFORE_SECOND)]

    assert list(news(versions, FIRST, date.max, {})) == [(FIRST, {JULY: Decimal(1)}), (SECOND, {JULY: None})]


def test_a_version_that_ends_with_the_part_may_go_on_in_the_next() -> None:
    versions = [Version(JULY, Decimal(1), FIRST, BEFORE_SECOND)]

    assert list(news(versions, FIRST, BEFORE_SECOND, {})) == [(FIRST, {JULY: Decimal(1)})]
