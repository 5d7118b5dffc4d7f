"""What polls see becomes alerts, in the transaction that says so."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from plantpulse.entry.service import Service
from plantpulse.errors import ChannelUnavailable, SourceUnavailable
from tests.functions.conftest import NOON_IN_CHICAGO, QUARTER, Floor, World

ALERTS = """
    select rule, plant, scope, subject, severity::text, facts, resolved_at is null as is_open,
           is_acknowledged
    from public.alerts
    order by id
"""


def alerts(world: World, rule: str | None = None) -> list[dict[str, Any]]:
    return [row for row in world.rows(ALERTS) if rule in (None, row["rule"])]


def polls(world: World, number: int, *, begin: int = 0) -> list[dict[str, Any]]:
    """Deliver some slots, one after the other, and return their reports."""
    told = []
    for step in range(begin, begin + number):
        world.now = NOON_IN_CHICAGO + QUARTER * step + timedelta(seconds=40)
        told.append(world.tick(NOON_IN_CHICAGO + QUARTER * step)[1])
    return told


def test_an_incident_is_an_alert_once_however_often_it_is_read(world: World, floor: Floor) -> None:
    floor.downtime("PRESS-01", "Safety Issue", 5, "11:50:00", notes="Schutztür offen")

    polls(world, 3)

    (alert,) = alerts(world, "safety_event")
    assert (alert["severity"], alert["plant"], alert["scope"], alert["is_open"]) == (
        "critical",
        "north",
        "safety",
        True,
    )
    assert alert["facts"]["asset"] == "Press 1"
    assert alert["facts"]["reason_code"] == "Safety Issue"
    assert alert["facts"]["event_timestamp"] == "2026-03-11T16:50:00+00:00"
    assert alert["facts"]["details"] == "Schutztür offen"


def test_a_signed_incident_does_not_come_back(world: World, floor: Floor) -> None:
    floor.downtime("PRESS-01", "Safety Issue", 5, "11:50:00")
    polls(world, 1)
    world.store.execute(
        "update public.safety_events set is_acknowledged = true, acknowledged_by_name = 'Ada'"
    )

    polls(world, 2, begin=1)

    (alert,) = alerts(world, "safety_event")
    assert (alert["is_open"], alert["is_acknowledged"]) == (False, True)


def test_an_incident_of_a_run_that_fails_afterwards_is_an_alert_all_the_same(
    world: World, floor: Floor
) -> None:
    floor.downtime("PRESS-01", "Safety Issue", 5, "11:50:00")
    floor.run("drop table production_data")

    status, report = world.tick()

    assert (status, report["outcome"]) == (200, "failed")
    assert {alert["rule"] for alert in alerts(world)} == {"safety_event", "run_failed"}


def test_failures_that_may_heal_are_an_alert_when_there_are_two(world: World) -> None:
    def refuse(*_: object, **__: object) -> Any:
        raise SourceUnavailable("nobody answers")

    connect, world.connect_source = world.connect_source, refuse
    polls(world, 1)
    assert alerts(world, "run_failed") == []

    polls(world, 1, begin=1)
    (alert,) = alerts(world, "run_failed")
    assert (alert["facts"]["failures"], alert["facts"]["error"]) == (2, "source_unavailable")

    world.connect_source = connect
    polls(world, 1, begin=2)
    assert [one["is_open"] for one in alerts(world, "run_failed")] == [False]


def test_unknown_assets_are_one_alert_a_day(world: World, floor: Floor) -> None:
    floor.output("İzmir Pres", 5, "11:45:00")
    floor.output("WELD-09", 5, "11:50:00")

    polls(world, 2)

    (alert,) = alerts(world, "asset_unknown")
    assert alert["subject"] == "2026-03-11"
    assert alert["facts"]["names"] == ["WELD-09", "İzmir Pres"]


def test_a_planned_asset_without_output_is_an_alert_and_one_with_a_stop_is_not(
    world: World, floor: Floor
) -> None:
    polls(world, 1)
    (alert,) = alerts(world, "no_output")
    assert (alert["subject"], alert["facts"]["told_after_s"]) == ("PRESS-01", 1800)

    floor.downtime("PRESS-01", "Jam", 45, "11:45:00")
    polls(world, 1, begin=1)
    assert [one["is_open"] for one in alerts(world, "no_output")] == [False]


def test_a_repeated_delivery_changes_no_alert(world: World) -> None:
    polls(world, 1)
    before = world.rows("select * from public.alerts order by id")

    world.tick()

    assert world.rows("select * from public.alerts order by id") == before


def test_a_dry_run_and_a_poll_by_hand_change_no_alert_but_of_incidents(world: World, floor: Floor) -> None:
    floor.downtime("PRESS-01", "Safety Issue", 5, "11:50:00")
    world.ask(dry_run=True)
    assert alerts(world) == []

    world.ask()
    assert [alert["rule"] for alert in alerts(world)] == ["safety_event"]


def test_rules_that_are_off_open_nothing(world: World, floor: Floor) -> None:
    floor.downtime("PRESS-01", "Safety Issue", 5, "11:50:00")
    world.settings = {"alerts": {"enabled": False}}

    polls(world, 1)

    assert alerts(world) == []


class Telling(World):
    """A world whose service tells what is urgent."""

    def service(self) -> Service[Any]:
        service = super().service()
        service.tell_urgent = self.tell  # type: ignore[attr-defined] # set by each test
        return service


def telling(world: World, tell: Callable[..., None]) -> World:
    found = Telling(world.supabase, world.store, world.reader, world.encryption)
    found.tell = tell  # type: ignore[attr-defined] # as above
    return found


def test_what_is_critical_is_told_before_the_answer_with_a_share_of_the_time(
    world: World, floor: Floor
) -> None:
    told: list[float] = []
    floor.downtime("PRESS-01", "Safety Issue", 5, "11:50:00")

    telling(world, lambda _settings, _store, seconds_left: told.append(seconds_left())).tick()

    assert len(told) == 1
    assert 3 < told[0] <= 10


def test_what_is_not_critical_waits_for_health(world: World, floor: Floor) -> None:
    told: list[float] = []
    floor.output("WELD-09", 5, "11:50:00")

    telling(world, lambda _settings, _store, seconds_left: told.append(seconds_left())).tick()

    assert alerts(world, "asset_unknown")
    assert told == []


def test_a_channel_that_fails_fails_no_run(world: World, floor: Floor) -> None:
    def refuse(*_: object) -> None:
        raise ChannelUnavailable("office: no answer", stopped_at="connect")

    floor.downtime("PRESS-01", "Safety Issue", 5, "11:50:00")

    status, report = telling(world, refuse).tick()

    assert (status, report["outcome"]) == (200, "succeeded")
