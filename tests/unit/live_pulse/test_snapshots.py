"""What a poll's readings say about every asset of the plant."""

from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plantpulse.live_pulse.snapshots import (
    Judgement,
    Readings,
    Snapshot,
    figures,
    judge,
    output_status,
    variance_percent,
)
from plantpulse.plant.closed_days import parse_closed_days
from plantpulse.plant.intervals import minutes
from plantpulse.plant.plant_model import Asset, PlantModel, ShiftPattern, ShiftTarget
from plantpulse.plant.readings import (
    DowntimeReading,
    LaborReading,
    OeeReading,
    OutputReading,
    QualityReading,
)
from plantpulse.plant.rounding import stored_number
from plantpulse.plant.tallies import unite_stops
from plantpulse.schedules.slots import Window

UTC_ZONE = ZoneInfo("UTC")


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, 20, hour, minute, tzinfo=UTC)


WINDOW = Window(at(8), at(8, 30))
EARLY = ShiftPattern(time(6), time(14), frozenset(range(1, 8)), date(2026, 1, 1), None, ())


def asset(
    asset_id: int, name: str, *, rate: float | None = None, is_active: bool = True, is_mapped: bool = True
) -> Asset:
    return Asset(asset_id, name, name.lower(), rate, is_active, is_mapped)


PRESS = asset(1, "PRESS-01", rate=120)
SAW = asset(2, "SAW-01")
PRESS_TARGET = ShiftTarget(1, "early", EARLY, 800)  # 50 in half an hour


def made(name: str, units: float, bucket: int = 0) -> OutputReading:
    return OutputReading(name, name.lower(), bucket, units)


def stop(name: str, started_at: datetime, ended_at: datetime | None) -> DowntimeReading:
    return DowntimeReading(name, name.lower(), "Jam", started_at, ended_at)


def judge_press(readings: Readings, **changes: Any) -> Judgement:
    arguments: dict[str, Any] = {
        "plant": PlantModel([PRESS, SAW], [PRESS_TARGET]),
        "window": WINDOW,
        "zone": UTC_ZONE,
        "bucket_spans": {0: [(at(8, 15), at(8, 30))], 1: [(at(8), at(8, 15))]},
        "slot_buckets": frozenset({0}),
    }
    arguments |= changes
    return judge(readings=readings, **arguments)


def press_of(readings: Readings, **changes: Any) -> Snapshot:
    return judge_press(readings, **changes).snapshots[0]


def test_everything_that_was_read_stands_in_the_snapshot() -> None:
    judgement = judge_press(
        Readings(
            output=[made("PRESS-01", 30.0), made("PRESS-01", 25.5, bucket=1)],
            downtime=[stop("PRESS-01", at(8, 5), at(8, 11))],
            oee=[OeeReading("PRESS-01", "press-01", 81.23456, at(8, 20))],
            quality=[QualityReading("PRESS-01", "press-01", 54.0, 1.5)],
            labor=[LaborReading("PRESS-01", "press-01", 3.0)],
        )
    )

    assert [snapshot.as_json() for snapshot in judgement.snapshots] == [
        {
            "asset_id": 1,
            "output_actual": 55.5,
            "slot_output": 30,
            "output_target": 50,
            "variance_percent": 11,
            "status": "above_target",
            "oee_current": 81.2346,
            "oee_source": "reported",
            "downtime_minutes": 6,
            "good_count": 54,
            "reject_count": 1.5,
            "labor_headcount": 3,
            "unplanned_output": 0,
            "is_planned_in_part": False,
        },
        {
            "asset_id": 2,
            "output_actual": 0,
            "slot_output": 0,
            "output_target": 0,
            "variance_percent": None,
            "status": "on_target",
            "oee_current": None,
            "oee_source": None,
            "downtime_minutes": 0,
            "good_count": None,
            "reject_count": None,
            "labor_headcount": None,
            "unplanned_output": None,
            "is_planned_in_part": False,
        },
    ]
    assert judgement.unknown_assets == []
    assert judgement.counts == {"assets": 2, "assets_reporting": 1, "assets_unknown": 0, "snapshots": 2}


