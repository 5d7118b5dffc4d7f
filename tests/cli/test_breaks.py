"""Breaks begin and end in their shift: one the wrong way round would swallow it."""

import pytest

from plantpulse.cli.breaks import Span, faults_of_breaks, questions_about_breaks
from plantpulse.cli.cells import breaks

EARLY, NIGHT = Span("06:00", "14:00"), Span("22:00", "06:00")


def spans(text: str) -> list[Span]:
    return [Span(one["starts_at"], one["ends_at"]) for one in breaks(text)]


@pytest.mark.parametrize(
    ("shift", "text"),
    [
        (EARLY, "09:00-09:15 12:00-12:30"),
        (EARLY, "06:00-06:10 13:50-14:00"),
        (EARLY, "09:00\u201309:15, 12:00 - 12:30"),
        (EARLY, "9:00-9:15; 12:00..12:30"),
        (NIGHT, "23:45-00:15 02:00-02:30"),
        (EARLY, "06:00-10:00 09:00-13:59"),
    ],
)
def test_breaks_within_their_shift_are_taken(shift: Span, text: str) -> None:
    assert list(faults_of_breaks(shift, spans(text))) == []
    assert list(questions_about_breaks(shift, spans(text))) == []


@pytest.mark.parametrize(
    ("shift", "text", "told"),
    [
        (
            EARLY,
            "12:30-12:00",
            ["12:30-12:00 is not within the shift 06:00-14:00; did you mean 12:00-12:30?"],
        ),
        (
            NIGHT,
            "02:30-02:00",
            ["02:30-02:00 is not within the shift 22:00-06:00; did you mean 02:00-02:30?"],
        ),
        (
            NIGHT,
            "00:15-23:45",
            ["00:15-23:45 is not within the shift 22:00-06:00; did you mean 23:45-00:15?"],
        ),
        (EARLY, "13:45-14:15", ["13:45-14:15 is not within the shift 06:00-14:00"]),
        (EARLY, "05:00-15:00", ["05:00-15:00 is not within the shift 06:00-14:00"]),
        (
            EARLY,
            "09:15-09:00 14:00-12:00",
            [
                "09:15-09:00 is not within the shift 06:00-14:00; did you mean 09:00-09:15?",
                "14:00-12:00 is not within the shift 06:00-14:00; did you mean 12:00-14:00?",
            ],
        ),
        (EARLY, "06:00-14:00", ["the breaks leave nothing of the shift 06:00-14:00"]),
        (EARLY, "06:00-11:00 10:00-14:00", ["the breaks leave nothing of the shift 06:00-14:00"]),
    ],
)
def test_breaks_that_swallow_or_leave_their_shift_are_refused(
    shift: Span, text: str, told: list[str]
) -> None:
    assert list(faults_of_breaks(shift, spans(text))) == told


def test_a_break_of_another_shift_is_asked_about() -> None:
    assert list(faults_of_breaks(EARLY, spans("12:00-12:30 18:00-18:30"))) == []
    assert list(questions_about_breaks(EARLY, spans("12:00-12:30 18:00-18:30"))) == [
        "18:00-18:30 is outside the shift 06:00-14:00 and changes nothing"
    ]


def test_a_break_never_takes_more_than_its_shift_has() -> None:
    hours = [f"{hour:02}:{minute:02}" for hour in range(24) for minute in (0, 30)]
    for one in (Span(start, end) for start in hours for end in hours if start != end):
        for shift in (EARLY, NIGHT):
            if not list(faults_of_breaks(shift, [one])) and not list(questions_about_breaks(shift, [one])):
                assert one.minutes < shift.minutes
