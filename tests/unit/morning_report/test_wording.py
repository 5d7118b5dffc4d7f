"""The text of a summary: literals, and what holds for every text."""

import re
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plantpulse.morning_report.stops import ReasonMinutes
from plantpulse.morning_report.summaries import Summary
from plantpulse.morning_report.wording import word

TUESDAY = date(2026, 3, 10)
ORDINARY = Summary(
    asset_id=1,
    oee_percentage=77.4194,
    availability_percentage=90.3226,
    performance_percentage=86.8571,
    quality_percentage=98.6842,
    actual_output=912,
    target_output=960,
    planned_minutes=465,
    downtime_minutes=45,
    downtime_reasons=(ReasonMinutes("No Material", 30), ReasonMinutes("Jam", 15)),
    waste_count=12,
    financial_loss=1310,
    unplanned_output=0,
    is_planned_in_part=False,
)
NOTHING_CAME = Summary(1, None, None, None, None, None, 960, 465, None, (), None, None, None, False)


def text(**changes: Any) -> str:
    return word(ORDINARY._replace(**changes), "Press 1", TUESDAY)


def lost(**changes: Any) -> str:
    """Return the second sentence."""
    return text(**changes).partition("98.7%). ")[2]


def made(**changes: Any) -> str:
    """Return the first sentence."""
    return text(**changes).partition(" It ")[0]


def test_an_ordinary_day() -> None:
    assert text() == (
        "Press 1 made 912 of 960 planned units on Tuesday, 10 March 2026, OEE 77.4% (availability 90.3%, "
        "performance 86.9%, quality 98.7%). It stood still for 45 minutes, 30 of them because of "
        '"No Material", and scrapped 12 units, at a cost of $1,310.00.'
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"downtime_minutes": 30, "downtime_reasons": (ReasonMinutes("No Material", 30),)},
            'It stood still for 30 minutes because of "No Material" and scrapped 12 units, '
            "at a cost of $1,310.00.",
        ),
        (
            {"downtime_minutes": 1, "downtime_reasons": (ReasonMinutes(None, 1),), "waste_count": 1},
            "It stood still for 1 minute without a reason given and scrapped 1 unit, at a cost of $1,310.00.",
        ),
        (
            {"downtime_reasons": (ReasonMinutes(None, 44), ReasonMinutes("Jam", 1)), "waste_count": 0},
            "It stood still for 45 minutes, 44 of them without a reason given, and scrapped nothing, "
            "at a cost of $1,310.00.",
        ),
        (
            {"downtime_minutes": 0, "downtime_reasons": (), "financial_loss": 30},
            "It had no downtime and scrapped 12 units, at a cost of $30.00.",
        ),
        (
            {"downtime_minutes": 0, "downtime_reasons": (), "waste_count": 0, "financial_loss": 0},
            "It had no downtime and scrapped nothing.",
        ),
        (
            {"financial_loss": None},
            'It stood still for 45 minutes, 30 of them because of "No Material", and scrapped 12 units.',
        ),
        (
            {"waste_count": None, "financial_loss": None},
            'It stood still for 45 minutes, 30 of them because of "No Material"; its scrap is not known.',
        ),
        (
            {"waste_count": None, "financial_loss": 90.5},
            'It stood still for 45 minutes, 30 of them because of "No Material", at a cost of $90.50; '
            "its scrap is not known.",
        ),
        (
            {"downtime_minutes": 0, "downtime_reasons": (), "waste_count": None, "financial_loss": 0},
            "It had no downtime; its scrap is not known.",
        ),
        (
            {"downtime_minutes": 0.02, "downtime_reasons": (ReasonMinutes("Jam", 0.02),), "waste_count": 1.5},
            'It stood still for under 0.1 minutes because of "Jam" and scrapped 1.5 units, '
            "at a cost of $1,310.00.",
        ),
    ],
)
def test_what_was_lost(changes: dict[str, Any], expected: str) -> None:
    assert lost(**changes) == expected


