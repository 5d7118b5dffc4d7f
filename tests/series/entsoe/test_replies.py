"""To which series a value belongs, and what is not taken for one that was asked for."""

import pytest

from plantpulse.errors import UnreadableReply
from plantpulse.series.sources.entsoe.documents import ASKED
from plantpulse.series.sources.entsoe.replies import Answer, read
from plantpulse.settings.areas import AREAS, Area
from tests.series.entsoe.built import (
    document,
    load,
    load_values,
    period,
    point,
    read_load,
    recorded,
    series,
    values_of,
)

NL = "10YNL----------L"
BALANCING = "urn:iec62325.351:tc57wg16:451-6:balancingdocument:4:4"
PRICE = "urn:iec62325.351:tc57wg16:451-3:publicationdocument:7:3"


def prices(*all_series: str) -> Answer:
    content = (
        f'<Publication_MarketDocument xmlns="{PRICE}"><type>A44</type>'
        f"{''.join(all_series)}</Publication_MarketDocument>"
    )
    return read(content.encode(), ASKED["day_ahead_price"], AREAS["NL"])


def auction(value: float, further: str = "", currency: str = "EUR", measure: str = "MWH") -> str:
    inside = period(f"<Point><position>1</position><price.amount>{value}</price.amount></Point>")
    return (
        f"<TimeSeries><mRID>1</mRID><in_Domain.mRID>{NL}</in_Domain.mRID><out_Domain.mRID>{NL}</out_Domain.mRID>"
        f"<currency_Unit.name>{currency}</currency_Unit.name>"
        f"<price_Measure_Unit.name>{measure}</price_Measure_Unit.name>{further}{inside}</TimeSeries>"
    )


def sequence(number: object) -> str:
    name = "classificationSequence_AttributeInstanceComponent.position"
    return f"<{name}>{number}</{name}>"


def typed(direction: str, psr: str, value: int) -> str:
    content = series(
        period(point(1, value), end="2024-01-01T00:15Z"), further=f"<MktPSRType>{psr}</MktPSRType>"
    )
    return content.replace("outBiddingZone", direction)


def keys(answer: Answer) -> set[str]:
    return {block.series.key for block in answer.blocks}


def test_two_auctions_of_one_time_are_two_series() -> None:
    answer = prices(auction(1, sequence(1)), auction(2, sequence(2)))

    assert values_of(answer, "NL/day_ahead_price/1") == [("01-01T00:00", "1")]
    assert values_of(answer, "NL/day_ahead_price/2") == [("01-01T00:00", "2")]


def test_a_price_without_an_auction_is_of_the_first() -> None:
    assert keys(prices(auction(1))) == {"NL/day_ahead_price/1"}


def test_prices_of_intraday_auctions_are_not_taken_for_day_ahead_prices() -> None:
    kind = "contract_MarketAgreement.type"

    answer = prices(auction(1, f"<{kind}>A01</{kind}>"), auction(2, f"<{kind}>A07</{kind}>"))

    assert values_of(answer, "NL/day_ahead_price/1") == [("01-01T00:00", "1")]
    assert [unread.reason for unread in answer.unread] == ["time series 1 was not asked for"]


@pytest.mark.parametrize("number", ["1/2", "../x", "x" * 13, "a b", "1\n"])
def test_what_cannot_be_part_of_a_key_is_unread(number: str) -> None:
    answer = prices(auction(1, sequence(number)))

    assert keys(answer) <= {"NL/day_ahead_price/1"}  # white space around a text is no part of it
    assert number == "1\n" or answer.unread


@pytest.mark.parametrize(
    ("currency", "measure", "unit"),
    [("PLN", "MWH", "PLN/MWh"), ("GBP", "MWH", "GBP/MWh"), ("EUR", "KWH", "EUR/kWh")],
)
def test_another_currency_is_another_unit(currency: str, measure: str, unit: str) -> None:
    answer = prices(auction(1, currency=currency, measure=measure))

    assert {block.series.unit for block in answer.blocks} == {unit}


@pytest.mark.parametrize(("currency", "measure"), [("", "MWH"), ("EUR", ""), ("euro", "MWH"), ("EUR", "XYZ")])
def test_without_a_known_unit_nothing_is_read(currency: str, measure: str) -> None:
    answer = prices(auction(1, currency=currency, measure=measure))

    assert answer.blocks == []
    assert [unread.reason for unread in answer.unread] == ["time series 1 names no known unit"]


def test_generation_and_pumping_of_a_type_never_mix() -> None:
    content = document(
        typed("inBiddingZone", "<psrType>B10</psrType>", 5),
        typed("outBiddingZone", "<psrType>B10</psrType>", 7),
        kind="A75",
    )

    answer = read(content, ASKED["generation"], AREAS["NL"])

    assert values_of(answer, "NL/generation/B10") == [("01-01T00:00", "5")]
    assert values_of(answer, "NL/pumping/B10") == [("01-01T00:00", "7")]


