"""Polls of a night on which the plant's clock is changed, from the SQL Server wire to rows in Supabase.

Rows are entered as the plant enters them: when they happen, in local time, without the offset.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from plantpulse.source.query_files import BUILT_IN
from tests.functions.conftest import Floor, World

QUARTER = timedelta(minutes=15)
AFTER_THE_SLOT = timedelta(seconds=40)

Happening = Callable[[datetime], None]


def utc(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def local(month: int, day: int, hour: int, minute: int) -> datetime:
    return datetime(2026, month, day, hour, minute)  # noqa: DTZ001 - naive plant time


def slots(first: datetime, last: datetime) -> Iterator[datetime]:
    while first <= last:
        yield first
        first += QUARTER


def poll(world: World, first: datetime, last: datetime, before: Happening | None = None) -> None:
    """Poll all slots from the first to the last, each a little after its time; all must succeed."""
    for slot in slots(first, last):
        world.now = slot + AFTER_THE_SLOT
        if before:
            before(slot)
        status, report = world.tick(slot)
        assert (status, report["outcome"]) == (200, "succeeded"), slot


def enter_incident(floor: Floor, at: str, asset: str = "PRESS-01") -> None:
    floor.run(
        "insert into downtime_records (locationName, reason_code, downtime_minutes, [timestamp], notes)"
        " values (%s, 'Safety Issue', 3, %s, 'guard open')",
        asset, at,
    )  # fmt: skip


def incidents(world: World) -> list[tuple[datetime, datetime]]:
    """Return the naive time and the instant of each recorded incident."""
    rows = world.rows(
        "select source_timestamp, event_timestamp from public.safety_events order by event_timestamp, id"
    )
    return [(row["source_timestamp"], row["event_timestamp"]) for row in rows]


def snapshots(world: World) -> list[dict[str, Any]]:
    """Return the snapshots of PRESS-01, oldest first."""
    return world.rows(
        """
        select s.snapshot_timestamp as at, s.output_actual::float, s.slot_output::float,
               s.output_target::float, s.is_time_ambiguous
        from public.live_snapshots as s
        join public.assets as a on a.id = s.asset_id
        where a.source_name = 'PRESS-01'
        order by s.snapshot_timestamp
        """
    )


def without_source_ids(folder: Path) -> Path:
    """Return a folder whose safety.sql is that of a plant whose table has no key."""
    text = (BUILT_IN / "safety.sql").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if "as source_id" not in line]
    assert len(lines) == len(text.splitlines()) - 1
    (folder / "safety.sql").write_text("\n".join(lines), encoding="utf-8")
    return folder


def work_nights(world: World, target_output: int) -> None:
    """Replace the shifts of PRESS-01 by a night shift from 22:00 to 06:00."""
    world.store.execute("delete from public.shift_targets")
    world.store.execute(
        """
        insert into public.shift_targets
            (asset_id, shift_name, starts_at, ends_at, days_of_week, valid_from, target_output, breaks)
        select id, 'night', '22:00', '06:00', '{1,2,3,4,5,6,7}', '2026-01-01', %s, '[]'
        from public.assets
        where source_name = 'PRESS-01'
        """,
        (target_output,),
    )


def test_an_incident_in_the_repeated_hour_is_recorded_once_by_the_polls_of_both_passes(
    world: World, floor: Floor
) -> None:
    poll(world, utc(11, 1, 6), utc(11, 1, 6, 15))
    enter_incident(floor, "2026-11-01T01:20:00")
    poll(world, utc(11, 1, 6, 30), utc(11, 1, 6, 30))
    recorded = world.rows("select * from public.safety_events")

    poll(world, utc(11, 1, 6, 45), utc(11, 1, 8, 30))

    assert incidents(world) == [(local(11, 1, 1, 20), utc(11, 1, 6, 20))]
    assert world.rows("select * from public.safety_events") == recorded


def test_incidents_at_the_same_time_of_both_passes_are_two(world: World, floor: Floor) -> None:
    enter_incident(floor, "2026-11-01T01:20:00")
    poll(world, utc(11, 1, 6, 30), utc(11, 1, 7, 15))
    assert len(incidents(world)) == 1
    enter_incident(floor, "2026-11-01T01:20:00")

    poll(world, utc(11, 1, 7, 30), utc(11, 1, 8, 30))

    # The source does not say in which pass: both are told as of the first.
    assert incidents(world) == [(local(11, 1, 1, 20), utc(11, 1, 6, 20))] * 2


def test_without_a_key_in_the_source_the_plants_own_time_tells_incidents_apart(
    world: World, floor: Floor, tmp_path: Path
) -> None:
    world.settings["queries_dir"] = without_source_ids(tmp_path)
    enter_incident(floor, "2026-11-01T01:20:00")
    poll(world, utc(11, 1, 6, 30), utc(11, 1, 7, 15))
    enter_incident(floor, "2026-11-01T01:20:00", asset="PAINT-01")
    enter_incident(floor, "2026-11-01T01:25:00")

    poll(world, utc(11, 1, 7, 30), utc(11, 1, 8, 30))

    assert sorted(at for at, _ in incidents(world)) == [
        local(11, 1, 1, 20),
        local(11, 1, 1, 20),
        local(11, 1, 1, 25),
    ]
    assert world.rows("select distinct source_id from public.safety_events") == [{"source_id": None}]


def test_incidents_of_both_passes_that_nothing_tells_apart_are_one(
    world: World, floor: Floor, tmp_path: Path
) -> None:
    world.settings["queries_dir"] = without_source_ids(tmp_path)
    enter_incident(floor, "2026-11-01T01:20:00")
    poll(world, utc(11, 1, 6, 30), utc(11, 1, 7, 15))
    enter_incident(floor, "2026-11-01T01:20:00")

    poll(world, utc(11, 1, 7, 30), utc(11, 1, 8, 30))

    assert incidents(world) == [(local(11, 1, 1, 20), utc(11, 1, 6, 20))]


def test_an_incident_at_a_time_that_spring_leaves_out_is_recorded(world: World, floor: Floor) -> None:
    poll(world, utc(3, 8, 7, 45), utc(3, 8, 8))
    enter_incident(floor, "2026-03-08T02:30:00")

    poll(world, utc(3, 8, 8, 15), utc(3, 8, 9))

    # Read as if the clock had not been changed yet: half past two is half an hour after two.
    assert incidents(world) == [(local(3, 8, 2, 30), utc(3, 8, 8, 30))]


def test_the_targets_of_a_night_of_seven_hours_add_up_to_the_shifts(world: World, floor: Floor) -> None:
    world.pulse["window_minutes"] = 15
    work_nights(world, target_output=840)

    def make(slot: datetime) -> None:
        enter_output(floor, 30, slot - timedelta(minutes=5), hours=-6 if slot <= utc(3, 8, 8) else -5)

    poll(world, utc(3, 8, 4), utc(3, 8, 11, 15), make)

    night = snapshots(world)
    assert [row["output_target"] for row in night] == [0.0, *[30.0] * 28, 0.0]
    assert [row["slot_output"] for row in night] == [30.0] * 30
    assert [row["at"] for row in night if row["is_time_ambiguous"]] == []


def test_the_targets_of_a_night_of_nine_hours_add_up_to_the_shifts(world: World, floor: Floor) -> None:
    world.pulse["window_minutes"] = 15
    work_nights(world, target_output=1080)

    def make(slot: datetime) -> None:
        enter_output(floor, 30, slot - timedelta(minutes=5), hours=-5 if slot <= utc(11, 1, 7) else -6)

    poll(world, utc(11, 1, 3), utc(11, 1, 12, 15), make)

    night = snapshots(world)
    assert [row["output_target"] for row in night] == [0.0, *[30.0] * 36, 0.0]
    assert [row["at"] for row in night if row["is_time_ambiguous"]] == list(
        slots(utc(11, 1, 6, 15), utc(11, 1, 8))
    )
    second_pass = list(slots(utc(11, 1, 7, 15), utc(11, 1, 8)))
    # What the second pass made cannot be told from the first: the window shows both, the slot neither.
    assert [row["output_actual"] for row in night if row["at"] in second_pass] == [60.0] * 4
    assert [row["slot_output"] for row in night if row["at"] in second_pass] == [None] * 4
    assert [row["output_actual"] for row in night if row["at"] not in second_pass] == [30.0] * 34
    assert [row["slot_output"] for row in night if row["at"] not in second_pass] == [30.0] * 34


def enter_output(floor: Floor, units: int, at: datetime, *, hours: int) -> None:
    shown = (at + timedelta(hours=hours)).replace(tzinfo=None)
    floor.run(
        "insert into production_data (locationName, output_count, [timestamp]) values ('PRESS-01', %s, %s)",
        units, shown.isoformat(),
    )  # fmt: skip


def test_a_slot_of_the_first_pass_that_is_polled_in_the_second_does_not_know_its_own_output(
    world: World, floor: Floor
) -> None:
    enter_output(floor, 30, utc(11, 1, 6, 10), hours=-5)
    enter_output(floor, 7, utc(11, 1, 7, 10), hours=-6)
    world.now = utc(11, 1, 7, 20)

    world.tick(utc(11, 1, 6, 15))

    assert snapshots(world) == [
        {
            "at": utc(11, 1, 6, 15),
            "output_actual": 37.0,
            "slot_output": None,
            "output_target": 0.0,
            "is_time_ambiguous": True,
        }
    ]


def enter_stop(floor: Floor, at: datetime, minutes: int, *, hours: int) -> None:
    shown = (at + timedelta(hours=hours)).replace(tzinfo=None)
    floor.run(
        "insert into downtime_records (locationName, reason_code, downtime_minutes, [timestamp])"
        " values ('PRESS-01', 'Jam', %s, %s)",
        minutes, shown.isoformat(),
    )  # fmt: skip


def test_a_stop_in_the_second_pass_is_not_lost(world: World, floor: Floor) -> None:
    world.pulse["window_minutes"] = 15
    poll(world, utc(11, 1, 6, 15), utc(11, 1, 7, 15))
    enter_stop(floor, utc(11, 1, 7, 20), 10, hours=-6)

    poll(world, utc(11, 1, 7, 30), utc(11, 1, 8, 30))

    assert downtime(world) == [(utc(11, 1, 7, 30), 10.0)]


def test_a_stop_that_outlasts_the_second_pass_is_counted_to_its_end(world: World, floor: Floor) -> None:
    world.pulse["window_minutes"] = 15
    poll(world, utc(11, 1, 6, 15), utc(11, 1, 7, 45))
    enter_stop(floor, utc(11, 1, 7, 50), 70, hours=-6)

    poll(world, utc(11, 1, 8), utc(11, 1, 9, 45))

    # Half past nine looks at nine o'clock again. As of the first pass it would have been over at eight.
    assert downtime(world) == [
        (utc(11, 1, 8), 15.0),
        (utc(11, 1, 8, 15), 15.0),
        (utc(11, 1, 8, 30), 15.0),
        (utc(11, 1, 8, 45), 15.0),
        (utc(11, 1, 9), 15.0),
    ]
    # It may as well have begun in the first pass: what may be too much is marked, also after the hour.
    marked = [row["at"] for row in snapshots(world) if row["is_time_ambiguous"]]
    assert marked == list(slots(utc(11, 1, 6, 15), utc(11, 1, 9)))


def test_a_stop_in_the_first_pass_is_known_in_it_and_counted_in_the_second_too(
    world: World, floor: Floor
) -> None:
    world.pulse["window_minutes"] = 15
    poll(world, utc(11, 1, 6, 15), utc(11, 1, 6, 15))
    enter_stop(floor, utc(11, 1, 6, 20), 10, hours=-5)

    poll(world, utc(11, 1, 6, 30), utc(11, 1, 8, 30))

    # Of which pass it is cannot be told once both have been: the second one's snapshot is marked.
    assert downtime(world) == [(utc(11, 1, 6, 30), 10.0), (utc(11, 1, 7, 30), 10.0)]
    marked = [row["at"] for row in snapshots(world) if row["is_time_ambiguous"]]
    assert {utc(11, 1, 6, 30), utc(11, 1, 7, 30)} <= set(marked)


def test_no_oee_is_computed_from_units_that_may_be_those_of_two_hours(world: World, floor: Floor) -> None:
    world.pulse["window_minutes"] = 15
    work_nights(world, target_output=1080)

    def make(slot: datetime) -> None:
        hours = -5 if slot <= utc(11, 1, 7) else -6
        at = slot - timedelta(minutes=5)
        enter_output(floor, 30, at, hours=hours)
        shown = (at + timedelta(hours=hours)).replace(tzinfo=None).isoformat()
        floor.run(
            "insert into quality_records (locationName, good_count, reject_count, [timestamp])"
            " values ('PRESS-01', 30, 0, %s)",
            shown,
        )

    poll(world, utc(11, 1, 6), utc(11, 1, 8, 30), make)

    computed = world.rows(
        """
        select s.snapshot_timestamp as at, s.oee_current::float as oee
        from public.live_snapshots as s
        join public.assets as a on a.id = s.asset_id
        where a.source_name = 'PRESS-01'
        order by s.snapshot_timestamp
        """
    )
    second_pass = list(slots(utc(11, 1, 7, 15), utc(11, 1, 8)))
    assert [row["oee"] for row in computed if row["at"] in second_pass] == [None] * 4
    assert [row["oee"] for row in computed if row["at"] not in second_pass] == [80.0] * 7


def downtime(world: World) -> list[tuple[datetime, float]]:
    """Return when and how many minutes PRESS-01 stood, the slots without a stop left out."""
    rows = world.rows(
        """
        select s.snapshot_timestamp as at, s.downtime_minutes::float as minutes
        from public.live_snapshots as s
        join public.assets as a on a.id = s.asset_id
        where a.source_name = 'PRESS-01' and s.downtime_minutes > 0
        order by s.snapshot_timestamp
        """
    )
    return [(row["at"], row["minutes"]) for row in rows]


def fill(world: World, start: str, until: str) -> dict[str, Any]:
    """Ask for a span by hand, a morning later."""
    status, report = world.ask(**{"from": start, "until": until})
    assert (status, report["outcome"]) == (200, "succeeded")
    return report


def test_a_span_asked_for_by_hand_leaves_what_was_polled_in_the_repeated_hour(
    world: World, floor: Floor
) -> None:
    floor.run(
        "insert into production_data (locationName, output_count, [timestamp]) values"
        " ('PRESS-01', 1, '2026-11-01T00:10:00'), ('PRESS-01', 2, '2026-11-01T01:05:00')"
    )
    poll(world, utc(11, 1, 6), utc(11, 1, 6, 15))
    polled = snapshots(world)
    floor.run(  # the second pass: nobody can tell its rows from the first one's
        "insert into production_data (locationName, output_count, [timestamp]) values"
        " ('PRESS-01', 4, '2026-11-01T01:05:00'), ('PRESS-01', 8, '2026-11-01T02:10:00')"
    )
    world.now = utc(11, 1, 14)

    report = fill(world, "2026-11-01T00:45:00-05:00", "2026-11-01T02:45:00-06:00")

    filled = snapshots(world)
    assert report["counts"]["slots"] == 12  # 05:45 to 08:45 but for 06:15, which was told best in time
    assert [row for row in filled if row["at"] == utc(11, 1, 6, 15)] == polled[-1:]
    ambiguous = [f"{row['at']:%H:%M}" for row in filled if row["is_time_ambiguous"]]
    assert ambiguous == [f"{at:%H:%M}" for at in slots(utc(11, 1, 6, 15), utc(11, 1, 8, 15))]
    summed = {f"{row['at']:%H:%M}": row["slot_output"] for row in filled if row["slot_output"] is not None}
    assert summed == {"05:45": 0, "06:00": 0, "06:15": 2, "08:15": 8, "08:30": 0, "08:45": 0}


def test_a_span_asked_for_by_hand_across_the_missing_hour_adds_up(world: World, floor: Floor) -> None:
    for at, units in (("00:10", 16), ("00:50", 1), ("01:50", 2), ("03:05", 4), ("03:50", 8)):
        floor.run(
            "insert into production_data (locationName, output_count, [timestamp]) values (%s, %s, %s)",
            "PRESS-01", units, f"2026-03-08T{at}:00",
        )  # fmt: skip
    world.now = utc(3, 8, 15)

    report = fill(world, "2026-03-08T01:00", "2026-03-08T04:00")

    assert report["span"] == {"from": "2026-03-08T07:00:00+00:00", "until": "2026-03-08T09:00:00+00:00"}
    made = {f"{row['at']:%H:%M}": row["slot_output"] for row in snapshots(world) if row["slot_output"]}
    assert made == {"07:00": 1, "08:00": 2, "08:15": 4, "09:00": 8}


def test_a_stop_whose_end_spring_leaves_out_is_read_to_its_end(world: World, floor: Floor) -> None:
    world.pulse["window_minutes"] = 15
    poll(world, utc(3, 8, 7, 45), utc(3, 8, 7, 45))
    enter_stop(floor, utc(3, 8, 7, 55), 10, hours=-6)

    poll(world, utc(3, 8, 8), utc(3, 8, 9))

    assert downtime(world) == [(utc(3, 8, 8), 5.0), (utc(3, 8, 8, 15), 5.0)]
