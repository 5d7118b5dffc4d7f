"""OEE against published worked examples.

Sources: Vorne, "Calculating OEE Worksheet" (first table; second table, also on oee.com under "Calculating
OEE"; weekly example) and waycalculator.com, OEE example 1. Ideal rates per minute are given here per hour.
"""

import pytest

from plantpulse.plant.oee import (
    Oee,
    availability,
    compute_oee,
    describe_rates,
    is_rate_doubtful,
    performance,
    quality,
)


@pytest.mark.parametrize(
    ("planned", "run", "rate_per_hour", "units", "good", "rejected", "expected"),
    [
        pytest.param(
            420, 373, 3600, 19271, 18848, 423, (0.8881, 0.8611, 0.978, 0.7479), id="vorne second table"
        ),
        pytest.param(435, 405, 120, 700, 675, 25, (0.931, 0.8642, 0.9643, 0.7759), id="vorne first table"),
        pytest.param(2780, 1820, 62.46, 1626, 1618, 8, (0.6547, 0.8582, 0.995, 0.559), id="vorne weekly"),
        pytest.param(480, 420, 60, 400, 380, 20, (0.875, 0.952, 0.95, 0.791), id="waycalculator example 1"),
    ],
)
def test_published_examples_come_out_as_published(
    planned: float,
    run: float,
    rate_per_hour: float,
    units: float,
    good: float,
    rejected: float,
    expected: tuple[float, float, float, float],
) -> None:
    oee = compute_oee(
        planned_minutes=planned,
        run_minutes=run,
        ideal_units_per_hour=rate_per_hour,
        units=units,
        good=good,
        rejected=rejected,
    )

    assert oee is not None
    # The sources print three or four decimals, and the last one is sometimes cut instead of rounded.
    assert (oee.availability, oee.performance, oee.quality, oee.oee) == pytest.approx(expected, abs=0.0007)


def test_the_best_known_example_in_full_precision() -> None:
    oee = compute_oee(
        planned_minutes=420, run_minutes=373, ideal_units_per_hour=3600, units=19271, good=18848, rejected=423
    )

    assert oee is not None
    assert oee.oee == pytest.approx(0.7479365079365078, abs=1e-15)
    # Good units times the ideal cycle over planned time: the short way to the same figure.
    assert oee.oee == pytest.approx(18848 * (1 / 60) / 420, abs=1e-15)


@pytest.mark.parametrize(
    "impossible",
    [
        {"planned_minutes": 0.0},
        {"run_minutes": 0.0},
        {"run_minutes": -1.0},
        {"good": 0.0, "rejected": 0.0},
    ],
)
def test_a_factor_without_a_divisor_leaves_oee_unknown(impossible: dict[str, float]) -> None:
    parts = {
        "planned_minutes": 30.0,
        "run_minutes": 20.0,
        "ideal_units_per_hour": 60.0,
        "units": 10.0,
        "good": 9.0,
        "rejected": 1.0,
    }

    assert compute_oee(**parts) is not None
    assert compute_oee(**(parts | impossible)) is None


@pytest.mark.parametrize(("performed", "is_doubtful"), [(None, False), (1.1, False), (1.101, True)])
def test_an_ideal_rate_is_doubted_from_a_performance_of_110_percent_on(
    performed: float | None, is_doubtful: bool
) -> None:
    assert is_rate_doubtful(performed) is is_doubtful


def test_the_fastest_assets_are_named() -> None:
    assert describe_rates({"PRESS-01": 1.2, "SAW-01": 3.60}) == (
        "performance above 110%: SAW-01 360.0%, PRESS-01 120.0%; ideal_units_per_hour is too low, "
        "or stops are booked while the asset runs"
    )
    assert "A-4 120.0% and 2 more; " in describe_rates({f"A-{number}": 1.2 for number in range(7)})


def test_performance_above_one_is_not_hidden() -> None:
    oee = compute_oee(
        planned_minutes=60, run_minutes=60, ideal_units_per_hour=60, units=90, good=90, rejected=0
    )

    assert oee == Oee(availability=1.0, performance=1.5, quality=1.0)
    assert oee.oee == 1


def test_the_product_is_cut_and_not_the_performance_in_it() -> None:
    assert Oee(availability=0.5, performance=1.5, quality=0.8).oee == pytest.approx(0.6)
    assert Oee(availability=0.9, performance=1.5, quality=1.0).oee == 1


def test_a_factor_is_known_without_the_others() -> None:
    assert availability(420, 373) == pytest.approx(0.8881, abs=0.0001)
    assert performance(700, 120, 405) == pytest.approx(0.8642, abs=0.0001)
    assert quality(675, 25) == pytest.approx(0.9643, abs=0.0001)
    assert (availability(0, 0), performance(700, 120, 0), quality(0, 0)) == (None, None, None)