SILENT: dict[str, Any] = {
    "oee_percentage": 0,
    "availability_percentage": 100,
    "performance_percentage": 0,
    "quality_percentage": None,
    "actual_output": 0,
    "downtime_minutes": 0,
    "downtime_reasons": (),
    "waste_count": None,
    "financial_loss": 0,
}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {},
            "Press 1 made 0 of 960 planned units on Tuesday, 10 March 2026, OEE 0.0%. "
            "No stop was recorded in its planned time; its scrap is not known.",
        ),
        (
            {"waste_count": 2, "financial_loss": 5},
            "Press 1 made 0 of 960 planned units on Tuesday, 10 March 2026, OEE 0.0%. "
            "No stop was recorded in its planned time, and it scrapped 2 units, at a cost of $5.00.",
        ),
        (
            {"planned_minutes": None, "target_output": 0, "oee_percentage": None}
            | {"availability_percentage": None, "performance_percentage": None},
            "Press 1 made 0 units on Tuesday, 10 March 2026, without a target. "
            "No stop was recorded; its scrap is not known.",
        ),
        (
            {"planned_minutes": 0, "target_output": 0, "oee_percentage": None}
            | {"availability_percentage": None, "performance_percentage": None},
            "Press 1 was not scheduled on Tuesday, 10 March 2026, and made 0 units. "
            "It had no downtime; its scrap is not known.",
        ),
    ],
)
def test_of_an_asset_that_made_nothing_and_logged_nothing_no_stop_was_recorded(
    changes: dict[str, Any], expected: str
) -> None:
    assert text(**SILENT | changes) == expected


NO_FACTORS: dict[str, Any] = {
    "oee_percentage": None,
    "availability_percentage": None,
    "performance_percentage": None,
    "quality_percentage": None,
}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (NO_FACTORS, "Press 1 made 912 of 960 planned units on Tuesday, 10 March 2026."),
        (
            NO_FACTORS | {"quality_percentage": 98.6842},
            "Press 1 made 912 of 960 planned units on Tuesday, 10 March 2026, OEE not known (quality 98.7%).",
        ),
        (
            NO_FACTORS | {"oee_percentage": 0, "availability_percentage": 0, "actual_output": 0},
            "Press 1 made 0 of 960 planned units on Tuesday, 10 March 2026, OEE 0.0% (availability 0.0%).",
        ),
        (
            NO_FACTORS | {"actual_output": 1, "target_output": 1},
            "Press 1 made 1 of 1 planned unit on Tuesday, 10 March 2026.",
        ),
        (
            NO_FACTORS | {"actual_output": 1234567, "target_output": 1111.25},
            "Press 1 made 1,234,567 of 1,111.2 planned units on Tuesday, 10 March 2026.",
        ),
        (
            NO_FACTORS | {"target_output": 0, "planned_minutes": None},
            "Press 1 made 912 units on Tuesday, 10 March 2026, without a target.",
        ),
        (
            NO_FACTORS | {"target_output": 0, "planned_minutes": 0, "actual_output": 1},
            "Press 1 was not scheduled on Tuesday, 10 March 2026, and made 1 unit.",
        ),
        (
            NO_FACTORS | {"target_output": 0, "oee_percentage": 0},
            "Press 1 made 912 units on Tuesday, 10 March 2026, without a target, OEE 0.0%.",
        ),
    ],
)
def test_what_was_made(changes: dict[str, Any], expected: str) -> None:
    assert made(**changes) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"actual_output": 812, "target_output": 53.3333, "unplanned_output": 768, "planned_minutes": 32},
            "Press 1 made 44 of 53.3 planned units on Tuesday, 10 March 2026 "
            "and 768 units outside the planned time.",
        ),
        (
            {"actual_output": 323, "target_output": 80, "unplanned_output": 323}
            | {"availability_percentage": 0, "oee_percentage": 0},
            "Press 1 made 0 of 80 planned units on Tuesday, 10 March 2026 and 323 units outside the planned "
            "time, OEE 0.0% (availability 0.0%).",
        ),
        (
            {"unplanned_output": 20, "is_planned_in_part": True},
            "Press 1 made about 892 of 960 planned units on Tuesday, 10 March 2026 "
            "and about 20 units outside the planned time.",
        ),
        (
            {"is_planned_in_part": True},
            "Press 1 made 912 of 960 planned units on Tuesday, 10 March 2026.",
        ),
        (
            {"target_output": 0, "unplanned_output": 12},
            "Press 1 made 912 units on Tuesday, 10 March 2026, without a target, "
            "12 of them outside the planned time.",
        ),
        (
            {"target_output": 0, "planned_minutes": 0, "unplanned_output": 912},
            "Press 1 was not scheduled on Tuesday, 10 March 2026, and made 912 units.",
        ),
        (
            {"availability_percentage": 100, "performance_percentage": 136, "quality_percentage": 100}
            | {"oee_percentage": 100},
            "Press 1 made 912 of 960 planned units on Tuesday, 10 March 2026, OEE 100.0% "
            "(availability 100.0%, performance 136.0%, quality 100.0%; its ideal rate looks too low).",
        ),
    ],
)
def test_what_was_made_outside_the_plan_is_told_apart(changes: dict[str, Any], expected: str) -> None:
    assert made(**NO_FACTORS | changes) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {},
            "Press 1 was to make 960 units on Tuesday, 10 March 2026, but no data came from the plant. "
            "What it made and lost is not known.",
        ),
        (
            {"target_output": 0},
            "Press 1 was to run on Tuesday, 10 March 2026, but no data came from the plant. "
            "What it made and lost is not known.",
        ),
        (
            {"target_output": 0, "planned_minutes": 0},
            "Press 1 was not scheduled on Tuesday, 10 March 2026. No data came from the plant that day.",
        ),
        (
            {"target_output": 0, "planned_minutes": None},
            "No data came from the plant about Press 1 on Tuesday, 10 March 2026. "
            "What it made and lost is not known.",
        ),
    ],
)
def test_a_day_without_data(changes: dict[str, Any], expected: str) -> None:
    assert word(NOTHING_CAME._replace(**changes), "Press 1", TUESDAY) == expected