def test_the_figures_that_late_rows_can_change_are_those_of_the_snapshots() -> None:
    readings = Readings(
        output=[made("PRESS-01", 30.0), made("PRESS-01", 25.12345, bucket=1)],
        downtime=[stop("PRESS-01", at(8, 5), at(8, 11))],
    )

    found = figures(
        PlantModel([PRESS, SAW, asset(3, "OLD", is_active=False)], [PRESS_TARGET]),
        readings,
        window=WINDOW,
        zone=UTC_ZONE,
        window_buckets=frozenset({0, 1}),
        slot_buckets=None,
    )

    assert found == [(1, 55.1234, None, 50, 6), (2, 0, None, 0, 0)]


def test_a_machine_that_made_nothing_reads_zero_and_does_not_disappear() -> None:
    judgement = judge_press(Readings(output=[]))

    assert [(one.asset_id, one.output_actual, one.slot_output) for one in judgement.snapshots] == [
        (1, 0, 0),
        (2, 0, 0),
    ]
    assert [(one.variance_percent, one.status) for one in judgement.snapshots] == [
        (-100, "below_target"),
        (None, "on_target"),
    ]


def test_without_complete_output_there_are_no_snapshots_at_all() -> None:
    judgement = judge_press(Readings(output=None, labor=[LaborReading("NEW-9", "new-9", 1.0)]))

    assert judgement.snapshots == []
    assert judgement.unknown_assets == ["NEW-9"]
    assert judgement.counts == {"assets": 2, "assets_reporting": 0, "assets_unknown": 1, "snapshots": 0}


def test_inactive_and_unmapped_assets_get_no_snapshot_and_are_not_unknown() -> None:
    plant = PlantModel([asset(1, "OLD", is_active=False), asset(2, "DIRT", is_mapped=False), SAW], [])

    judgement = judge_press(Readings(output=[made("OLD", 5.0), made("DIRT", 6.0)]), plant=plant)

    assert [(one.asset_id, one.output_actual) for one in judgement.snapshots] == [(2, 0)]
    assert judgement.unknown_assets == []
    assert judgement.counts["assets"] == 1


def test_unknown_names_of_every_query_are_sorted_once_each_as_first_spelt() -> None:
    readings = Readings(
        output=[made("Zeta", 1.0), made("ZETA", 1.0)],
        downtime=[stop("Eta", at(8), None)],
        oee=[OeeReading("Beta", "beta", 80.0, at(8))],
        quality=[QualityReading("PRESS-01", "press-01", 1.0, 0.0)],
        labor=[LaborReading("🔥", "🔥", 1.0)],
    )

    judgement = judge_press(readings)

    assert judgement.unknown_assets == ["Beta", "Eta", "Zeta", "🔥"]
    assert judgement.counts["assets_unknown"] == 4
    assert len(judgement.snapshots) == 2


def test_several_rows_of_one_asset_and_bucket_are_summed() -> None:
    snapshot = press_of(
        Readings(output=[made("PRESS-01", 0.1), made("press-01", 0.2), made("PRESS-01", 5, 1)])
    )

    assert snapshot.output_actual == 5.3
    assert snapshot.slot_output == 0.3


def test_only_the_buckets_of_the_window_count() -> None:
    readings = Readings(output=[made("PRESS-01", 1.0, bucket) for bucket in range(6)])

    spans = {0: [(at(8, 15), at(8, 30))], 5: [(at(8), at(8, 15))]}
    snapshot = press_of(readings, bucket_spans=spans, slot_buckets=frozenset({5}))

    assert (snapshot.output_actual, snapshot.slot_output) == (2, 1)


def test_a_run_off_the_grid_has_no_slot_output() -> None:
    snapshot = press_of(Readings(output=[made("PRESS-01", 7.0)]), slot_buckets=None)

    assert (snapshot.output_actual, snapshot.slot_output) == (7, None)


