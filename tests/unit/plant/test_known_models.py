"""What a process keeps of the plant models that it was sent."""

from typing import Any

import pytest

from plantpulse.errors import ConfigurationError, StoreRefused
from plantpulse.plant.known_models import KNOWN_PARTS, KnownModels


def sent(version: str, *names: str) -> dict[str, Any]:
    assets = {
        "asset_id": list(range(1, len(names) + 1)),
        "source_name": list(names),
        "ideal_units_per_hour": [None for _ in names],
        "is_active": [True for _ in names],
        "is_mapped": [True for _ in names],
        "product_rates": {},
    }
    return {"version": version, "parts": {"assets": assets, "shift_patterns": [], "closed_days": []}}


def names(models: KnownModels, plant: str, answer: dict[str, Any] | None) -> list[str]:
    return [asset.source_name for asset in models.read(plant, answer).assets]


def test_a_model_that_is_known_need_not_be_sent_again() -> None:
    models = KnownModels()
    assert models.version_of("north") is None

    assert names(models, "north", sent("a", "PRESS-01")) == ["PRESS-01"]

    assert models.version_of("north") == "a"
    assert names(models, "north", {"version": "a"}) == ["PRESS-01"]


def test_another_version_takes_the_place_of_the_one_before() -> None:
    models = KnownModels()
    models.read("north", sent("a", "PRESS-01"))

    assert names(models, "north", sent("b", "PRESS-01", "ŞERİT-02")) == ["PRESS-01", "ŞERİT-02"]
    assert models.version_of("north") == "b"
    # Its claim was answered before the other one of this process came.
    assert names(models, "north", {"version": "a"}) == ["PRESS-01"]


def test_plants_are_kept_apart() -> None:
    models = KnownModels()
    models.read("north", sent("a", "PRESS-01"))
    models.read("south", sent("b", "OVEN-02"))

    assert (models.version_of("north"), models.version_of("south")) == ("a", "b")
    assert names(models, "south", {"version": "b"}) == ["OVEN-02"]
    assert names(models, "north", {"version": "a"}) == ["PRESS-01"]


def with_shifts(version: str, assets: int, shifts: int) -> dict[str, Any]:
    """A plant of which each asset has a target in so many shifts."""
    answer = sent(version, *(f"M-{number}" for number in range(assets)))
    pattern = {
        "starts_at": "06:00:00",
        "ends_at": "14:00:00",
        "days_of_week": [1, 2, 3, 4, 5],
        "valid_from": "2026-01-01",
        "valid_until": None,
        "breaks": [],
        "asset_ids": list(range(1, assets + 1)),
        "target_outputs": [800] * assets,
    }
    answer["parts"]["shift_patterns"] = [{**pattern, "shift_name": f"{number}"} for number in range(shifts)]
    return answer


def test_the_oldest_models_are_forgotten_beyond_a_number_of_assets_and_shift_targets() -> None:
    models = KnownModels()
    for plant in ("a", "b", "c", "d"):
        models.read(plant, with_shifts(plant, KNOWN_PARTS // 12, shifts=3))

    assert [models.version_of(plant) for plant in ("a", "b", "c", "d")] == [None, "b", "c", "d"]


def test_a_model_that_no_plant_has_any_more_is_forgotten_first() -> None:
    models = KnownModels()
    for plant, version in (("a", "1"), ("b", "2"), ("b", "3"), ("c", "4")):
        models.read(plant, with_shifts(version, KNOWN_PARTS // 12, shifts=3))

    assert [models.version_of(plant) for plant in ("a", "b", "c")] == ["1", "3", "4"]


def test_the_model_that_is_needed_now_is_kept_however_large() -> None:
    models = KnownModels()

    models.read("north", sent("a", *(f"M-{number}" for number in range(KNOWN_PARTS + 1))))

    assert models.version_of("north") == "a"


def test_a_model_that_is_neither_sent_nor_known_is_refused() -> None:
    with pytest.raises(StoreRefused, match="did not send the plant model"):
        KnownModels().read("north", {"version": "a"})


@pytest.mark.parametrize("answer", [None, {}, {"version": None, "parts": {}}])
def test_an_answer_without_a_model_is_a_database_that_knows_none(answer: dict[str, Any] | None) -> None:
    with pytest.raises(ConfigurationError, match="apply the newest migrations"):
        KnownModels().read("north", answer)
