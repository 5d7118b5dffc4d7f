"""A day's summaries, with published worked examples where there are some."""

from collections.abc import Container
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from plantpulse.morning_report.day import production_day
from plantpulse.morning_report.losses import financial_loss
from plantpulse.morning_report.output_buckets import spans_of_day
from plantpulse.morning_report.summaries import (
    DayReadings,
    DaySummaries,
    Summary,
    summarise,
)
from plantpulse.plant.closed_days import ALWAYS_OPEN, ClosedDays
from plantpulse.plant.local_time import BucketGrid, local_bounds
from plantpulse.plant.plant_model import Asset, CostRates, PlantModel, ShiftPattern, ShiftTarget
from plantpulse.plant.readings import DowntimeReading, OutputReading, QualityReading

CHICAGO = ZoneInfo("America/Chicago")
QUARTER = timedelta(minutes=15)
TUESDAY = date(2026, 3, 10)
SUNDAY = date(2026, 3, 15)
WEEKDAYS = frozenset({1, 2, 3, 4, 5})
PRESS = Asset(1, "PRESS-01", "press-01", 3600, is_active=True, is_mapped=True)
OVEN = Asset(2, "OVEN-02", "oven-02", None, is_active=True, is_mapped=True)
RATES = {1: CostRates(120.0, 2.5)}


def pattern(starts_at: str, ends_at: str, *breaks: tuple[str, str], **more: Any) -> ShiftPattern:
    return ShiftPattern(
        starts_at=time.fromisoformat(starts_at),
        ends_at=time.fromisoformat(ends_at),
        days_of_week=more.get("days", WEEKDAYS),
        valid_from=more.get("valid_from", date(2026, 1, 1)),
        valid_until=more.get("valid_until"),
        breaks=tuple((time.fromisoformat(one), time.fromisoformat(other)) for one, other in breaks),
    )


EARLY = pattern("06:00", "14:00", ("09:00", "09:15"))


def local(text: str, zone: ZoneInfo = CHICAGO) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def made(units: float, asset: Asset = PRESS, at: str = "07:00") -> OutputReading:
    """Return output of the quarter of an hour that begins at a time of a day that begins at midnight."""
    begins_at = time.fromisoformat(at)
    bucket = 95 - (begins_at.hour * 60 + begins_at.minute) // 15
    return OutputReading(asset.source_name, asset.key, bucket, units)


def inspected(good: float, rejected: float, asset: Asset = PRESS) -> QualityReading:
    return QualityReading(asset.source_name, asset.key, good, rejected)


def stopped(reason: str, start: str, minutes: float, asset: Asset = PRESS) -> DowntimeReading:
    started_at = local(start)
    return DowntimeReading(
        asset.source_name, asset.key, reason, started_at, started_at + timedelta(minutes=minutes)
    )


def summarised(
    *readings: Any,
    assets: tuple[Asset, ...] = (PRESS,),
    targets: tuple[ShiftTarget, ...] = (ShiftTarget(1, "early", EARLY, 960),),
    rates: dict[int, CostRates] = RATES,
    day: date = TUESDAY,
    starts_at: time = time(0),
    zone: ZoneInfo = CHICAGO,
    is_quality_known: bool = True,
    closed: ClosedDays = ALWAYS_OPEN,
    planned_assets: tuple[int, ...] = (),
    planned_reasons: Container[str] = (),
) -> DaySummaries:
    quality = [one for one in readings if isinstance(one, QualityReading)]
    window = production_day(day, starts_at, zone).window
    read = DayReadings(
        output=[one for one in readings if isinstance(one, OutputReading)],
        downtime=[one for one in readings if isinstance(one, DowntimeReading)],
        quality=quality if is_quality_known else None,
        spans=spans_of_day(window, BucketGrid(local_bounds(window, zone), QUARTER), zone),
    )
    plant = PlantModel(list(assets), list(targets), closed)
    produced = production_day(day, starts_at, zone)
    return summarise(
        plant,
        rates,
        read,
        produced,
        zone,
        planned_assets=planned_assets,
        planned_reasons=planned_reasons,
    )


