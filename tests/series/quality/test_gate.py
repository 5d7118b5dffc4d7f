"""What the gate stores, holds back and flags."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plantpulse.series.gate import Gate, pass_gate
from plantpulse.series.points import Block, Series
from plantpulse.series.quality.findings import VERDICTS, Finding, Name, finding_of
from tests.series.quality.made import span_of, utc

PRICES = Series("day_ahead_price", "DE", "1", "entsoe", "EUR/MWh", "Europe/Berlin", "DE/day_ahead_price/1")
START = utc("2025-01-15T00:00")


def block(*values: str | None) -> Block:
    return Block(PRICES, START, 60, tuple(None if one is None else Decimal(one) for one in values))


def finding(name: Name, *places: int) -> Finding:
    points = list(block("0", "0", "0", "0", "0").points())
    return finding_of(name, [points[place] for place in places])


def values(blocks: list[Block]) -> list[tuple[int, list[str]]]:
    """Return for each block the hour of its start and its values."""
    return [
        ((one.start - START) // timedelta(hours=1), [str(value) for value in one.values]) for one in blocks
    ]


def test_without_findings_everything_is_stored_as_it_came() -> None:
    came = block("80", None, "82")

    gated = pass_gate([came], {}, "hold")

    assert (list(gated.stored), list(gated.held), list(gated.flags)) == ([came], [], [])


def test_the_flag_gate_stores_invalid_values_and_flags_them() -> None:
    gated = pass_gate([block("80", "9000", "82")], {PRICES.key: [finding("out_of_bounds", 1)]}, "flag")

    assert values(list(gated.stored)) == [(0, ["80", "9000", "82"])]
    assert gated.held == []
    [flag] = gated.flags
    assert flag.as_json() == {
        "series": "DE/day_ahead_price/1",
        "reason": "out_of_bounds",
        "at": ["2025-01-15T01:00:00+00:00"],
        "values": ["9000"],
    }


def test_the_hold_gate_leaves_a_gap_and_keeps_the_value_in_the_flag() -> None:
    gated = pass_gate([block("80", "9000", "82", "83")], {PRICES.key: [finding("out_of_bounds", 1)]}, "hold")

    assert values(list(gated.stored)) == [(0, ["80"]), (2, ["82", "83"])]
    assert values(list(gated.held)) == [(1, ["9000"])]
    assert [str(point.value) for flag in gated.flags for point in flag.points] == ["9000"]


@pytest.mark.parametrize(
    "name",
    ["future_zeros", "zeros_for_missing", "flat_day", "doubled_hour", "wrong_unit", "wrong_auction"],
)
def test_a_fault_with_a_name_is_held_back_by_the_hold_gate_alone(name: Name) -> None:
    findings = {PRICES.key: [finding(name, 0, 1)]}

    assert values(list(pass_gate([block("0", "0", "82")], findings, "hold").stored)) == [(2, ["82"])]
    assert values(list(pass_gate([block("0", "0", "82")], findings, "flag").stored)) == [
        (0, ["0", "0", "82"])
    ]


@pytest.mark.parametrize("gate", ["flag", "hold"])
def test_an_outlier_is_stored_by_both_gates(gate: Gate) -> None:
    gated = pass_gate([block("80", "900", "82")], {PRICES.key: [finding("unlike_the_day", 1)]}, gate)

    assert values(list(gated.stored)) == [(0, ["80", "900", "82"])]
    assert [flag.reason for flag in gated.flags] == ["unlike_the_day"]


@pytest.mark.parametrize("gate", ["flag", "hold"])
def test_what_is_no_number_is_stored_by_neither_gate(gate: Gate) -> None:
    gated = pass_gate([block("NaN", "81")], {PRICES.key: [finding("not_a_number", 0)]}, gate)

    assert values(list(gated.stored)) == [(1, ["81"])]
    assert values(list(gated.held)) == [(0, ["NaN"])]


@pytest.mark.parametrize("name", [name for name, verdict in VERDICTS.items() if verdict == "note"])
def test_a_note_holds_and_flags_nothing(name: Name) -> None:
    gated = pass_gate([block("80", "81")], {PRICES.key: [finding(name, 0)]}, "hold")

    assert values(list(gated.stored)) == [(0, ["80", "81"])]
    assert list(gated.flags) == []


def test_findings_of_another_series_or_another_time_touch_nothing() -> None:
    came = block("80", "81")
    earlier = Finding("flat_day", span_of(START.date()), (START - timedelta(hours=5),))

    gated = pass_gate(
        [came], {"FR/day_ahead_price/1": [finding("flat_day", 0)], PRICES.key: [earlier]}, "hold"
    )

    assert (list(gated.stored), list(gated.held), list(gated.flags)) == ([came], [], [])


@given(
    st.lists(st.sampled_from(["80", "81", None]), min_size=5, max_size=5),
    st.lists(st.tuples(st.sampled_from(list(VERDICTS)), st.integers(0, 4)), max_size=6),
    st.sampled_from(["flag", "hold"]),
)
def test_every_point_is_stored_or_held_once_and_what_is_held_is_flagged(
    came: list[str | None], found: list[tuple[Name, int]], gate: Gate
) -> None:
    whole = block(*came)

    gated = pass_gate([whole], {PRICES.key: [finding(name, place) for name, place in found]}, gate)

    stored = [point for one in gated.stored for point in one.points()]
    held = [point for one in gated.held for point in one.points()]
    assert sorted([*stored, *held], key=lambda point: point.at) == list(whole.points())
    assert set(held) <= {point for flag in gated.flags for point in flag.points}