def test_a_closed_day_is_named() -> None:
    unplanned = NOTHING_CAME._replace(target_output=0, planned_minutes=0)
    overtime = ORDINARY._replace(
        target_output=0,
        planned_minutes=0,
        actual_output=40,
        unplanned_output=40,
        oee_percentage=None,
        availability_percentage=None,
        performance_percentage=None,
        quality_percentage=None,
    )

    assert word(unplanned, "Press 1", TUESDAY, closed_for="Founders' Day") == (
        "Press 1 was closed on Tuesday, 10 March 2026 (Founders' Day). No data came from the plant that day."
    )
    assert word(overtime, "Press 1", TUESDAY, closed_for="Founders' Day").startswith(
        "Press 1 was closed on Tuesday, 10 March 2026 (Founders' Day), and made 40 units. "
    )


def test_what_a_night_shift_made_on_a_closed_day_counts_against_its_plan() -> None:
    told = word(ORDINARY, "Press 1", TUESDAY, closed_for="Founders' Day")

    assert told.startswith("Press 1 made 912 of 960 planned units on Tuesday, 10 March 2026, OEE 77.4%")


def test_names_and_reasons_of_any_length_and_kind_leave_a_readable_text() -> None:
    reason = ReasonMinutes("Störung\nam  Förderband " + "x" * 200, 45)

    told = word(ORDINARY._replace(downtime_reasons=(reason,)), " Presse\t1 ", TUESDAY)

    assert told.startswith("Presse 1 made 912 of")
    assert 'because of "Störung am Förderband xxx' in told
    assert len(told) < 400