def only(found: DaySummaries) -> Summary:
    assert found.data == "there"
    (summary,) = found.summaries
    return summary


def factors(summary: Summary) -> tuple[float | None, float | None, float | None, float | None]:
    return (
        summary.availability_percentage,
        summary.performance_percentage,
        summary.quality_percentage,
        summary.oee_percentage,
    )


# Vorne, "Calculating OEE Worksheet" (second table, also on oee.com under "Calculating OEE"; first table), in
# percent with two decimals as published. Ideal rates per minute are given here per hour.
@pytest.mark.parametrize(
    ("breaks", "downtime", "rate_per_hour", "units", "rejected", "planned", "expected"),
    [
        pytest.param(
            ("10:00", "11:00"), 47, 3600, 19271, 423, 420, (88.81, 86.11, 97.80, 74.79), id="second table"
        ),
        pytest.param(
            ("10:00", "10:45"), 30, 120, 700, 25, 435, (93.10, 86.42, 96.43, 77.59), id="first table"
        ),
    ],
)
def test_published_examples_come_out_as_published(
    breaks: tuple[str, str],
    downtime: int,
    rate_per_hour: float,
    units: int,
    rejected: int,
    planned: int,
    expected: tuple[float, ...],
) -> None:
    shift = pattern("06:00", "14:00", breaks)

    summary = only(
        summarised(
            made(units),
            inspected(units - rejected, rejected),
            stopped("Breakdown", "2026-03-10T07:00", downtime),
            assets=(PRESS._replace(ideal_units_per_hour=rate_per_hour),),
            targets=(ShiftTarget(1, "early", shift, 1000),),
        )
    )

    assert summary.planned_minutes == planned
    assert summary.downtime_minutes == downtime
    # The last published digit is sometimes cut instead of rounded (quality of the second table: 97.805).
    assert factors(summary) == pytest.approx(expected, abs=0.0051)


def test_the_best_known_example_to_four_decimals() -> None:
    summary = only(
        summarised(
            made(19271),
            inspected(18848, 423),
            stopped("Breakdown", "2026-03-10T07:00", 47),
            targets=(ShiftTarget(1, "early", pattern("06:00", "14:00", ("10:00", "11:00")), 1000),),
        )
    )

    assert factors(summary) == (88.8095, 86.1081, 97.805, 74.7937)


# mfgcalcs.com, downtime cost calculator: what 100 hours cost at 45 an hour, of which a share is captured.
@pytest.mark.parametrize(("share", "cost"), [(0.92, 4140), (0.8, 3600), (0.58, 2610)])
def test_published_costs_of_downtime_come_out_as_published(share: float, cost: float) -> None:
    assert financial_loss(100 * 60, 0, CostRates(45 * share, 2.5)) == cost


def test_a_day_in_full() -> None:
    summary = only(
        summarised(
            made(912),
            inspected(900, 12),
            stopped("No Material", "2026-03-10T07:00", 30),
            stopped("Jam", "2026-03-10T07:20", 25),
            assets=(PRESS._replace(ideal_units_per_hour=150),),
        )
    )

    assert summary == Summary(
        asset_id=1,
        oee_percentage=77.4194,
        availability_percentage=90.3226,
        performance_percentage=86.8571,
        quality_percentage=98.6842,
        actual_output=912,
        target_output=960,
        planned_minutes=465,
        downtime_minutes=45,
        downtime_reasons=[("No Material", 30), ("Jam", 15)],  # type: ignore[list-item]
        waste_count=12,
        financial_loss=120.0,
        unplanned_output=0,
        is_planned_in_part=False,
        good_count=900,
        planned_stop_minutes=0,
        unexplained_minutes=55.2,  # 912 units at 150 an hour take 364.8 of the 420 minutes without a stop
        downtime_loss=90,
        scrap_loss=30,
        speed_loss=110.4,
        shifts=[("early", 465, 960, 912, 45, 0, 55.2)],  # type: ignore[list-item]
    )
    assert summary.top_downtime_reason == "No Material"


