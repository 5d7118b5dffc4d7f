from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plantpulse.errors import UnreadableReply
from plantpulse.series.sources.entsoe.curves import CUT_AT, Curve, Doubts, Drawer
from tests.series.entsoe.built import document, load, load_values, period, point, read_load, series

ZONE = ZoneInfo("Europe/Amsterdam")
START = datetime(2024, 1, 1, tzinfo=UTC)


def draw(curve: Curve) -> tuple[dict[datetime, Decimal], Doubts]:
    doubts = Doubts()
    drawn: dict[datetime, Decimal] = {}
    for segment in Drawer(ZONE, doubts).segments("NL/load", curve):
        for number, value in enumerate(segment.values):
            drawn[segment.start + timedelta(minutes=segment.minutes * number)] = value
    return drawn, doubts


@st.composite
def steps_of_a_day(draw_: st.DrawFn) -> list[Decimal]:
    count = draw_(st.integers(1, 100))
    values = st.decimals(-500, 4000, places=2)
    # Few different values: so many of them repeat.
    few = draw_(st.lists(values, min_size=1, max_size=3))
    return draw_(st.lists(st.sampled_from(few), min_size=count, max_size=count))


def compressed(values: list[Decimal]) -> list[tuple[str, str]]:
    """Leave out what repeats the value before, as A03 does."""
    return [
        (str(place + 1), str(value))
        for place, value in enumerate(values)
        if place == 0 or value != values[place - 1]
    ]


@given(steps_of_a_day(), st.randoms())
def test_what_a03_left_out_is_put_back(values: list[Decimal], order: object) -> None:
    pairs = compressed(values)
    order.shuffle(pairs)  # type: ignore[attr-defined] # hypothesis gives a Random
    end = START + timedelta(minutes=15 * len(values))

    drawn, doubts = draw(
        Curve(
            START.isoformat(),
            end.isoformat(),
            "PT15M",
            "A03",
            [pair[0] for pair in pairs],
            [pair[1] for pair in pairs],
            len(pairs),
        )
    )

    assert list(drawn.items()) == [
        (START + timedelta(minutes=15 * place), value) for place, value in enumerate(values)
    ]
    assert doubts.count == 0


@given(steps_of_a_day(), st.data())
def test_a01_is_taken_as_it_is(values: list[Decimal], data: st.DataObject) -> None:
    places = sorted(data.draw(st.sets(st.integers(0, len(values) - 1))))
    end = START + timedelta(minutes=15 * len(values))

    drawn, doubts = draw(
        Curve(
            START.isoformat(),
            end.isoformat(),
            "PT15M",
            "A01",
            [str(place + 1) for place in places],
            [str(values[place]) for place in places],
            len(places),
        )
    )

    assert drawn == {START + timedelta(minutes=15 * place): values[place] for place in places}
    assert doubts.count == 0


@given(
    st.lists(st.tuples(st.integers(-3, 12), st.sampled_from(["1", "2", "x", ""])), max_size=12),
    st.sampled_from(["A01", "A03"]),
)
def test_no_value_stands_where_its_document_does_not_put_it(
    pairs: list[tuple[int, str]], curve_type: str
) -> None:
    end = START + timedelta(hours=2)
    positions, values = [str(pair[0]) for pair in pairs], [pair[1] for pair in pairs]

    drawn, _ = draw(
        Curve(START.isoformat(), end.isoformat(), "PT15M", curve_type, positions, values, len(pairs))
    )

    for at, value in drawn.items():
        place = int((at - START) / timedelta(minutes=15)) + 1
        said = [text for position, text in pairs if position == place]
        if not said:
            assert curve_type == "A03"
            last = max(position for position, _ in pairs if 1 <= position < place)
            said = [text for position, text in pairs if position == last]
        assert set(said) == {str(value)}
    assert all(START <= at < end for at in drawn)


def test_a03_repeats_to_the_end_of_its_period_and_no_further() -> None:
    two = document(
        series(
            period(point(1, 7), end="2024-01-01T00:45Z"),
            period(point(1, 9), start="2024-01-01T01:00Z", end="2024-01-01T01:30Z"),
        )
    )

    assert load_values(two) == [
        ("01-01T00:00", "7"),
        ("01-01T00:15", "7"),
        ("01-01T00:30", "7"),
        ("01-01T01:00", "9"),
        ("01-01T01:15", "9"),
    ]


