"""The page of energy and prices: each series as it stands, the points of one area in blocks, and gaps."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.database.api import Api
from tests.database.conftest import Connection

ApiOf = Callable[[str], Api]

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MARKUP = "<script>alert(1)</script>\u202e"

pytestmark = pytest.mark.usefixtures("members")


def add_series(database: Connection, subject: str = "DE", kind: str = "load", unit: str = "MW") -> int:
    made = database.execute(
        """
        insert into public.series (key, kind, subject, source, unit, time_zone, "group", known_at, created_at)
        values (%s, %s, %s, 'entsoe', %s, 'Europe/Berlin', %s, %s, %s)
        returning id
        """,
        (f"{subject}/{kind}", kind, subject, unit, f"{subject}/{kind}", NOW, NOW),
    ).fetchone()
    assert made is not None
    return int(made["id"])


def add_points(
    database: Connection, series_id: int, hours: float, *values: float | None, minutes: int = 15
) -> None:
    """Add values from so many hours after noon on."""
    for number, value in enumerate(values):
        at = NOW + timedelta(hours=hours, minutes=minutes * number)
        database.execute(
            "insert into public.series_points (series_id, at, minutes, value, known_at)"
            " values (%s, %s, %s, %s, %s)",
            (series_id, at, minutes, value, NOW),
        )


def page(api: Api, subject: str | None = None, **arguments: Any) -> dict[str, Any]:
    found: dict[str, Any] = api.call("board_energy", p_subject=subject, p_now=NOW.isoformat(), **arguments)
    return found


def test_a_series_is_told_with_its_newest_value_and_its_quality(api_of: ApiOf, database: Connection) -> None:
    series_id = add_series(database)
    add_points(database, series_id, -1, 51234.5, 51000, None)
    database.execute(
        """
        insert into public.series_quality (
          series_id, day, due_minutes, covered_minutes, timely_minutes, points, invalid, suspect,
          completeness, timeliness, accuracy, computed_at, first_computed_at
        )
        values (%s, '2026-11-21', 1440, 1440, 1411, 96, 0, 0, 1, 0.98, 1, now(), now())
        """,
        (series_id,),
    )
    database.execute(
        """
        insert into public.gaps ("group", starts_at, ends_at, found_at, attempts, reason)
        values ('DE/load', '2026-11-22 08:00+00', '2026-11-22 09:00+00', now(), 2, %s)
        """,
        (MARKUP,),
    )
    database.execute(
        """
        insert into public.alerts
          (rule, plant, scope, subject, severity, opened_at, observed_at, last_seen_at)
        values ('series_stale', '(no plant)', 'series_gaps', 'DE/load', 'warning', %(at)s, %(at)s, %(at)s)
        """,
        {"at": NOW - timedelta(hours=3)},
    )

    found = page(api_of("viewer"))

    assert found["series"] == [
        {
            "key": "DE/load",
            "kind": "load",
            "subject": "DE",
            "part": None,
            "source": "entsoe",
            "unit": "MW",
            "time_zone": "Europe/Berlin",
            "group": "DE/load",
            "minutes": 15,
            "newest_at": "2026-11-22T11:15:00+00:00",
            "value": 51000,
            "until": "2026-11-22T11:45:00+00:00",
            "known_at": "2026-11-22T12:00:00+00:00",
            "is_stale": True,
            "stale_since": "2026-11-22T09:00:00+00:00",
            "open_gaps": 1,
            "missing_minutes": 60,
            "quality": {"day": "2026-11-21", "completeness": 1, "timeliness": 0.98, "accuracy": 1},
        }
    ]
    assert found["gaps"] == [
        {
            "group": "DE/load",
            "starts_at": "2026-11-22T08:00:00+00:00",
            "ends_at": "2026-11-22T09:00:00+00:00",
            "state": "open",
            "attempts": 2,
            "next_attempt_at": None,
            "reason": MARKUP,
        }
    ]
    assert (found["subjects"], found["subject"], found["points_from"]) == (["DE"], None, None)


def test_points_of_an_area_come_in_blocks_with_its_gaps_and_its_future(
    api_of: ApiOf, database: Connection
) -> None:
    load, price = add_series(database), add_series(database, kind="day_ahead_prices", unit="EUR/MWh")
    other = add_series(database, "BE")
    add_points(database, load, -50, 1)
    add_points(database, load, -2, 10.25, None, 12)
    add_points(database, load, -1, 14, 15)
    add_points(database, load, -0.5, 20, 21, minutes=60)
    add_points(database, price, 47.75, -3.5)
    add_points(database, price, 48, 9)
    add_points(database, other, -1, 7)

    found = page(api_of("viewer"), "DE")

    assert {one["key"]: one["points"] for one in found["series"]} == {
        "DE/day_ahead_prices": [{"start": "2026-11-24T11:45:00+00:00", "minutes": 15, "values": [-3.5]}],
        "DE/load": [
            {"start": "2026-11-22T10:00:00+00:00", "minutes": 15, "values": [10.25, None, 12]},
            {"start": "2026-11-22T11:00:00+00:00", "minutes": 15, "values": [14, 15]},
            {"start": "2026-11-22T11:30:00+00:00", "minutes": 60, "values": [20, 21]},
        ],
    }
    assert (found["subjects"], found["points_from"], found["points_until"]) == (
        ["BE", "DE"],
        "2026-11-20T12:00:00+00:00",
        "2026-11-24T12:00:00+00:00",
    )
    assert len(page(api_of("viewer"), "DE", p_hours=51)["series"][1]["points"]) == 4


def test_more_than_a_thousand_points_are_not_cut(api_of: ApiOf, database: Connection) -> None:
    series_id = add_series(database)
    database.execute(
        """
        insert into public.series_points (series_id, at, minutes, value, known_at)
        select %s, %s - n * interval '1 minute', 1, n, now() from generate_series(1, 5000) as n
        """,
        (series_id, NOW),
    )

    [series] = page(api_of("viewer"), "DE", p_hours=168)["series"]

    assert [len(block["values"]) for block in series["points"]] == [5000]


def test_gaps_that_are_over_are_told_for_a_month_and_at_most_two_hundred(
    api_of: ApiOf, database: Connection
) -> None:
    add_series(database)
    database.execute(
        """
        insert into public.gaps ("group", starts_at, ends_at, found_at, state, closed_at)
        select 'DE/load', at, at + interval '1 hour', at, state, closed_at
        from generate_series(1, 210) as n
        cross join lateral (select %(now)s - n * interval '2 hours') as gap (at)
        cross join lateral (select
          case n when 1 then 'filled' when 2 then 'absent' when 3 then 'absent' else 'open' end,
          case n when 1 then %(now)s when 2 then %(now)s when 3 then %(now)s - interval '31 days' end
        ) as told (state, closed_at)
        """,
        {"now": NOW},
    )

    found = page(api_of("viewer"), "DE")

    assert (len(found["gaps"]), found["gaps_left_off"]) == (200, 8)
    assert [one["state"] for one in found["gaps"][:2]] == ["absent", "open"]


def test_the_pipelines_that_collect_are_told(api_of: ApiOf, service: Api) -> None:
    states = [
        {"pipeline": "energy_actuals", "plant": "(no plant)", "state": "late", "is_data_behind": False}
        | {"due_at": "2026-11-22T11:00:00Z", "next_at": "2026-11-22T12:30:00Z", "interval_minutes": 60},
        {"pipeline": "live_pulse", "plant": "northfield", "state": "running", "is_data_behind": False},
    ]
    service.call("keep_pipeline_states", p_states=states, p_now=NOW.isoformat())

    found = page(api_of("neighbour"))

    assert found["pipelines"] == [
        {
            "pipeline": "energy_actuals",
            "state": "late",
            "since": "2026-11-22T11:00:00+00:00",
            "next_at": "2026-11-22T12:30:00+00:00",
            "last_success_at": None,
        }
    ]
    assert (found["looked_at"], found["stale_after"]) == (
        "2026-11-22T12:00:00+00:00",
        "2026-11-22T12:03:00+00:00",
    )


def test_a_stranger_learns_nothing(api_of: ApiOf, database: Connection) -> None:
    add_points(database, add_series(database), -1, 7)
    database.execute(
        """
        insert into public.gaps ("group", starts_at, ends_at, found_at)
        values ('DE/load', '2026-11-22 08:00+00', '2026-11-22 09:00+00', now())
        """
    )

    for subject in (None, "DE"):
        found = page(api_of("stranger"), subject)
        assert (found["series"], found["subjects"], found["gaps"], found["pipelines"]) == ([], [], [], [])
        assert len(page(api_of("neighbour"), subject)["series"]) == 1


def test_an_area_that_nobody_collects_is_empty(api_of: ApiOf, database: Connection) -> None:
    add_series(database)

    found = page(api_of("viewer"), MARKUP)

    assert (found["subject"], found["series"], found["subjects"]) == (MARKUP, [], ["DE"])


@pytest.mark.parametrize("hours", [0, 169, None])
def test_a_span_has_bounds(api_of: ApiOf, hours: int | None) -> None:
    assert api_of("viewer").refusal("board_energy", p_hours=hours) == "22023"
