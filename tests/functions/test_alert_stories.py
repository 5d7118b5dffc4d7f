"""What must arrive, and when, from what happens: the stories that people tell about bad alerting."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from psycopg.rows import DictRow

from devstack.access import SupabaseAccess
from plantpulse.alerts.judging import seen_in_run
from plantpulse.alerts.sights import RunSight
from plantpulse.settings import AlertsSettings, QuietHours
from tests.functions.stories import BEGIN, Story, office, pager

Stories = Callable[..., Story]
INCIDENT = """
    with asset as (
        insert into public.assets (plant, name, source_name) values ('north', 'Press', 'PRESS') returning id
    ), event as (
        insert into public.safety_events (plant, asset_id, event_timestamp, source_timestamp, reason_code)
        select 'north', asset.id, %(at)s, '2026-11-30 09:00', 'Guard open' from asset
        returning id
    )
    insert into public.alerts (
        rule, plant, scope, subject, severity, facts, opened_at, observed_at, last_seen_at, safety_event_id
    )
    select 'safety_event', 'north', 'safety', event.id::text, 'critical', '{"asset": "Press"}', %(at)s,
           %(at)s, %(at)s, event.id
    from event
"""
DOWN = {"rule": "overdue", "severity": "critical", "is_told_when_over": True}


@pytest.fixture
def story(supabase: SupabaseAccess) -> Stories:
    return lambda **channels: Story(supabase, channels or {"office": office()})


@pytest.fixture
def owner(supabase: SupabaseAccess) -> Any:
    with supabase.connect() as connection:
        yield connection


def test_a_fault_is_told_within_a_minute_and_its_end_once(story: Stories) -> None:
    told = story()

    told.runs(30, sees=lambda minute: ("no_output",) if minute <= 10 else ())

    assert told.arrivals() == [(1, "fired"), (16, "resolved")]


def test_flapping_is_one_story(story: Stories) -> None:
    told = story()

    told.runs(60, sees=lambda minute: ("no_output",) if minute <= 30 and minute % 4 < 2 else ())

    assert [kind for _, kind in told.arrivals()] == ["fired", "resolved"]


def test_assets_that_nobody_maps_are_told_once_a_day_and_midnight_is_no_end(story: Stories) -> None:
    told = story(office=office())
    told.runs(1)  # what was over before a channel is there is not told

    def polled(day: str, *names: str) -> None:
        seen = {"asset_unknown": {"day": day, "names": list(names)}}
        sight = RunSight(pipeline="live_pulse", plant="north", report=None, seen=seen)
        with told.store() as store:
            store.watch_alerts(seen_in_run(sight, AlertsSettings(), told.now))

    for day in ("2026-11-30", "2026-12-01"):
        for names in (["WELD-09"], [], ["WELD-09", "PRESS-07"]):  # nothing of them comes at night
            polled(day, *names)
            told.runs(30)

    assert told.titles() == [
        "Unknown assets (1), north, since 09:01 CET",
        "Unknown assets (1), north, since 10:31 CET",
    ]


def test_what_fires_again_after_its_recovery_is_told_again(story: Stories) -> None:
    told = story()

    told.runs(60, sees=lambda minute: ("no_output",) if minute <= 5 or 30 <= minute <= 35 else ())

    assert told.arrivals() == [(1, "fired"), (11, "resolved"), (30, "fired"), (41, "resolved")]


def test_what_stays_is_repeated_after_four_hours_until_somebody_takes_it(
    story: Stories, owner: psycopg.Connection[DictRow]
) -> None:
    told = story()
    told.sees("no_output")
    told.sweep()
    for told.minute in (60, 239, 240, 300, 480):
        told.sees("no_output")
        told.sweep()
    owner.execute("update public.alerts set is_acknowledged = true, acknowledged_by_name = 'Ada'")
    for told.minute in (721, 961):
        told.sees("no_output")
        told.sweep()

    assert told.arrivals() == [(0, "fired"), (240, "repeat"), (480, "repeat")]


def test_what_gets_worse_is_told_although_somebody_takes_care(
    story: Stories, owner: psycopg.Connection[DictRow]
) -> None:
    told = story()
    told.sees({"rule": "overdue", "severity": "warning"})
    told.sweep()
    owner.execute("update public.alerts set is_acknowledged = true, acknowledged_by_name = 'Ada'")
    told.minute = 10
    told.sees(DOWN)
    told.sweep()

    assert told.arrivals() == [(0, "fired"), (10, "worse")]


def silence(owner: psycopg.Connection[DictRow], told: Story, begin: float, end: float) -> None:
    owner.execute(
        """
        insert into public.silences (plant, starts_at, ends_at, why, created_by_name)
        values ('north', %s + make_interval(mins => %s), %s + make_interval(mins => %s), 'maintenance', 'Ada')
        """,
        (BEGIN, begin, BEGIN, end),
    )
    assert told is not None


def test_what_still_fires_when_a_silence_ends_is_told_then(
    story: Stories, owner: psycopg.Connection[DictRow]
) -> None:
    told = story()
    silence(owner, told, 0, 20)

    told.runs(30, sees=lambda _: ("no_output",))

    assert told.arrivals() == [(20, "fired")]


def test_what_ends_in_a_silence_is_not_told_and_what_was_told_before_ends_through_it(
    story: Stories, owner: psycopg.Connection[DictRow]
) -> None:
    told = story()
    silence(owner, told, 5, 60)

    told.runs(
        40, sees=lambda minute: ("no_output",) if minute <= 8 else ("run_failed",) if minute <= 20 else ()
    )

    assert told.arrivals() == [(1, "fired"), (14, "resolved")]


def test_at_night_only_what_is_critical_is_told_and_the_rest_in_the_morning(story: Stories) -> None:
    quiet = office(quiet_hours=QuietHours(starts_at="08:00", ends_at="10:00"))  # 09:00 in Berlin is minute 0
    told = story(office=quiet)

    told.runs(70, sees=lambda minute: ("no_output", DOWN) if minute >= 10 else ("no_output",))

    assert told.arrivals() == [(10, "fired"), (60, "fired")]
    assert "overdue" in told.ends["office"].arrived[0][1].alerts[0]["rule"]


def test_a_channel_that_is_down_for_a_day_gets_one_message_afterwards(story: Stories) -> None:
    told = story()
    told.ends["office"].is_down = True
    told.minute = 0
    told.sees("no_output")
    for told.minute in range(0, 1440, 30):
        told.sees("no_output")
        told.sweep()
    told.ends["office"].is_down = False
    told.runs(20, sees=lambda _: ("no_output",))

    assert [kind for _, kind in told.arrivals()] == ["fired"]


def test_what_came_and_went_while_its_channel_was_down_is_told_only_if_it_was_critical(
    story: Stories,
) -> None:
    told = story()
    told.ends["office"].is_down = True
    told.runs(10, sees=lambda minute: ("no_output", DOWN) if minute <= 5 else ())
    told.ends["office"].is_down = False

    told.runs(30, sees=lambda _: ())

    assert [
        (kind, "Was: " in title) for (_, kind), title in zip(told.arrivals(), told.titles(), strict=True)
    ] == [("resolved", True)]


def test_a_failing_channel_is_reported_on_another_one(story: Stories) -> None:
    told = story(office=office(), team=pager())
    told.ends["office"].is_down = True

    told.runs(15, sees=lambda _: ("no_output",))

    assert told.arrivals("office") == []
    titles = told.titles("team")
    assert titles[0].startswith("No output from")
    assert titles[1].startswith("The channel office takes no messages")
    assert told.swept.working == ["team"]


def test_the_alert_about_a_channel_ends_when_the_channel_is_removed(story: Stories) -> None:
    told = story(office=office(), team=office())
    told.sees("no_output")
    told.ends["team"].is_down = True
    told.runs(20)
    del told.channels["team"]
    told.runs(10)

    assert [title for title in told.titles() if "channel" in title] == [
        "The channel team takes no messages, all plants, since 09:06 CET",
        "Over: The channel team takes no messages, all plants, lasted 15 min",
    ]


def test_a_death_between_claim_and_send_loses_nothing(story: Stories) -> None:
    told = story()
    told.ends["office"].dies = "before"

    told.runs(5, sees=lambda _: ("no_output",))

    assert told.arrivals() == [(3, "fired")]


def test_a_death_between_send_and_mark_doubles_with_the_same_key(story: Stories) -> None:
    told = story()
    told.ends["office"].dies = "after"

    told.runs(5, sees=lambda _: ("no_output",))

    assert told.arrivals() == [(1, "fired"), (3, "fired")]
    first, second = (notice for _, notice in told.ends["office"].arrived)
    assert first.key == second.key


def test_what_was_perhaps_told_has_its_end_told(story: Stories) -> None:
    told = story()
    told.ends["office"].dies = "after"

    told.runs(12, sees=lambda minute: ("no_output",) if minute <= 1 else ())

    assert told.arrivals() == [(1, "fired"), (7, "resolved")]


def test_a_storm_of_a_thousand_plants_is_a_mailbox_that_can_be_read(supabase: SupabaseAccess) -> None:
    told = Story(supabase, {"office": office(most_per_hour=10)}, plants=1000)
    with told.store() as store:
        store.watch_alerts(
            [
                {"scope": "live_pulse", "plant": plant, "rules": ["overdue"], "firing": [DOWN]}
                for plant in told.settings.plants
            ]
        )

    told.sweep()

    notices = [notice for _, notice in told.ends["office"].arrived]
    assert len(notices) <= 10
    assert sum(len(notice.alerts) for notice in notices) <= 1000
    assert "alerts at once" in notices[-1].title


def test_incidents_go_out_beyond_the_limit_and_say_what_waits(
    story: Stories, owner: psycopg.Connection[DictRow]
) -> None:
    told = story(office=office(most_per_hour=1))
    told.runs(1, sees=lambda _: ("no_output",))
    told.runs(1, sees=lambda _: ("no_output", "run_failed"))
    owner.execute(INCIDENT, {"at": told.now})
    told.runs(1)

    assert told.arrivals() == [(1, "fired"), (3, "fired")]
    assert "1 more alerts wait" in told.ends["office"].arrived[1][1].text


def test_a_pager_hears_the_beginning_before_the_end(story: Stories) -> None:
    told = story(pager=pager())
    told.ends["pager"].is_down = True
    told.runs(3, sees=lambda minute: (DOWN,) if minute <= 2 else ())
    told.ends["pager"].is_down = False

    told.runs(20, sees=lambda _: ())

    assert [kind for _, kind in told.arrivals("pager")] == ["fired", "resolved"]
    first, last = (notice for _, notice in told.ends["pager"].arrived)
    assert first.thread == last.thread


def test_a_message_that_cannot_be_written_holds_up_no_other(story: Stories) -> None:
    told = story()
    broken = {"rule": "data_behind", "severity": "critical", "facts": {"data_until": "no instant"}}
    told.sees(broken, scope="morning_report")
    told.sees("no_output")

    told.sweep()
    told.sweep()

    assert [title.split()[0] for title in told.titles()] == ["No"]
    assert told.swept.failing == []


def test_two_sweeps_at_once_do_nothing_twice(story: Stories) -> None:
    told = story()
    told.sees("no_output")

    told.sweep()
    told.sweep()

    assert told.arrivals() == [(0, "fired")]
