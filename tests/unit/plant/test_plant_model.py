"""The claim's answer as assets and shift targets."""

from datetime import date, time
from typing import Any

import pytest

from plantpulse.errors import ConfigurationError
from plantpulse.plant.plant_model import (
    Asset,
    CostRates,
    PlantModel,
    ShiftPattern,
    ShiftTarget,
    parse_assets,
    parse_cost_rates,
    parse_plant_model,
    parse_shift_patterns,
)

ASSETS: dict[str, Any] = {
    "asset_id": [1],
    "source_name": ["PRESS-01"],
    "ideal_units_per_hour": [120],
    "is_active": [True],
    "is_mapped": [True],
    "product_rates": {},
}
NO_ASSETS: dict[str, Any] = {name: [] for name in ASSETS} | {"product_rates": {}}
NIGHT: dict[str, Any] = {
    "shift_name": "night",
    "starts_at": "22:00:00",
    "ends_at": "06:00:00",
    "days_of_week": [1, 2, 3, 4, 5],
    "valid_from": "2026-01-01",
    "valid_until": None,
    "breaks": [{"starts_at": "02:00", "ends_at": "02:30"}],
    "asset_ids": [1],
    "target_outputs": [800],
}


def test_the_claims_answer_becomes_a_plant_model() -> None:
    model = parse_plant_model({"assets": ASSETS, "shift_patterns": [NIGHT], "closed_days": []})

    assert model == PlantModel(
        assets=[Asset(1, "PRESS-01", "press-01", 120.0, is_active=True, is_mapped=True)],
        shift_targets=[
            ShiftTarget(
                asset_id=1,
                shift_name="night",
                pattern=ShiftPattern(
                    starts_at=time(22),
                    ends_at=time(6),
                    days_of_week=frozenset({1, 2, 3, 4, 5}),
                    valid_from=date(2026, 1, 1),
                    valid_until=None,
                    breaks=((time(2), time(2, 30)),),
                ),
                target_output=800.0,
            )
        ],
    )


def test_a_plant_without_assets_and_shifts_is_a_plant() -> None:
    empty = {"assets": NO_ASSETS, "shift_patterns": [], "closed_days": []}

    assert parse_plant_model(empty) == PlantModel([], [])


@pytest.mark.parametrize("part", ["assets", "shift_patterns", "closed_days"])
def test_an_answer_without_a_part_is_not_a_plant_that_has_none_of_it(part: str) -> None:
    parts = {"assets": ASSETS, "shift_patterns": [NIGHT], "closed_days": []}

    for without in (parts | {part: None}, {name: value for name, value in parts.items() if name != part}):
        with pytest.raises(ConfigurationError, match=f"with {part}: apply the newest migrations"):
            parse_plant_model(without)


@pytest.mark.parametrize("part", ["shift_patterns", "closed_days"])
@pytest.mark.parametrize("value", ["none", {"2026-12-25": "Christmas Day"}, ["2026-12-25"], 5])
def test_a_part_that_is_no_list_of_objects_is_named(part: str, value: object) -> None:
    with pytest.raises(ConfigurationError, match=f"its {part} are no list of objects"):
        parse_plant_model({"assets": ASSETS, "shift_patterns": [NIGHT], "closed_days": [], part: value})


def test_an_asset_may_have_no_ideal_rate() -> None:
    assert parse_assets(ASSETS | {"ideal_units_per_hour": [None]})[0].ideal_units_per_hour is None


def test_products_have_rates_of_their_own() -> None:
    press, oven = parse_assets(
        {name: [*cells, *cells] for name, cells in ASSETS.items() if isinstance(cells, list)}
        | {"asset_id": [1, 2], "source_name": ["PRESS-01", "OVEN-02"], "product_rates": {"2": {"bolt": 30}}}
    )

    assert (press.ideal_units_per_hour_of("bolt"), oven.ideal_units_per_hour_of("bolt")) == (120, 30)
    assert oven.ideal_units_per_hour_of("nut") == 120


@pytest.mark.parametrize(
    "change",
    [
        {"is_mapped": []},
        {"asset_id": [1, 2]},
        {"source_name": None},
        {"is_active": 5},
        {"product_rates": [1]},
    ],
)
def test_columns_that_are_no_lists_side_by_side_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="assets are no lists side by side"):
        parse_assets(ASSETS | change)


def test_midnight_may_be_written_as_the_end_of_the_day() -> None:
    late = parse_shift_patterns([NIGHT | {"starts_at": "16:00", "ends_at": "24:00:00"}])[0]

    assert (late.pattern.starts_at, late.pattern.ends_at) == (time(16), time(0))


def test_assets_that_work_the_same_times_share_one_pattern() -> None:
    first, second = parse_shift_patterns([NIGHT | {"asset_ids": [1, 2], "target_outputs": [800, 5]}])

    assert first.pattern is second.pattern
    assert (second.asset_id, second.target_output) == (2, 5.0)


