"""`plantpulse series report`: a day or a week of series in words and as rows."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.cli.conftest import CommandLine
from tests.cli.series.conftest import LOAD, PRICE, Stock

DAY = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture
def week(desk: CommandLine, stock: Stock) -> CommandLine:
    """A load that lacks an hour each day, and prices that lack nothing but the last day."""
    for days in range(10):
        stock.quality(LOAD, (DAY - timedelta(days=days)).date().isoformat(), (0.9583, 1, 1), invalid=1)
    stock.quality(PRICE, "2026-11-20", (0.9583, 1, 1))
    stock.flag(LOAD, DAY + timedelta(hours=3), "0", "zeros_for_missing")
    stock.gap(LOAD, DAY + timedelta(hours=5), DAY + timedelta(hours=6))
    stock.gap(LOAD, DAY - timedelta(days=4), DAY - timedelta(days=3), "filled")
    for status in ("succeeded", "failed"):
        stock.collection(status, started_at=DAY + timedelta(hours=2, minutes=len(status)))
    return desk


def test_a_day_has_a_row_for_each_area_and_kind(week: CommandLine) -> None:
    answer = week("series", "report", "--daily", "--date", "2026-11-20", "--json").json

    rows = {(one["subject"], one["kind"]): one for one in answer["rows"]}
    load = rows["DE", "load"]
    assert (answer["first"], answer["last"]) == ("2026-11-20", "2026-11-20")
    assert (load["missing_minutes"], load["points"], load["invalid"]) == (60, 23, 1)
    assert load["gaps"] == {"open": 1}
    assert load["findings"] == {"zeros_for_missing": 1}
    assert (load["collections"], load["success_rate"]) == (2, 0.5)
    assert rows["DE", "day_ahead_price"]["missing_minutes"] == 60


def test_a_week_has_seven_days_and_the_gaps_of_them(week: CommandLine) -> None:
    answer = week("series", "report", "--weekly", "--date", "2026-11-20", "--json").json

    load = next(one for one in answer["rows"] if one["kind"] == "load")
    assert (answer["first"], load["missing_minutes"], load["points"]) == ("2026-11-14", 420, 161)
    assert load["gaps"] == {"open": 1, "filled": 1}


def test_the_words_are_those_of_the_mail_in_both_languages(week: CommandLine) -> None:
    english = week("series", "report", "--date", "2026-11-20").out
    german = week("series", "report", "--date", "2026-11-20", "--language", "de").out

    assert english.startswith("Series, Fri 20 November: 95.8% complete, 2 to look at\n")
    assert "DE load" in english
    assert german.startswith("Zeitreihen, ")


@pytest.mark.parametrize("columns", [120, 80, 60])
def test_it_fits_the_terminal(week: CommandLine, columns: int) -> None:
    out = week.terminal("series", "report", "--date", "2026-11-20", columns=columns).out

    assert [line for line in out.splitlines() if len(line) > columns] == []


def test_without_anything_known_it_says_so(desk: CommandLine) -> None:
    answer = desk("series", "report", "--json").json

    assert (answer["rows"], answer["completeness"]) == ([], None)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--daily", "--weekly"], "is either --daily or --weekly"),
        (["--date", "2096-01-01"], "is in the future"),
        (["--date", "0001-01-01"], "must not be before 1900-01-01"),
    ],
)
def test_what_can_be_no_report_is_refused(desk: CommandLine, options: list[str], message: str) -> None:
    result = desk("series", "report", *options)

    assert (result.exit_code, result.out) == (2, "")
    assert message in result.err
