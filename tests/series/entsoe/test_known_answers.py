"""Every recorded reply, against figures that were computed without any client."""

from decimal import Decimal

import pytest

from tests.series.entsoe.built import RECORDED, points_of, read_recorded, recorded

# reply, kind, area, series, points, first, last, sum, least, most ("" where no figure was computed)
KNOWN = """
a44_AT_2024 | day_ahead_price | AT | AT/day_ahead_price/1 | 24 | 2024-07-27T22:00 | 2024-07-28T21:00 | 1111.51 | -38.91 | 100.99
a44_NL | day_ahead_price | NL | NL/day_ahead_price/1 | 24 | 2024-09-01T22:00 | 2024-09-02T21:00 | 2766.26 | 81.02 | 255.53
a44_hass_BE_60M.xml | day_ahead_price | BE | BE/day_ahead_price/1 | 24 | 2024-10-07T22:00 | 2024-10-08T21:00 | 1691.96 | 47.05 | 115.47
a44_hass_BE_60M_15M | day_ahead_price | BE | BE/day_ahead_price/1@15 | 192 | 2024-10-05T22:00 | 2024-10-07T21:45 | 10761.00 | -0.01 | 159.2
a44_hass_BE_60M_15M | day_ahead_price | BE | BE/day_ahead_price/1@60 | 24 | 2024-10-07T22:00 | 2024-10-08T21:00 | 1691.96 | 47.05 | 115.47
a44_hass_BE_15M_exact4 | day_ahead_price | BE | BE/day_ahead_price/1 | 4 | 2024-10-05T22:00 | 2024-10-05T22:45 | 171.75 | 31.86 | 55.35
a44_hass_BE_15M_avg | day_ahead_price | BE | BE/day_ahead_price/1@15 | 20 | 2024-10-05T22:00 | 2024-10-06T02:45 | 705.26 | 28.37 | 55.35
a44_hass_BE_15M_avg | day_ahead_price | BE | BE/day_ahead_price/1@60 | 2 | 2024-10-06T03:00 | 2024-10-06T04:00 | 129.96 | 64.98 | 64.98
a44_hass_DE | day_ahead_price | DE | DE/day_ahead_price/1 | 48 | 2024-10-05T22:00 | 2024-10-07T21:00 | 3326.83 | -0.01 | 237.65
a44_hass_DE | day_ahead_price | DE | DE/day_ahead_price/2 | 192 | 2024-10-05T22:00 | 2024-10-07T21:45 | 13899.56 | -29.91 | 189.94
a65_A01_NL | load_forecast | NL | NL/load_forecast | 96 | 2024-09-01T22:00 | 2024-09-02T21:45 | 1008110.48 | 8242.11 | 13217.85
a65_A16_NL | load | NL | NL/load | 96 | 2024-09-01T22:00 | 2024-09-02T21:45 | 1294078.73 | 10985.58 | 15342.02
a65_A16_CZ | load | CZ | CZ/load | 72 | 2023-03-03T00:00 | 2023-03-05T23:00 | 550118.89 | 6143.71 | 9304.36
a65_A33_NL | weekly_load_forecast | NL | NL/weekly_load_forecast/min | 53 | 2023-12-31T23:00 | 2024-12-29T23:00 | 507267.51 | |
a65_A33_NL | weekly_load_forecast | NL | NL/weekly_load_forecast/max | 53 | 2023-12-31T23:00 | 2024-12-29T23:00 | 820319.42 | |
a69_NL | wind_solar_forecast | NL | NL/wind_solar_forecast/B16 | 96 | 2024-09-01T22:00 | 2024-09-02T21:45 | 106592 | |
a69_NL | wind_solar_forecast | NL | NL/wind_solar_forecast/B18 | 96 | 2024-09-01T22:00 | 2024-09-02T21:45 | 19352 | |
a69_NL | wind_solar_forecast | NL | NL/wind_solar_forecast/B19 | 96 | 2024-09-01T22:00 | 2024-09-02T21:45 | 57628 | |
a75_A16_FR | generation | FR | FR/generation/B05 | 24 | 2024-06-14T22:00 | 2024-06-15T21:00 | 0 | |
a75_A16_FR | generation | FR | FR/generation/B06 | 24 | 2024-06-14T22:00 | 2024-06-15T21:00 | 3459 | |
a75_A16_FR | generation | FR | FR/generation/B16 | 24 | 2024-06-14T22:00 | 2024-06-15T21:00 | 69960 | |
a75_A16_FR | generation | FR | FR/generation/B10 | 8 | 2024-06-14T22:00 | 2024-06-15T21:00 | 13945 | |
a75_A16_FR | generation | FR | FR/pumping/B10 | 16 | 2024-06-15T01:00 | 2024-06-15T16:00 | 25814 | |
a75_A16_one | generation | DE | DE/generation/B01 | 96 | 2023-08-15T22:00 | 2023-08-16T21:45 | 389192.87 | 3770.08 | 4427.34
a85 | imbalance_price | AT | AT/imbalance_price/A04 | 384 | 2024-01-01T00:00 | 2024-01-04T23:45 | 2882.67 | -4646.92 | 539.41
a85 | imbalance_price | AT | AT/imbalance_price/A05 | 384 | 2024-01-01T00:00 | 2024-01-04T23:45 | 2882.67 | -4646.92 | 539.41
a86 | imbalance_volume | AT | AT/imbalance_volume/A01 | 34 | 2023-11-03T23:00 | 2023-11-04T22:30 | 773.03 | |
a86 | imbalance_volume | AT | AT/imbalance_volume/A02 | 62 | 2023-11-03T23:30 | 2023-11-04T22:45 | 1582.09 | |
dst_oct | day_ahead_price | DE | DE/day_ahead_price/1 | 100 | 2025-10-25T22:00 | 2025-10-26T22:45 | 651.53 | |
dst_mar | day_ahead_price | DE | DE/day_ahead_price/1 | 92 | 2026-03-28T23:00 | 2026-03-29T21:45 | 6336.88 | |
"""  # noqa: E501 - a table
ROWS = [[cell.strip() for cell in line.split("|")] for line in KNOWN.strip().splitlines()]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]} {row[3]}")
def test_a_recorded_reply_says_what_is_known(row: list[str]) -> None:
    reply, kind, area, key, count, first, last, total, least, most = row

    points = points_of(read_recorded(reply, kind, area), key)

    values = [point.value for point in points if point.value is not None]
    assert (len(points), f"{points[0].at:%Y-%m-%dT%H:%M}", f"{points[-1].at:%Y-%m-%dT%H:%M}") == (
        int(count),
        first,
        last,
    )
    assert sum(values) == Decimal(total)
    assert not least or (min(values), max(values)) == (Decimal(least), Decimal(most))