def test_generation_without_a_type_is_unread() -> None:
    answer = read(document(typed("inBiddingZone", "", 5), kind="A75"), ASKED["generation"], AREAS["NL"])

    assert (answer.blocks, len(answer.unread)) == ([], 1)


def test_a_forecast_of_generation_and_one_of_consumption_are_two_series() -> None:
    content = document(
        typed("inBiddingZone", "", 5), typed("outBiddingZone", "", 7), kind="A71", process="A01"
    )

    answer = read(content, ASKED["generation_forecast"], AREAS["NL"])

    assert keys(answer) == {"NL/generation_forecast", "NL/generation_forecast/consumption"}


def test_a_weekly_forecast_that_is_neither_least_nor_most_is_unread() -> None:
    content = document(series(period(point(1, 5))), process="A33")

    answer = read(content, ASKED["weekly_load_forecast"], AREAS["NL"])

    assert (answer.blocks, len(answer.unread)) == ([], 1)


def test_a_single_imbalance_price_without_a_category_has_no_part() -> None:
    inside = period("<Point><position>1</position><imbalance_Price.amount>5</imbalance_Price.amount></Point>")
    unit = (
        "<currency_Unit.name>EUR</currency_Unit.name><price_Measure_Unit.name>MWH</price_Measure_Unit.name>"
    )
    content = (
        f'<Balancing_MarketDocument xmlns="{BALANCING}"><type>A85</type>'
        f"<area_Domain.mRID>{NL}</area_Domain.mRID><TimeSeries>{unit}{inside}</TimeSeries></Balancing_MarketDocument>"
    )

    answer = read(content.encode(), ASKED["imbalance_price"], AREAS["NL"])

    assert values_of(answer, "NL/imbalance_price") == [("01-01T00:00", "5")]


def test_a_time_series_of_another_area_is_unread() -> None:
    answer = read_load(
        document(series(period(point(1, 5)), area="10YFR-RTE------C"), series(period(point(1, 6))))
    )

    assert {value for _, value in values_of(answer, "NL/load")} == {"6"}
    assert [unread.reason for unread in answer.unread] == [
        "time series 1 is of the area 10YFR-RTE------C, not 10YNL----------L"
    ]


def test_a_zip_of_another_area_is_unread() -> None:
    answer = read(recorded("a86"), ASKED["imbalance_volume"], AREAS["NL"])

    assert answer.blocks == []
    assert {unread.reason for unread in answer.unread} == {
        "time series 1 is of the area 10YAT-APG------L, not 10YNL----------L",
        "time series 2 is of the area 10YAT-APG------L, not 10YNL----------L",
    }


@pytest.mark.parametrize(
    ("kind", "process", "message"),
    [
        ("A75", "A16", "is of the type A75, not A65 as asked"),
        ("A65", "A01", "is of the process.processType A01, not A16 as asked"),
        ("", "A16", "is of the type none, not A65 as asked"),
    ],
)
def test_an_answer_to_another_question_is_unreadable(kind: str, process: str, message: str) -> None:
    with pytest.raises(UnreadableReply, match=message):
        read_load(document(series(period(point(1, 5))), kind=kind, process=process))


def test_a_document_of_another_root_is_unreadable() -> None:
    content = load((1, 5)).replace(b"GL_MarketDocument", b"Outage_MarketDocument")

    with pytest.raises(UnreadableReply, match="is a Outage_MarketDocument, which is not what was asked for"):
        read_load(content)


def test_a_document_without_time_series_is_unreadable() -> None:
    with pytest.raises(UnreadableReply, match=r"^the reply has no time series, and no reason why$"):
        read_load(document())


def test_a_time_series_without_periods_has_no_values() -> None:
    assert load_values(document(series())) == []


def test_a_time_series_that_comes_twice_is_there_once() -> None:
    once = series(period(point(1, 5)))

    answer = read_load(document(once, once))

    assert len(values_of(answer, "NL/load")) == 4
    assert answer.unread == ()


def test_an_area_of_the_settings_alone_is_read_by_its_code_and_clock() -> None:
    area = Area("Oslo", "10YNO-1--------2", time_zone="Europe/Oslo")
    content = document(series(period(point(1, 5)), area="10YNO-1--------2"))

    [block] = read(content, ASKED["load"], area).blocks

    assert (block.series.key, block.series.time_zone) == ("Oslo/load", "Europe/Oslo")


def test_points_beyond_what_was_asked_are_kept() -> None:
    """Who asks for two days of a weekly forecast gets the weeks around them: they are as true."""
    content = load((1, 5), start="2024-01-01T00:00Z", end="2024-01-01T02:00Z")

    assert len(load_values(content)) == 8