@pytest.mark.parametrize(
    ("actual", "target", "variance", "status"),
    [
        (100, 100, 0.0, "on_target"),
        (105, 100, 5.0, "on_target"),
        (95, 100, -5.0, "on_target"),
        (105.01, 100, 5.01, "above_target"),
        (94.99, 100, -5.01, "below_target"),
        (0, 100, -100.0, "below_target"),
        (5_000_000, 1, 499_999_900.0, "above_target"),
        (0, 0, None, "on_target"),
        (1, 0, None, "above_target"),
    ],
)
def test_variance_and_status(actual: float, target: float, variance: float | None, status: str) -> None:
    computed = variance_percent(actual, target)

    assert computed == (None if variance is None else pytest.approx(variance))
    assert output_status(actual, None if computed is None else stored_number(computed)) == status


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (2.0, "2"),
        (-0.0, "0"),
        (-0.00001, "0"),
        (1 / 3, "0.3333"),
        (0.1 + 0.2, "0.3"),
        (1e12, "1000000000000"),
    ],
)
def test_stored_numbers_are_short_and_zero_has_no_sign(value: float, stored: str) -> None:
    assert str(stored_number(value)) == stored


def test_downtime_is_clipped_to_the_window_and_overlaps_count_once() -> None:
    readings = Readings(
        output=[],
        downtime=[
            stop("PRESS-01", at(7, 30), at(8, 5)),
            stop("PRESS-01", at(8, 3), at(8, 10)),
            stop("PRESS-01", at(8, 25), at(9)),
            stop("PRESS-01", at(6), at(7)),
            stop("SAW-01", at(8, 29), None),
        ],
    )

    press, saw = judge_press(readings).snapshots

    assert press.downtime_minutes == 15
    assert saw.downtime_minutes == 1


def test_a_stop_longer_than_the_window_is_the_window() -> None:
    snapshot = press_of(Readings(output=[], downtime=[stop("PRESS-01", at(0), None)]))

    assert snapshot.downtime_minutes == 30


def test_the_latest_reported_oee_counts_and_beats_a_computed_one() -> None:
    readings = Readings(
        output=[made("PRESS-01", 50.0)],
        oee=[
            OeeReading("PRESS-01", "press-01", 70.0, at(8, 10)),
            OeeReading("PRESS-01", "press-01", 75.0, at(8, 20)),
            OeeReading("PRESS-01", "press-01", 60.0, at(8, 15)),
        ],
        quality=[QualityReading("PRESS-01", "press-01", 50.0, 0.0)],
    )

    snapshot = press_of(readings)

    assert (snapshot.oee_current, snapshot.oee_source) == (75, "reported")


def test_oee_is_computed_when_none_is_reported_and_all_parts_are_there() -> None:
    readings = Readings(
        output=[made("PRESS-01", 40.0)],
        downtime=[stop("PRESS-01", at(8, 24), None)],
        quality=[
            QualityReading("PRESS-01", "press-01", 30.0, 6.0),
            QualityReading("press-01", "press-01", 6.0, 0),
        ],
    )

    snapshot = press_of(readings)

    # 24/30 available x 40 of 48 possible units x 36/42 good.
    assert (snapshot.oee_current, snapshot.oee_source) == (57.1429, "computed")
    assert (snapshot.good_count, snapshot.reject_count) == (36, 6)


def press_with(
    units: tuple[float, float], *, until: time, breaks: tuple[tuple[time, time], ...] = ()
) -> Snapshot:
    """Return the snapshot of units made in the first and the second quarter, all of them good."""
    pattern = EARLY._replace(ends_at=until, breaks=breaks)
    first, second = units
    readings = Readings(
        output=[made("PRESS-01", first, bucket=1), made("PRESS-01", second, bucket=0)],
        quality=[QualityReading("PRESS-01", "press-01", first + second, 0.0)],
    )
    return press_of(readings, plant=PlantModel([PRESS], [PRESS_TARGET._replace(pattern=pattern)]))


def test_units_made_through_a_break_enter_no_factor() -> None:
    # A third of the quarter until 08:15 is planned, and so are 10 of its 30 units: what 5 minutes at 120 an
    # hour ask for. All 58 units in these 5 minutes would be 580 %.
    snapshot = press_with((30, 28), until=time(14), breaks=((time(8, 5), time(8, 35)),))

    assert (snapshot.output_actual, snapshot.unplanned_output, snapshot.is_planned_in_part) == (58, 48, True)
    assert snapshot.oee_current == 100


