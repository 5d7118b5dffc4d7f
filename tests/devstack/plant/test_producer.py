from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devstack.plant.model import northfield
from devstack.plant.producer import history, produce
from devstack.plant.rows import Production

at = datetime.fromisoformat  # naive, as the plant's database stores it

PLANT = northfield()
# Plant-local 10:00 to 11:00 on a Friday.
HOUR_START = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)
HOUR_UNTIL = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)
EMPTY = Production()

instants = st.datetimes(at("2026-01-01 00:00"), at("2027-01-01 00:00"), timezones=st.just(UTC))
lengths = st.timedeltas(timedelta(0), timedelta(hours=3))


@settings(max_examples=40, deadline=None)
@given(start=instants, first=lengths, second=lengths)
def test_a_span_in_two_pieces_gives_the_rows_of_the_whole(
    start: datetime, first: timedelta, second: timedelta
) -> None:
    middle, until = start + first, start + first + second

    assert produce(PLANT, start, middle) + produce(PLANT, middle, until) == produce(PLANT, start, until)


def test_an_hour_minute_by_minute_gives_the_rows_of_the_hour() -> None:
    pieces = EMPTY
    for minute in range(60):
        start = HOUR_START + timedelta(minutes=minute)
        pieces += produce(PLANT, start, start + timedelta(minutes=1))

    assert pieces == produce(PLANT, HOUR_START, HOUR_UNTIL)


def test_the_same_seed_gives_the_same_rows_and_another_seed_others() -> None:
    hour = produce(PLANT, HOUR_START, HOUR_UNTIL)

    assert produce(northfield(), HOUR_START, HOUR_UNTIL) == hour
    assert produce(replace(PLANT, seed=1908), HOUR_START, HOUR_UNTIL) != hour


def test_an_empty_span_has_no_rows() -> None:
    assert produce(PLANT, HOUR_START, HOUR_START) == EMPTY


def test_the_figures_of_a_known_hour() -> None:
    hour = produce(PLANT, HOUR_START, HOUR_UNTIL)

    units: Counter[str | None] = Counter()
    for row in hour.output:
        units[row.location_name] += row.output_count or 0
    assert units == {
        "PRESS-01": 569,
        "PRESS-02": 416,
        "WELD-01": 104,
        "PAINT-01": 34,
        "ASSY-01": 42,
        "ASSY-02": 59,
        "PACK-01": 193,
        "REWORK-07": 12,
        None: 24,
    }
    assert [len(rows) for rows in hour.tables] == [484, 24, 14, 84, 36]
    assert sum(row.reject_count or 0 for row in hour.quality) == 19
    assert sum(row.downtime_minutes or 0 for row in hour.downtime) == 58
    press = [row for row in hour.oee if row.location_name == "PRESS-01"]
    assert [(row.oee, row.timestamp) for row in press][-1] == (98.0, at("2026-11-20 10:59:59"))


def test_every_unit_that_a_mapped_asset_counts_is_inspected() -> None:
    day = produce(PLANT, HOUR_START - timedelta(hours=12), HOUR_START + timedelta(hours=12))
    is_within = (at("2026-11-20 07:00"), at("2026-11-20 15:00"))

    counted = sum(
        row.output_count
        for row in day.output
        if row.output_count and row.output_count > 0
        if row.location_name not in {None, "REWORK-07"}
        if is_within[0] <= row.timestamp < is_within[1]
    )

    inspected = sum(
        (row.good_count or 0) + (row.reject_count or 0)
        for row in day.quality
        if is_within[0] <= row.timestamp < is_within[1]
    )
    assert counted == inspected
    assert counted > 8000


@settings(max_examples=25, deadline=None)
@given(until=instants)
def test_a_demonstration_shows_life_and_a_safety_incident_at_any_hour_and_weekday(until: datetime) -> None:
    shown = history(PLANT, until)

    local = PLANT.local(until)
    incidents = [
        row
        for row in shown.downtime
        if row.reason_code == "Safety Issue" and local - timedelta(minutes=30) <= row.timestamp
    ]
    # A poll's slot may end a quarter of an hour and some minutes of source lag before.
    assert any(row.timestamp < local - timedelta(minutes=17) for row in incidents)
    assert all(row.notes for row in incidents)
    producing = {
        row.location_name
        for row in shown.output
        if row.output_count and row.output_count > 0 and row.timestamp >= local - timedelta(minutes=60)
    }
    assert len(producing) >= 3  # any single machine may be down for an hour
    assert any(row.downtime_minutes is None for row in shown.downtime)
    assert max(row.entered_at for rows in shown.tables for row in rows) < until


