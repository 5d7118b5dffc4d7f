"""Totals and comparisons, against figures worked by hand and by SQL."""

import sqlite3
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plantpulse.report_mail.figures import by_area, by_shift, compared, total
from tests.unit.report_mail.plant_days import A_DAY, A_WEEK, TUESDAY, closed, day_of, row, unknown


def test_sums_are_sums_and_oee_is_weighted_by_planned_time() -> None:
    figures = total(
        day_of(
            row("A", oee_percentage=80, planned_minutes=480),
            row("B", oee_percentage=50, planned_minutes=960, target_output=40, actual_output=50),
        ).rows
    )

    # (80 % of 480 + 50 % of 960) / 1440 = 864 / 1440
    assert figures.oee_percentage == 60
    assert (figures.target_output, figures.actual_output) == (1000, 962)
    assert (figures.downtime_minutes, figures.unexplained_minutes, figures.waste_count) == (120, 240, 24)
    assert (figures.downtime_loss, figures.scrap_loss, figures.speed_loss) == (240, 60, 480)
    assert figures.total_loss == 780
    assert figures.reached_percentage == pytest.approx(96.2)


def test_what_is_made_outside_the_plan_reaches_no_target() -> None:
    figures = total(day_of(row(actual_output=1000, unplanned_output=520)).rows)

    assert (figures.planned_output, figures.reached_percentage) == (480, 50)


def test_what_is_not_known_of_one_asset_is_left_out_and_not_zero() -> None:
    figures = total(day_of(row("A"), unknown("B")).rows)

    assert (figures.actual_output, figures.waste_count, figures.total_loss) == (912, 12, 390)
    assert figures.oee_percentage == 75


def test_of_nothing_nothing_is_known() -> None:
    figures = total(day_of(unknown("A"), unknown("B")).rows)

    assert (figures.actual_output, figures.oee_percentage, figures.total_loss) == (None, None, None)
    assert figures.target_output == 1920
    assert total([]).reached_percentage is None


def test_the_day_before_and_the_average_of_like_weekdays_stand_beside_the_day() -> None:
    found = compared(
        day_of(
            row(),
            row(day=TUESDAY - A_DAY, actual_output=700),
            row(day=TUESDAY - A_WEEK, actual_output=800, oee_percentage=60, planned_minutes=480),
            row(day=TUESDAY - 2 * A_WEEK, actual_output=900, oee_percentage=90, planned_minutes=960),
        )
    )

    assert found.day_before is not None
    assert found.usual is not None
    assert (found.figures.actual_output, found.day_before.actual_output) == (912, 700)
    assert (found.usual.actual_output, found.usual_days) == (850, 2)
    assert found.usual.oee_percentage == pytest.approx(80)  # (60 % of 480 + 90 % of 960) / 1440


def test_days_that_are_missing_or_closed_are_in_no_average() -> None:
    found = compared(
        day_of(
            row(),
            closed(day=TUESDAY - A_DAY),
            row(day=TUESDAY - A_WEEK, actual_output=800),
            unknown(day=TUESDAY - 2 * A_WEEK),
            closed(day=TUESDAY - 3 * A_WEEK),
        )
    )

    assert found.day_before is None
    assert found.usual is not None
    assert (found.usual.actual_output, found.usual_days) == (800, 1)


def test_without_any_earlier_day_there_is_nothing_to_compare_with() -> None:
    found = compared(day_of(row()))

    assert (found.day_before, found.usual, found.usual_days) == (None, None, 0)


def test_extra_work_on_a_closed_day_is_a_day_to_compare_with() -> None:
    extra = row(day=TUESDAY - A_DAY, planned_minutes=0, actual_output=100, oee_percentage=None)

    assert compared(day_of(row(), extra)).day_before is not None


