"""Weekdays as people type them: a cell is understood as a whole, or refused with what is allowed."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plantpulse.cli.weekdays import DASHES, days_of_week

REPEATABLE = settings(deadline=None, derandomize=True, database=None)
WORKDAYS = [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("Mon-Fri", WORKDAYS),
        ("1-5", WORKDAYS),
        ("Mon \u2013 Fri", WORKDAYS),
        ("Mon..Fri", WORKDAYS),
        ("Mon\u2026Fri", WORKDAYS),
        ("Mon to Fri", WORKDAYS),
        ("monday through friday", WORKDAYS),
        ("Mo-Fr", WORKDAYS),
        ("Mon.-Fri.", WORKDAYS),
        ("weekdays", WORKDAYS),
        ("WEEKEND", [6, 7]),
        ("daily", [1, 2, 3, 4, 5, 6, 7]),
        ("every day", [1, 2, 3, 4, 5, 6, 7]),
        ("Sat Sun", [6, 7]),
        ("Sat&Sun", [6, 7]),
        ("Mon+Tue", [1, 2]),
        ("Mon and Tue", [1, 2]),
        ("Mon/Wed;Fri", [1, 3, 5]),
        ("Mon, Wed - Fri", [1, 3, 4, 5]),
        ("saturday, 7", [6, 7]),
        ("Sat-Mon", [1, 6, 7]),
        ("Tues, Thurs", [2, 4]),
        ("Mon\u00a0Tue", [1, 2]),
        ("3", [3]),
    ],
)
def test_days_are_listed_or_spanned(text: str, days: list[int]) -> None:
    assert days_of_week(text) == days


@pytest.mark.parametrize("dash", ["-", *map(chr, DASHES)])
def test_every_dash_is_a_dash(dash: str) -> None:
    assert days_of_week(f"Mon{dash}Fri") == WORKDAYS
    assert days_of_week(f"Sat {dash} Sun") == [6, 7]


@pytest.mark.parametrize(
    "text",
    [
        "0", "8", "Fun", "Mon-", "-Fri", "-", "M-F", "Mon-Tue-Wed", "Satellite", "Monday-ish", "Mon--Fri",
        "Mon,,Tue", "Mon,", ",", "12345", "5-Jan", "1.5", "weekdays Sat", "Di", "Mo-Do", "Montag", "\u0663",
        "Mon Fri-", "Mon=Fri", "Mon|Tue", "Mon-Fri*", "",
    ],
)  # fmt: skip
def test_what_is_not_understood_as_a_whole_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"are not days such as Mon-Fri, Sat Sun or 1-5 \(1 is Monday\)"):
        days_of_week(text)


@REPEATABLE
@given(st.text(st.sampled_from("MonTueWedSatFri1578 -\u2013.,+&/to"), max_size=14))
def test_nothing_in_a_cell_is_ignored(text: str) -> None:
    """A cell that is understood says the same when each of its words is read by itself."""
    try:
        days = days_of_week(text)
    except ValueError:
        return
    words = (
        "".join(letter if letter.isalnum() else " " for letter in text.lower()).replace(" to ", " ").split()
    )
    ends = {day for word in words for day in days_of_week(word)}
    assert ends <= set(days)
    assert days == sorted(set(days)) != []
    assert len(words) > 1 or len(days) == 1


def test_every_span_of_two_days_goes_forward_from_the_first_to_the_last() -> None:
    for first, last in itertools.product(range(1, 8), repeat=2):
        days = days_of_week(f"{first}-{last}")
        assert len(days) == (last - first) % 7 + 1
        assert {first, last} <= set(days)
