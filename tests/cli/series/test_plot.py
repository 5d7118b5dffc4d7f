"""`plantpulse series plot`: the last days of a series on terminals of every kind, and as a picture."""

import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import CommandLine
from tests.cli.series.conftest import KNOWN_AT, LOAD, PRICE, Stock

AUTUMN = datetime(2026, 10, 23, 22, tzinfo=UTC)  # midnight in Berlin, a day before the clock is changed
HOUR = timedelta(hours=1)


@pytest.fixture
def shelf(desk: CommandLine, stock: Stock) -> CommandLine:
    """Prices of 24 to 26 October 2026, 73 hours, below zero at night, with a hole of five hours."""
    values: list[float | None] = [-20.0 if number % 24 < 4 else 40.0 + number for number in range(73)]
    values[30] = None
    stock.points(PRICE, AUTUMN, values)
    stock.store.execute(
        "delete from public.series_points where at > %s and at <= %s",
        [AUTUMN + 30 * HOUR, AUTUMN + 34 * HOUR],
    )
    return desk


def test_the_chart_has_local_times_values_below_zero_holes_and_the_long_day(shelf: CommandLine) -> None:
    out = shelf.terminal("series", "plot", "DE", "day_ahead_price", columns=80).out

    lines = out.splitlines()
    assert lines[0] == "DE/day_ahead_price/1 (EUR/MWh), 2026-10-24 to 2026-10-26, Europe/Berlin"
    assert lines[2].lstrip().startswith(("100", "│"))
    floor = next(line for line in lines if "└" in line)
    assert floor.count("x") in {5, 6}
    times = lines[lines.index(floor) + 1 : lines.index(floor) + 3]
    assert times[0].split() == ["00:00", "12:00", "00:00", "12:00", "00:00", "12:00"]
    assert times[1].split() == ["Sat", "10-24", "Sun", "10-25", "Mon", "10-26"]
    text = " ".join(out.split())
    assert "lowest -20 (10-24 00:00), highest 111 (10-26 22:00), newest -20 (10-26 23:00)" in text
    assert "2026-10-25 has 25 hours" in text
    assert "x no values: 1 hole, 6.8% of the time" in text
    assert any("\u2801" <= sign <= "\u28ff" for sign in out)


@pytest.mark.parametrize("columns", [120, 80, 60, 30])
def test_it_fits_every_width(shelf: CommandLine, columns: int) -> None:
    lines = shelf.terminal("series", "plot", PRICE, columns=columns).out.splitlines()

    assert [line for line in lines if len(line) > columns] == []
    drawn = [line for line in lines if "┤" in line or "│" in line]
    assert len(drawn) == 14
    assert max(map(len, drawn)) > columns - 4


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_a_terminal_without_braille_gets_plain_signs(shelf: CommandLine, encoding: str) -> None:
    result = shelf.terminal("series", "plot", PRICE, PYTHONIOENCODING=encoding)

    assert result.exit_code == 0
    assert "?" not in result.out
    assert result.out.isascii()
    assert result.out.count(":") > 20


def test_there_is_no_colour_without_a_terminal_and_one_on_it(shelf: CommandLine) -> None:
    assert "\x1b[" not in shelf("series", "plot", PRICE).out
    shelf.environ.pop("NO_COLOR", None)
    assert "\x1b[36m" in shelf.terminal("series", "plot", PRICE, NO_COLOR="").out


def test_days_until_and_known_at_choose_what_is_drawn(shelf: CommandLine, stock: Stock) -> None:
    stock.revision(PRICE, AUTUMN + 2 * HOUR, "99", KNOWN_AT - 2 * HOUR, KNOWN_AT)

    def points(*options: str) -> list[str | None]:
        return [one["value"] for one in shelf("series", "plot", PRICE, *options, "--json").json["points"]]

    assert len(points()) == 69
    assert len(points("--days", "1")) == 24
    assert len(points("--days", "1", "--until", "2026-10-25")) == 21
    assert points("--until", "2026-10-24T03:00", "--days", "1") == ["-20.0", "-20.0", "-20.0"]
    assert points("--known-at", "2026-11-01T05:59Z") == ["99"]


