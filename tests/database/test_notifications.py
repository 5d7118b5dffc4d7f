"""What channels are told and when: nothing without a cause, no cause without a notice, nothing doubled."""

from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.database.alerting import (
    BEGIN,
    LEASE_S,
    OTHER_RULE,
    RETRY_S,
    RULE,
    Plant,
    channel,
    firing,
    look,
    told,
)
from tests.database.api import Api
from tests.database.conftest import Connection
from tests.database.protocol import claim, event, fence

FIRED, WORSE, REPEAT = "fired overdue", "worse overdue", "repeat overdue"
RESOLVED, OVER = "resolved overdue", "over overdue"
QUIET = channel(quiet_plants=["northfield"])


@pytest.fixture
def plant(database: Connection) -> Plant:
    """A plant with a channel that is there from the beginning."""
    plant = Plant(database)
    assert plant.sweep() == []
    return plant


def test_what_fires_is_told_once_and_its_end_once(plant: Plant) -> None:
    plant.fires()
    first = [plant.sweep(), plant.sweep()]
    plant.wait(minutes=30)
    plant.is_well()
    held = plant.sweep()
    plant.wait(minutes=5)

    assert (first, held, plant.sweep(), plant.sweep()) == ([[FIRED], []], [], [RESOLVED], [])


def test_a_claim_says_everything_that_a_message_needs(plant: Plant) -> None:
    plant.fires(subject="PRESS-01", facts={"late_s": 300})

    claimed = plant.claim()

    [item] = claimed["items"]
    assert (claimed["messages_left"], claimed["held_back"]) == (1000, 0)
    assert item == {
        "notification_id": 1,
        "occasion": "fired",
        "severity": "warning",
        "recipients": None,
        "told_times": 0,
        "attempts": 1,
        "alert_id": 1,
        "fingerprint": "live_pulse/northfield/overdue/PRESS-01",
        "rule": "overdue",
        "plant": "northfield",
        "scope": "live_pulse",
        "subject": "PRESS-01",
        "facts": {"late_s": 300},
        "opened_at": "2026-11-22T06:00:00+00:00",
        "resolved_at": None,
        "reopened": 0,
        "is_event": False,
        "is_acknowledged": False,
        "acknowledged_by": None,
        "safety_event_id": None,
    }


def test_what_ends_and_fires_again_within_five_minutes_is_told_once(plant: Plant) -> None:
    plant.fires()
    heard = plant.sweep()
    for _ in range(5):
        plant.wait(minutes=2)
        plant.is_well()
        heard += plant.sweep()
        plant.wait(minutes=4)
        plant.fires()
        heard += plant.sweep()

    assert heard == [FIRED]
    assert plant.alerts()[0]["reopened"] == 5


def test_what_fires_again_after_a_told_recovery_is_told_again(plant: Plant) -> None:
    plant.fires()
    heard = plant.sweep()
    plant.is_well()
    plant.wait(minutes=6)
    heard += plant.sweep()
    plant.fires()
    heard += plant.sweep()

    assert heard == [FIRED, RESOLVED, FIRED]
    assert [alert["reopened"] for alert in plant.alerts()] == [1]


def test_what_fires_again_after_its_recovery_is_told_even_if_it_is_acknowledged(plant: Plant) -> None:
    plant.fires()
    heard = plant.sweep()
    plant.acknowledge()
    plant.is_well()
    plant.wait(minutes=6)
    heard += plant.sweep()
    plant.fires()

    assert [*heard, *plant.sweep()] == [FIRED, RESOLVED, FIRED]


def test_what_still_fires_is_repeated_after_four_hours(plant: Plant) -> None:
    plant.fires()
    heard = [plant.sweep()]
    for hours, minutes in ((3, 59), (0, 1), (3, 59), (0, 1)):
        plant.wait(hours=hours, minutes=minutes)
        heard.append(plant.sweep())

    assert heard == [[FIRED], [], [REPEAT], [], [REPEAT]]


def test_what_is_acknowledged_is_not_repeated_but_worse_and_the_end_are_told(plant: Plant) -> None:
    plant.fires()
    heard = [plant.sweep()]
    plant.acknowledge()
    plant.wait(hours=9)
    heard.append(plant.sweep())
    plant.fires(severity="critical")
    heard.append(plant.sweep())
    plant.is_well()
    plant.wait(minutes=5)
    heard.append(plant.sweep())

    assert heard == [[FIRED], [], [WORSE], [RESOLVED]]


