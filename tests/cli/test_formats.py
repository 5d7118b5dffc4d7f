"""Numbers in the tables of the command line."""

from datetime import timedelta

import pytest

from plantpulse.cli import formats


@pytest.mark.parametrize(
    ("value", "shown"), [(275.8621, "275.9"), (10_000, "10,000"), (0, "0"), (0.0333, "<0.1"), (None, None)]
)
def test_a_table_shows_one_decimal_and_never_takes_something_for_nothing(
    value: float | None, shown: str | None
) -> None:
    assert formats.number(value) == shown


def test_percentages_keep_their_decimal() -> None:
    assert (formats.percent(75), formats.percent(-12.25, "+,.1f"), formats.percent(None)) == (
        "75.0",
        "-12.2",
        None,
    )


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "+0 s"), (-0.002, "+0 s"), (59, "+59 s"), (-43_013, "-11 h 56 min")]
)
def test_an_offset_has_a_sign_and_no_thousands_of_seconds(seconds: float, shown: str) -> None:
    assert formats.offset(timedelta(seconds=seconds)) == shown