def test_an_area_has_a_line_with_its_own_comparison() -> None:
    lines = by_area(
        day_of(
            row("A", area="Welding"),
            row("B", area=None),
            row("C", area="assembly "),
            row("D", area="Assembly", actual_output=88),
            row("C", TUESDAY - A_DAY, area="ASSEMBLY", actual_output=500),
        )
    )

    assert [(name, one.figures.actual_output) for name, one in lines] == [
        ("assembly", 1000),
        ("Welding", 912),
        (None, 912),
    ]
    assert lines[0][1].day_before is not None
    assert lines[0][1].day_before.actual_output == 500
    assert lines[1][1].day_before is None


def shift(name: str, **changes: Any) -> dict[str, Any]:
    return {
        "shift": name,
        "planned_minutes": 480,
        "target_output": 500,
        "output": 400,
        "downtime_minutes": 30,
        "planned_stop_minutes": 10,
        "unexplained_minutes": 60,
        **changes,
    }


def test_a_shift_has_a_line_over_all_assets() -> None:
    lines = by_shift(
        day_of(
            row("A", shifts=[shift("night"), shift("early", output=450)]),
            row("B", shifts=[shift("Early", unexplained_minutes=None)]),
            row("A", TUESDAY - A_DAY, shifts=[shift("early", output=100)]),
            unknown("B", TUESDAY - A_WEEK, shifts=[shift("early", output=999)]),
        )
    )

    assert [(name, one.figures.actual_output) for name, one in lines] == [("night", 400), ("early", 850)]
    early = lines[1][1]
    assert (early.figures.reached_percentage, early.figures.unexplained_minutes) == (85, 60)
    assert early.day_before is not None
    assert (early.day_before.actual_output, early.usual_days) == (100, 0)
    assert lines[0][1].day_before is None


NUMBERS = st.one_of(st.none(), st.integers(0, 10_000))
FIELDS = ("actual_output", "downtime_minutes", "unexplained_minutes", "waste_count", "speed_loss")
ROWS = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 7, 14, 21, 28]),
        st.sampled_from(["A", "B", "C"]),
        st.integers(0, 100),  # OEE
        st.integers(1, 1440),  # planned minutes
        *[NUMBERS for _ in FIELDS],
    ),
    max_size=18,
    unique_by=lambda one: (one[0], one[1]),
)


@given(ROWS)
def test_sql_comes_to_the_same_figures(rows: list[tuple[Any, ...]]) -> None:
    """The averages as SQL has them: of the sums of each day on which data came."""
    database = sqlite3.connect(":memory:")
    columns = ", ".join(f"{name} real" for name in FIELDS)
    database.execute(f"create table summaries (back integer, name text, oee real, planned real, {columns})")
    database.executemany(f"insert into summaries values ({', '.join('?' * (4 + len(FIELDS)))})", rows)
    sums = ", ".join(f"sum({name}) as {name}" for name in FIELDS)
    means = ", ".join(f"avg({name})" for name in FIELDS)
    days = f"""
        select back, {sums}, sum(oee * planned) as good, sum(planned) as rated
        from summaries where actual_output is not null group by back
    """
    expected = database.execute(
        f"select count(*), {means}, sum(good) / sum(rated) from ({days}) where back >= 7"
    ).fetchone()
    before = database.execute(f"select actual_output, good / rated from ({days}) where back = 1").fetchone()
    database.close()

    found = compared(day_of(*[as_row(*one) for one in rows]))

    assert found.usual_days == expected[0]
    if found.usual is not None:
        assert [getattr(found.usual, name) for name in FIELDS] == [known(one) for one in expected[1:-1]]
        assert found.usual.oee_percentage == known(expected[-1])
    assert (found.day_before is None) == (before is None)
    if found.day_before is not None:
        assert (found.day_before.actual_output, found.day_before.oee_percentage) == (
            known(before[0]),
            known(before[1]),
        )


def as_row(back: int, name: str, oee: float, planned: float, *numbers: float | None) -> dict[str, Any]:
    day: date = TUESDAY - timedelta(days=back)
    return row(
        name, day, oee_percentage=oee, planned_minutes=planned, **dict(zip(FIELDS, numbers, strict=True))
    )


def known(value: float | None) -> Any:
    return None if value is None else pytest.approx(value)
