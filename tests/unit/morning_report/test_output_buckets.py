"""The buckets in which a day's output is read."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from plantpulse.morning_report.output_buckets import (
    fewer_buckets,
    most_buckets,
    output_grid,
    spans_of_day,
)
from plantpulse.plant.local_time import BucketGrid, LocalBounds
from plantpulse.plant.plant_model import Asset, PlantModel, ShiftPattern, ShiftTarget
from plantpulse.schedules.slots import Window

BERLIN = ZoneInfo("Europe/Berlin")
TUESDAY = Window(datetime(2026, 3, 9, 23, tzinfo=UTC), datetime(2026, 3, 10, 23, tzinfo=UTC))
ALL_DAYS = frozenset(range(1, 8))


def plant(*shifts: tuple[str, str, str], assets: int = 1) -> PlantModel:
    """Return a plant with shifts from a time to a time, each with a break of a quarter from a time on."""
    targets = [
        ShiftTarget(
            1,
            starts_at,
            ShiftPattern(
                time.fromisoformat(starts_at),
                time.fromisoformat(ends_at),
                ALL_DAYS,
                date(2026, 1, 1),
                None,
                ((time.fromisoformat(pause), after_a_quarter(pause)),) if pause else (),
            ),
            800,
        )
        for starts_at, ends_at, pause in shifts
    ]
    found = [
        Asset(one, f"A-{one}", f"a-{one}", None, is_active=True, is_mapped=True) for one in range(assets)
    ]
    return PlantModel(found, targets)


def after_a_quarter(text: str) -> time:
    return (datetime.combine(date(2026, 1, 1), time.fromisoformat(text)) + timedelta(minutes=15)).time()


@pytest.mark.parametrize(
    ("model", "row_limit", "minutes"),
    [
        pytest.param(plant(), 50_000, 1440, id="no shifts: one bucket"),
        pytest.param(plant(("06:00", "14:00", "")), 50_000, 120, id="one shift: what divides 6 and 8 hours"),
        pytest.param(plant(("06:00", "14:00", "09:00")), 50_000, 15, id="with a break"),
        pytest.param(plant(("06:00", "14:00", "09:10")), 50_000, 5, id="with one at ten past"),
        pytest.param(plant(("06:00", "14:00", "09:07")), 50_000, 5, id="no finer than five minutes"),
        pytest.param(
            plant(("06:00", "14:00", ""), ("22:00", "06:00", "")), 50_000, 120, id="a night shift too"
        ),
        # 200 assets have 57,600 rows in buckets of five minutes, more than nine tenths of 50,000.
        pytest.param(plant(("06:00", "14:00", "09:10"), assets=200), 50_000, 10, id="as the limit allows"),
        pytest.param(plant(("06:00", "14:00", "09:10"), assets=200), 60, 1440, id="at least one"),
    ],
)
def test_buckets_are_as_long_as_shifts_breaks_and_the_limit_allow(
    model: PlantModel, row_limit: int, minutes: int
) -> None:
    grid = output_grid(model, TUESDAY, BERLIN, most_buckets(model, row_limit))

    bounds = LocalBounds(datetime(2026, 3, 10), datetime(2026, 3, 11))  # noqa: DTZ001
    assert grid == BucketGrid(bounds, timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("buckets", "newest_first", "fewer"),
    [
        pytest.param(12, [0, 0, 5, 9, 10], 9, id="ten are whole, nine tenths of them fit"),
        pytest.param(12, [0, 0, 0, 0, 0], 1, id="not even one is whole"),
        pytest.param(12, ["?", None], 1, id="nobody can tell"),
        pytest.param(2, [0, 1], 1, id="always fewer than before"),
        pytest.param(1, [0], None, id="no fewer than one"),
    ],
)
def test_an_answer_that_was_cut_off_is_asked_for_in_fewer_buckets(
    buckets: int, newest_first: list[object], fewer: int | None
) -> None:
    bounds = LocalBounds(datetime(2026, 3, 10), datetime(2026, 3, 11))  # noqa: DTZ001
    rows = [("PRESS", bucket, 1.0, None) for bucket in newest_first]

    assert fewer_buckets(BucketGrid(bounds, timedelta(days=1) / buckets), rows) == fewer


def test_every_bucket_of_a_day_has_a_time_also_one_that_the_clock_jumped_over() -> None:
    window = Window(datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 3, 29, 22, tzinfo=UTC))
    bounds = LocalBounds(datetime(2026, 3, 29), datetime(2026, 3, 30))  # noqa: DTZ001

    spans = spans_of_day(window, BucketGrid(bounds, timedelta(hours=1)), BERLIN)

    assert sorted(spans) == list(range(24))
    # 02:00 to 03:00 never was: rows of it are read as 03:00 to 04:00.
    one, three = datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 3, 29, 2, tzinfo=UTC)
    assert spans[21] == spans[20] == [(one, three)]