@pytest.mark.parametrize(
    "change",
    [
        {"starts_at": "22:30"},
        {"ends_at": "05:30"},
        {"days_of_week": [6, 7]},
        {"valid_from": "2026-02-01"},
        {"valid_until": "2027-01-01"},
        {"breaks": []},
        {"breaks": [{"starts_at": "02:00", "ends_at": "02:45"}]},
    ],
)
def test_assets_that_differ_in_any_time_do_not_share_their_pattern(change: dict[str, Any]) -> None:
    first, other = parse_shift_patterns([NIGHT, NIGHT | change])

    assert first.pattern == parse_shift_patterns([NIGHT])[0].pattern
    assert other.pattern == parse_shift_patterns([NIGHT | change])[0].pattern
    assert other.pattern != first.pattern


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("starts_at", "25:00"),
        ("starts_at", None),
        ("ends_at", "noon"),
        ("days_of_week", [0]),
        ("days_of_week", [8]),
        ("days_of_week", None),
        ("valid_from", "soon"),
        ("valid_until", "2026-13-01"),
        ("breaks", [{"starts_at": "02:00"}]),
        ("breaks", None),
    ],
)
def test_a_shift_target_that_cannot_be_read_names_asset_shift_and_field(field: str, value: object) -> None:
    with pytest.raises(ConfigurationError, match=rf"asset 1, shift night: {field} is missing or malformed"):
        parse_shift_patterns([NIGHT | {field: value}])


@pytest.mark.parametrize("output", [-1, "NaN", float("nan"), float("inf"), "fast", None])
def test_a_target_that_cannot_be_read_names_its_own_asset(output: object) -> None:
    told = "asset 2, shift night: target_output is missing or malformed"

    with pytest.raises(ConfigurationError, match=told):
        parse_shift_patterns([NIGHT | {"asset_ids": [1, 2], "target_outputs": [800, output]}])


def test_a_number_in_a_text_is_a_target_too() -> None:
    assert parse_shift_patterns([NIGHT | {"target_outputs": ["800.5"]}])[0].target_output == 800.5


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("ideal_units_per_hour", 0),
        ("ideal_units_per_hour", "fast"),
        ("asset_id", None),
        ("source_name", None),
    ],
)
def test_an_asset_that_cannot_be_read_names_asset_and_field(field: str, value: object) -> None:
    with pytest.raises(ConfigurationError, match=rf"asset (1|None): {field} is missing or malformed"):
        parse_assets(ASSETS | {field: [value]})


def test_a_missing_field_is_named_too() -> None:
    without = {field: value for field, value in NIGHT.items() if field != "breaks"}

    with pytest.raises(ConfigurationError, match="breaks is missing or malformed"):
        parse_shift_patterns([without])


PRESS_SHOP: dict[str, Any] = {"standard_hourly_rate": 120.5, "scrap_unit_cost": 0, "asset_ids": [1, 3]}


def test_the_rates_of_a_cost_center_hold_for_its_assets() -> None:
    rates = parse_cost_rates([PRESS_SHOP, PRESS_SHOP | {"asset_ids": [2], "scrap_unit_cost": "2.5"}])

    assert rates == {1: CostRates(120.5, 0), 3: CostRates(120.5, 0), 2: CostRates(120.5, 2.5)}


def test_a_plant_without_cost_centers_is_told_from_a_database_that_knows_none() -> None:
    assert parse_cost_rates([]) == {}
    with pytest.raises(ConfigurationError, match="cost_centers: apply the newest migrations"):
        parse_cost_rates(None)


@pytest.mark.parametrize("field", ["standard_hourly_rate", "scrap_unit_cost"])
@pytest.mark.parametrize("value", [None, "dear", -1, float("nan")])
def test_a_cost_center_that_cannot_be_read_names_an_asset_and_the_field(field: str, value: object) -> None:
    with pytest.raises(ConfigurationError, match=rf"asset (1|None): {field} is missing or malformed"):
        parse_cost_rates([PRESS_SHOP | {field: value}])


def test_of_assets_with_one_key_the_mapped_and_the_oldest_has_it() -> None:
    names = ["ΚΟΠΤΗΣ", "Κοπτης", "κοπτης", "PRESS-01"]
    columns = {
        "asset_id": [1, 2, 3, 4],
        "source_name": names,
        "ideal_units_per_hour": [None] * 4,
        "is_active": [True] * 4,
        "is_mapped": [False, True, True, True],
        "product_rates": {},
    }

    keys = [asset.key for asset in parse_assets(columns)]

    assert keys == ["κοπτησ\x1f1", "κοπτησ", "κοπτησ\x1f3", "press-01"]


@pytest.mark.parametrize(
    "parts",
    [
        "x",
        {"assets": [], "shift_patterns": [], "closed_days": []},
        {"assets": {}, "shift_patterns": [{"asset_ids": [[]], "target_outputs": [1]}], "closed_days": []},
        {"assets": {}, "shift_patterns": [], "closed_days": [{"date": 5}]},
    ],
)
def test_a_plant_model_of_other_kinds_is_refused(parts: Any) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        parse_plant_model(parts)