def test_what_got_worse_before_it_was_told_is_told_once(plant: Plant) -> None:
    plant.fires(severity="info")
    plant.fires(severity="critical")

    assert (plant.sweep(), plant.sweep()) == ([FIRED], [])


def test_what_gets_worse_during_a_send_is_told_next(plant: Plant) -> None:
    plant.fires()
    claimed = plant.claim()
    plant.fires(severity="critical")
    plant.mark(claimed)

    assert (told(claimed), plant.sweep()) == ([FIRED], [WORSE])


def test_what_is_silenced_is_told_when_the_silence_ends(plant: Plant) -> None:
    plant.silence(minutes=60)
    plant.fires()
    during = plant.sweep()
    plant.wait(minutes=60)

    assert (during, plant.sweep()) == ([], [FIRED])


def test_what_came_and_went_in_a_silence_is_never_told(plant: Plant) -> None:
    plant.silence(minutes=60)
    plant.see(look(firing(severity="critical", is_told_when_over=True)))
    plant.wait(minutes=10)
    heard = plant.sweep()
    plant.is_well()
    plant.wait(minutes=90)

    assert [*heard, *plant.sweep()] == []


def test_what_was_told_before_a_silence_gets_its_recovery_through_it(plant: Plant) -> None:
    plant.fires()
    heard = plant.sweep()
    plant.silence(minutes=600)
    plant.wait(minutes=270)
    heard += plant.sweep()
    plant.is_well()
    plant.wait(minutes=5)

    assert [*heard, *plant.sweep(), *plant.sweep()] == [FIRED, RESOLVED]


def test_what_gets_worse_in_a_silence_is_told_afterwards(plant: Plant) -> None:
    plant.fires()
    heard = plant.sweep()
    plant.silence(minutes=60)
    plant.fires(severity="critical")
    heard += plant.sweep()
    plant.wait(minutes=60)

    assert [*heard, *plant.sweep()] == [FIRED, WORSE]


@pytest.mark.parametrize(
    ("silence", "heard"),
    [
        ({"plant": "northfield"}, []),
        ({"plant": None}, []),
        ({"rule": RULE}, []),
        ({"plant": None, "fingerprint": "live_pulse/northfield/overdue"}, []),
        ({"plant": "southfield"}, [FIRED]),
        ({"rule": OTHER_RULE}, [FIRED]),
        ({"fingerprint": "live_pulse/northfield/overdue/PRESS-01"}, [FIRED]),
    ],
)
def test_a_silence_holds_for_what_it_names(plant: Plant, silence: dict[str, Any], heard: list[str]) -> None:
    plant.silence(minutes=60, **silence)
    plant.fires()

    assert plant.sweep() == heard


def test_quiet_hours_wait_for_the_morning_but_not_with_what_is_critical(plant: Plant) -> None:
    plant.see(look(firing(RULE), firing(OTHER_RULE, "critical")))
    at_night = plant.sweep(QUIET)
    plant.wait(hours=1)

    assert (at_night, plant.sweep(QUIET), plant.sweep()) == (["fired stuck"], [], [FIRED])


def test_the_end_of_what_was_told_by_day_waits_for_the_morning(plant: Plant) -> None:
    plant.fires()
    heard = [plant.sweep()]
    plant.is_well()
    plant.wait(minutes=10)
    heard += [plant.sweep(QUIET), plant.sweep()]

    assert heard == [[FIRED], [], [RESOLVED]]


def test_of_what_came_and_went_unheard_only_what_asks_for_it_is_told(plant: Plant) -> None:
    plant.see(look(firing(RULE, is_told_when_over=True), firing(OTHER_RULE)))
    plant.is_well()
    plant.wait(hours=1)

    assert (plant.sweep(), plant.sweep()) == ([OVER], [])


def test_what_became_critical_unheard_is_told_when_it_is_over(plant: Plant) -> None:
    plant.fires()
    plant.wait(minutes=1)
    plant.fires(severity="critical", is_told_when_over=True)
    plant.is_well()
    plant.wait(hours=1)

    assert (plant.sweep(), plant.sweep()) == ([OVER], [])


def test_what_came_back_critical_unheard_is_told_when_it_is_over(plant: Plant) -> None:
    plant.fires()
    plant.is_well()
    plant.wait(minutes=1)
    plant.fires(severity="critical", is_told_when_over=True)
    plant.is_well()
    plant.wait(hours=1)

    assert (plant.sweep(), plant.sweep()) == ([OVER], [])