def test_overlapping_stops_are_paid_for_once() -> None:
    summary = only(
        summarised(
            made(1),
            inspected(1, 0),
            stopped("No Power", "2026-03-10T07:00", 60),
            stopped("No Power", "2026-03-10T07:00", 60),
            stopped("Jam", "2026-03-10T07:30", 30),
        )
    )

    assert (summary.downtime_minutes, summary.financial_loss) == (60, 120)


def test_stops_outside_the_shift_and_in_its_breaks_cost_nothing() -> None:
    summary = only(
        summarised(
            made(1),
            inspected(1, 0),
            stopped("Break", "2026-03-10T09:00", 15),
            stopped("Night", "2026-03-10T20:00", 120),
        )
    )

    assert (summary.downtime_minutes, summary.financial_loss, summary.availability_percentage) == (0, 0, 100)


def test_without_a_plan_all_downtime_counts_and_no_oee_is_known() -> None:
    summary = only(
        summarised(made(10), inspected(9, 1), stopped("Night", "2026-03-10T20:00", 120), targets=())
    )

    assert summary.planned_minutes is None
    assert summary.target_output == 0
    assert summary.downtime_minutes == 120
    assert summary.financial_loss == 242.5
    assert factors(summary) == (None, None, 90, None)


def test_a_target_that_holds_no_longer_or_not_yet_is_no_plan() -> None:
    ended = pattern("06:00", "14:00", valid_until=TUESDAY)
    to_come = pattern("06:00", "14:00", valid_from=date(2026, 3, 11))
    targets = (ShiftTarget(1, "early", ended, 960), ShiftTarget(1, "early", to_come, 960))

    assert only(summarised(made(10), targets=targets)).planned_minutes is None


def test_outside_its_weekdays_an_asset_has_a_plan_and_nothing_planned() -> None:
    summary = only(summarised(made(10), stopped("Idle", "2026-03-15T08:00", 60), day=SUNDAY))

    assert (summary.planned_minutes, summary.target_output, summary.downtime_minutes) == (0, 0, 0)
    assert factors(summary) == (None, None, None, None)


def test_without_an_ideal_rate_performance_and_oee_are_not_known() -> None:
    slow = PRESS._replace(ideal_units_per_hour=None)

    summary = only(summarised(made(10), inspected(9, 1), assets=(slow,)))

    assert factors(summary) == (100, None, 90, None)


def test_what_nobody_inspected_has_neither_quality_nor_scrap_nor_a_loss() -> None:
    summary = only(summarised(made(10), stopped("Jam", "2026-03-10T07:00", 30)))

    assert (summary.quality_percentage, summary.waste_count, summary.oee_percentage) == (None, None, None)
    assert summary.financial_loss is None


def test_scrap_of_an_asset_that_nobody_inspects_is_unknown_where_others_are_inspected() -> None:
    press, oven = summarised(
        made(10), inspected(9, 1), made(5, OVEN), assets=(PRESS, OVEN), rates={2: CostRates(60.0, 1.0)}
    ).summaries

    assert (press.waste_count, oven.waste_count, oven.financial_loss) == (1, None, None)


def test_an_inspection_without_a_reject_is_known_to_have_scrapped_nothing() -> None:
    summary = only(summarised(made(10), inspected(10, 0), stopped("Jam", "2026-03-10T07:00", 30)))

    assert (summary.waste_count, summary.financial_loss) == (0, 60)


def test_an_asset_that_made_nothing_has_no_scrap_to_pay_for() -> None:
    summary = only(summarised(stopped("No Power", "2026-03-10T07:00", 90)))

    # An hour and a half at 120 dollars.
    assert (summary.waste_count, summary.financial_loss) == (None, 180)


