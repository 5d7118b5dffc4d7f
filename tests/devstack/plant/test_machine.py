from dataclasses import replace
from datetime import UTC, datetime

from devstack.plant.machine import draw, instant_of, minute_at, rejects, stops, work
from devstack.plant.model import Asset, northfield

PLANT = northfield()
FRIDAY_0600 = minute_at(datetime(2026, 11, 20, 12, 0, tzinfo=UTC))  # plant-local 06:00
FRIDAY_1400 = FRIDAY_0600 + 8 * 60


def asset_named(source_name: str) -> Asset:
    return next(asset for asset in PLANT.assets if asset.source_name == source_name)


def _minutes(first: int, until: int) -> tuple[int, int]:
    return FRIDAY_0600 + first, FRIDAY_0600 + until


def test_a_chance_depends_on_its_seed_and_its_name_alone() -> None:
    assert draw(1907, "PRESS-01", "unit", 7) == 0.8449473232648382
    assert draw(1907, "PRESS-01", "unit", 8) == 0.998661467407996
    assert draw(1908, "PRESS-01", "unit", 7) == 0.021401382597433627


def test_minutes_and_instants_are_two_names_for_one_thing() -> None:
    assert minute_at(datetime(2026, 11, 20, 12, 0, 59, tzinfo=UTC)) == FRIDAY_0600
    assert instant_of(FRIDAY_0600) == datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def test_stops_asked_for_in_pieces_are_the_stops_asked_for_at_once() -> None:
    press = asset_named("PRESS-01")

    pieces = [stop for n in range(0, 7000, 7) for stop in stops(PLANT, press, *_minutes(n, n + 7))]

    assert tuple(pieces) == stops(PLANT, press, *_minutes(0, 7000))
    assert len(pieces) > 100


def test_nothing_is_made_during_a_stop() -> None:
    press = asset_named("PRESS-01")
    worked = work(PLANT, press, FRIDAY_0600, FRIDAY_1400)

    standing = {
        minute
        for stop in stops(PLANT, press, FRIDAY_0600, FRIDAY_1400)
        for minute in range(stop.start, stop.start + stop.length)
        if minute in worked
    }

    assert standing
    assert {worked[minute].units for minute in standing} == {0}
    assert all(done.units > 0 for minute, done in worked.items() if done.is_running)


def test_an_early_shift_has_435_working_minutes() -> None:
    assert len(work(PLANT, asset_named("PRESS-01"), FRIDAY_0600, FRIDAY_1400)) == 435


def test_an_asset_that_stands_still_makes_nothing_and_records_no_stops() -> None:
    weld = asset_named("WELD-02")

    assert work(PLANT, weld, FRIDAY_0600, FRIDAY_1400) == {}
    assert stops(PLANT, weld, FRIDAY_0600, FRIDAY_1400) == ()


def test_a_lot_never_has_more_scrap_than_units() -> None:
    wasteful = replace(asset_named("PRESS-01"), scrap_share=3.0)

    assert rejects(PLANT, wasteful, FRIDAY_0600, 5) == 5
    assert rejects(PLANT, wasteful, FRIDAY_0600, 0) == 0