def test_what_fires_again_unheard_after_its_recovery_is_told_when_it_is_over(plant: Plant) -> None:
    again = look(firing(RULE, is_told_when_over=True))
    plant.see(again)
    heard = plant.sweep()
    plant.is_well()
    plant.wait(minutes=6)
    heard += plant.sweep()
    plant.wait(minutes=1)
    plant.see(again)
    plant.wait(minutes=1)
    plant.is_well()

    assert [*heard, *plant.sweep(), *plant.sweep()] == [FIRED, RESOLVED, OVER]


def test_what_fires_again_while_its_recovery_is_sent_is_told_when_it_is_over(plant: Plant) -> None:
    again = look(firing(RULE, is_told_when_over=True))
    plant.see(again)
    heard = plant.sweep()
    plant.is_well()
    plant.wait(minutes=6)
    recovery = plant.claim()
    plant.wait(seconds=1)
    plant.see(again)
    plant.wait(seconds=1)
    plant.is_well()
    plant.wait(seconds=1)
    plant.mark(recovery)

    assert [*heard, *told(recovery), *plant.sweep(), *plant.sweep()] == [FIRED, RESOLVED, OVER]


def test_a_channel_that_knows_beginnings_and_ends_hears_both_of_what_is_over(plant: Plant) -> None:
    pager = channel("pager", is_single=True)
    plant.claim(pager)
    plant.see(look(firing(RULE, is_told_when_over=True)))
    plant.is_well()
    plant.wait(minutes=10)

    assert [plant.sweep(pager) for _ in range(3)] == [[FIRED], [RESOLVED], []]


def test_a_new_channel_is_not_told_what_was_over_before(plant: Plant) -> None:
    plant.see(look(firing(RULE, is_told_when_over=True), firing(OTHER_RULE)))
    plant.wait(minutes=1)
    plant.see(look(firing(OTHER_RULE)))
    plant.wait(minutes=1)

    assert plant.sweep(channel("chat")) == ["fired stuck"]


@pytest.mark.parametrize(
    ("settings", "heard"),
    [
        ({"least_severity": "critical"}, ["fired stuck"]),
        ({"rules": [RULE]}, [FIRED]),
        ({"rules": []}, []),
        ({"plants": ["northfield"]}, ["fired stuck", FIRED]),
        ({"plants": ["southfield"]}, []),
    ],
)
def test_a_channel_hears_what_its_settings_name(
    plant: Plant, settings: dict[str, Any], heard: list[str]
) -> None:
    plant.see(look(firing(RULE), firing(OTHER_RULE, "critical")))

    assert plant.sweep(channel("chat", **settings)) == heard


def test_a_channel_that_wants_less_than_before_hears_the_end_and_nothing_else(plant: Plant) -> None:
    less = channel(least_severity="critical")
    plant.fires()
    heard = plant.sweep()
    plant.wait(hours=5)
    heard += plant.sweep(less)
    plant.is_well()
    plant.wait(minutes=5)

    assert [*heard, *plant.sweep(less), *plant.sweep(less)] == [FIRED, RESOLVED]


def test_a_channel_is_not_told_that_it_fails_but_others_are(plant: Plant) -> None:
    plant.see(look(firing("channel_failing", subject="mail"), scope="channels", rules=["channel_failing"]))

    assert (plant.sweep(), plant.sweep(channel("chat"))) == ([], ["fired channel_failing"])


@pytest.mark.parametrize("severity", ["info", "warning", "critical"])
def test_an_event_is_told_once_and_has_no_end(plant: Plant, severity: str) -> None:
    plant.see(look(firing("run_failed", severity, subject="7", is_event=True)))
    heard = plant.sweep()
    for _ in range(3):
        plant.wait(hours=3)
        heard += plant.sweep()

    assert heard == ["fired run_failed"]


def test_an_event_in_a_silence_is_never_told_and_one_before_it_afterwards(plant: Plant) -> None:
    plant.see(look(firing("run_failed", subject="7", is_event=True)))
    plant.wait(minutes=1)
    plant.silence(minutes=60)
    plant.see(look(firing("run_failed", subject="8", is_event=True)))
    during = plant.sweep()
    plant.wait(hours=2)
    afterwards = plant.claim()

    assert during == []
    assert [item["subject"] for item in afterwards["items"]] == ["7"]