def test_overtime_enters_no_factor_and_is_told_apart_exactly_where_a_shift_ends_with_an_interval() -> None:
    # 25 of the 30 that a quarter of an hour at 120 asks for; all 60 units in it would be 200 %.
    snapshot = press_with((25, 35), until=time(8, 15))

    assert (snapshot.output_actual, snapshot.unplanned_output, snapshot.is_planned_in_part) == (60, 35, False)
    assert (snapshot.oee_current, snapshot.oee_source) == (83.3333, "computed")


def test_units_outside_any_shift_have_no_oee_and_are_all_unplanned() -> None:
    snapshot = press_with((25, 35), until=time(7))

    assert (snapshot.output_actual, snapshot.unplanned_output, snapshot.is_planned_in_part) == (60, 60, False)
    assert snapshot.oee_current is None


def test_downtime_outside_the_planned_time_does_not_lower_oee() -> None:
    # The shift ends at 08:15, and the machine stops when it does.
    pattern = EARLY._replace(ends_at=time(8, 15))
    readings = Readings(
        output=[made("PRESS-01", 30.0, bucket=1)],
        downtime=[stop("PRESS-01", at(8, 15), None)],
        quality=[QualityReading("PRESS-01", "press-01", 30.0, 0.0)],
    )

    snapshot = press_of(readings, plant=PlantModel([PRESS], [PRESS_TARGET._replace(pattern=pattern)]))

    assert (snapshot.oee_current, snapshot.oee_source) == (100, "computed")
    assert snapshot.downtime_minutes == 15


@pytest.mark.parametrize(
    ("units", "good", "oee", "doubtful"),
    [
        (66, 66, 100, {}),  # 110 % of the 60 that half an hour at 120 asks for: still believed
        (72, 72, 100, {"PRESS-01": 1.2}),
        (72, 36, 60, {"PRESS-01": 1.2}),  # 120 % of which half is good: performance is not cut before
        (72, None, None, {"PRESS-01": 1.2}),
    ],
)
def test_a_performance_above_its_ideal_is_kept_and_said_and_an_oee_is_never_above_100(
    units: float, good: float | None, oee: float | None, doubtful: dict[str, float]
) -> None:
    quality = [] if good is None else [QualityReading("PRESS-01", "press-01", good, units - good)]

    judgement = judge_press(Readings(output=[made("PRESS-01", units)], quality=quality))

    assert judgement.snapshots[0].oee_current == oee
    assert judgement.doubtful_rates == doubtful


def test_a_reported_oee_above_100_is_shown_as_100() -> None:
    snapshot = press_of(Readings(output=[], oee=[OeeReading("PRESS-01", "press-01", 720.0, at(8, 10))]))

    assert (snapshot.oee_current, snapshot.oee_source) == (100, "reported")


@pytest.mark.parametrize(
    "missing",
    [
        pytest.param({"plant": PlantModel([PRESS], [])}, id="no shift"),
        pytest.param(
            {"plant": PlantModel([PRESS._replace(ideal_units_per_hour=None)], [PRESS_TARGET])}, id="no rate"
        ),
    ],
)
def test_oee_is_unknown_when_a_part_of_the_plant_model_is_missing(missing: dict[str, Any]) -> None:
    quality = [QualityReading("PRESS-01", "press-01", 40.0, 0.0)]

    snapshot = press_of(Readings(output=[made("PRESS-01", 40.0)], quality=quality), **missing)

    assert (snapshot.oee_current, snapshot.oee_source) == (None, None)


