from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from plantpulse.series.sources.entsoe.curves import Doubts, Segment
from plantpulse.series.sources.entsoe.merging import merged

START = datetime(2024, 1, 1, tzinfo=UTC)


def at(minutes: int) -> datetime:
    return START + timedelta(minutes=minutes)


def segment(start: int, minutes: int, *values: int) -> Segment:
    return Segment(at(start), minutes, [Decimal(value) for value in values])


def joined(*segments: Segment) -> tuple[list[Segment], list[str]]:
    doubts = Doubts()
    return merged("NL/load", segments, doubts), [reason for _, reason in doubts.told]


def test_neighbours_of_one_length_become_one_whatever_their_order() -> None:
    assert joined(segment(30, 15, 3), segment(0, 15, 1, 2)) == ([segment(0, 15, 1, 2, 3)], [])


def test_a_hole_and_another_length_stay_apart() -> None:
    parts = [segment(0, 15, 1), segment(30, 15, 2), segment(45, 60, 3)]

    assert joined(*parts) == (parts, [])


def test_what_is_said_twice_alike_is_there_once() -> None:
    assert joined(segment(0, 15, 1, 2), segment(0, 15, 1, 2)) == ([segment(0, 15, 1, 2)], [])


def test_parts_that_overlap_and_agree_are_joined() -> None:
    assert joined(segment(0, 15, 1, 2, 3), segment(15, 15, 2, 3, 4)) == ([segment(0, 15, 1, 2, 3, 4)], [])


def test_of_values_that_contradict_each_other_none_stays() -> None:
    assert joined(segment(0, 15, 1, 2, 3), segment(15, 15, 9)) == (
        [segment(0, 15, 1), segment(30, 15, 3)],
        ["the reply has several values at 2024-01-01T00:15Z"],
    )


def test_a_contradiction_is_not_settled_by_saying_one_side_twice() -> None:
    found, _ = joined(segment(0, 15, 1), segment(0, 15, 2), segment(0, 15, 1))

    assert found == []


def test_quarter_hours_take_the_place_of_the_hour_around_them() -> None:
    assert joined(segment(0, 60, 10, 20, 30), segment(60, 15, 1, 2, 3, 4)) == (
        [segment(0, 60, 10), segment(60, 15, 1, 2, 3, 4), segment(120, 60, 30)],
        ["values of 60 minutes left out because they overlap others: 1"],
    )


def test_one_quarter_hour_at_the_end_of_an_hour_is_enough() -> None:
    found, _ = joined(segment(0, 60, 10), segment(45, 15, 1))

    assert found == [segment(45, 15, 1)]


def test_of_hours_that_overlap_askew_the_first_stays() -> None:
    found, doubts = joined(segment(0, 60, 10), segment(30, 60, 20))

    assert found == [segment(0, 60, 10)]
    assert len(doubts) == 1


@st.composite
def several(draw: st.DrawFn) -> Segment:
    minutes = draw(st.sampled_from([15, 30, 60]))
    start = draw(st.integers(0, 16)) * 15
    return segment(start, minutes, *draw(st.lists(st.integers(0, 2), min_size=1, max_size=6)))


@given(st.lists(several(), max_size=8))
def test_what_comes_out_is_ordered_apart_and_nothing_new(segments: list[Segment]) -> None:
    found, doubts = joined(*segments)

    said = {
        (part.start + timedelta(minutes=part.minutes * number), part.minutes, value)
        for part in segments
        for number, value in enumerate(part.values)
    }
    kept = [
        (part.start + timedelta(minutes=part.minutes * number), part.minutes, value)
        for part in found
        for number, value in enumerate(part.values)
    ]
    assert set(kept) <= said
    ends = [start + timedelta(minutes=minutes) for start, minutes, _ in kept]
    assert all(end <= later[0] for end, later in zip(ends, kept[1:], strict=False))
    assert doubts or len({(start, minutes) for start, minutes, _ in said}) == len(kept)


@given(st.lists(several(), max_size=8), st.randoms())
def test_the_order_of_a_reply_does_not_matter(segments: list[Segment], order: object) -> None:
    other = list(segments)
    order.shuffle(other)  # type: ignore[attr-defined] # hypothesis gives a Random

    assert joined(*segments)[0] == joined(*other)[0]
