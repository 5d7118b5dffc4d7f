"""Which slots a poll writes beside its own, and in which batches."""

from datetime import datetime, timedelta
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from plantpulse.live_pulse.catch_up import (
    Coverage,
    SlotRange,
    batches,
    commits,
    fingerprint,
    older_slots,
    parse_coverage,
    range_of,
    recent_slots,
)
from plantpulse.live_pulse.snapshots import Snapshot

EVERY = timedelta(minutes=15)
DAY = timedelta(hours=24)


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-03-{text}:00+00:00")


def older(slot: datetime, coverage: Coverage, longest: timedelta = DAY) -> tuple[list[str], int]:
    found = older_slots(slot, coverage, every=EVERY, longest=longest)
    return [f"{one:%d %H:%M}" for one in found.slots], found.given_up


def stored(*slots: datetime) -> dict[datetime, str]:
    return dict.fromkeys(slots, "some fingerprint")


def test_before_a_plants_first_snapshot_nothing_was_missed() -> None:
    assert older(at("11 12:00"), Coverage()) == ([], 0)


def test_the_two_slots_before_are_looked_at_again() -> None:
    coverage = Coverage(at("11 11:45"), None, stored(at("11 11:45"), at("11 11:30")))

    assert older(at("11 12:00"), coverage) == (["11 11:45", "11 11:30"], 0)


def test_a_slot_without_stored_rows_is_not_corrected() -> None:
    coverage = Coverage(at("11 11:45"), None, stored(at("11 11:45")))

    assert older(at("11 12:00"), coverage) == (["11 11:45"], 0)


def test_missed_slots_come_newest_first_and_then_the_last_two_before_them() -> None:
    coverage = Coverage(at("11 11:00"))

    assert older(at("11 12:00"), coverage) == (
        ["11 11:45", "11 11:30", "11 11:15", "11 11:00", "11 10:45"],
        0,
    )


def test_slots_missed_for_too_long_are_given_up_and_counted() -> None:
    coverage = Coverage(at("11 09:00"))

    slots, given_up = older(at("11 12:00"), coverage, longest=timedelta(hours=1))

    assert slots == ["11 11:45", "11 11:30", "11 11:15", "11 11:00"]
    assert given_up == 7


def test_what_an_earlier_run_left_is_due_after_what_is_newer() -> None:
    newest = stored(at("11 11:45"), at("11 11:30"))
    coverage = Coverage(at("11 11:45"), SlotRange(at("11 08:00"), at("11 08:30")), newest)

    assert older(at("11 12:00"), coverage)[0] == [
        "11 11:45",
        "11 11:30",
        "11 08:30",
        "11 08:15",
        "11 08:00",
    ]


def test_a_late_slot_that_is_covered_already_brings_nothing_older() -> None:
    coverage = Coverage(at("11 12:00"), None, stored(at("11 11:15"), at("11 11:00")))

    slots, given_up = older(at("11 11:30"), coverage)

    assert (slots, given_up) == ([], 0)


def test_a_watermark_off_a_changed_grid_is_rounded_down() -> None:
    coverage = Coverage(at("11 11:20"))

    assert older(at("11 12:00"), coverage)[0] == ["11 11:45", "11 11:30", "11 11:15", "11 11:00"]


def test_batches_hold_ten_thousand_snapshots_and_the_present_slot_first() -> None:
    slots = [at("11 11:45"), at("11 11:30"), at("11 11:15")]

    assert list(batches(at("11 12:00"), slots, 4_000)) == [
        [at("11 12:00"), at("11 11:45")],
        [at("11 11:30"), at("11 11:15")],
    ]


def test_a_plant_larger_than_a_batch_commits_slot_by_slot() -> None:
    assert list(batches(at("11 12:00"), [at("11 11:45")], 12_000)) == [[at("11 12:00")], [at("11 11:45")]]


def test_a_plant_without_assets_is_one_batch() -> None:
    assert list(batches(at("11 12:00"), [], 0)) == [[at("11 12:00")]]


