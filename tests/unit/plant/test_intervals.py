"""Arithmetic of spans of time."""

from datetime import UTC, datetime

from plantpulse.plant.intervals import Span, clip, cut_out, intersect, minutes, unite


def at(minute: int) -> datetime:
    return datetime(2026, 11, 20, 6, minute, tzinfo=UTC)


def span(start: int, until: int) -> Span:
    return at(start), at(until)


def test_what_lies_outside_is_clipped_away() -> None:
    clipped = clip([span(0, 10), span(15, 20), span(25, 40), span(50, 55)], at(5), at(30))

    assert clipped == [span(5, 10), span(15, 20), span(25, 30)]


def test_a_span_that_only_touches_a_bound_leaves_nothing() -> None:
    assert clip([span(0, 5), span(30, 40), span(10, 10)], at(5), at(30)) == []


def test_overlapping_and_touching_spans_are_united() -> None:
    assert unite([span(20, 30), span(0, 10), span(5, 12), span(12, 15)]) == [span(0, 15), span(20, 30)]


def test_a_span_inside_another_does_not_shorten_it() -> None:
    assert unite([span(0, 30), span(5, 10)]) == [span(0, 30)]


def test_reversed_spans_are_no_time() -> None:
    assert unite([span(10, 5)]) == []


def test_holes_are_cut_out_of_the_middle_the_ends_and_across_spans() -> None:
    left = cut_out([span(0, 20), span(30, 50)], [span(5, 8), span(15, 35), span(48, 59)])

    assert left == [span(0, 5), span(8, 15), span(35, 48)]


def test_a_hole_over_everything_leaves_nothing() -> None:
    assert cut_out([span(10, 20)], [span(0, 59)]) == []


def test_an_intersection_is_the_time_in_both() -> None:
    assert intersect([span(0, 20), span(30, 40)], [span(10, 35)]) == [span(10, 20), span(30, 35)]


def test_minutes_are_those_of_all_spans() -> None:
    assert minutes([span(0, 10), span(20, 21)]) == 11.0
    assert minutes([]) == 0.0