AMOUNTS = st.one_of(st.integers(0, 10_000_000), st.floats(0, 1e9).map(lambda number: round(number, 4)))
PERCENTAGES = st.one_of(st.none(), st.floats(0, 1000).map(lambda number: round(number, 4)))
REASONS = st.lists(
    st.builds(ReasonMinutes, st.sampled_from(["Jam", "No Material", None]), AMOUNTS), max_size=5
)
SUMMARIES = st.builds(
    Summary,
    asset_id=st.just(1),
    oee_percentage=PERCENTAGES,
    availability_percentage=PERCENTAGES,
    performance_percentage=PERCENTAGES,
    quality_percentage=PERCENTAGES,
    actual_output=st.one_of(st.none(), AMOUNTS),
    target_output=AMOUNTS,
    planned_minutes=st.one_of(st.none(), AMOUNTS),
    downtime_minutes=AMOUNTS,
    downtime_reasons=REASONS,
    waste_count=st.one_of(st.none(), AMOUNTS),
    financial_loss=st.one_of(st.none(), AMOUNTS.map(lambda number: round(number, 2))),
    unplanned_output=st.one_of(st.none(), st.floats(0, 1)),  # a share, until it is one of the actual output
    is_planned_in_part=st.booleans(),
    good_count=st.none(),
    planned_stop_minutes=st.one_of(st.none(), AMOUNTS),
    unexplained_minutes=st.one_of(st.none(), AMOUNTS),
    speed_loss=st.one_of(st.none(), AMOUNTS.map(lambda number: round(number, 2))),
    shifts=st.just(()),
).map(
    lambda one: one._replace(
        unplanned_output=None
        if one.unplanned_output is None
        else round(one.unplanned_output * (one.actual_output or 0), 4)
    )
)


@given(SUMMARIES)
def test_every_text_is_two_or_three_sentences_of_plain_words(summary: Summary) -> None:
    told = word(summary, "Press", TUESDAY)

    third = r"( Nothing explains [^\n]* of its planned time[^\n]*\.)?"
    assert re.fullmatch(r"[A-Z][^\n]*[a-z0-9%)]\. (It|What|No) [^\n]*[a-z0-9\"]\." + third, told)
    assert len(re.findall(r"\.(?= |$)", told)) == 2 + ("Nothing explains" in told)
    assert not re.search(r"None|nan|inf|  |,,| ,|\(\)|-", told)
    assert not re.search(r"(?<![\d.,])1 (units|minutes|planned units)|(?<![\d.,])0 minutes", told)


@given(SUMMARIES)
def test_every_figure_of_a_text_is_one_of_its_row(summary: Summary) -> None:
    told = word(summary, "Press", TUESDAY).replace("Tuesday, 10 March 2026", "").replace("under 0.1", "0.0")
    reasons = [one.minutes for one in summary.downtime_reasons]
    in_plan = (summary.actual_output or 0) - (summary.unplanned_output or 0)
    known = (*summary[1:9], *summary[10:], *reasons, in_plan)
    row = [value for value in known if isinstance(value, int | float)]

    for shown in re.findall(r"\d[\d,]*(?:\.\d+)?", told):
        figure = float(shown.replace(",", ""))
        assert any(abs(figure - value) <= 0.051 for value in row), shown


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"unexplained_minutes": 55.2, "speed_loss": 110.4},
            "55.2 minutes of its planned time, at a cost of $110.40.",
        ),
        ({"unexplained_minutes": 55.2}, "55.2 minutes of its planned time."),
        ({"unexplained_minutes": 1}, "1 minute of its planned time."),
        ({"unexplained_minutes": 0.9, "speed_loss": 1.8}, None),
        ({"unexplained_minutes": 0}, None),
        ({"unexplained_minutes": None}, None),
    ],
)
def test_minutes_that_nothing_explains_are_a_third_sentence(
    changes: dict[str, Any], expected: str | None
) -> None:
    told = text(**changes)

    assert told.partition(" Nothing explains ")[2] == (expected or "")


def test_a_silent_asset_is_told_of_once() -> None:
    told = text(
        actual_output=0, downtime_minutes=0, downtime_reasons=(), unexplained_minutes=465, oee_percentage=0
    )

    assert "No stop was recorded" in told
    assert "Nothing explains" not in told


def test_planned_stops_are_named_beside_all() -> None:
    assert lost(planned_stop_minutes=15).startswith(
        "It stood still for 45 minutes (15 of them planned), 30 of them"
    )
