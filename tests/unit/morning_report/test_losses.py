"""What nothing explains and what losses cost, against figures worked by hand and by SQL."""

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plantpulse.morning_report.losses import busy_minutes, losses, unexplained_minutes
from plantpulse.plant.plant_model import Asset, CostRates
from tests.unit.morning_report.test_summaries import PRESS, made, only, stopped, summarised

RATES = CostRates(120.0, 2.5)
SLOW_PRESS = PRESS._replace(ideal_units_per_hour=150)


# A shift of 480 minutes, an hour of stops, 600 units at 2 a minute: 480 - 60 - 300 = 120.
@pytest.mark.parametrize(
    ("planned", "stops", "busy", "expected"),
    [
        pytest.param(480, 60, 300, 120, id="two hours are missing"),
        pytest.param(480, 60, 420, 0, id="all is explained"),
        pytest.param(480, 60, 500, 0, id="the ideal rate is too low"),
        pytest.param(480, 0, 0, 480, id="made nothing, stopped for nothing"),
        pytest.param(0, 0, 0, 0, id="nothing was planned"),
        pytest.param(None, 60, 300, None, id="no plan"),
        pytest.param(480, 60, None, None, id="no ideal rate"),
    ],
)
def test_minutes_that_nothing_explains(
    planned: float | None, stops: float, busy: float | None, expected: float | None
) -> None:
    assert unexplained_minutes(planned, stops, busy) == expected


def test_money_for_stops_scrap_and_speed_stands_side_by_side() -> None:
    # 90 minutes at 120 an hour, 4 units at 2.50, 45 minutes at 120 an hour
    assert losses(90, 4, 45, RATES)._asdict() == {
        "unexplained_minutes": 45,
        "downtime_loss": 180,
        "scrap_loss": 10,
        "speed_loss": 90,
        "financial_loss": 190,
    }


def test_what_is_not_known_has_no_price_and_the_rest_has_one() -> None:
    assert losses(90, None, None, RATES) == (None, 180, None, None, None)
    assert losses(90, 4, 45, None) == (45, None, None, None, None)
    assert losses(90, None, 45, CostRates(120.0, 0.0)) == (45, 180, 0, 90, 180)


@given(
    stops=st.floats(0, 1440),
    waste=st.integers(0, 10_000),
    hourly=st.floats(0, 1000),
    scrap=st.floats(0, 1000),
)
def test_stops_and_scrap_add_up_to_the_cent(stops: float, waste: int, hourly: float, scrap: float) -> None:
    found = losses(stops, waste, None, CostRates(hourly, scrap))

    assert found.downtime_loss is not None
    assert found.scrap_loss is not None
    assert found.financial_loss is not None
    assert round(100 * found.downtime_loss) + round(100 * found.scrap_loss) == round(
        100 * found.financial_loss
    )


def test_each_product_takes_what_its_own_rate_says() -> None:
    press = SLOW_PRESS._replace(product_rates={"gear": 300.0, "shaft": 60.0})

    # 150 gears at 300 an hour: 30; 40 shafts at 60: 40; 25 of anything else at the asset's 150: 10
    assert busy_minutes(press, {"gear": 150, "shaft": 40, "bolt": 20, "": 5}) == pytest.approx(80)
    assert busy_minutes(press._replace(ideal_units_per_hour=None), {"gear": 150, "shaft": 40}) == 70
    assert busy_minutes(press._replace(ideal_units_per_hour=None), {"gear": 150, "": 1}) is None
    assert busy_minutes(press._replace(ideal_units_per_hour=None), {"": 0}) == 0


def test_a_day_of_two_products_has_the_performance_of_both() -> None:
    press = SLOW_PRESS._replace(product_rates={"gear": 300.0})
    gears = made(600)._replace(product_key="gear")  # 120 minutes

    summary = only(summarised(gears, made(300), assets=(press,)))  # and 120 minutes for the others

    assert summary.performance_percentage == 51.6129  # 240 of 465
    assert summary.unexplained_minutes == 225
    assert summary.speed_loss == 450


def test_planned_stops_are_told_apart_and_still_count() -> None:
    readings = (
        made(912),
        stopped("Setup", "2026-03-10T07:00", 30),
        stopped("Jam", "2026-03-10T08:00", 15),
    )

    plain = only(summarised(*readings))
    apart = only(summarised(*readings, planned_reasons={"setup", "cleaning"}))

    assert (plain.planned_stop_minutes, apart.planned_stop_minutes) == (0, 30)
    assert apart.shifts[0].planned_stop_minutes == 30
    assert (apart.downtime_minutes, apart.financial_loss) == (plain.downtime_minutes, plain.financial_loss)
    assert apart.availability_percentage == plain.availability_percentage


DAYS = st.lists(
    st.tuples(
        st.one_of(st.none(), st.integers(0, 1440)),  # planned minutes
        st.integers(0, 1440),  # stops
        st.integers(0, 100_000),  # units
        st.one_of(st.none(), st.integers(1, 10_000)),  # ideal rate
    ),
    min_size=1,
    max_size=20,
)


@given(DAYS)
def test_sql_comes_to_the_same_minutes(days: list[tuple[int | None, int, int, int | None]]) -> None:
    database = sqlite3.connect(":memory:")
    database.execute("create table days (planned real, stops real, units real, rate real)")
    database.executemany("insert into days values (?, ?, ?, ?)", days)
    expected = database.execute(
        "select max(0.0, planned - stops - case units when 0 then 0.0 else 60.0 * units / rate end) from days"
    ).fetchall()
    database.close()

    for (planned, stops, units, rate), (minutes,) in zip(days, expected, strict=True):
        asset = Asset(1, "P", "p", rate, is_active=True, is_mapped=True)
        found = unexplained_minutes(planned, stops, busy_minutes(asset, {"": units}))
        assert found == (None if minutes is None else pytest.approx(minutes))