def test_every_recorded_reply_is_in_the_table() -> None:
    in_table = {recorded(row[0]) for row in ROWS}

    others = {path.name for path in RECORDED.iterdir() if path.read_bytes() not in in_table}

    assert others == {
        "ack_no_data_HTTP200_NL.xml",
        "ack_no_data_HTTP200_flowbased.xml",
        "ack_no_data_HTTP200_null_interval.xml",
    }


@pytest.mark.parametrize("reply", ["NL", "flowbased", "null_interval"])
def test_the_recorded_acknowledgements_say_that_there_is_no_data(reply: str) -> None:
    answer = read_recorded(f"ack_no_data_HTTP200_{reply}", "load", "NL")

    assert answer.acknowledged is not None
    assert answer.acknowledged.is_no_data
    assert (answer.blocks, answer.unread) == ([], ())


def test_only_the_point_outside_of_its_period_is_unread() -> None:
    answer = read_recorded("a44_hass_BE_15M_avg", "day_ahead_price", "BE")

    [unread] = answer.unread
    assert unread.series == "BE/day_ahead_price/1"
    assert unread.reason == (
        "position 3 is outside of the period 2024-10-06T03:00Z to 2024-10-06T05:00Z with 2 steps of PT60M"
    )


@pytest.mark.parametrize(
    "row", [row for row in ROWS if "avg" not in row[0]], ids=lambda row: f"{row[0]} {row[3]}"
)
def test_nothing_else_of_a_recorded_reply_is_unread(row: list[str]) -> None:
    assert read_recorded(row[0], row[1], row[2]).unread == ()


def test_weeks_begin_at_local_midnight_and_have_their_real_length() -> None:
    points = points_of(
        read_recorded("a65_A33_NL", "weekly_load_forecast", "NL"), "NL/weekly_load_forecast/min"
    )

    lengths = {f"{point.at:%Y-%m-%dT%H:%M}": point.minutes for point in points}
    assert lengths["2024-03-17T23:00"] == 7 * 1440
    assert lengths["2024-03-24T23:00"] == 7 * 1440 - 60
    assert lengths["2024-03-31T22:00"] == 7 * 1440
    assert lengths["2024-10-20T22:00"] == 7 * 1440 + 60
    assert lengths["2024-10-27T23:00"] == 7 * 1440


def test_generation_and_pumping_of_one_type_fill_one_group() -> None:
    answer = read_recorded("a75_A16_FR", "generation", "FR")

    groups = {block.series.group for block in answer.blocks if block.series.part == "B10"}
    times = {point.at for key in ("FR/generation/B10", "FR/pumping/B10") for point in points_of(answer, key)}
    assert groups == {"FR/generation+pumping/B10"}
    assert len(times) == 24


def test_volumes_of_both_directions_fill_one_group() -> None:
    answer = read_recorded("a86", "imbalance_volume", "AT")

    assert {block.series.group for block in answer.blocks} == {"AT/imbalance_volume"}


def test_units_come_from_the_document() -> None:
    units = {
        block.series.kind: block.series.unit
        for row in ROWS
        for block in read_recorded(row[0], row[1], row[2]).blocks
    }

    assert units == {
        "day_ahead_price": "EUR/MWh",
        "load": "MW",
        "load_forecast": "MW",
        "weekly_load_forecast": "MW",
        "wind_solar_forecast": "MW",
        "generation": "MW",
        "pumping": "MW",
        "imbalance_price": "EUR/MWh",
        "imbalance_volume": "MWh",
    }


def test_a_series_names_source_zone_and_subject() -> None:
    [block] = read_recorded("dst_oct", "day_ahead_price", "DE").blocks

    series = block.series
    assert (series.key, series.source, series.time_zone) == (
        "DE/day_ahead_price/1",
        "entsoe",
        "Europe/Berlin",
    )
    assert (series.subject, series.part, series.group) == ("DE", "1", "DE/day_ahead_price/1")
    assert block.as_json()["values"][:3] == ["7.17", "6.57", "4.29"]
