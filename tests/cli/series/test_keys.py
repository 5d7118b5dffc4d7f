"""A series is found by what people type, and an unknown one by the nearest names."""

from typing import Any

import pytest

from plantpulse.cli.series_keys import filtered, one_series, several_series
from plantpulse.errors import InvalidRequest

KEYS = [
    "DE/day_ahead_price/1",
    "DE/day_ahead_price/2",
    "DE/generation/B01",
    "DE/generation/B16",
    "DE/load",
    "DE/load_forecast",
    "FR/load",
    "Henry Hub/price/eia",
    "WTI/price/eia",
    "WTI/price/fred",
]


def row(key: str) -> dict[str, Any]:
    subject, kind, *part = key.split("/")
    source = part[0] if kind == "price" else "entsoe"
    return {
        "key": key,
        "subject": subject,
        "kind": kind,
        "part": part[0] if part else None,
        "source": source,
    }


KNOWN = [row(key) for key in KEYS]


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        (["DE/load"], "DE/load"),
        (["DE", "load"], "DE/load"),
        (["de load"], "DE/load"),
        (["De/Load-Forecast"], "DE/load_forecast"),
        (["DE", "day_ahead_price"], "DE/day_ahead_price/1"),
        (["DE", "day_ahead_price", "2"], "DE/day_ahead_price/2"),
        (["Henry", "Hub"], "Henry Hub/price/eia"),
        (["henry hub", "price"], "Henry Hub/price/eia"),
        (["FR"], "FR/load"),
    ],
)
def test_a_key_may_be_typed_in_words_and_shortened(typed: list[str], key: str) -> None:
    assert one_series(KNOWN, typed)["key"] == key


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        (["DE", "lod"], "there is no series DE/lod; did you mean DE/load or FR/load?"),
        (["DE/day_ahead"], "there is no series DE/day_ahead; did you mean DE/day_ahead_price?"),
        (["DE", "generation"], "DE generation means several series: DE/generation/B01 or DE/generation/B16"),
        (["WTI"], "WTI means several series: WTI/price/eia or WTI/price/fred"),
        (["\x1b[2J"], "there is no series \x1b[2J; there are: DE, FR, Henry Hub, WTI"),
        (["/"], "there is no series /; there are: DE/day_ahead_price, "),
        (["DE"], "and 1 more"),
    ],
)
def test_a_name_that_is_none_or_several_is_refused_with_names(typed: list[str], message: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        one_series(KNOWN, typed)

    assert message in str(refused.value)
    assert refused.value.field == "key"


def test_before_the_first_collection_the_answer_says_what_to_do() -> None:
    with pytest.raises(InvalidRequest, match="no series is stored yet: `plantpulse run` collects them"):
        one_series([], ["DE", "load"])


def test_several_names_mean_all_their_series_each_once() -> None:
    def keys(*typed: str) -> list[str]:
        return [one["key"] for one in several_series(KNOWN, typed)]

    assert keys("DE", "load") == ["DE/load"]
    assert keys("DE/load", "FR/load", "de/load") == ["DE/load", "FR/load"]
    assert keys("DE/generation", "WTI") == [
        "DE/generation/B01", "DE/generation/B16", "WTI/price/eia", "WTI/price/fred",
    ]  # fmt: skip
    with pytest.raises(InvalidRequest, match="there is no series FR/generation"):
        keys("DE/load", "FR/generation")


def test_filters_know_letter_case_and_refuse_what_no_series_has() -> None:
    assert [one["key"] for one in filtered(KNOWN, "de", "load", None)] == ["DE/load"]
    assert [one["key"] for one in filtered(KNOWN, None, None, "FRED")] == ["WTI/price/fred"]
    assert filtered(KNOWN, "FR", "generation", None) == []
    with pytest.raises(InvalidRequest, match="there is no kind lod; did you mean load") as refused:
        filtered(KNOWN, None, "lod", None)
    assert refused.value.field == "kind"
