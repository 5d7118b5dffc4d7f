"""Sums of buckets as the source returns them, and the seals that are made with them."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from plantpulse.live_pulse.bucket_sums import BucketSums, basis_of, make_seal, parse_sums
from plantpulse.live_pulse.snapshots import Figures
from plantpulse.plant.local_time import BucketGrid, LocalBounds
from plantpulse.plant.plant_model import Asset, PlantModel

at = datetime.fromisoformat  # naive plant time

GRID = BucketGrid(LocalBounds(at("2026-03-11 11:30"), at("2026-03-11 12:30")), timedelta(minutes=15))
ROWS = [Figures(1, 60.0, 30.0, 240.0, 0.0), Figures(2, 7.25, None, 0.0, None)]
SUMS = BucketSums(GRID, {0: "a", 1: "b", 2: "c", 3: "d"}, {0: 2, 1: 2, 2: 3, 3: 4}, "basis")


def seal(**changes: Any) -> str:
    given: dict[str, Any] = {
        "sums": SUMS, "stored": "f", "rows": ROWS, "window_buckets": {1, 2}, "slot_buckets": {1}
    }  # fmt: skip
    return make_seal(**given | changes)


def test_sums_are_read_by_bucket_and_count_rows_from_one_on() -> None:
    sums = parse_sums([(0, 2, "a"), (1, 2, "b"), (2, 3, "c"), (3, 4, "d")], GRID, "basis")

    assert sums == SUMS
    assert SUMS.rows_from(2) == 7


@pytest.mark.parametrize(
    "row",
    [
        (None, 1, "x"),
        (-1, 1, "x"),
        ("1", 1, "x"),
        (True, 1, "x"),
        (1, -1, "x"),
        (1, None, "x"),
        (1, 1, None),
        (0, 1, "x"),
    ],
)
def test_malformed_or_doubled_buckets_are_no_sums(row: tuple[Any, ...]) -> None:
    assert parse_sums([(0, 2, "a"), row], GRID, "basis") is None


def test_equal_slots_have_equal_seals_wherever_the_grid_begins() -> None:
    later = BucketGrid(LocalBounds(at("2026-03-11 11:45"), at("2026-03-11 12:45")), GRID.length)
    moved = BucketSums(later, {1: "a", 2: "b", 3: "c"}, {}, "basis")

    assert seal(sums=moved, window_buckets={2, 3}, slot_buckets={2}) == seal()
    assert seal(sums=SUMS._replace(texts={1: "b", 2: "c"})) == seal()  # other slots' buckets do not count


@pytest.mark.parametrize(
    "changes",
    [
        {"stored": "g"},
        {"sums": SUMS._replace(basis="another")},
        {"sums": SUMS._replace(texts={1: "b", 2: "x"})},
        {"sums": SUMS._replace(texts={1: "b"})},
        {"sums": SUMS._replace(texts={1: "c", 2: "b"})},
        {"window_buckets": {1, 2, 3}},
        {"slot_buckets": None},
        {"slot_buckets": {2}},
        {"rows": ROWS[:1]},
        {"rows": [ROWS[0]._replace(output_target=239.0), ROWS[1]]},
        {"rows": [ROWS[0]._replace(downtime_minutes=1.0), ROWS[1]]},
        {"rows": [ROWS[0], ROWS[1]._replace(downtime_minutes=0.0)]},
        {"rows": [ROWS[0]._replace(asset_id=3), ROWS[1]]},
    ],
)
def test_a_seal_differs_as_soon_as_what_it_stands_for_does(changes: dict[str, Any]) -> None:
    assert seal(**changes) != seal()


def test_output_of_the_rows_does_not_count_as_the_sums_stand_for_it() -> None:
    assert seal(rows=[row._replace(output_actual=0.0, slot_output=None) for row in ROWS]) == seal()


def test_assets_and_files_are_the_basis_of_figures() -> None:
    def model(key: str) -> PlantModel:
        return PlantModel([Asset(1, "any name", key, None, is_active=True, is_mapped=True)], [])

    files = ["select 1", "select 2"]

    assert basis_of(model("press-01"), files) == basis_of(model("press-01"), files)
    assert basis_of(model("press-01"), files) != basis_of(model("press-02"), files)
    assert basis_of(model("press-01"), files) != basis_of(model("press-01"), ["select 1", "select 3"])