@pytest.mark.parametrize(
    "readings",
    [
        pytest.param(Readings(output=[made("PRESS-01", 40.0)]), id="no quality query"),
        pytest.param(Readings(output=[made("PRESS-01", 40.0)], quality=[]), id="no quality rows"),
        pytest.param(
            Readings(
                output=[made("PRESS-01", 40.0)],
                downtime=[stop("PRESS-01", at(7), None)],
                quality=[QualityReading("PRESS-01", "press-01", 40.0, 0.0)],
            ),
            id="down all the time",
        ),
    ],
)
def test_oee_is_unknown_when_a_factor_cannot_be_told(readings: Readings) -> None:
    snapshot = press_of(readings)

    assert (snapshot.oee_current, snapshot.oee_source) == (None, None)
    assert snapshot.output_actual == 40


def test_the_first_headcount_is_the_latest() -> None:
    labor = [LaborReading("PRESS-01", "press-01", 4.0), LaborReading("press-01", "press-01", 2.0)]

    assert press_of(Readings(output=[], labor=labor)).labor_headcount == 4


def test_snapshots_keep_the_order_of_the_plants_assets() -> None:
    plant = PlantModel([asset(9, "C"), asset(3, "A"), asset(5, "B")], [])

    judgement = judge_press(Readings(output=[made("B", 1.0), made("A", 2.0)]), plant=plant)

    assert [(one.asset_id, one.output_actual) for one in judgement.snapshots] == [(9, 0), (3, 2), (5, 1)]


moments = st.integers(0, 180).map(lambda minute: at(6 + minute // 60, minute % 60))
stops = st.lists(st.tuples(moments, st.none() | moments), max_size=8)


@given(pairs=stops)
def test_downtime_is_never_longer_than_the_window_nor_than_its_parts(
    pairs: list[tuple[datetime, datetime | None]],
) -> None:
    readings = [stop("PRESS-01", start, end) for start, end in pairs if end is None or start <= end]

    united = minutes(unite_stops(readings, WINDOW).get("press-01", []))

    alone = [minutes(unite_stops([reading], WINDOW)["press-01"]) for reading in readings]
    assert max(alone, default=0) <= united <= min(30, sum(alone))


@given(
    flags=st.lists(st.tuples(st.booleans(), st.booleans()), max_size=12),
    output=st.lists(st.tuples(st.integers(0, 20), st.floats(0, 1e12), st.integers(0, 3)), max_size=20),
)
def test_every_active_mapped_asset_has_exactly_one_snapshot_and_nothing_made_gets_lost(
    flags: list[tuple[bool, bool]], output: list[tuple[int, float, int]]
) -> None:
    assets = [
        asset(number, f"A-{number}", is_active=is_active, is_mapped=is_mapped)
        for number, (is_active, is_mapped) in enumerate(flags)
    ]
    judged = {one.asset_id for one in assets if one.is_active and one.is_mapped}

    judgement = judge_press(
        Readings(output=[made(f"A-{number}", units, bucket) for number, units, bucket in output]),
        plant=PlantModel(assets, []),
    )

    expected = sum(units for number, units, bucket in output if number in judged and bucket in {0, 1})
    assert [one.asset_id for one in judgement.snapshots] == sorted(judged)
    assert sum(one.output_actual for one in judgement.snapshots) == pytest.approx(expected, abs=0.01)
    assert len(judgement.unknown_assets) == len({number for number, _, _ in output if number >= len(assets)})


def test_on_a_closed_day_a_snapshot_has_no_target_and_all_units_are_unplanned() -> None:
    closed = parse_closed_days(
        [{"asset_id": None, "date": "2026-11-20", "name": "Founders' Day", "is_closed": True}]
    )
    shut = PRESS_TARGET._replace(pattern=EARLY._replace(closed_on=frozenset(closed.of_plant)))

    for targets in ([shut], []):
        snapshot = press_of(
            Readings(
                output=[made("PRESS-01", 30.0)], quality=[QualityReading("PRESS-01", "press-01", 30.0, 0.0)]
            ),
            plant=PlantModel([PRESS], targets, closed),
        )

        assert (snapshot.output_actual, snapshot.output_target, snapshot.status) == (30, 0, "above_target")
        assert (snapshot.unplanned_output, snapshot.is_planned_in_part) == (30, False)
        assert (snapshot.oee_current, snapshot.variance_percent) == (None, None)