def test_a_channel_that_was_down_for_a_day_hears_of_each_fault_once(plant: Plant) -> None:
    for hour in range(24):
        plant.see(look(firing(RULE), firing(OTHER_RULE, subject=str(hour))))
        assert plant.fail(is_of_channel=True) in ([], [FIRED], [FIRED, "fired stuck"], ["fired stuck", FIRED])
        plant.wait(minutes=30)
        plant.see(look(firing(RULE)))
        plant.wait(minutes=30)

    assert (plant.sweep(), plant.sweep()) == ([FIRED], [])


def test_a_failing_channel_is_tried_when_its_time_has_come_and_others_go_on(plant: Plant) -> None:
    plant.fires()
    plant.fail(is_of_channel=True)
    plant.wait(seconds=RETRY_S - 1)
    waiting = (plant.sweep(), plant.sweep(channel("chat")))
    plant.wait(seconds=1)

    assert (waiting, plant.sweep()) == (([], [FIRED]), [FIRED])


def test_a_channel_fails_from_its_first_failure_to_its_next_success(plant: Plant, service: Api) -> None:
    plant.fires()
    for _ in range(3):
        plant.fail(is_of_channel=True)
        plant.wait(seconds=RETRY_S)
    failing = service.call("failing_channels", p_names=["mail", "chat"])
    plant.sweep()

    assert failing == {
        "channels": [
            {
                "name": "mail",
                "failing_since": BEGIN.isoformat(),
                "failures": 3,
                "error": "connection refused",
            }
        ]
    }
    assert service.call("failing_channels", p_names=["mail"]) == {"channels": []}


def test_what_failed_alone_waits_alone(plant: Plant) -> None:
    plant.fires()
    plant.fail()
    plant.see(look(firing(RULE), firing(OTHER_RULE)))
    now = plant.sweep()
    plant.wait(seconds=RETRY_S)

    assert (now, plant.sweep()) == (["fired stuck"], [FIRED])


def test_what_could_not_be_told_and_is_over_is_not_told(plant: Plant) -> None:
    plant.fires()
    plant.fail()
    plant.is_well()
    plant.wait(hours=1)

    assert plant.sweep() == []


def test_nobody_else_sends_what_is_under_a_lease(plant: Plant) -> None:
    plant.fires()
    claimed = plant.claim()
    plant.wait(seconds=LEASE_S - 1)
    meanwhile = plant.sweep()

    assert (told(claimed), meanwhile, plant.mark(claimed), plant.sweep()) == ([FIRED], [], {"marked": 1}, [])


def test_what_a_dead_sweep_has_claimed_is_told_by_the_next(plant: Plant) -> None:
    plant.fires()
    dead = plant.claim()
    plant.wait(seconds=LEASE_S)

    assert (plant.sweep(), plant.mark(dead), plant.sweep()) == ([FIRED], {"marked": 0}, [])


def test_an_answer_that_comes_after_its_lease_still_counts(plant: Plant) -> None:
    plant.fires()
    slow = plant.claim()
    plant.wait(seconds=LEASE_S + 60)

    assert (plant.mark(slow), plant.sweep()) == ({"marked": 1}, [])


def test_what_was_perhaps_told_gets_its_recovery(plant: Plant) -> None:
    plant.fires()
    plant.claim()
    plant.is_well()
    plant.wait(minutes=5)

    assert (plant.sweep(), plant.sweep()) == ([RESOLVED], [])


def test_what_was_perhaps_told_gets_its_recovery_though_that_fails_or_dies_too(plant: Plant) -> None:
    plant.fires()
    plant.claim()
    plant.is_well()
    plant.wait(minutes=5)
    heard = [plant.fail()]
    plant.wait(minutes=5)
    heard += [told(plant.claim())]
    plant.wait(minutes=5)

    assert [*heard, plant.sweep(), plant.sweep()] == [[RESOLVED], [RESOLVED], [RESOLVED], []]


def test_what_was_perhaps_told_gets_its_recovery_though_a_second_try_failed(plant: Plant) -> None:
    plant.fires()
    plant.claim()
    plant.wait(seconds=LEASE_S)
    heard = plant.fail()
    plant.is_well()
    plant.wait(minutes=5)

    assert [*heard, *plant.sweep(), *plant.sweep()] == [FIRED, RESOLVED]


