"""The calendar of closed days, and what it takes out of the plan."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from plantpulse.errors import ConfigurationError
from plantpulse.plant.closed_days import ALWAYS_OPEN, parse_closed_days
from plantpulse.plant.plant_model import PlantModel, parse_plant_model
from plantpulse.plant.shifts import assets_with_a_plan, workloads
from plantpulse.schedules.slots import Window

CHRISTMAS = date(2026, 12, 25)
HOLIDAY: dict[str, Any] = {
    "asset_id": None,
    "date": "2026-12-25",
    "name": "Christmas Day",
    "is_closed": True,
}
SHIFT: dict[str, Any] = {
    "starts_at": "06:00",
    "ends_at": "14:00",
    "days_of_week": [1, 2, 3, 4, 5, 6, 7],
    "valid_from": "2026-01-01",
    "valid_until": None,
    "breaks": [],
    "shift_name": "early",
    "asset_ids": [1, 2],
    "target_outputs": [800, 400],
}


def model_of(
    patterns: Sequence[dict[str, Any]], closed: Sequence[dict[str, Any]], *asset_ids: int
) -> PlantModel:
    assets = {
        "asset_id": list(asset_ids),
        "source_name": [f"A{asset_id}" for asset_id in asset_ids],
        "ideal_units_per_hour": [None for _ in asset_ids],
        "is_active": [True for _ in asset_ids],
        "is_mapped": [True for _ in asset_ids],
        "product_rates": {},
    }
    return parse_plant_model(
        {"assets": assets, "shift_patterns": list(patterns), "closed_days": list(closed)}
    )


def plant(*closed: dict[str, Any], **shift: Any) -> PlantModel:
    return model_of([SHIFT | shift], closed, 1, 2)


def of_day(model: PlantModel, day: date, zone: str = "UTC") -> dict[int, tuple[float, float]]:
    """Return target and planned minutes of a local calendar day by asset."""
    place = ZoneInfo(zone)
    edges = [datetime(one.year, one.month, one.day, tzinfo=place) for one in (day, day + timedelta(days=1))]
    loads = workloads(model.shift_targets, Window(*(edge.astimezone(UTC) for edge in edges)), place)
    return {key: (round(load.output_target, 4), load.planned.minutes) for key, load in loads.items()}


def test_on_a_closed_day_nothing_is_planned_and_the_days_around_it_are_as_before() -> None:
    model = plant(HOLIDAY)

    assert of_day(model, CHRISTMAS) == {}
    for neighbour in (date(2026, 12, 24), date(2026, 12, 26)):
        assert of_day(model, neighbour) == {1: (800, 480), 2: (400, 480)}


def test_an_asset_may_be_closed_alone() -> None:
    model = plant(HOLIDAY | {"asset_id": 2, "name": "Stocktaking"})

    assert of_day(model, CHRISTMAS) == {1: (800, 480)}
    assert model.closed_days.reason(2, CHRISTMAS) == "Stocktaking"
    assert model.closed_days.reason(1, CHRISTMAS) is None


def test_an_asset_may_work_on_a_holiday_of_its_plant() -> None:
    model = plant(HOLIDAY, HOLIDAY | {"asset_id": 2, "name": "Oven stays hot", "is_closed": False})

    assert of_day(model, CHRISTMAS) == {2: (400, 480)}
    assert model.closed_days.reason(2, CHRISTMAS) is None
    assert model.closed_days.reason(1, CHRISTMAS) == "Christmas Day"


def test_a_day_that_was_taken_back_is_worked() -> None:
    assert of_day(plant(HOLIDAY | {"is_closed": False}), CHRISTMAS) == {1: (800, 480), 2: (400, 480)}


@pytest.mark.parametrize(
    ("zone", "closed", "day", "planned", "target"),
    [
        # The night shift of the evening before still ends at six; the one of the closed day does not start.
        ("Europe/Berlin", "2026-12-25", date(2026, 12, 25), 360, 600),
        ("Europe/Berlin", "2026-12-25", date(2026, 12, 26), 120, 200),
        # The night before the change lasts seven hours, five of them on the day; in autumn seven of nine.
        ("Europe/Berlin", "2026-03-29", date(2026, 3, 29), 300, 571.4286),
        ("Europe/Berlin", "2026-03-28", date(2026, 3, 29), 120, 200),
        ("Europe/Berlin", "2026-10-25", date(2026, 10, 25), 420, 622.2222),
        ("America/Chicago", "2026-10-31", date(2026, 11, 1), 120, 200),
        ("America/Chicago", "2026-11-01", date(2026, 11, 1), 420, 622.2222),
        ("Australia/Lord_Howe", "2026-04-05", date(2026, 4, 5), 390, 611.7647),
    ],
)
def test_a_shift_belongs_to_the_day_on_which_it_starts(
    zone: str, closed: str, day: date, planned: float, target: float
) -> None:
    model = plant(HOLIDAY | {"date": closed}, starts_at="22:00", ends_at="06:00")

    assert of_day(model, day, zone)[1] == (target, planned)


def test_a_closed_asset_has_a_plan_even_without_targets() -> None:
    bare = model_of([], [HOLIDAY | {"asset_id": 2}], 1, 2)

    assert assets_with_a_plan(bare, CHRISTMAS) == {2}
    assert assets_with_a_plan(bare, date(2026, 12, 26)) == set()


def test_assets_without_days_of_their_own_still_share_one_pattern() -> None:
    early = model_of(
        [SHIFT | {"asset_ids": [1, 2, 3], "target_outputs": [1, 1, 1]}],
        [HOLIDAY | {"asset_id": 3}, HOLIDAY],
    )

    first, second, third = (target.pattern for target in early.shift_targets)
    assert first is second
    assert (first.closed_on, third.closed_on) == (frozenset({CHRISTMAS}), frozenset({CHRISTMAS}))


def test_a_plant_without_closed_days_is_always_open() -> None:
    assert parse_closed_days([]) == ALWAYS_OPEN


@pytest.mark.parametrize("row", [{}, {"date": "soon"}, {"date": None}, {"name": "x"}])
def test_a_closed_day_that_cannot_be_read_is_named(row: dict[str, Any]) -> None:
    malformed = {"asset_id": None, "is_closed": True, **row}
    with pytest.raises(ConfigurationError, match=f"that of {malformed.get('date')} is malformed"):
        parse_closed_days([malformed])
