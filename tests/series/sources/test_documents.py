"""JSON from outside: what is no number, no count, no day."""

from contextlib import suppress
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plantpulse.series.sources.documents import Malformed, day, document_of, number, whole


@pytest.mark.parametrize("written", ["61.50", "-36.98", "0", "0.000001", "999999999999999.5"])
def test_a_number_keeps_its_digits(written: str) -> None:
    assert str(number(written)) == written


def test_no_number_passes_through_a_float() -> None:
    value = document_of(b'{"price": 0.1000000000000000055511151231257827}')["price"]

    assert number(value) == Decimal("0.1000000000000000055511151231257827")


@pytest.mark.parametrize("written", [1e-5, 12.5, 7, -3])
def test_json_numbers_are_numbers(written: float) -> None:
    assert number(document_of(b'{"n": %s}' % str(written).encode())["n"]) == Decimal(str(written))


@pytest.mark.parametrize(
    "written",
    ["", " 1", "1 ", "+1", "1.", ".5", "1e3", "0x10", "1_0", "１", "nan", "9" * 16, None, False, [], {}],
)
def test_what_is_no_number_is_none(written: object) -> None:
    with pytest.raises(ValueError, match="no number"):
        number(written)


@pytest.mark.parametrize("written", [Decimal("1e30"), Decimal("1e-30"), 10**25, Decimal("0." + "1" * 50)])
def test_a_number_out_of_all_proportion_is_none(written: object) -> None:
    with pytest.raises(ValueError, match="no number"):
        number(written)


@pytest.mark.parametrize("written", ["-1", -1, "1.0", 1.0, True, None, "١", 10**9, "9" * 5000])
def test_what_is_no_count_is_malformed(written: object) -> None:
    with pytest.raises(Malformed):
        whole(written)


@pytest.mark.parametrize(
    "written", ["2026-02-30", "2026-2-3", "20260203", "2026-02-03T00:00", "2026-W01-1", ""]
)
def test_what_is_no_day_is_none(written: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any reason will do
        day(written)


def test_a_leap_day_is_one() -> None:
    assert day("2024-02-29") == date(2024, 2, 29)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_an_object_or_malformed(content: bytes) -> None:
    with suppress(Malformed):
        assert isinstance(document_of(content), dict)