def test_what_ended_after_a_lost_answer_gets_its_recovery(plant: Plant) -> None:
    plant.fires()
    heard = plant.fail(is_of_channel=True, is_perhaps_sent=True)
    plant.is_well()
    plant.wait(minutes=5)

    assert [*heard, *plant.sweep(), *plant.sweep()] == [FIRED, RESOLVED]


def test_what_fires_again_after_a_recovery_whose_answer_was_lost_is_told(plant: Plant) -> None:
    plant.fires()
    heard = plant.sweep()
    plant.is_well()
    plant.wait(minutes=5)
    heard += plant.fail(is_perhaps_sent=True)
    plant.fires()
    plant.wait(seconds=RETRY_S)

    assert [*heard, *plant.sweep(), *plant.sweep()] == [FIRED, RESOLVED, FIRED]


def test_recipients_who_cannot_be_reached_do_not_make_the_channel_fail(plant: Plant, service: Api) -> None:
    plant.fires()
    plant.sweep(left_recipients=["full@plant.example"], retry_s=RETRY_S)
    plant.wait(seconds=RETRY_S)

    assert plant.fail(is_of_recipients=True) == [FIRED]
    assert service.call("failing_channels", p_names=["mail"]) == {"channels": []}


def test_recipients_that_are_given_up_are_not_tried_again_and_hear_the_next_news(plant: Plant) -> None:
    plant.fires()
    plant.sweep(left_recipients=["full@plant.example"], retry_s=RETRY_S)
    plant.wait(seconds=RETRY_S)
    plant.fail(is_of_recipients=True, is_given_up=True)
    plant.wait(hours=3)
    in_vain = plant.sweep()
    plant.fires(severity="critical")
    claimed = plant.claim()

    assert in_vain == []
    assert (told(claimed), claimed["items"][0]["recipients"]) == ([WORSE], None)


def test_what_fires_again_after_a_recovery_that_was_perhaps_told_is_told(plant: Plant) -> None:
    plant.fires()
    heard = plant.sweep()
    plant.is_well()
    plant.wait(minutes=5)
    heard += told(plant.claim())
    plant.wait(seconds=LEASE_S)
    plant.fires()

    assert [*heard, *plant.sweep(), *plant.sweep()] == [FIRED, RESOLVED, FIRED]


def test_recipients_that_asked_for_patience_hear_it_later_and_nobody_else(plant: Plant) -> None:
    plant.fires()
    plant.sweep(left_recipients=["late@plant.example"], retry_s=RETRY_S)
    at_once = plant.sweep()
    plant.wait(seconds=RETRY_S)
    later = plant.claim()
    plant.mark(later)

    assert at_once == []
    assert (told(later), later["items"][0]["recipients"]) == ([FIRED], ["late@plant.example"])
    assert plant.sweep() == []


def test_news_for_all_does_not_wait_for_recipients_that_asked_for_patience(plant: Plant) -> None:
    plant.fires()
    plant.sweep(left_recipients=["late@plant.example"], retry_s=RETRY_S)
    plant.fires(severity="critical")
    claimed = plant.claim()

    assert (told(claimed), claimed["items"][0]["recipients"]) == ([WORSE], None)


@pytest.mark.parametrize("reason", ["ended", "silenced", "quiet"])
def test_recipients_that_asked_for_patience_do_not_hear_what_is_no_longer_so(
    plant: Plant, reason: str
) -> None:
    plant.fires()
    plant.sweep(left_recipients=["late@plant.example"], retry_s=RETRY_S)
    plant.wait(seconds=RETRY_S)
    if reason == "ended":
        plant.is_well()
    elif reason == "silenced":
        plant.silence(minutes=60)

    assert plant.sweep(QUIET if reason == "quiet" else None) == []


def test_a_recovery_is_not_told_later_to_some_if_it_fires_again(plant: Plant) -> None:
    plant.fires()
    plant.sweep()
    plant.is_well()
    plant.wait(minutes=5)
    plant.sweep(left_recipients=["late@plant.example"], retry_s=RETRY_S)
    plant.wait(seconds=RETRY_S)
    plant.fires()
    plant.silence(minutes=60)

    assert plant.sweep() == []


def test_beyond_the_limit_of_an_hour_the_rest_waits_and_the_claim_says_how_much(plant: Plant) -> None:
    two = channel(most_per_hour=2)
    heard = []
    for number in range(4):
        plant.see(look(firing(subject=str(number)), rules=[]))
        claimed = plant.claim(two)
        heard.append((len(claimed["items"]), claimed["messages_left"], claimed["held_back"]))
        if claimed["items"]:
            plant.mark(claimed, two)
        plant.wait(minutes=1)
    plant.wait(minutes=56)
    later = plant.claim(two)

    assert heard == [(1, 2, 0), (1, 1, 0), (0, 0, 1), (0, 0, 2)]
    assert (len(later["items"]), later["messages_left"], later["held_back"]) == (2, 1, 0)