def test_going_on_after_the_history_repeats_none_of_it() -> None:
    until = datetime(2026, 11, 22, 6, 7, 33, tzinfo=UTC)

    following = produce(PLANT, until, until + timedelta(hours=1))

    before = history(PLANT, until)
    for earlier, later in zip(before.tables, following.tables, strict=True):
        assert later
        assert not set(earlier) & set(later)


@pytest.mark.parametrize("quarter", range(0, 96, 5))
def test_every_half_hour_holds_a_negative_count_and_one_without_an_asset(quarter: int) -> None:
    start = HOUR_START + timedelta(minutes=15 * quarter)

    rows = produce(PLANT, start, start + timedelta(minutes=30)).output

    assert any(row.output_count is not None and row.output_count < 0 for row in rows)
    assert any(row.location_name is None for row in rows)


def test_the_standing_asset_has_an_open_stop_from_every_shift_and_no_output() -> None:
    day = produce(PLANT, HOUR_START, HOUR_START + timedelta(hours=24))

    open_stops = [row for row in day.downtime if row.downtime_minutes is None]

    assert [(row.location_name, row.timestamp.hour) for row in open_stops] == [
        ("WELD-02", 14),
        ("WELD-02", 22),
        ("WELD-02", 6),
    ]
    assert not [row for row in day.output if row.location_name == "WELD-02"]


def test_assembly_line_1_reports_no_oee_and_the_unmapped_asset_only_counts() -> None:
    day = produce(PLANT, HOUR_START, HOUR_START + timedelta(hours=24))

    assert {row.location_name for row in day.oee} == {
        "PRESS-01",
        "PRESS-02",
        "WELD-01",
        "PAINT-01",
        "ASSY-02",
        "PACK-01",
    }
    assert "REWORK-07" in {row.location_name for row in day.output}
    assert "REWORK-07" not in {row.location_name for row in day.quality}


def test_a_reason_is_entered_when_the_stop_is_over_at_the_earliest() -> None:
    week = produce(PLANT, HOUR_START, HOUR_START + timedelta(days=3))
    closed = [row for row in week.downtime if row.downtime_minutes is not None]

    typed_after = [
        PLANT.local(row.entered_at) - row.timestamp - timedelta(minutes=row.downtime_minutes or 0)
        for row in closed
    ]

    assert min(typed_after) == timedelta(0)
    assert timedelta(minutes=5) < max(typed_after) <= timedelta(minutes=45)


def test_operators_spell_safety_codes_in_several_ways() -> None:
    days = produce(PLANT, HOUR_START, HOUR_START + timedelta(days=5))

    codes = {row.reason_code for row in days.downtime if "safety" in row.reason_code.lower()}

    assert codes == {"Safety Issue", "safety issue", "SAFETY ISSUE ", " Safety  Issue"}


def test_no_local_time_lies_in_the_hour_that_spring_leaves_out() -> None:
    before_the_change = datetime(2026, 3, 8, 7, 0, tzinfo=UTC)  # 01:00 plant-local, the clock jumps at 02:00

    rows = produce(PLANT, before_the_change, before_the_change + timedelta(hours=2)).output

    # Late deliveries bring a few rows from before 01:00.
    hours = {row.timestamp.hour for row in rows}
    assert 2 not in hours
    assert {1, 3} <= hours


def test_the_hour_that_autumn_repeats_is_worked_twice() -> None:
    before_the_change = datetime(2026, 11, 1, 6, 0, tzinfo=UTC)  # 01:00 plant-local, for the first time

    production = produce(PLANT, before_the_change, before_the_change + timedelta(hours=2, minutes=10))

    quarters = Counter(row.timestamp for row in production.labor if row.location_name == "PACK-01")
    assert quarters == {
        at("2026-11-01 01:14:59"): 2,
        at("2026-11-01 01:29:59"): 2,
        at("2026-11-01 01:44:59"): 2,
        at("2026-11-01 01:59:59"): 2,
    }
