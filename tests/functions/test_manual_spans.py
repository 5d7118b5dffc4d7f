"""A span of the past, asked for by hand: its slots are filled and corrected, and nothing else is moved."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from plantpulse.errors import SourceUnavailable
from plantpulse.source import sqlserver
from plantpulse.source.answers import Clock, Rows, Source
from plantpulse.source.query_files import Query
from tests.conftest import SqlServerUnderTest
from tests.functions.conftest import NOON_IN_CHICAGO, QUARTER, Floor, World, press_snapshots, tick
from tests.patience import ENDS_S

Figures = dict[str, tuple[Any, ...]]


def press(world: World) -> Figures:
    """Return PRESS-01's snapshots by plant-local time: actual, slot output, OEE, caught up."""
    return press_snapshots(world, "oee_current")


def fill(world: World, start: str, until: str, **parameters: Any) -> tuple[int, dict[str, Any]]:
    """Ask for a span of the plant's day."""
    return world.ask(**{"from": f"2026-03-11T{start}", "until": f"2026-03-11T{until}"}, **parameters)


def codes(report: dict[str, Any]) -> list[str]:
    """Return the codes of the warnings, but for the one that the clock of these tests stands still."""
    found = [warning["code"] for warning in report["warnings"]]
    return [code for code in found if code != "source_clock_skew"]


@pytest.fixture
def morning(world: World, floor: Floor) -> World:
    """A plant that has worked since nine, at noon; nothing was polled yet."""
    for hour, minute, units in ((9, 0, 1), (10, 10, 2), (10, 40, 4), (11, 5, 8)):
        floor.output("PRESS-01", units, f"{hour:02}:{minute:02}:00")
    return world


def test_the_slots_of_a_span_are_filled_whole(morning: World, floor: Floor) -> None:
    floor.oee("PRESS-01", 71.5, "10:20:00")

    status, report = fill(morning, "10:15", "11:00")

    assert (status, report["outcome"], codes(report)) == (200, "succeeded", [])
    assert press(morning) == {
        "10:15": (2.0, 2.0, None, True),
        "10:30": (2.0, 0.0, 71.5, True),
        "10:45": (4.0, 4.0, 71.5, True),
        "11:00": (4.0, 0.0, None, True),
    }
    assert report["span"] == {"from": "2026-03-11T15:15:00+00:00", "until": "2026-03-11T16:00:00+00:00"}
    assert report["window"] == {"start": "2026-03-11T14:45:00+00:00", "until": "2026-03-11T16:00:00+00:00"}
    assert "remaining" not in report
    counted = {name: report["counts"][name] for name in ("slots", "snapshots", "snapshots_written")}
    assert counted == {"slots": 4, "snapshots": 8, "snapshots_written": 8}
    assert morning.calls == ["claim_run", "commit_live_pulse"]


def test_a_span_moves_no_watermark_and_the_schedule_goes_on(morning: World, floor: Floor) -> None:
    tick(morning, 0)
    tick(morning, 1)
    before = press(morning)

    fill(morning, "10:15", "11:00")

    runs = morning.rows(
        "select snapshots_until, catch_up_from, catch_up_until, trigger, slot from public.pipeline_runs"
        " order by id desc limit 1"
    )
    assert runs == [
        {
            "snapshots_until": None,
            "catch_up_from": None,
            "catch_up_until": None,
            "trigger": "manual",
            "slot": None,
        }
    ]
    report = tick(morning, 2)
    assert (report["outcome"], report["counts"]["snapshots_written"]) == ("succeeded", 2)
    assert {at: press(morning)[at] for at in before} == before


def test_a_span_again_changes_nothing(morning: World) -> None:
    fill(morning, "10:15", "11:00")
    before = morning.contents()["snapshots"]
    morning.now += timedelta(seconds=5)

    _, report = fill(morning, "10:15", "11:00")

    assert report["counts"]["snapshots_unchanged"] == 8
    assert morning.contents()["snapshots"] == before


def test_only_rows_that_changed_are_corrected_and_a_slot_polled_in_time_stays_one(
    morning: World, floor: Floor
) -> None:
    tick(morning, 0)
    floor.output("PRESS-01", 16, "11:50:00")
    floor.quality("PRESS-01", 9, 1, "11:50:00")
    before = {row["id"]: row for row in morning.contents()["snapshots"]}

    _, report = fill(morning, "12:00", "12:00")

    assert report["counts"]["snapshots_updated"] == 1
    assert press(morning)["12:00"] == (16.0, 16.0, 19.2, False)  # 16 of 75 possible, 9 of 10 good
    changed = [row for row in morning.contents()["snapshots"] if row != before[row["id"]]]
    assert [row["run_id"] for row in changed] == [report["run_id"]]


