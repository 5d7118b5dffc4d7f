"""The page of alerts: what is open with its steps, what is over, and the silences that hold."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.database.api import USERS, Api
from tests.database.conftest import Connection

ApiOf = Callable[[str], Api]

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MARKUP = "<b onmouseover=alert(1)>\u202e" + "x" * 1_000_000

pytestmark = pytest.mark.usefixtures("members", "assets")


def add_alert(database: Connection, minutes_ago: float, **columns: Any) -> int:
    at = NOW - timedelta(minutes=minutes_ago)
    row = {
        "rule": "no_output",
        "plant": "northfield",
        "scope": "live_pulse",
        "subject": f"A{minutes_ago}",
        "severity": "warning",
        "facts": "{}",
        "opened_at": at,
        "observed_at": at,
        "last_seen_at": at,
        **columns,
    }
    names = ", ".join(row)
    values = ", ".join(f"%({name})s" for name in row)
    made = database.execute(
        f"insert into public.alerts ({names}) values ({values}) returning id".encode(), row
    ).fetchone()
    assert made is not None
    return int(made["id"])


def add_silence(database: Connection, minutes: float = 60, **columns: Any) -> int:
    row = {
        "plant": "northfield",
        "starts_at": NOW - timedelta(minutes=5),
        "ends_at": NOW + timedelta(minutes=minutes),
        "why": "new die",
        "created_at": NOW,
        "created_by_name": "ada",
        **columns,
    }
    names = ", ".join(row)
    values = ", ".join(f"%({name})s" for name in row)
    made = database.execute(
        f"insert into public.silences ({names}) values ({values}) returning id".encode(), row
    ).fetchone()
    assert made is not None
    return int(made["id"])


def page(api: Api, plant: str = "northfield", **arguments: Any) -> dict[str, Any]:
    found: dict[str, Any] = api.call("board_alerts", p_plant=plant, p_now=NOW.isoformat(), **arguments)
    return found


def subjects(alerts: list[dict[str, Any]]) -> list[str]:
    return [one["subject"] for one in alerts]


def test_open_alerts_come_worst_first_then_oldest_and_the_rest_by_its_end(
    api_of: ApiOf, database: Connection
) -> None:
    add_alert(database, 1)
    add_alert(database, 2, severity="critical")
    add_alert(database, 3)
    add_alert(
        database, 4, severity="critical", is_acknowledged=True, acknowledged_at=NOW, acknowledged_by_name="x"
    )
    add_alert(database, 50, resolved_at=NOW - timedelta(minutes=40))
    add_alert(database, 60, resolved_at=NOW - timedelta(minutes=10))
    add_alert(database, 70, opened_at=NOW - timedelta(days=50), resolved_at=NOW - timedelta(days=31))
    add_alert(database, 9, plant="southfield")

    found = page(api_of("viewer"))

    assert subjects(found["open"]) == ["A4", "A2", "A3", "A1"]
    assert found["counts"] == {"open": 4, "critical": 2, "unacknowledged": 3}
    assert subjects(found["over"]) == ["A60", "A50"]
    assert found["over_left_off"] == 0
    assert subjects(page(api_of("viewer"), p_days=32)["over"]) == ["A60", "A50", "A70"]


def test_an_alert_is_told_with_its_steps_and_its_silence(api_of: ApiOf, database: Connection) -> None:
    alert_id = add_alert(database, 30, facts=json.dumps({"asset": MARKUP, "slots": 4}), subject="<i>P\u202e")
    add_silence(database, 20, fingerprint="live_pulse/northfield/no_output/<i>P\u202e")
    add_silence(database, 40, rule="no_output")
    add_silence(database, 90, rule="other")
    add_silence(database, 90, plant="southfield")
    add_silence(database, 95, starts_at=NOW + timedelta(minutes=1))
    for minutes, what, columns in (
        (30, "opened", ("warning", None, None, None)),
        (29, "told", ("warning", "office", "fired", None)),
        (20, "acknowledged", (None, None, None, "ada@plant.example")),
    ):
        database.execute(
            """
            insert into public.alert_history (alert_id, at, what, severity, channel, occasion, by_name)
            values (%s, %s, %s, %s, %s, %s, %s)
            """,
            (alert_id, NOW - timedelta(minutes=minutes), what, *columns),
        )

    [alert] = page(api_of("viewer"))["open"]

    assert alert == {
        "id": alert_id,
        "plant": "northfield",
        "scope": "live_pulse",
        "rule": "no_output",
        "subject": "<i>P\u202e",
        "fingerprint": "live_pulse/northfield/no_output/<i>P\u202e",
        "severity": "warning",
        "facts": {"asset": MARKUP[:400] + " […]", "slots": 4},
        "opened_at": "2026-11-22T11:30:00+00:00",
        "last_seen_at": "2026-11-22T11:30:00+00:00",
        "reopened": 0,
        "is_event": False,
        "safety_event_id": None,
        "is_acknowledged": False,
        "acknowledged_at": None,
        "acknowledged_by": None,
        "resolved_at": None,
        "silenced_until": "2026-11-22T12:40:00+00:00",
        "may_acknowledge": False,
        "steps": [
            {
                "at": "2026-11-22T11:30:00+00:00",
                "what": "opened",
                "by": None,
                "channel": None,
                "occasion": None,
                "severity": "warning",
            },
            {
                "at": "2026-11-22T11:31:00+00:00",
                "what": "told",
                "by": None,
                "channel": "office",
                "occasion": "fired",
                "severity": "warning",
            },
            {
                "at": "2026-11-22T11:40:00+00:00",
                "what": "acknowledged",
                "by": "ada@plant.example",
                "channel": None,
                "occasion": None,
                "severity": None,
            },
        ],
    }


def test_an_alert_is_silenced_for_the_page_when_it_is_for_the_channels(
    api_of: ApiOf, database: Connection
) -> None:
    for rule in ("no_output", "overdue"):
        for plant in ("northfield", "(no plant)"):
            add_alert(database, 1, rule=rule, plant=plant)
    add_silence(database, rule="overdue", plant=None)
    add_silence(database, fingerprint="live_pulse/northfield/no_output/A1")

    shown = {one["fingerprint"]: one["silenced_until"] is not None for one in page(api_of("viewer"))["open"]}

    rows = database.execute(
        "select fingerprint, public.is_silenced(plant, rule, fingerprint, %s, %s) as held from public.alerts",
        (NOW, NOW),
    ).fetchall()
    assert shown == {row["fingerprint"]: row["held"] for row in rows}
    assert sorted(shown.values()) == [False, True, True, True]


def test_silences_that_have_not_ended_are_listed(api_of: ApiOf, database: Connection) -> None:
    ended = add_silence(database, -1)
    of_all = add_silence(database, 90, plant=None, why=MARKUP[:900])
    later = add_silence(database, 120, starts_at=NOW + timedelta(minutes=30))
    add_silence(database, 50, plant="southfield")
    mine = add_silence(database, 20, created_by_name=None, created_by=USERS["operator"], rule="overdue")

    found = page(api_of("operator"))["silences"]

    assert ended not in [one["id"] for one in found]
    assert [(one["id"], one["is_active"], one["may_end"]) for one in found] == [
        (mine, True, True),
        (of_all, True, False),
        (later, False, True),
    ]
    assert found[0] == {
        "id": mine,
        "plant": "northfield",
        "rule": "overdue",
        "fingerprint": None,
        "starts_at": "2026-11-22T11:55:00+00:00",
        "ends_at": "2026-11-22T12:20:00+00:00",
        "why": "new die",
        "created_at": "2026-11-22T12:00:00+00:00",
        "created_by": USERS["operator"],
        "is_active": True,
        "may_end": True,
    }
    assert [one["may_end"] for one in page(api_of("director"))["silences"]] == [True, True, True]
    for silence, came_to in ((mine, "rows"), (of_all, "nothing"), (later, "rows")):
        changes = {"ends_at": "2026-11-22T12:45:00Z"}
        assert api_of("operator").update("silences", changes, id=f"eq.{silence}") == came_to


@pytest.mark.parametrize(
    ("role", "seen", "may"),
    [
        ("viewer", ["(no plant)", "northfield"], []),
        ("operator", ["(no plant)", "northfield"], ["northfield"]),
        ("manager", ["(no plant)", "northfield"], ["northfield"]),
        (
            "director",
            ["(all plants)", "(no plant)", "northfield"],
            ["(all plants)", "(no plant)", "northfield"],
        ),
    ],
)
def test_each_sees_and_acknowledges_what_is_theirs(
    api_of: ApiOf, database: Connection, role: str, seen: list[str], may: list[str]
) -> None:
    for plant in ("northfield", "southfield", "(no plant)", "(all plants)"):
        add_alert(database, 1, plant=plant)

    found = page(api_of(role))["open"]

    def of(alert: dict[str, Any]) -> str:
        return str(alert["fingerprint"].split("/")[1])

    assert sorted(of(one) for one in found) == seen
    assert {of(one): one["plant"] for one in found} == {
        plant: plant if plant == "northfield" else None for plant in seen
    }
    assert sorted(of(one) for one in found if one["may_acknowledge"]) == may
    for alert in found:
        signed = api_of(role).update("alerts", {"is_acknowledged": True}, id=f"eq.{alert['id']}")
        assert signed == ("rows" if of(alert) in may else "nothing")


@pytest.mark.parametrize("role", ["stranger", "neighbour"])
def test_others_learn_nothing(api_of: ApiOf, database: Connection, role: str) -> None:
    add_alert(database, 1)

    assert page(api_of(role)) == {"now": "2026-11-22T12:00:00+00:00", "plant": None}


def test_of_more_than_a_thousand_alerts_500_are_shown_and_all_are_counted(
    api_of: ApiOf, database: Connection
) -> None:
    database.execute(
        """
        insert into public.alerts
          (rule, plant, scope, subject, severity, opened_at, observed_at, last_seen_at, resolved_at)
        select 'no_output', 'northfield', 'live_pulse', n::text, 'info', at, at, at,
          case when n > 1100 then at + interval '1 minute' end
        from generate_series(1, 2300) as n
        cross join lateral (select %s - n * interval '10 seconds' - interval '1 hour') as alert (at)
        """,
        (NOW,),
    )

    found = page(api_of("viewer"))

    assert (len(found["open"]), found["open_left_off"]) == (500, [{"rule": "no_output", "alerts": 600}])
    assert found["counts"] == {"open": 1100, "critical": 0, "unacknowledged": 1100}
    assert [one["subject"] for one in found["open"][:2]] == ["1100", "1099"]
    assert (len(found["over"]), found["over_left_off"]) == (500, 700)
    assert found["over"][0]["subject"] == "1101"


def test_what_nobody_has_acknowledged_is_shown_before_what_is_worse(
    api_of: ApiOf, database: Connection
) -> None:
    database.execute(
        """
        insert into public.alerts (
          rule, plant, scope, subject, severity, opened_at, observed_at, last_seen_at,
          is_acknowledged, acknowledged_at, acknowledged_by_name
        )
        select 'overdue', 'northfield', 'live_pulse', n::text, 'critical', at, at, at, true, at, 'ada'
        from generate_series(1, 499) as n
        cross join lateral (select %s - n * interval '1 minute') as alert (at)
        """,
        (NOW,),
    )
    for number in range(3):
        add_alert(database, number, severity="info", rule="tag_group_failing" if number else "no_output")

    found = page(api_of("viewer"))

    assert len(found["open"]) == 500
    assert subjects(found["open"])[-3:] == ["A2", "A1", "A0"]
    assert found["open_left_off"] == [{"rule": "overdue", "alerts": 2}]
    assert "1" not in subjects(found["open"])
    assert "499" in subjects(found["open"])


def test_long_facts_are_cut_and_short_ones_stay_as_they_are(api_of: ApiOf, database: Connection) -> None:
    short = {"asset": "Größe " * 70, "warnings": ["a", {"b": None}], "since": None, "slots": 4}
    long = {
        "asset": "x" * 401,
        "told": "y" * 400,
        "report": {"en": "z" * 3000},
        "warnings": ["a", {"b": None}],
        "since": None,
        "slots": 4,
    }
    add_alert(database, 2, facts=json.dumps(short))
    add_alert(database, 1, facts=json.dumps(long))

    first, second = page(api_of("viewer"))["open"]

    assert first["facts"] == short
    assert second["facts"] == long | {
        "asset": "x" * 400 + " […]",
        "report": '{"en": "' + "z" * 392 + " […]",
    }


@pytest.mark.parametrize("days", [0, 401, None])
def test_a_span_has_bounds(api_of: ApiOf, days: int | None) -> None:
    assert api_of("viewer").refusal("board_alerts", p_plant="northfield", p_days=days) == "22023"


def test_ending_an_alert_is_not_for_pages(api_of: ApiOf, database: Connection) -> None:
    alert_id = add_alert(database, 1)

    assert api_of("manager").refusal("end_alerts", p_alert_ids=[alert_id], p_by="me") == "42501"
    assert (
        api_of("manager").update("alerts", {"resolved_at": NOW.isoformat()}, id=f"eq.{alert_id}") == "42501"
    )