def test_what_stands_before_the_first_position_is_not_guessed() -> None:
    assert load_values(load((3, 5))) == [("01-01T00:30", "5"), ("01-01T00:45", "5")]


def test_a_value_that_cannot_be_read_is_not_covered_by_the_one_before() -> None:
    answer = read_load(load((1, 5), (2, "n/a"), (4, 8)))

    assert load_values(load((1, 5), (2, "n/a"), (4, 8))) == [("01-01T00:00", "5"), ("01-01T00:45", "8")]
    assert [unread.reason for unread in answer.unread] == ["the value at 2024-01-01T00:15Z is n/a"]


@pytest.mark.parametrize("value", ["", "NaN", "Infinity", "1e400", "1_000", "١٢", "0x10", "1,5", "9" * 16])
def test_what_is_no_plain_number_is_unread(value: str) -> None:
    answer = read_load(load((1, value), (2, 3), curve="A01"))

    assert [value for _, value in load_values(load((1, value), (2, 3), curve="A01"))] == ["3"]
    assert len(answer.unread) == 1


@pytest.mark.parametrize("value", ["-0.01", "+5", ".5", "5.", "007", "12345678.12345678"])
def test_every_decimal_of_xml_is_read_without_losing_a_digit(value: str) -> None:
    assert load_values(load((1, value), curve="A01")) == [("01-01T00:00", str(Decimal(value)))]


@pytest.mark.parametrize("position", ["0", "5", "-1", "1.0", "", "x", "99999999999999999999", "١"])
def test_a_position_outside_of_its_period_is_unread(position: str) -> None:
    answer = read_load(load((position, 9), curve="A01"))

    assert answer.blocks == []
    assert len(answer.unread) == 1
    assert (
        "is outside of the period 2024-01-01T00:00Z to 2024-01-01T01:00Z with 4 steps"
        in answer.unread[0].reason
    )


def test_a_position_told_twice_alike_is_one_value() -> None:
    assert load_values(load((1, 5), (1, "5.0"), (2, 6), curve="A01")) == [
        ("01-01T00:00", "5.0"),
        ("01-01T00:15", "6"),
    ]


def test_a_position_told_in_two_ways_has_no_value_and_repeats_none() -> None:
    content = load((1, 5), (2, 6), (2, 7), (4, 8))

    assert load_values(content) == [("01-01T00:00", "5"), ("01-01T00:45", "8")]
    assert [unread.reason for unread in read_load(content).unread] == [
        "the period has several values at 2024-01-01T00:15Z"
    ]


def test_a_position_told_in_three_ways_stays_without_a_value() -> None:
    assert load_values(load((2, 6), (2, 7), (2, 6), curve="A01")) == []


def test_a_period_of_just_a_thousand_points_is_not_repeated_to_its_end() -> None:
    pairs = [(place, place) for place in range(1, CUT_AT + 1)]

    answer = read_load(load(*pairs, end="2024-01-31T00:00Z"))

    assert sum(len(block.values) for block in answer.blocks) == CUT_AT
    assert [unread.reason for unread in answer.unread] == [
        "the period has just 1,000 points: what follows may be missing"
    ]


def test_a_thousand_points_that_fill_their_period_are_complete() -> None:
    pairs = [(place, place) for place in range(1, CUT_AT + 1)]

    answer = read_load(load(*pairs, end="2024-01-11T10:00Z"))

    assert sum(len(block.values) for block in answer.blocks) == CUT_AT
    assert answer.unread == ()


@pytest.mark.parametrize("count", [CUT_AT - 1, CUT_AT + 1])
def test_any_other_number_of_points_is_repeated_to_the_end(count: int) -> None:
    pairs = [(place, place) for place in range(1, count + 1)]

    answer = read_load(load(*pairs, end="2024-01-31T00:00Z"))

    assert sum(len(block.values) for block in answer.blocks) == 30 * 96
    assert answer.unread == ()


@pytest.mark.parametrize(
    ("resolution", "end", "count", "minutes"),
    [
        ("PT15M", "2024-01-01T02:00Z", 8, 15),
        ("PT30M", "2024-01-01T02:00Z", 4, 30),
        ("PT60M", "2024-01-01T02:00Z", 2, 60),
        ("PT1H", "2024-01-01T02:00Z", 2, 60),
        ("PT1M", "2024-01-01T02:00Z", 120, 1),
    ],
)
def test_hours_and_minutes_are_counted(resolution: str, end: str, count: int, minutes: int) -> None:
    [block] = read_load(load((1, 5), end=end, resolution=resolution)).blocks

    assert (len(block.values), block.minutes) == (count, minutes)