def test_a_plant_without_quality_records_knows_neither_scrap_nor_its_cost() -> None:
    stop = stopped("Jam", "2026-03-10T07:00", 30)

    priced = only(summarised(made(10), stop, is_quality_known=False))
    unpriced = only(summarised(made(10), stop, is_quality_known=False, rates={1: CostRates(120.0, 0.0)}))

    assert (priced.waste_count, priced.financial_loss) == (None, None)
    assert (unpriced.waste_count, unpriced.financial_loss) == (None, 60)


def test_without_a_cost_center_the_loss_is_not_known() -> None:
    summary = only(summarised(made(10), stopped("Jam", "2026-03-10T07:00", 30), rates={}))

    assert summary.financial_loss is None


def test_an_asset_that_stood_still_all_day_has_an_oee_of_zero() -> None:
    summary = only(summarised(stopped("No Power", "2026-03-10T05:00", 600)))

    assert summary.downtime_minutes == 465
    assert factors(summary) == (0, None, None, 0)


def test_an_asset_that_made_nothing_without_a_stop_has_an_oee_of_zero_too() -> None:
    press, oven = summarised(made(5, OVEN), assets=(PRESS, OVEN)).summaries

    assert (press.actual_output, factors(press)) == (0, (100, 0, None, 0))
    assert (oven.actual_output, factors(oven)) == (5, (None, None, None, None))


def test_output_of_an_asset_that_never_ran_contradicts_itself_and_has_no_oee() -> None:
    summary = only(summarised(made(5), inspected(5, 0), stopped("Jam", "2026-03-10T05:00", 600)))

    assert factors(summary) == (0, None, 100, None)


# 150 an hour at best, so 1,162.5 units in the 465 planned minutes.
MODEST = PRESS._replace(ideal_units_per_hour=150)


def test_output_outside_the_plan_enters_no_factor() -> None:
    summary = only(
        summarised(
            made(930, MODEST),
            made(200, MODEST, at="09:00"),  # the break
            made(300, MODEST, at="14:00"),
            inspected(99, 1),
            assets=(MODEST,),
        )
    )

    assert (summary.actual_output, summary.unplanned_output, summary.is_planned_in_part) == (1430, 500, False)
    # 930 of 1,162.5 are 80 %, 99 of 100 are good; all 1,430 units would be a performance of 123 %.
    assert factors(summary) == (100, 80, 99, 79.2)


def test_what_was_made_only_outside_a_plan_that_was_one_standstill_leaves_an_oee_of_zero() -> None:
    summary = only(
        summarised(made(323, at="15:00"), inspected(323, 0), stopped("No Staff", "2026-03-10T05:00", 600))
    )

    assert (summary.actual_output, summary.unplanned_output) == (323, 323)
    assert factors(summary) == (0, None, 100, 0)


def test_a_bucket_that_is_planned_in_part_counts_with_its_share_and_marks_the_day() -> None:
    shift = pattern("06:00", "14:10")
    readings = (made(1000, MODEST), made(60, MODEST, at="14:00"), inspected(1, 0))

    summary = only(summarised(*readings, assets=(MODEST,), targets=(ShiftTarget(1, "early", shift, 960),)))

    # Ten of the fifteen minutes from 14:00 on: 40 of 60 units. 1,040 of 490 minutes at 2.5 a minute = 1,225.
    assert (summary.unplanned_output, summary.is_planned_in_part) == (20, True)
    assert summary.performance_percentage == 84.898


def test_a_performance_above_100_is_kept_and_an_oee_is_not_above_100() -> None:
    summary = only(summarised(made(1581, MODEST), inspected(1, 0), assets=(MODEST,)))

    assert factors(summary) == (100, 136, 100, 100)


