"""What the runs say of the health of a pipeline: the figures of a literal history."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.database.api import Api
from tests.database.conftest import Connection
from tests.database.protocol import fence

Count = Callable[[str], int]
Record = Callable[..., None]

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
NORTHFIELD = {"pipeline": "live_pulse", "plant": "northfield", "is_stopped": False}
NOTHING = {
    "pipeline": "live_pulse",
    "plant": "northfield",
    "last_run": None,
    "last_success": None,
    "last_slot": None,
    "running": None,
    "consecutive_failures": 0,
    "last_error": None,
    "day": {"executed": 0, "failed": 0, "p50": None, "p95": None},
    "snapshots_until": None,
    "window_until": None,
}


def at(clock: str, day: int = 22) -> datetime:
    """Return an instant of that morning."""
    return datetime.fromisoformat(f"2026-11-{day:02}T{clock}+00:00")


def look(service: Api, now: datetime = NOON, *asked: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what is told of each pipeline that is asked about."""
    answer = service.call("pipeline_health", p_pipelines=asked or [NORTHFIELD], p_now=now.isoformat())
    found: list[dict[str, Any]] = answer["pipelines"]
    return found


def look_at_northfield(service: Api, now: datetime = NOON) -> dict[str, Any]:
    return look(service, now)[0]


@pytest.fixture
def record(database: Connection) -> Record:
    """Record a run that began at an instant: by default that of a slot, three seconds late."""
    numbers = iter(range(1, 1000))

    def insert(started_at: datetime, status: str = "succeeded", *, ms: int = 1000, **columns: Any) -> None:
        slot = started_at - timedelta(seconds=3)
        row = {
            "pipeline": "live_pulse",
            "plant": "northfield",
            "trigger": "schedule",
            "slot": slot,
            "status": status,
            "fence": fence(next(numbers)),
            "started_at": started_at,
            "lease_expires_at": started_at + timedelta(seconds=90),
            "finished_at": None if status == "running" else started_at + timedelta(milliseconds=ms),
            **_outcome(status, slot),
            **columns,
        }
        names = ", ".join(row)
        places = ", ".join(f"%({name})s" for name in row)
        database.execute(f"insert into public.pipeline_runs ({names}) values ({places})".encode(), row)

    return insert


def _outcome(status: str, slot: datetime) -> dict[str, Any]:
    if status == "failed":
        error = "SQL Server at sql.northfield.example did not answer"
        return {"error_code": "source_unavailable", "error_message": error, "is_retryable": True}
    return {"snapshots_until": slot, "window_until": slot} if status in {"succeeded", "partial"} else {}


def test_of_a_pipeline_that_has_never_run_there_is_nothing_to_tell(service: Api) -> None:
    assert look_at_northfield(service) == {**NOTHING, "watched_since": "2026-11-22T12:00:00+00:00"}


def test_nothing_asked_is_nothing_told(service: Api, count: Count) -> None:
    assert service.call("pipeline_health", p_pipelines=[]) == {"pipelines": [], "alerted": []}
    assert count("watched_pipelines") == 0


def test_the_figures_are_those_of_the_history(service: Api, record: Record) -> None:
    record(at("11:00:03"), counts='{"snapshots_written": 7}')
    record(at("11:15:03"), "partial", counts='{"snapshots_written": 8}')
    record(at("11:30:03"), "failed")
    record(at("11:45:03"), "abandoned")
    record(at("12:00:03"), "running")

    told = look_at_northfield(service, at("12:00:10"))

    assert told == {
        "pipeline": "live_pulse",
        "plant": "northfield",
        "watched_since": "2026-11-22T11:00:03+00:00",
        "last_run": {"status": "abandoned", "started_at": "2026-11-22T11:45:03+00:00"},
        "last_success": {"finished_at": "2026-11-22T11:15:04+00:00", "counts": {"snapshots_written": 8}},
        "last_slot": "2026-11-22T11:15:00+00:00",
        "running": {
            "started_at": "2026-11-22T12:00:03+00:00",
            "lease_expires_at": "2026-11-22T12:01:33+00:00",
        },
        "consecutive_failures": 2,
        "last_error": {
            "code": "abandoned",
            "at": "2026-11-22T11:45:04+00:00",
            "is_retryable": None,
            "run_id": 4,
        },
        "day": {"executed": 4, "failed": 2, "p50": 1000, "p95": 1000},
        "snapshots_until": "2026-11-22T11:15:00+00:00",
        "window_until": "2026-11-22T11:15:00+00:00",
    }


def test_p50_and_p95_are_durations_that_were_measured(service: Api, record: Record) -> None:
    for number in range(1, 21):
        record(at(f"07:{number:02}:03"), ms=number * 1000)
    record(at("08:00:03"), "failed", ms=55_000)

    day = look_at_northfield(service)["day"]

    assert day == {"executed": 21, "failed": 1, "p50": 10_000, "p95": 19_000}


def test_a_single_slow_run_among_many_is_not_the_95th_of_a_hundred(service: Api, record: Record) -> None:
    for minute in range(99):
        record(at("06:00:03") + timedelta(minutes=minute), ms=1234)
    record(at("11:00:03"), ms=60_000)

    assert look_at_northfield(service)["day"] == {"executed": 100, "failed": 0, "p50": 1234, "p95": 1234}


def test_a_day_is_24_hours_back_from_now(service: Api, record: Record) -> None:
    record(at("12:00:00", day=21), "failed")
    record(at("12:00:01", day=21), ms=3000)

    told = look_at_northfield(service)

    assert told["day"] == {"executed": 1, "failed": 0, "p50": 3000, "p95": 3000}
    assert told["last_error"] is None


