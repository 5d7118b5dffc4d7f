"""Charts fit any width, lose no extreme, and show what is missing."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from plantpulse.cli.chart import BRAILLE, PLAIN, ROWS, Chart
from plantpulse.cli.strokes import bridged, holes_of, trace
from plantpulse.series.points import Point

START = datetime(2026, 11, 27, 23, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)


def points(*values: float | None, minutes: int = 60) -> list[Point]:
    """Return neighbouring points; those of None were published as missing."""
    return [
        Point(
            START + timedelta(minutes=minutes * number), minutes, None if one is None else Decimal(str(one))
        )
        for number, one in enumerate(values)
    ]


def drawn(*values: float | None, width: int = 31, signs: object = PLAIN) -> list[str]:
    chart = Chart(points(*values), START, START + len(values) * HOUR, BERLIN)
    return [line.plain for line in chart.lines(width, signs)]  # type: ignore[arg-type] # one of the signs


def test_a_rise_below_zero_is_drawn_from_the_lower_left_to_the_upper_right() -> None:
    lines = drawn(-10, 0, 10)

    assert lines == [
        " 10 +                 .........",
        "    |                 :",
        "    |                 :",
        "  5 +                 :",
        "    |                 :",
        "    |                 :",
        "    |                 :",
        "  0 +--------:'''''''''--------",
        "    |        :",
        "    |        :",
        " -5 +        :",
        "    |        :",
        "    |        :",
        "-10 +'''''''''",
        "    +--------------------------",
        "     00:00            02:00",
        "     Sat 11-28",
    ]


@pytest.mark.parametrize("width", [240, 120, 80, 60, 40, 20, 1])
@pytest.mark.parametrize("signs", [BRAILLE, PLAIN])
def test_no_line_is_wider_than_the_terminal_unless_it_is_a_few_columns(width: int, signs: object) -> None:
    lines = drawn(*range(200), None, *range(-100000, 0, 5000), width=width, signs=signs)

    assert max(map(len, lines)) <= max(width, 18)
    assert len(lines) in {ROWS + 1, ROWS + 2, ROWS + 3}


def test_what_was_published_as_missing_and_what_is_not_there_are_holes() -> None:
    found = [*points(1, 2, None, 4), Point(START + 6 * HOUR, 60, Decimal(7))]

    assert holes_of(found, START, START + 7 * HOUR) == [
        (START + 2 * HOUR, START + 3 * HOUR),
        (START + 4 * HOUR, START + 6 * HOUR),
    ]
    lines = Chart(found, START, START + 7 * HOUR, BERLIN).lines(2 + 14 + 1, PLAIN)
    assert lines[ROWS].plain == "  +----xx--xxxx--"
    assert all(line.plain[7:9].strip() == "" for line in lines[:ROWS])


def test_a_hole_that_is_narrower_than_a_column_is_marked() -> None:
    values: list[float | None] = [50.0] * 1000
    values[500] = None

    floor = drawn(*values, width=60)[ROWS]

    assert floor.count("x") == 1
    assert 28 <= floor.index("x") <= 34


def test_many_values_in_a_column_lose_no_extreme() -> None:
    values = [10.0] * 35040
    values[17000], values[17001] = 4000.0, -500.0

    found = trace(points(*values, minutes=15), START, START + timedelta(days=365), 100)

    [extreme] = [one for one in found.strokes if one and one.highest > 10]
    assert (extreme.lowest, extreme.highest, extreme.first, extreme.last) == (-500.0, 4000.0, 10.0, 10.0)
    assert found.lacking == frozenset()


def test_a_braille_cell_has_two_columns_and_four_rows() -> None:
    line = drawn(5, 5, width=12, signs=BRAILLE)[7]

    assert set(line[4:]) <= set("⠉⠒⠤⣀⠶⠛⠭⢀⡀ ⠁⠂⠄┤│╌5.0")
    assert any(0x2800 < ord(sign) <= 0x28FF for sign in "".join(drawn(5, 5, width=12, signs=BRAILLE)))


def test_a_weekend_is_no_hole_for_prices_of_trading_days() -> None:
    friday, monday = Point(START, 1440, Decimal(70)), Point(START + timedelta(days=3), 1440, Decimal(71))
    after_a_month = Point(START + timedelta(days=33), 1440, Decimal(72))

    found = bridged([friday, monday, after_a_month], timedelta(days=5))

    assert [point.minutes for point in found] == [3 * 1440, 1440, 1440]
    assert len(holes_of(found, START, START + timedelta(days=34))) == 1