def test_without_a_plan_nothing_is_outside_of_it() -> None:
    assert only(summarised(made(10), targets=())).unplanned_output is None
    assert only(summarised(made(10), day=SUNDAY)).unplanned_output == 10


def test_names_nobody_mapped_and_assets_out_of_use_get_no_summary() -> None:
    assets = (PRESS._replace(is_active=False), OVEN._replace(is_mapped=False))

    found = summarised(made(10), made(10, OVEN), assets=assets)

    assert found == ([], "there")


def test_only_the_top_reasons_are_listed_but_all_minutes_count() -> None:
    stops = [stopped(f"reason {number}", f"2026-03-10T1{number}:00", 10 - number) for number in range(4)]
    more = [stopped(f"other {number}", f"2026-03-10T0{number}:00", 1 + number) for number in range(6, 9)]

    summary = only(summarised(made(1), *stops, *more, targets=()))

    assert summary.downtime_minutes == 58
    assert [minutes for _, minutes in summary.downtime_reasons] == [10, 9, 9, 8, 8]


def test_a_day_of_which_nothing_came_is_told_from_a_day_on_which_nothing_was_made() -> None:
    found = summarised()

    assert found.data == "missing"
    assert found.summaries == [
        Summary(
            asset_id=1,
            oee_percentage=None,
            availability_percentage=None,
            performance_percentage=None,
            quality_percentage=None,
            actual_output=None,
            target_output=960,
            planned_minutes=465,
            downtime_minutes=None,
            downtime_reasons=(),
            waste_count=None,
            financial_loss=None,
            unplanned_output=None,
            is_planned_in_part=False,
        )
    ]


def test_a_day_of_which_nothing_came_and_nothing_was_scheduled_is_a_closed_one() -> None:
    found = summarised(day=SUNDAY, assets=(PRESS, OVEN))

    assert found.data == "closed"
    assert [one.planned_minutes for one in found.summaries] == [0, None]
    assert [one.actual_output for one in found.summaries] == [None, None]


def test_a_plant_without_any_plan_is_not_taken_for_closed() -> None:
    assert summarised(targets=(), day=SUNDAY).data == "missing"


def test_targets_that_hold_only_on_other_days_are_no_evidence_of_a_failure() -> None:
    # The claim leaves out targets that ended long ago: it brings the ids of their assets alone.
    assert summarised(targets=(), planned_assets=(1,)).data == "closed"
    assert summarised(targets=(), planned_assets=(2,)).data == "missing"
    for limits in ({"valid_until": TUESDAY}, {"valid_from": date(2026, 3, 11)}):
        found = summarised(
            targets=(ShiftTarget(1, "early", pattern("06:00", "14:00", **limits), 960),), planned_assets=(1,)
        )
        assert found.data == "closed"
        assert found.summaries[0].planned_minutes is None


def test_a_closed_day_of_which_nothing_came_is_not_missing() -> None:
    closed = ClosedDays({TUESDAY: "Founders' Day"}, {})

    for targets in ((), (ShiftTarget(1, "early", EARLY._replace(closed_on=frozenset({TUESDAY})), 960),)):
        found = summarised(targets=targets, closed=closed)

        assert found.data == "closed"
        assert [(one.target_output, one.planned_minutes) for one in found.summaries] == [(0, 0)]


def test_what_was_made_on_a_closed_day_is_made_outside_the_plan() -> None:
    shut = ShiftTarget(1, "early", EARLY._replace(closed_on=frozenset({TUESDAY})), 960)
    closed = ClosedDays({TUESDAY: "Founders' Day"}, {})

    summary = only(
        summarised(made(40), stopped("Jam", "2026-03-10T08:00", 30), targets=(shut,), closed=closed)
    )

    assert (summary.actual_output, summary.unplanned_output, summary.target_output) == (40, 40, 0)
    assert (summary.planned_minutes, summary.downtime_minutes, summary.financial_loss) == (0, 0, None)
    assert factors(summary) == (None, None, None, None)


