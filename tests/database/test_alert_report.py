"""How many alerts a span had, how soon people heard of them, and how much each channel was told."""

from datetime import timedelta
from typing import Any

import pytest

from tests.database.alerting import BEGIN, OTHER_RULE, Plant, channel, firing, look
from tests.database.conftest import Connection

SPAN = {"since": BEGIN, "until": BEGIN + timedelta(hours=10)}


@pytest.fixture
def plant(database: Connection) -> Plant:
    return Plant(database)


def report(plant: Plant, name: str | None = None, **changes: Any) -> dict[str, Any]:
    span = {**SPAN, **changes}
    query = "select public.alert_report(%s, %s, %s) as report"
    answer: dict[str, Any] = plant.ask(query, span["since"], span["until"], name)
    return answer


def alert(plant: Plant, /, rule: str, opened: float, **changes: Any) -> int:
    """Write an alert by the minutes after the beginning at which things happened; return its id."""
    minutes = {"told": None, "acknowledged": None, "resolved": None, **changes}

    def at(name: str) -> Any:
        return None if minutes[name] is None else BEGIN + timedelta(minutes=minutes[name])

    begin = BEGIN + timedelta(minutes=opened)
    number: int = plant.ask(
        """
        insert into public.alerts (rule, plant, scope, subject, severity, opened_at, observed_at,
          last_seen_at, resolved_at, is_acknowledged, acknowledged_at, acknowledged_by_name)
        select %s, %s, 'live_pulse', gen_random_uuid()::text, 'warning', %s, %s, %s, %s,
          signed.at is not null, signed.at, case when signed.at is not null then 'ada' end
        from (select %s::timestamptz as at) as signed
        returning id
        """,
        rule, changes.get("plant", "northfield"), begin, begin, begin, at("resolved"), at("acknowledged"),
    )  # fmt: skip
    if minutes["told"] is not None:
        tell(plant, number, minutes["told"])
    return number


def tell(
    plant: Plant, alert_id: int, minute: float, *, occasion: str = "fired", to: str = "mail", key: str = ""
) -> None:
    plant.database.execute(
        "insert into public.alert_history (alert_id, at, what, channel, message_key, occasion) "
        "values (%s, %s, 'told', %s, %s, %s)",
        (alert_id, BEGIN + timedelta(minutes=minute), to, key or f"{alert_id}/{minute}", occasion),
    )


def test_nothing_happened_is_all_noughts(plant: Plant) -> None:
    found = report(plant)

    assert (found["by_rule"], found["by_channel"]) == ([], [])
    assert found["total"] == {
        "alerts": 0, "open": 0, "notified": 0, "notify_p50_s": None, "notify_p95_s": None,
        "acknowledged": 0, "acknowledge_p50_s": None, "acknowledge_p95_s": None,
    }  # fmt: skip


def test_times_to_notify_and_to_acknowledge_are_those_that_occurred(plant: Plant) -> None:
    for number in range(1, 21):  # told after 1 to 20 minutes, signed after 2 to 40
        alert(plant, "stuck", 0, told=number, acknowledged=2 * number, resolved=50)
    alert(plant, "stuck", 0)

    [found] = report(plant)["by_rule"]

    assert found == {
        "rule": "stuck", "plant": "northfield", "alerts": 21, "open": 1,
        "notified": 20, "notify_p50_s": 600, "notify_p95_s": 1140,
        "acknowledged": 20, "acknowledge_p50_s": 1200, "acknowledge_p95_s": 2280,
    }  # fmt: skip


def test_alerts_are_counted_by_rule_and_plant_the_most_first_and_in_all(plant: Plant) -> None:
    alert(plant, "overdue", 5, resolved=6)
    alert(plant, "stuck", 5, resolved=6)
    alert(plant, "stuck", 7)
    alert(plant, "stuck", 7, plant="southfield")

    found = report(plant)

    assert [(one["rule"], one["plant"], one["alerts"], one["open"]) for one in found["by_rule"]] == [
        ("stuck", "northfield", 2, 1),
        ("overdue", "northfield", 1, 0),
        ("stuck", "southfield", 1, 1),
    ]
    assert (found["total"]["alerts"], found["total"]["open"]) == (4, 2)
    assert report(plant, "southfield")["total"]["alerts"] == 1


def test_what_opened_before_the_span_counts_as_open_alone_and_what_came_after_not_at_all(
    plant: Plant,
) -> None:
    alert(plant, "stuck", -90, told=-80, acknowledged=-70)
    alert(plant, "overdue", -90, resolved=-5)
    alert(plant, "overdue", 600)
    alert(plant, "run_failed", 0, resolved=600)  # still open when the span ended

    found = report(plant)

    assert [(one["rule"], one["alerts"], one["open"], one["notified"]) for one in found["by_rule"]] == [
        ("run_failed", 1, 1, 0),
        ("stuck", 0, 1, 0),
    ]
    assert found["total"]["acknowledged"] == 0


def test_a_recovery_is_a_message_and_no_alarm_and_a_group_is_one_of_either(plant: Plant) -> None:
    first, second = alert(plant, "stuck", 0, resolved=9), alert(plant, "stuck", 0, resolved=9)
    tell(plant, first, 1, key="group")
    tell(plant, second, 1, key="group")
    tell(plant, first, 14, key="end", occasion="resolved")
    tell(plant, second, 600)  # after the span

    [found] = report(plant)["by_channel"]

    assert (found["messages"], found["alarms"], found["alarms_per_hour"]) == (2, 1, 0.1)
    assert (found["busiest_hour"], found["busiest_alarms"]) == ("2026-11-22T06:00:00+00:00", 1)
    assert found["loudest"] == {"rule": "stuck", "plant": "northfield", "alarms": 1}


def test_more_than_six_alarms_in_an_hour_are_over_the_bound_and_six_are_not(plant: Plant) -> None:
    noisy, calm = alert(plant, "no_output", 0), alert(plant, "stuck", 0)
    for minute in range(60, 67):  # seven
        tell(plant, noisy, minute, occasion="repeat")
    for minute in range(120, 126):  # six
        tell(plant, calm, minute, occasion="repeat")
    tell(plant, calm, 61, to="chat")

    chat, mail = report(plant)["by_channel"]

    assert (chat["channel"], chat["alarms"], chat["hours_over"]) == ("chat", 1, 0)
    assert (mail["channel"], mail["alarms"], mail["hours_over"]) == ("mail", 13, 1)
    assert (mail["busiest_hour"], mail["busiest_alarms"]) == ("2026-11-22T07:00:00+00:00", 7)
    assert mail["loudest"] == {"rule": "no_output", "plant": "northfield", "alarms": 7}
    assert report(plant, "southfield")["by_channel"] == []


def test_what_channels_are_really_told_is_counted(plant: Plant) -> None:
    plant.sweep()  # from now on the channel is known
    plant.see(look(firing(), firing(OTHER_RULE)))
    plant.wait(minutes=2)
    plant.sweep(channel())

    found = report(plant)

    assert (found["total"]["notified"], found["total"]["notify_p50_s"]) == (2, 120)
    assert [(one["channel"], one["messages"]) for one in found["by_channel"]] == [("mail", 1)]