@pytest.mark.usefixtures("assets")
def test_incidents_go_out_beyond_the_limit(plant: Plant, service: Api) -> None:
    none_left = channel(most_per_hour=0)
    service.call("claim_run", p_claim=claim(1))
    service.call("record_safety_events", p_fence=fence(1), p_events=[event()], p_alert_severity="critical")
    plant.now = plant.rows("select max(opened_at) as at from public.alerts")[0]["at"]
    plant.fires()
    claimed = plant.claim(none_left)

    assert (told(claimed), claimed["held_back"]) == (["fired safety_event"], 1)


def test_a_message_about_many_alerts_is_one_of_the_hour(plant: Plant) -> None:
    plant.see(look(*[firing(subject=str(number)) for number in range(20)]))
    assert len(plant.sweep()) == 20

    assert plant.claim()["messages_left"] == 999


def test_a_storm_of_a_thousand_plants_is_told_once_the_worst_first(plant: Plant) -> None:
    severities = ("info", "critical", "warning")
    for plants in (range(500), range(500, 1000)):
        plant.see(*[look(firing(severity=severities[one % 3]), plant=f"plant_{one}") for one in plants])
    claims = [plant.claim(limit=400) for _ in range(4)]
    for claimed in claims:
        plant.mark(claimed)

    sent = [item for claimed in claims for item in claimed["items"]]
    assert [len(claimed["items"]) for claimed in claims] == [400, 400, 200, 0]
    assert len({item["plant"] for item in sent}) == 1000
    assert [item["severity"] for item in sent] == ["critical"] * 333 + ["warning"] * 333 + ["info"] * 334
    assert plant.sweep() == []


def test_the_history_says_what_each_channel_was_told(plant: Plant) -> None:
    plant.fires()
    plant.sweep()
    plant.fires(severity="critical")
    plant.sweep(channel("chat"))

    rows = plant.rows(
        "select channel, message_key, occasion, severity from public.alert_history "
        "where what = 'told' order by id"
    )
    assert [tuple(row.values()) for row in rows] == [
        ("mail", "message-1", "fired", "warning"),
        ("chat", "message-2", "fired", "critical"),
    ]


@pytest.mark.parametrize("retry", [{}, {"left_recipients": None}, {"left_recipients": []}])
def test_a_message_that_everybody_has_leaves_nobody(plant: Plant, retry: dict[str, Any]) -> None:
    plant.fires()
    plant.sweep(**retry)
    plant.wait(hours=1)

    assert plant.sweep() == []


def test_what_is_long_over_and_told_costs_a_sweep_nothing(plant: Plant) -> None:
    """The plan of a sweep: no scan of notifications or alerts that grows with their history."""
    plant.database.execute(
        """
        insert into public.alerts (
          rule, plant, scope, subject, severity, opened_at, observed_at, last_seen_at, resolved_at
        )
        select 'overdue', 'northfield', 'live_pulse', n::text, 'warning', at, at, at, at
        from generate_series(1, 20000) as n cross join lateral (
          select timestamptz '2026-01-01' + n * interval '1 minute'
        ) as one (at);
        insert into public.notifications (alert_id, channel, told, told_severity, told_at)
        select id, 'mail', 'resolved', severity, resolved_at from public.alerts
        """
    )
    plant.database.execute("analyze public.alerts, public.notifications")
    body = (
        plant.rows("select prosrc from pg_proc where proname = 'unsettled_notifications'")[0]["prosrc"]
        .replace("p_channel", "'mail'")
        .replace("p_now", "timestamptz '2026-11-22 06:00+00'")
    )

    row = plant.database.execute(f"explain (format json) {body}".encode()).fetchone()

    assert row is not None
    assert "Seq Scan" not in str(row["QUERY PLAN"])


def test_a_claim_of_an_unknown_severity_is_refused(plant: Plant) -> None:
    plant.fires()

    with pytest.raises(psycopg.errors.InvalidTextRepresentation, match="alert_severity"):
        plant.ask("select public.claim_notifications(%s, 1)", Jsonb(channel(least_severity="bad")))