@pytest.mark.parametrize(
    "reading",
    [
        made(0),
        made(3, Asset(9, "STRANGER", "stranger", None, is_active=True, is_mapped=False)),
        inspected(0, 0),
        stopped("Jam", "2026-03-10T07:00", 5),
        DowntimeReading("PRESS-01", "press-01", None, local("2026-03-10T07:00"), None),
        stopped("Fire", "2026-03-08T07:00", 7 * 1440),
    ],
)
def test_any_row_of_the_day_is_data(reading: Any) -> None:
    assert summarised(reading).data == "there"


def test_a_stop_that_ended_before_the_day_is_no_data() -> None:
    assert summarised(stopped("Jam", "2026-03-09T07:00", 5)).data == "missing"


def test_a_stop_that_nobody_has_ended_since_before_the_day_is_no_data() -> None:
    left_open = DowntimeReading("PRESS-01", "press-01", "Jam", local("2026-03-09T23:50"), None)

    found = summarised(left_open, assets=(PRESS, OVEN))

    assert found.data == "missing"
    assert [(one.actual_output, one.downtime_minutes) for one in found.summaries] == [(None, None)] * 2
    assert summarised(left_open, day=SUNDAY).data == "closed"


def test_a_stop_left_open_counts_on_a_day_of_which_anything_else_came() -> None:
    left_open = DowntimeReading("PRESS-01", "press-01", "Jam", local("2026-03-09T23:50"), None)

    found = summarised(left_open, made(7, OVEN), assets=(PRESS, OVEN))

    assert found.data == "there"
    assert [(one.actual_output, one.downtime_minutes) for one in found.summaries] == [(0, 465), (7, 0)]


NIGHT = ShiftTarget(1, "night", pattern("22:00", "06:00", days=frozenset(range(1, 8))), 800)


@pytest.mark.parametrize(
    ("zone", "day", "planned", "target"),
    [
        # 00:00-06:00 and 22:00-24:00; the night over the change lasts seven or nine hours.
        ("Europe/Berlin", date(2026, 3, 10), 480, 800),
        ("Europe/Berlin", date(2026, 3, 29), 420, 5 / 7 * 800 + 200),
        ("Europe/Berlin", date(2026, 10, 25), 540, 7 / 9 * 800 + 200),
        ("America/Chicago", date(2026, 11, 1), 540, 7 / 9 * 800 + 200),
        ("Australia/Sydney", date(2026, 10, 4), 420, 5 / 7 * 800 + 200),
        ("Australia/Lord_Howe", date(2026, 4, 5), 510, 6.5 / 8.5 * 800 + 200),
        ("Asia/Kolkata", date(2026, 3, 29), 480, 800),
    ],
)
def test_a_night_shift_is_prorated_to_the_days_it_falls_on(
    zone: str, day: date, planned: float, target: float
) -> None:
    summary = only(summarised(made(1), targets=(NIGHT,), day=day, zone=ZoneInfo(zone)))

    assert summary.planned_minutes == planned
    assert summary.target_output == pytest.approx(target, abs=0.0001)


def test_a_day_that_begins_with_the_night_shift_holds_it_whole() -> None:
    summary = only(summarised(made(1), targets=(NIGHT,), starts_at=time(22), day=date(2026, 3, 8)))

    # Saturday 22:00 to Sunday 22:00, over the hour that is left out: a night of seven hours.
    assert (summary.planned_minutes, summary.target_output) == (420, 800)


def test_an_open_stop_on_a_long_day_lasts_twenty_five_hours() -> None:
    open_stop = DowntimeReading("PRESS-01", "press-01", "Fire", local("2026-10-30T07:00"), None)

    summary = only(summarised(open_stop, made(0), targets=(), day=date(2026, 11, 1)))

    assert (summary.downtime_minutes, summary.financial_loss) == (1500, 3000)