def test_what_the_source_no_longer_tells_takes_nothing_away(morning: World, floor: Floor) -> None:
    known = """
        select s.oee_current::float, s.oee_source, s.good_count::float, s.reject_count::float,
               s.labor_headcount::float
        from public.live_snapshots as s
        join public.assets as a on a.id = s.asset_id
        where a.source_name = 'PRESS-01'
        """
    floor.oee("PRESS-01", 71.5, "11:50:00")
    floor.quality("PRESS-01", 9, 1, "11:50:00")
    floor.labor("PRESS-01", 4, "11:50:00")
    tick(morning, 0)
    before = morning.rows(known)
    for table in ("oee_metrics", "quality_records", "labor_records"):
        floor.run(f"delete from {table}")
    floor.output("PRESS-01", 16, "11:50:00")

    _, report = fill(morning, "12:00", "12:00")

    assert report["counts"]["snapshots_updated"] == 1
    assert press(morning)["12:00"][0] == 16.0
    assert [tuple(row.values()) for row in before] == [(71.5, "reported", 9.0, 1.0, 4.0)]
    assert morning.rows(known) == before


def test_a_plant_without_a_table_for_oee_is_told_so_once(morning: World, floor: Floor) -> None:
    floor.run("drop table oee_metrics")

    _, report = fill(morning, "10:15", "11:00")

    assert (report["outcome"], codes(report)) == ("partial", ["optional_query_failed"])
    assert len(press(morning)) == 4


def test_safety_events_of_the_span_are_found_and_never_doubled(morning: World, floor: Floor) -> None:
    morning.pulse = {"safety_look_back_hours": 1}
    floor.downtime("PRESS-01", "Safety Issue", 5, "10:05:00")
    tick(morning, 0)
    assert morning.contents()["safety"] == []

    _, report = fill(morning, "10:15", "10:30")
    morning.now += timedelta(seconds=5)
    _, again = fill(morning, "10:15", "10:30")

    assert (report["counts"]["safety_recorded"], again["counts"]["safety_recorded"]) == (1, 0)
    (event,) = morning.contents()["safety"]
    assert event["event_timestamp"] == datetime(2026, 3, 11, 15, 5, tzinfo=UTC)


def test_malformed_rows_of_a_span_are_kept_once(morning: World, floor: Floor) -> None:
    floor.output("PRESS-01", -5, "10:20:00")

    _, report = fill(morning, "10:15", "11:00")

    assert report["counts"]["rejected"] == 1
    (kept,) = morning.contents()["rejected"]
    assert (kept["query"], kept["run_id"]) == ("output", report["run_id"])


def test_a_dry_run_shows_the_slots_and_writes_nothing(morning: World) -> None:
    status, report = fill(morning, "10:15", "11:00", dry_run=True)

    assert (status, report["outcome"], report["run_id"]) == (200, "succeeded", None)
    shown = [
        (row["snapshot_timestamp"][11:16], row["output_actual"]) for row in report["preview"]["snapshots"]
    ]
    assert shown[::2] == [("16:00", 4), ("15:45", 4), ("15:30", 2), ("15:15", 2)]
    assert morning.contents()["runs"] == morning.contents()["snapshots"] == []