def test_json_has_points_holes_and_no_file(shelf: CommandLine) -> None:
    answer = shelf("series", "plot", PRICE, "--json").json

    assert (answer["key"], answer["unit"], answer["file"]) == (PRICE, "EUR/MWh", None)
    assert answer["holes"] == [
        {"from": "2026-10-25T04:00:00+00:00", "until": "2026-10-25T09:00:00+00:00"},
    ]
    assert answer["points"][30] == {"at": "2026-10-25T04:00:00+00:00", "minutes": 60, "value": None}


def test_a_weekend_is_no_hole_in_prices_of_trading_days(desk: CommandLine, stock: Stock) -> None:
    for day, value in ((13, 70), (16, 71), (17, None), (18, 72)):  # a Friday, and from Monday on
        stock.points("WTI/price/eia", datetime(2026, 11, day, 5, tzinfo=UTC), [value], 1440)

    answer = desk("series", "plot", "WTI", "--json").json

    assert answer["holes"] == [{"from": "2026-11-17T05:00:00+00:00", "until": "2026-11-18T05:00:00+00:00"}]
    assert [one["minutes"] for one in answer["points"]] == [1440] * 4
    assert "hours" not in desk("series", "plot", "WTI").out.split("newest")[1]


def test_a_picture_is_a_png_with_the_line_and_the_hole(shelf: CommandLine) -> None:
    from PIL import Image  # noqa: PLC0415 - an extra

    result = shelf("series", "plot", PRICE, "--png", "p.png")

    assert (result.exit_code, result.out) == (0, "the picture is in p.png\n")
    data = (shelf.folder / "p.png").read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", data[16:24]) == (1200, 480)
    assert len(data) < 100_000
    with Image.open(shelf.folder / "p.png") as image:
        pixels: list[Any] = list(image.convert("RGB").get_flattened_data())
    assert sum(blue > red + 60 for red, _, blue in pixels) > 1500
    # 5 of 73 hours, 1072 pixels wide and 368 high, with the lines of the grid on it
    assert 0.9 < pixels.count((251, 227, 225)) / (5 / 73 * 1072 * 368) < 1.01


def test_a_picture_that_is_there_is_only_replaced_by_force(shelf: CommandLine) -> None:
    shelf.write("p.png", "old")

    refused = shelf("series", "plot", PRICE, "--png", "p.png")

    assert refused.exit_code == 2
    assert "png: p.png is there already; --force replaces it" in refused.err
    assert (shelf.folder / "p.png").read_text() == "old"
    assert shelf("series", "plot", PRICE, "--png", "p.png", "--force").exit_code == 0
    assert [path.name for path in Path(shelf.folder).iterdir() if "part" in path.name] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["DE", "pumping"], "DE/pumping has no values yet"),
        ([PRICE, "--until", "2020-01-01"], "until: is before the first value of DE/day_ahead_price/1"),
        ([PRICE, "--days", "0"], "0 is not in the range"),
        ([PRICE, "--until", "2026-13-01"], "neither a date such as 2026-03-10 nor an ISO 8601 time"),
        (["DE", "day_ahead"], "there is no series DE/day_ahead; did you mean DE/day_ahead_price"),
        ([LOAD], "DE/load has no values in this time"),
    ],
)
def test_what_cannot_be_drawn_is_refused(
    shelf: CommandLine, stock: Stock, arguments: list[str], message: str
) -> None:
    stock.series("DE/pumping")
    stock.points(LOAD, AUTUMN, [None, None])

    result = shelf("series", "plot", *arguments)

    assert (result.exit_code, result.out) == (2, "")
    assert message in " ".join(result.err.split())