def test_an_old_slot_that_was_delivered_late_does_not_hide_a_newer_one(service: Api, record: Record) -> None:
    record(at("11:15:03"))
    record(at("11:20:00"), slot=at("11:00:00"), snapshots_until=None)

    told = look_at_northfield(service)

    assert told["last_slot"] == "2026-11-22T11:15:00+00:00"
    assert told["snapshots_until"] == "2026-11-22T11:15:00+00:00"
    assert told["last_success"]["finished_at"] == "2026-11-22T11:20:01+00:00"


def test_a_manual_run_fills_no_slot(service: Api, record: Record) -> None:
    record(at("11:15:03"))
    record(at("11:50:00"), trigger="manual", slot=None, snapshots_until=None, window_until=at("11:50:00"))

    told = look_at_northfield(service)

    assert told["last_slot"] == "2026-11-22T11:15:00+00:00"
    assert told["window_until"] == "2026-11-22T11:15:00+00:00"
    assert told["last_success"]["finished_at"] == "2026-11-22T11:50:01+00:00"


def test_the_last_error_stays_for_a_day_after_things_are_well_again(service: Api, record: Record) -> None:
    record(at("12:30:00", day=21), "failed")
    record(at("12:45:00", day=21))

    at_noon = look_at_northfield(service)
    in_the_afternoon = look_at_northfield(service, at("12:30:01"))

    assert at_noon["last_error"] == {
        "code": "source_unavailable",
        "at": "2026-11-21T12:30:01+00:00",
        "is_retryable": True,
        "run_id": 1,
    }
    assert at_noon["consecutive_failures"] == 0
    assert in_the_afternoon["last_error"] is None


def test_what_has_failed_for_days_is_still_told(service: Api, record: Record) -> None:
    record(at("08:00:00", day=18))
    record(at("08:15:00", day=18), "failed")

    told = look_at_northfield(service)

    assert told["consecutive_failures"] == 1
    assert told["last_error"]["at"] == "2026-11-18T08:15:01+00:00"
    assert told["day"]["executed"] == 0


def test_failures_are_counted_up_to_a_thousand(service: Api, database: Connection) -> None:
    database.execute(
        """
        insert into public.pipeline_runs (
          pipeline, plant, trigger, fence, started_at, lease_expires_at, status, finished_at
        )
        select
          'live_pulse', 'northfield', 'manual', gen_random_uuid(), at, at + interval '90 s', 'abandoned', at
        from generate_series(1, 1001) as number
        cross join lateral (
          select timestamptz '2026-11-22 11:00+00' - number * interval '1 min' as at
        ) as began
        """
    )

    assert look_at_northfield(service)["consecutive_failures"] == 1000


def test_no_message_is_told_because_it_may_name_a_host(service: Api, record: Record) -> None:
    record(at("11:30:03"), "failed")

    assert "northfield.example" not in str(look_at_northfield(service))


def test_each_plant_and_pipeline_is_told_apart_in_the_order_asked(service: Api, record: Record) -> None:
    record(at("11:30:03"), "failed")
    record(at("11:45:03"), plant="southfield")
    record(at("11:55:03"), pipeline="cleanup")
    asked = [
        {**NORTHFIELD, "plant": "southfield"},
        NORTHFIELD,
        {**NORTHFIELD, "pipeline": "cleanup"},
        {**NORTHFIELD, "plant": "westfield"},
    ]

    told = look(service, NOON, *asked)

    assert [(one["pipeline"], one["plant"], one["last_slot"]) for one in told] == [
        ("live_pulse", "southfield", "2026-11-22T11:45:00+00:00"),
        ("live_pulse", "northfield", None),
        ("cleanup", "northfield", "2026-11-22T11:55:00+00:00"),
        ("live_pulse", "westfield", None),
    ]
    assert [one["day"]["executed"] for one in told] == [1, 1, 1, 0]
    assert [one["consecutive_failures"] for one in told] == [0, 1, 0, 0]


def test_what_has_never_run_is_watched_since_the_first_look(service: Api) -> None:
    look(service, at("08:00:00"))

    assert look_at_northfield(service)["watched_since"] == "2026-11-22T08:00:00+00:00"


def test_what_was_switched_on_again_is_watched_anew(service: Api, record: Record) -> None:
    record(at("06:00:03"))
    stopped = {**NORTHFIELD, "is_stopped": True}

    seen = [
        look(service, at("07:00:00"))[0],
        look(service, at("08:00:00"), stopped)[0],
        look(service, at("09:00:00"), stopped)[0],
        look(service, at("10:00:00"))[0],
        look(service, at("11:00:00"))[0],
    ]

    assert [one["watched_since"][11:19] for one in seen] == [
        "06:00:03",
        "06:00:03",
        "06:00:03",
        "10:00:00",
        "10:00:00",
    ]


def test_looking_again_writes_nothing(service: Api, database: Connection, record: Record) -> None:
    record(at("11:45:03"))
    rows = "select xmin, xmax, watched_pipelines.* from public.watched_pipelines"  # not even a lock
    look(service)
    before = database.execute(rows).fetchall()

    look(service, at("12:01:00"))

    assert len(before) == 1
    assert database.execute(rows).fetchall() == before


def test_a_list_that_is_none_is_refused_and_nothing_is_written(service: Api, count: Count) -> None:
    assert service.refusal("pipeline_health", p_pipelines={"pipeline": "live_pulse"}) == "22023"
    assert service.refusal("pipeline_health", p_pipelines=[{"plant": "northfield"}]) == "23502"
    assert service.refusal("pipeline_health", p_pipelines=[{**NORTHFIELD, "is_stopped": None}]) == "23502"
    assert count("watched_pipelines") == 0