def test_the_range_of_slots_is_from_the_oldest_to_the_newest() -> None:
    assert range_of([at("11 11:45"), at("11 11:00")]) == SlotRange(at("11 11:00"), at("11 11:45"))
    assert range_of([]) is None


def test_the_recent_slots_are_the_two_before() -> None:
    assert recent_slots(at("11 00:15"), EVERY) == [at("11 00:00"), at("10 23:45")]


def test_coverage_is_read_from_a_claim() -> None:
    coverage = parse_coverage(
        {
            "snapshots_until": "2026-03-11T11:45:00+00:00",
            "catch_up_from": "2026-03-11T08:00:00+00:00",
            "catch_up_until": "2026-03-11T08:30:00+00:00",
            "fingerprints": {"2026-03-11T11:45:00+00:00": "abc"},
            "slot_seals": {"2026-03-11T11:45:00+00:00": "def"},
            "safety_until": "2026-03-11T11:50:00+00:00",
        }
    )

    assert coverage.snapshots_until == at("11 11:45")
    assert coverage.safety_until == at("11 11:50")
    assert coverage.left == SlotRange(at("11 08:00"), at("11 08:30"))
    assert coverage.fingerprints == {at("11 11:45"): "abc"}
    assert coverage.seals == {at("11 11:45"): "def"}


def snapshot(asset_id: int, actual: float, slot_output: float | None = 1.0) -> Snapshot:
    return Snapshot(
        asset_id, actual, slot_output, 60, 0.0, "on_target", 80.0, "reported", 0, 1, 0, 3, 0, False
    )


def test_a_fingerprint_tells_output_and_downtime_apart_and_nothing_else() -> None:
    one = [snapshot(1, 60), snapshot(2, 7.25)]

    assert fingerprint(one) == fingerprint(list(reversed(one)))
    assert fingerprint(one) == fingerprint([row._replace(oee_current=None, good_count=9) for row in one])
    assert fingerprint(one) != fingerprint([snapshot(1, 60), snapshot(2, 7.2501)])
    assert fingerprint(one) != fingerprint([row._replace(downtime_minutes=1) for row in one])
    assert fingerprint(one) != fingerprint([snapshot(1, 60, None), snapshot(2, 7.25)])


@given(st.integers(0, 200), st.integers(0, 30), st.integers(1, 96))
def test_runs_that_write_a_part_each_leave_no_slot_out(missed: int, batch: int, a_run: int) -> None:
    """However many slots were missed and however few a run gets round to, all are written in the end."""
    slot = at("20 12:00")
    coverage = Coverage(slot - EVERY * (missed + 1))
    longest = timedelta(days=30)
    written: set[datetime] = set()

    for _ in range(missed // a_run + 2):
        due = older_slots(slot, coverage, every=EVERY, longest=longest).slots
        done, left = due[: a_run + 2], due[a_run + 2 :]
        written |= {slot, *done}
        coverage = Coverage(slot, range_of(left), stored(slot, slot - EVERY))
        slot += EVERY

    first = at("20 12:00")
    assert written >= {first - EVERY * back for back in range(missed + 1)}


class Written(NamedTuple):
    """A slot with so many snapshots."""

    snapshots: list[Snapshot]


def test_slots_that_are_only_looked_at_again_are_read_with_the_present_one() -> None:
    older = [at("11 11:45"), at("11 11:30"), at("11 11:15")]

    assert list(batches(at("11 12:00"), older, 12_000, with_the_first=2)) == [
        [at("11 12:00"), at("11 11:45"), at("11 11:30")],
        [at("11 11:15")],
    ]


def test_a_commit_takes_ten_thousand_snapshots_and_at_least_one_slot() -> None:
    small, large = Written([snapshot(1, 60)] * 4_000), Written([snapshot(1, 60)] * 12_000)

    assert list(commits([small, small, small])) == [[small, small], [small]]
    assert list(commits([large, small])) == [[large], [small]]
    assert list(commits([])) == [[]]
