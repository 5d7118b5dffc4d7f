"""The page of incidents: all open ones, worst first, then those that were resolved."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.database.api import USERS, Api
from tests.database.conftest import Connection

ApiOf = Callable[[str], Api]

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MARKUP = '<img src=x onerror="alert(1)">\u202e' + "x" * 1_000_000

pytestmark = pytest.mark.usefixtures("members")


def add_event(database: Connection, asset_id: int, minutes_ago: float, **columns: Any) -> int:
    at = NOW - timedelta(minutes=minutes_ago)
    row = {
        "plant": "northfield",
        "asset_id": asset_id,
        "source_asset": "PRESS-01",
        "event_timestamp": at,
        "source_timestamp": at.replace(tzinfo=None),
        "reason_code": f"E{minutes_ago}",
        "severity": "medium",
        "recorded_at": at,
        **columns,
    }
    names = ", ".join(row)
    values = ", ".join(f"%({name})s" for name in row)
    made = database.execute(
        f"insert into public.safety_events ({names}) values ({values}) returning id".encode(), row
    ).fetchone()
    assert made is not None
    return int(made["id"])


def resolved(at: datetime, by: str = "ada") -> dict[str, Any]:
    return {
        "is_acknowledged": True,
        "acknowledged_at": at,
        "acknowledged_by_name": by,
        "is_resolved": True,
        "resolved_at": at,
        "resolved_by_name": by,
        "resolution": "guard fitted",
    }


def page(api: Api, plant: str = "northfield", **arguments: Any) -> dict[str, Any]:
    found: dict[str, Any] = api.call("board_safety", p_plant=plant, p_now=NOW.isoformat(), **arguments)
    return found


def test_open_incidents_come_unseen_first_then_the_worst_then_the_oldest(
    api_of: ApiOf, database: Connection, assets: dict[str, int]
) -> None:
    press = assets["PRESS-01"]
    seen = {"is_acknowledged": True, "acknowledged_at": NOW, "acknowledged_by": USERS["operator"]}
    add_event(database, press, 1, severity="critical", **seen)
    add_event(database, press, 2, severity="low")
    add_event(database, press, 3, severity="high")
    add_event(database, press, 4, severity="critical")
    add_event(database, press, 5, severity="high")
    add_event(database, press, 6, **resolved(NOW - timedelta(hours=2)))
    add_event(database, press, 7, **resolved(NOW - timedelta(hours=1)))
    add_event(database, press, 8, **resolved(NOW - timedelta(days=91)))
    add_event(database, assets["SAW-01"], 9, plant="southfield")

    found = page(api_of("viewer"))

    assert [one["reason"] for one in found["open"]] == ["E4", "E5", "E3", "E2", "E1"]
    assert [one["reason"] for one in found["resolved"]] == ["E7", "E6"]
    assert found["counts"] == {"unacknowledged": 4, "open": 5, "resolved": 2}
    assert found["open"][-1]["acknowledged_by"] == USERS["operator"]
    assert [one["reason"] for one in page(api_of("viewer"), p_days=92)["resolved"]] == ["E7", "E6", "E8"]


def test_an_incident_is_told_with_all_that_is_known(
    api_of: ApiOf, database: Connection, assets: dict[str, int]
) -> None:
    event_id = add_event(
        database,
        assets["PRESS-01"],
        30,
        details=MARKUP,
        reason_code=MARKUP[:200],
        downtime_minutes=12.5,
        severity="critical",
        **resolved(NOW, "\u202eeve <b>"),
    )
    database.execute("update public.assets set area = 'Stamping', name = %s", (MARKUP,))

    [incident] = page(api_of("viewer"))["resolved"]

    assert incident == {
        "id": event_id,
        "asset_id": assets["PRESS-01"],
        "asset": MARKUP[:200] + " […]",
        "area": "Stamping",
        "source_asset": "PRESS-01",
        "at": "2026-11-22T11:30:00+00:00",
        "reason": MARKUP[:200],
        "severity": "critical",
        "downtime_minutes": 12.5,
        "details": MARKUP[:4000] + " […]",
        "recorded_at": "2026-11-22T11:30:00+00:00",
        "is_acknowledged": True,
        "acknowledged_at": "2026-11-22T12:00:00+00:00",
        "acknowledged_by": "\u202eeve <b>",
        "is_resolved": True,
        "resolved_at": "2026-11-22T12:00:00+00:00",
        "resolved_by": "\u202eeve <b>",
        "resolution": "guard fitted",
    }


def test_texts_have_bounds_and_a_cut_can_be_seen(
    api_of: ApiOf, database: Connection, assets: dict[str, int]
) -> None:
    database.execute("update public.assets set area = %s", ("a" * 201,))
    add_event(
        database, assets["PRESS-01"], 5, reason_code="r" * 401, source_asset="s" * 201, details="d" * 4000
    )

    [incident] = page(api_of("viewer"))["open"]

    assert incident["area"] == "a" * 200 + " […]"
    assert incident["reason"] == "r" * 400 + " […]"
    assert incident["source_asset"] == "s" * 200 + " […]"
    assert incident["details"] == "d" * 4000


def test_of_the_open_ones_five_hundred_are_told_and_all_are_counted(
    api_of: ApiOf, database: Connection, assets: dict[str, int]
) -> None:
    database.execute(
        """
        insert into public.safety_events (
          plant, asset_id, event_timestamp, source_timestamp, reason_code, severity,
          is_acknowledged, acknowledged_at, acknowledged_by_name
        )
        select
          'northfield', %s, at, at::timestamp, number::text,
          case when number <= 400 then 'critical' else 'low' end,
          number <= 400, case when number <= 400 then at end, case when number <= 400 then 'ada' end
        from generate_series(1, 1300) as number
        cross join lateral (select %s - number * interval '1 minute') as event (at)
        """,
        (assets["PRESS-01"], NOW),
    )
    add_event(database, assets["PRESS-01"], 0.5, severity="high")

    found = page(api_of("viewer"))

    # Unseen ones first, then the worst, then the oldest.
    assert [one["reason"] for one in found["open"]] == ["E0.5", *(str(n) for n in range(1300, 801, -1))]
    assert (found["open_left_off"], found["resolved_left_off"]) == (801, 0)
    assert found["counts"] == {"open": 1301, "unacknowledged": 901, "resolved": 0}


def test_of_the_past_the_newest_five_hundred_are_told_and_the_rest_is_counted(
    api_of: ApiOf, database: Connection, assets: dict[str, int]
) -> None:
    database.execute(
        """
        insert into public.safety_events (
          plant, asset_id, event_timestamp, source_timestamp, reason_code, is_acknowledged, acknowledged_at,
          acknowledged_by_name, is_resolved, resolved_at, resolved_by_name, resolution
        )
        select 'northfield', %s, at, at::timestamp, number::text, true, at, 'ada', true, at, 'ada', 'fitted'
        from generate_series(1, 507) as number
        cross join lateral (select %s - number * interval '1 minute') as event (at)
        """,
        (assets["PRESS-01"], NOW),
    )
    add_event(database, assets["PRESS-01"], 600)

    found = page(api_of("viewer"))

    assert [one["reason"] for one in found["resolved"]] == [str(number) for number in range(1, 501)]
    assert (found["resolved_left_off"], found["counts"]["resolved"]) == (7, 507)
    assert [one["reason"] for one in found["open"]] == ["E600"]


@pytest.mark.parametrize(
    ("role", "may_sign"),
    [("viewer", False), ("operator", True), ("manager", True), ("director", True)],
)
def test_the_page_says_who_may_sign(
    api_of: ApiOf, database: Connection, assets: dict[str, int], role: str, may_sign: bool
) -> None:
    event_id = add_event(database, assets["PRESS-01"], 5)

    assert page(api_of(role))["may_sign"] is may_sign
    signed = api_of(role).update("safety_events", {"is_acknowledged": True}, id=f"eq.{event_id}")
    assert signed == ("rows" if may_sign else "nothing")
    assert page(api_of(role))["counts"]["unacknowledged"] == (0 if may_sign else 1)


@pytest.mark.parametrize(
    ("safety_until", "stale_after"),
    [
        ("2026-11-22T11:50:00+00:00", "2026-11-22T12:15:00+00:00"),
        (
            "2026-11-22T10:00:00+00:00",
            "2026-11-22T10:30:00+00:00",
        ),  # reason codes stay behind, snapshots go on
        (None, None),
    ],
)
def test_incidents_have_an_age_of_their_own(
    api_of: ApiOf, database: Connection, safety_until: str | None, stale_after: str | None
) -> None:
    database.execute(
        """
        insert into public.pipeline_runs
          (pipeline, plant, trigger, status, slot, started_at, finished_at, fence, lease_expires_at,
           snapshots_until, safety_until)
        values ('live_pulse', 'northfield', 'schedule', 'succeeded', '2026-11-22 11:45Z',
                '2026-11-22 11:45:01Z', '2026-11-22 11:45:09Z', gen_random_uuid(), '2026-11-22 11:47Z',
                '2026-11-22 11:45Z', %s)
        """,
        [safety_until],
    )

    told = page(api_of("viewer"))

    assert (told["as_of"], told["stale_after"]) == (safety_until, stale_after)


@pytest.mark.parametrize("role", ["stranger", "neighbour"])
def test_others_learn_nothing(api_of: ApiOf, database: Connection, assets: dict[str, int], role: str) -> None:
    add_event(database, assets["PRESS-01"], 5)

    assert page(api_of(role)) == {"now": "2026-11-22T12:00:00+00:00", "plant": None}
    assert page(api_of(role), "nowhere") == {"now": "2026-11-22T12:00:00+00:00", "plant": None}


@pytest.mark.parametrize("days", [0, 401, None])
def test_a_span_has_bounds(api_of: ApiOf, days: int | None) -> None:
    assert api_of("viewer").refusal("board_safety", p_plant="northfield", p_days=days) == "22023"