@pytest.mark.parametrize(
    ("resolution", "start", "end", "expected"),
    [
        ("P1D", "2024-03-29T23:00Z", "2024-03-31T22:00Z", ["03-29T23:00 1440", "03-30T23:00 1380"]),
        ("P1D", "2024-10-25T22:00Z", "2024-10-27T23:00Z", ["10-25T22:00 1440", "10-26T22:00 1500"]),
        ("P7D", "2024-03-24T23:00Z", "2024-04-07T22:00Z", ["03-24T23:00 10020", "03-31T22:00 10080"]),
        ("P1W", "2024-10-20T22:00Z", "2024-10-27T23:00Z", ["10-20T22:00 10140"]),
        ("P1M", "2024-01-31T23:00Z", "2024-03-31T22:00Z", ["01-31T23:00 41760", "02-29T23:00 44580"]),
        ("P1Y", "2023-12-31T23:00Z", "2025-12-31T23:00Z", ["12-31T23:00 527040", "12-31T23:00 525600"]),
    ],
)
def test_days_and_longer_follow_the_clock_of_the_area(
    resolution: str, start: str, end: str, expected: list[str]
) -> None:
    answer = read_load(load((1, 5), start=start, end=end, resolution=resolution))

    found = [f"{at:%m-%dT%H:%M} {minutes}" for block in answer.blocks for at, minutes, _ in block.points()]
    assert found == expected
    assert answer.unread == ()


@pytest.mark.parametrize(
    "resolution", ["", "PT", "PT0M", "P0D", "PT15S", "P1DT1H", "15", "PT15M ", "-PT15M", "P1.5D"]
)
def test_an_unknown_resolution_is_unread(resolution: str) -> None:
    answer = read_load(load((1, 5), resolution=resolution.strip() or "X"))

    if resolution.strip() != "PT15M":
        assert answer.blocks == []
        assert "has the unknown resolution" in answer.unread[0].reason


def test_a_period_that_is_no_whole_number_of_steps_says_so_and_keeps_the_whole_ones() -> None:
    answer = read_load(load((1, 5), end="2024-01-01T00:40Z"))

    assert load_values(load((1, 5), end="2024-01-01T00:40Z")) == [("01-01T00:00", "5"), ("01-01T00:15", "5")]
    assert "is no whole number of steps of PT15M" in answer.unread[0].reason


def test_a_period_that_ends_before_it_begins_has_no_value() -> None:
    answer = read_load(load((1, 5), end="2023-12-31T00:00Z"))

    assert answer.blocks == []
    assert len(answer.unread) == 2


@pytest.mark.parametrize(
    "start", ["", "yesterday", "2024-01-01T00:00", "2024-13-01T00:00Z", "0001-01-01T00:00+14:00"]
)
def test_a_period_without_readable_bounds_makes_the_reply_unreadable(start: str) -> None:
    with pytest.raises(UnreadableReply, match=r"^the period .* has "):
        read_load(load((1, 5), start=start))


def test_bounds_with_seconds_and_offsets_are_read() -> None:
    content = load((1, 5), start="2024-01-01T01:00:00+01:00", end="2024-01-01T00:15:00Z")

    assert load_values(content) == [("01-01T00:00", "5")]


def test_a_curve_type_that_means_something_else_is_unread() -> None:
    answer = read_load(load((1, 5), curve="A02"))

    assert answer.blocks == []
    assert [unread.reason for unread in answer.unread] == ["time series 1 has the unknown curve type A02"]


def test_a_time_series_without_a_curve_type_repeats_nothing() -> None:
    content = load((1, 5)).replace(b"<curveType>A03</curveType>", b"")

    assert load_values(content) == [("01-01T00:00", "5")]


def test_doubts_without_end_are_counted_only() -> None:
    answer = read_load(load(*((place, "x") for place in range(1, 97)), curve="A01", end="2024-01-02T00:00Z"))

    assert len(answer.unread) == 51
    assert answer.unread[-1].reason == "and 46 more like these"
