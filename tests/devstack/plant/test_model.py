from datetime import datetime, time, timedelta

from devstack.plant.model import NIGHT, Break, Shift, northfield

at = datetime.fromisoformat  # naive, as the plant's database stores it

FRIDAY_NIGHT = Shift("night", time(22), time(6), (Break(time(3), time(3, 30)),), days_of_week=(5,))


def test_a_shift_across_midnight_belongs_to_the_day_it_starts_on() -> None:
    assert FRIDAY_NIGHT.covers(at("2026-11-20 22:00"))
    assert FRIDAY_NIGHT.covers(at("2026-11-21 05:59:59"))
    assert not FRIDAY_NIGHT.covers(at("2026-11-21 06:00"))
    assert not FRIDAY_NIGHT.covers(at("2026-11-20 05:59"))
    assert not FRIDAY_NIGHT.covers(at("2026-11-21 22:00"))


def test_a_break_is_in_the_shift_but_no_work() -> None:
    in_the_break = at("2026-11-21 03:00")

    assert FRIDAY_NIGHT.covers(in_the_break)
    assert not FRIDAY_NIGHT.works(in_the_break)
    assert FRIDAY_NIGHT.works(at("2026-11-21 03:30"))


def test_somebody_is_at_work_at_every_quarter_of_every_day_and_something_runs_within_the_hour() -> None:
    plant = northfield()
    monday = at("2026-11-16 00:00")
    quarters = [monday + timedelta(minutes=15 * n) for n in range(7 * 24 * 4)]

    working = [any(asset.works(at) for asset in plant.assets) for at in quarters]

    assert all(any(asset.is_staffed(at) for asset in plant.assets) for at in quarters)
    assert all(any(working[n : n + 3]) for n in range(len(quarters) - 2))


def test_the_paint_line_rests_at_night() -> None:
    paint = next(asset for asset in northfield().assets if asset.source_name == "PAINT-01")

    assert not paint.works(at("2026-11-20 23:00"))
    assert NIGHT not in [target.shift for target in paint.targets]


def test_northfield_has_eight_mapped_assets_in_three_areas_and_one_that_nobody_mapped() -> None:
    plant = northfield()

    assert [asset.source_name for asset in plant.mapped_assets] == [
        "PRESS-01",
        "PRESS-02",
        "WELD-01",
        "WELD-02",
        "PAINT-01",
        "ASSY-01",
        "ASSY-02",
        "PACK-01",
    ]
    assert [center.name for center in plant.cost_centers] == ["Body Shop", "Paint Shop", "Final Assembly"]
    assert [asset.source_name for asset in plant.assets if not asset.is_mapped] == ["REWORK-07"]