def test_a_long_dry_run_commits_nothing_on_the_way(morning: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plantpulse.live_pulse.catch_up.SNAPSHOTS_A_COMMIT", 3)  # one slot of three assets

    _, report = fill(morning, "10:15", "11:00", dry_run=True)

    assert morning.calls == ["claim_run", "end_dry_run"]
    assert len(report["preview"]["snapshots"]) == 8


def test_a_long_span_is_cut_into_commits(morning: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plantpulse.live_pulse.catch_up.SNAPSHOTS_A_COMMIT", 6)  # two slots of three assets

    _, report = fill(morning, "10:15", "11:45")

    assert (report["outcome"], report["counts"]["snapshots_written"]) == ("succeeded", 14)
    assert morning.calls == ["claim_run", *["commit_live_pulse"] * 3]
    assert len(press(morning)) == 7


def test_what_does_not_fit_the_time_is_told_and_can_be_gone_on_with(
    morning: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plantpulse.live_pulse.poll.RESERVED_S", 1000.0)
    monkeypatch.setattr("plantpulse.live_pulse.poll.SPAN_BATCH", 2)

    _, report = fill(morning, "10:15", "11:00")

    assert (report["outcome"], codes(report)) == ("partial", ["span_unfinished"])
    assert list(press(morning)) == ["10:45", "11:00"]
    assert report["remaining"] == {"from": "2026-03-11T15:15:00+00:00", "until": "2026-03-11T15:30:00+00:00"}
    runs = morning.rows("select catch_up_from, snapshots_until from public.pipeline_runs")
    assert runs == [{"catch_up_from": None, "snapshots_until": None}]

    _, rest = morning.ask(**report["remaining"])  # within a second, and no double click

    assert rest["outcome"] == "succeeded"
    assert list(press(morning)) == ["10:15", "10:30", "10:45", "11:00"]


def test_an_answer_that_is_cut_off_is_asked_for_slot_by_slot(morning: World, floor: Floor) -> None:
    morning.pulse = {"row_limit": 3}

    _, report = fill(morning, "10:15", "11:15")

    assert report["outcome"] == "succeeded"
    assert list(press(morning)) == ["10:15", "10:30", "10:45", "11:00", "11:15"]


def downtime(world: World) -> list[float]:
    rows = world.rows(
        """
        select s.downtime_minutes::float as minutes
        from public.live_snapshots as s
        join public.assets as a on a.id = s.asset_id
        where a.source_name = 'PRESS-01'
        order by s.snapshot_timestamp
        """
    )
    return [row["minutes"] for row in rows]


def test_downtime_that_is_cut_off_takes_none_of_what_is_stored(morning: World, floor: Floor) -> None:
    floor.downtime("PRESS-01", "Jam", 7, "11:40:00")
    tick(morning, 0)
    for second in range(3):
        floor.downtime("PAINT-01", "Short stop", 0, f"11:50:0{second}")
    floor.output("PRESS-01", 32, "11:50:00")
    morning.pulse = {"row_limit": 3}

    _, report = fill(morning, "12:00", "12:00")

    assert (report["outcome"], codes(report)) == ("partial", ["result_truncated"])
    assert downtime(morning) == [7.0]
    assert press(morning)["12:00"][0] == 0.0  # what is written of a slot is written whole


def test_only_the_slot_whose_downtime_is_cut_off_is_left_out_of_a_span(morning: World, floor: Floor) -> None:
    for second in range(3):
        floor.downtime("PAINT-01", "Short stop", 1, f"11:50:0{second}")
    morning.pulse = {"row_limit": 3, "window_minutes": 15}

    _, report = fill(morning, "11:15", "12:00")

    assert (report["outcome"], codes(report)) == ("partial", ["result_truncated"])
    assert list(press(morning)) == ["11:15", "11:30", "11:45"]


class Failing:
    """A connection to the plant that is lost at its n-th question for output."""

    def __init__(self, source: Source, at_question: int) -> None:
        self._source = source
        self._left = at_question

    @property
    def server_clock(self) -> Clock:
        return self._source.server_clock

    @property
    def refused_settings(self) -> Sequence[str]:
        return self._source.refused_settings

    def read(self, query: Query, parameters: Mapping[str, object]) -> Rows:
        self._left -= "bucket_s" in parameters
        if self._left <= 0:
            raise SourceUnavailable("the connection was lost")
        return self._source.read(query, parameters)


def test_what_was_filled_before_the_source_was_lost_stays_and_asking_again_fills_the_rest(
    morning: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plantpulse.live_pulse.catch_up.SNAPSHOTS_A_COMMIT", 3)  # one slot of three assets

    @contextmanager
    def connect_and_lose(settings: Any, **arguments: Any) -> Iterator[Source]:
        with sqlserver.connect(settings, **arguments) as source:
            yield Failing(source, at_question=5)  # one of them looks how far back the source goes

    morning.connect_source = connect_and_lose
    status, failed = fill(morning, "10:15", "11:00")
    kept = press(morning)
    morning.connect_source = sqlserver.connect
    _, report = fill(morning, "10:15", "11:00")

    assert (status, failed["error"]["code"]) == (503, "source_unavailable")
    assert list(kept) == ["10:45", "11:00"]
    assert report["counts"]["snapshots_written"] == 4
    assert report["counts"]["snapshots_unchanged"] == 4
    assert list(press(morning)) == ["10:15", "10:30", "10:45", "11:00"]


def test_a_source_that_keeps_nothing_that_old_writes_no_zeros(world: World, floor: Floor) -> None:
    floor.output("PRESS-01", 4, "10:40:00")

    status, report = fill(world, "08:00", "09:00")

    assert (status, report["outcome"], codes(report)) == (200, "partial", ["source_has_no_rows"])
    assert "2026-03-11T13:00:00+00:00 until 2026-03-11T14:00:00+00:00" in report["warnings"][-1]["message"]
    assert press(world) == {}


def test_what_was_written_before_the_rows_were_cleaned_away_stays(world: World, floor: Floor) -> None:
    floor.output("PRESS-01", 4, "11:50:00")
    tick(world, 0)
    floor.run("delete from production_data")

    _, report = fill(world, "11:00", "12:00")

    assert codes(report) == ["source_has_no_rows"]
    assert press(world) == {"12:00": (4.0, 4.0, None, False)}


def test_of_a_span_that_begins_before_the_sources_rows_the_newer_part_is_filled(
    world: World, floor: Floor
) -> None:
    floor.output("PRESS-01", 4, "10:40:00")
    floor.output("PRESS-01", 8, "11:10:00")

    _, report = fill(world, "10:00", "12:00")

    assert (report["outcome"], codes(report)) == ("partial", ["source_has_no_rows"])
    assert "2026-03-11T15:00:00+00:00 until 2026-03-11T15:30:00+00:00" in report["warnings"][-1]["message"]
    assert {at: figures[0] for at, figures in press(world).items()} == {
        "10:45": 4.0,  # the windows of 10:45 and 11:00 hold the oldest row
        "11:00": 4.0,
        "11:15": 8.0,
        "11:30": 8.0,
        "11:45": 0.0,
        "12:00": 0.0,
    }


@pytest.mark.parametrize("idle_days", [8, None], ids=["after more than a week of standstill", "first day"])
def test_no_booking_is_lost_where_the_source_shows_nothing_older(
    world: World, floor: Floor, idle_days: int | None
) -> None:
    if idle_days:
        floor.run(
            "insert into production_data (locationName, output_count, [timestamp]) values (%s, %s, %s)",
            "PRESS-01", 1, f"2026-03-{11 - idle_days:02}T06:00:00",
        )  # fmt: skip
    for units, at in ((22, "06:01:00"), (40, "06:20:00"), (307, "08:59:00")):
        floor.output("PRESS-01", units, at)

    fill(world, "06:00", "09:00")

    # 22 + 40 + 307: what the slots' own quarters of an hour hold, as it was booked.
    assert sum(figures[1] for figures in press(world).values() if figures[1]) == 369
    assert min(press(world)) == "06:15"


@pytest.mark.parametrize("days", [1, 6])
def test_a_plant_that_stood_still_for_days_has_zeros(world: World, floor: Floor, days: int) -> None:
    floor.run(
        "insert into production_data (locationName, output_count, [timestamp]) values (%s, %s, %s)",
        "SOMETHING-ELSE", 1, f"2026-03-{11 - days:02}T09:30:00",
    )  # fmt: skip

    _, report = fill(world, "10:15", "10:30")

    assert (report["outcome"], codes(report)) == ("succeeded", [])
    assert press(world) == {"10:15": (0.0, 0.0, None, True), "10:30": (0.0, 0.0, None, True)}


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({"from": "2026-03-11T10:00"}, "until"),
        ({"from": "2026-03-11T10:00", "until": "2026-03-11T09:00"}, "until"),
        ({"from": "2026-03-11T10:00", "until": "2026-03-11T12:15"}, "until"),
        ({"from": "2026-03-11T10:01", "until": "2026-03-11T10:14"}, "from"),
        ({"from": "2026-03-10T11:59", "until": "2026-03-11T10:00"}, "from"),
        ({"from": "2026-03-10T10:00", "until": "2026-03-11T11:00"}, "from"),
        ({"from": 7, "until": "2026-03-11T10:00"}, "from"),
        ({"from": "2026-03-11T10:00", "until": "noon"}, "until"),
        ({"plant": "south", "from": "2026-03-11T10:00", "until": "2026-03-11T11:00"}, "plant"),
        ({"from": "2026-03-11T10:00", "until": "2026-03-11T11:00", "dry_run": 1}, "dry_run"),
    ],
)
def test_a_span_that_makes_no_sense_is_refused_and_nothing_is_done(
    world: World, mssql: SqlServerUnderTest, parameters: dict[str, Any], field: str
) -> None:
    status, body = world.ask(**parameters)

    assert (status, body["error"]["code"], body["error"]["field"]) == (400, "invalid_request", field)
    assert world.calls == []
    assert mssql.stand_in is None or mssql.stand_in.traffic.logins == []


def test_how_far_back_a_span_reaches_is_a_setting(morning: World) -> None:
    morning.pulse = {"longest_span_hours": 48}
    morning.cleanup = {"snapshot_retention_hours": 48}

    status, _ = morning.ask(**{"from": "2026-03-10T10:00", "until": "2026-03-11T11:00"})

    assert status == 200


def test_an_idempotency_key_stands_for_one_span(morning: World, floor: Floor) -> None:
    span = {"from": "2026-03-11T10:15", "until": "2026-03-11T10:30"}
    _, first = morning.ask("k-1", **span)
    floor.output("PRESS-01", 16, "10:20:00")

    status, again = morning.ask("k-1", **span)
    other_status, other = morning.ask("k-1", **span | {"until": "2026-03-11T11:00"})
    plain_status, plain = morning.ask("k-1")

    assert (status, again["outcome"], again["run_id"]) == (200, "duplicate", first["run_id"])
    assert (other_status, other["error"]["field"]) == (422, "Idempotency-Key")
    assert (plain_status, plain["error"]["code"]) == (422, "invalid_request")
    assert press(morning)["10:30"][0] == 2.0


def test_a_span_beside_a_scheduled_poll_is_busy_and_does_not_wait(morning: World) -> None:
    heard: list[tuple[int, dict[str, Any]]] = []

    @contextmanager
    def connect_while_somebody_asks(settings: Any, **arguments: Any) -> Iterator[Any]:
        morning.connect_source = sqlserver.connect
        heard.append(fill(morning, "10:15", "11:00"))
        with sqlserver.connect(settings, **arguments) as source:
            yield source

    morning.connect_source = connect_while_somebody_asks
    scheduled = tick(morning, 0)

    assert scheduled["outcome"] == "succeeded"
    ((status, busy),) = heard
    assert (status, busy["outcome"], busy["run_id"]) == (409, "busy", scheduled["run_id"])
    assert list(press(morning)) == ["12:00"]


def test_a_slot_that_fell_to_a_span_is_made_up_for_by_the_schedule(morning: World) -> None:
    tick(morning, 0)
    heard: list[dict[str, Any]] = []

    @contextmanager
    def connect_while_the_scheduler_calls(settings: Any, **arguments: Any) -> Iterator[Any]:
        morning.connect_source = sqlserver.connect
        heard.append(morning.tick(NOON_IN_CHICAGO + QUARTER)[1])
        with sqlserver.connect(settings, **arguments) as source:
            yield source

    morning.now = NOON_IN_CHICAGO + QUARTER + timedelta(seconds=40)
    morning.connect_source = connect_while_the_scheduler_calls
    fill(morning, "10:15", "12:15")
    report = tick(morning, 2)

    assert heard[0]["outcome"] == "busy"
    assert report["outcome"] == "succeeded"
    assert list(press(morning))[-3:] == ["12:00", "12:15", "12:30"]
    (run,) = morning.rows("select max(snapshots_until) as until from public.pipeline_runs")
    assert run["until"] == NOON_IN_CHICAGO + 2 * QUARTER


def test_two_people_at_once_are_one_run_and_one_busy(morning: World) -> None:
    barrier, statuses = threading.Barrier(2), list[int]()

    def ask() -> None:
        barrier.wait(ENDS_S)
        statuses.append(fill(morning, "10:15", "11:45")[0])

    people = [threading.Thread(target=ask) for _ in range(2)]
    for person in people:
        person.start()
    for person in people:
        person.join(ENDS_S)

    assert sorted(statuses) in ([200, 200], [200, 409])  # the second one may come when the first has ended
    assert len(press(morning)) == 7
    assert len(morning.contents()["snapshots"]) == 14
