import pytest

from plantpulse.series.sources.entsoe.acknowledgements import Acknowledgement

NO_DATA = "No matching data found for Data item LOAD [6.1.A] (10YNL----------L) and interval a/b."
# Refusals as users of the API published them.
A_MONTH = (
    "Provided time interval (2023-01-01T00:00:00Z - 2024-01-01T00:00:00Z) is larger than maximum allowed "
    "period 'P1M' for 'AGGREGATED_GENERATION_PER_TYPE_R3:XML' export."
)
INSTANCES = "The number of instances (149) exceeds the allowed maximum (100) for data item ENERGY_PRICES."
AMOUNT = (
    "The amount of requested data exceeds allowed limit. Maximum allowed limit is 100. Requested data is 366"
)


def test_no_data_is_what_begins_so() -> None:
    assert Acknowledgement([NO_DATA]).is_no_data


@pytest.mark.parametrize(
    "reasons",
    [
        [],
        [""],
        ["no matching data found"],
        [f"Error: {NO_DATA}"],
        ["Delivered Area EIC 10Y1001A1001A016 is not valid."],
        [NO_DATA, "Input parameter does not exist: curveType"],
        [A_MONTH],
    ],
)
def test_any_other_reason_is_a_refusal(reasons: list[str]) -> None:
    assert not Acknowledgement(reasons).is_no_data


@pytest.mark.parametrize("reason", [A_MONTH, INSTANCES, AMOUNT])
def test_a_span_that_was_too_long_is_known_by_the_words(reason: str) -> None:
    assert Acknowledgement([reason]).is_too_much


@pytest.mark.parametrize("reason", [NO_DATA, "Delivered Area EIC is not valid.", ""])
def test_nothing_else_is_tried_again_with_a_shorter_span(reason: str) -> None:
    assert not Acknowledgement([reason]).is_too_much


@pytest.mark.parametrize(
    ("period", "days"), [("P1D", 1), ("P7D", 7), ("P1W", 7), ("P1M", 28), ("P3M", 84), ("P1Y", 365)]
)
def test_the_allowed_period_is_read_as_the_shortest_of_its_kind(period: str, days: int) -> None:
    assert Acknowledgement([A_MONTH.replace("P1M", period)]).longest_days == days


def test_a_refusal_without_a_period_names_none() -> None:
    assert Acknowledgement([INSTANCES]).longest_days is None


def test_the_reasons_come_on_one_line() -> None:
    assert Acknowledgement(["Not\n\tvalid", "and\x1b more"]).text == "Not valid; and more"


def test_without_a_reason_it_says_so() -> None:
    assert Acknowledgement([]).text == "no reason given"
