"""Episodes: what opens, worsens, ends and reopens them, and what changes nothing."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from devstack.access import SupabaseAccess
from tests.database.alerting import (
    BEGIN,
    OTHER_RULE,
    RULE,
    Plant,
    fingerprints,
    firing,
    look,
)
from tests.database.api import Api
from tests.database.conftest import Connection
from tests.database.protocol import (
    CLAIMED_AT,
    COMMITTED_AT,
    LEASE_EXPIRES_AT,
    NEXT_SLOT,
    SLOT,
    claim,
    commit,
    completion,
    event,
    failure,
    fence,
    report_claim,
    report_commit,
    snapshot,
)

Count = Callable[[str], int]
OPENED = {"opened": 1, "worse": 0, "reopened": 0, "resolved": 0}
WORSE = {**OPENED, "opened": 0, "worse": 1}
REOPENED = {**OPENED, "opened": 0, "reopened": 1}
RESOLVED = {**OPENED, "opened": 0, "resolved": 1}
NOTHING = {**OPENED, "opened": 0}


@pytest.fixture
def plant(database: Connection) -> Plant:
    return Plant(database)


def test_what_fires_opens_one_episode_however_often_it_is_seen(plant: Plant) -> None:
    assert plant.fires(facts={"late_s": 300}) == OPENED
    for _ in range(20):
        plant.wait(minutes=1)
        plant.fires()

    [alert] = plant.alerts()
    assert (alert["fingerprint"], alert["severity"]) == ("live_pulse/northfield/overdue", "warning")
    assert (alert["opened_at"], alert["resolved_at"]) == (BEGIN, None)
    assert plant.history() == ["opened"]


def test_a_look_that_fires_again_is_written_down_every_five_minutes_only(plant: Plant) -> None:
    plant.fires(facts={"late_s": 300})
    plant.wait(minutes=4)
    assert plant.fires(facts={"late_s": 540}) is None
    plant.wait(minutes=1)
    plant.fires(facts={"late_s": 600})

    [alert] = plant.alerts()
    assert (alert["last_seen_at"], alert["facts"]) == (plant.now, {"late_s": 600})


def test_what_is_not_evaluated_stays_as_it_is(plant: Plant) -> None:
    plant.see(look(firing(RULE), firing(OTHER_RULE)))
    plant.wait(minutes=1)

    assert plant.see(look(rules=[OTHER_RULE])) == RESOLVED
    assert plant.see(look(scope="cleanup")) is None
    assert plant.see(look(plant="southfield")) is None

    overdue, stuck = plant.alerts()
    assert (overdue["resolved_at"], stuck["resolved_at"]) == (None, plant.now)


@pytest.mark.parametrize("seen", [None, [], [look()], [look(firing=None)], [look(rules=None)]])
def test_nothing_that_fires_where_nothing_is_open_changes_nothing(plant: Plant, seen: Any) -> None:
    row = plant.database.execute(
        "select public.apply_alerts(%s, now()) as changed", (Jsonb(seen),)
    ).fetchone()

    assert row == {"changed": None}
    assert plant.alerts() == []


def test_what_gets_worse_stays_worse(plant: Plant) -> None:
    plant.fires(severity="warning")
    assert plant.fires(severity="critical") == WORSE
    plant.wait(minutes=6)
    assert plant.fires(severity="info") == NOTHING

    [alert] = plant.alerts()
    assert alert["severity"] == "critical"
    assert plant.history() == ["opened", "worse"]


def test_of_two_severities_at_once_the_worse_one_counts(plant: Plant) -> None:
    plant.see(look(firing(severity="info"), firing(severity="critical"), firing(severity="warning")))

    assert [alert["severity"] for alert in plant.alerts()] == ["critical"]


def test_what_fires_in_one_look_is_not_well_in_another_one_of_the_same_call(plant: Plant) -> None:
    plant.fires()
    plant.wait(minutes=1)

    assert plant.see(look(), look(firing())) is None
    assert plant.see(look(firing()), look()) is None

    [alert] = plant.alerts()
    assert alert["resolved_at"] is None


def test_subjects_are_episodes_of_their_own(plant: Plant) -> None:
    plant.see(look(firing(subject="PRESS-01"), firing(subject="OVEN-02"), firing()))
    plant.wait(minutes=1)
    plant.see(look(firing(subject="OVEN-02")))

    open_ones = [alert for alert in plant.alerts() if alert["resolved_at"] is None]
    assert fingerprints(open_ones) == ["live_pulse/northfield/overdue/OVEN-02"]


@pytest.mark.parametrize(("minutes", "episodes", "reopened"), [(5, 1, 1), (9, 1, 1), (10, 2, 0), (60, 2, 0)])
def test_what_fires_again_within_ten_minutes_is_one_story(
    plant: Plant, minutes: int, episodes: int, reopened: int
) -> None:
    plant.fires()
    plant.wait(minutes=30)
    plant.is_well()
    plant.wait(minutes=minutes)
    plant.fires(severity="critical")

    alerts = plant.alerts()
    assert len(alerts) == episodes
    assert alerts[0]["reopened"] == reopened
    assert (alerts[-1]["resolved_at"], alerts[-1]["severity"]) == (None, "critical")


def test_a_late_look_neither_ends_nor_reopens_what_a_newer_one_has_seen(plant: Plant) -> None:
    late = {"at": BEGIN.isoformat()}
    plant.wait(minutes=2)
    plant.fires()
    plant.see(look(**late))
    still_open = plant.alerts()[0]["resolved_at"]
    plant.wait(minutes=1)
    plant.is_well()
    plant.see(look(firing(), **late))

    [alert] = plant.alerts()
    assert (still_open, alert["resolved_at"]) == (None, plant.now)


def test_a_late_look_does_not_open_what_a_newer_one_has_ended_long_ago(plant: Plant) -> None:
    plant.fires()
    plant.wait(minutes=30)
    plant.is_well()
    plant.wait(minutes=30)
    plant.see(look(firing(), at=(BEGIN + timedelta(minutes=29)).isoformat()))

    assert len(plant.alerts()) == 1


def test_a_look_with_a_clock_that_is_ahead_can_be_ended_at_once(plant: Plant) -> None:
    ahead = (plant.now + timedelta(minutes=20)).isoformat()
    plant.see(look(firing(), at=ahead))
    plant.wait(minutes=1)

    ended = plant.see(look(at=plant.now.isoformat()))

    assert ended == {"opened": 0, "worse": 0, "reopened": 0, "resolved": 1}


def test_what_a_clock_that_was_ahead_has_ended_opens_again(plant: Plant) -> None:
    plant.fires()
    plant.see(look(at=(plant.now + timedelta(hours=2)).isoformat()))
    plant.wait(minutes=11)

    opened = plant.see(look(firing(), at=plant.now.isoformat()))

    assert opened == {"opened": 1, "worse": 0, "reopened": 0, "resolved": 0}


def test_an_event_is_one_for_ever(plant: Plant) -> None:
    ended = firing("run_failed", subject="7", is_event=True)
    for _ in range(3):
        plant.see(look(ended))
        plant.wait(hours=3)

    [alert] = plant.alerts()
    assert (alert["opened_at"], alert["resolved_at"], alert["is_event"]) == (BEGIN, BEGIN, True)
    assert plant.history() == ["opened"]


def test_a_look_that_a_newer_success_refutes_says_neither_what_fires_nor_what_is_well(
    plant: Plant, service: Api
) -> None:
    plant.see(look(firing(OTHER_RULE)))
    service.call("claim_run", p_claim=claim(1, slot=NEXT_SLOT))
    service.call("commit_live_pulse", p_fence=fence(1), p_commit=commit())
    plant.wait(minutes=20)

    for known in (SLOT, "-infinity"):
        assert plant.see(look(firing(RULE), slot=known)) is None
    assert plant.see(look(firing(RULE), slot=NEXT_SLOT)) == {**OPENED, "resolved": 1}


def test_an_older_slot_that_ends_later_does_not_end_what_a_newer_one_has_seen(
    plant: Plant, service: Api
) -> None:
    service.call("claim_run", p_claim=claim(1, slot=NEXT_SLOT))
    newer = commit(alerts=[look(firing(), slot=NEXT_SLOT)])
    service.call("commit_live_pulse", p_fence=fence(1), p_commit=newer)
    service.call("claim_run", p_claim=claim(2))
    service.call("commit_live_pulse", p_fence=fence(2), p_commit=commit(alerts=[look(slot=SLOT)]))

    [alert] = plant.alerts()
    assert alert["resolved_at"] is None


ENDS: dict[str, tuple[dict[str, Any], str, dict[str, Any]]] = {
    "commit_live_pulse": (claim(1), "p_commit", commit()),
    "commit_morning_report": (report_claim(1), "p_commit", report_commit()),
    "complete_run": (claim(1, pipeline="cleanup"), "p_completion", completion()),
    "fail_run": (claim(1), "p_failure", failure(is_retryable=True)),
}


@pytest.mark.parametrize("function", ENDS)
def test_the_end_of_a_run_applies_what_it_saw_once(plant: Plant, service: Api, function: str) -> None:
    claimed, argument, body = ENDS[function]
    service.call("claim_run", p_claim=claimed, p_now=CLAIMED_AT)
    seen = {argument: {**body, "alerts": [look(firing())]}, "p_fence": fence(1), "p_now": COMMITTED_AT}

    answer = service.call(function, **seen)
    plant.now = BEGIN + timedelta(minutes=1)
    plant.is_well()
    repeated = service.call(function, **seen)

    assert answer["alerts"] == OPENED
    assert repeated["answer"] == "repeated"
    assert "alerts" not in repeated
    [alert] = plant.alerts()
    assert (alert["opened_at"].isoformat(), alert["resolved_at"]) == (COMMITTED_AT, plant.now)


@pytest.mark.parametrize("function", ENDS)
def test_a_run_that_lost_its_lease_applies_nothing(plant: Plant, service: Api, function: str) -> None:
    claimed, argument, body = ENDS[function]
    service.call("claim_run", p_claim=claimed, p_now=CLAIMED_AT)
    service.call("claim_run", p_claim={**claimed, "fence": fence(2)}, p_now=LEASE_EXPIRES_AT)
    seen = {argument: {**body, "alerts": [look(firing())]}, "p_fence": fence(1), "p_now": LEASE_EXPIRES_AT}

    answer = service.call(function, **seen)

    assert (answer["answer"], answer.get("alerts")) == ("fenced", None)
    assert plant.alerts() == []


@pytest.mark.parametrize("function", ENDS)
def test_a_run_of_older_code_ends_as_before(plant: Plant, service: Api, function: str) -> None:
    claimed, argument, body = ENDS[function]
    service.call("claim_run", p_claim=claimed, p_now=CLAIMED_AT)

    answer = service.call(function, **{argument: body, "p_fence": fence(1)})

    assert answer["answer"] in ("committed", "failed")
    assert "alerts" not in answer


@pytest.mark.parametrize("function", ENDS)
def test_a_run_with_nothing_seen_changes_no_alerts(plant: Plant, service: Api, function: str) -> None:
    plant.fires()
    claimed, argument, body = ENDS[function]
    service.call("claim_run", p_claim=claimed, p_now=CLAIMED_AT)

    answer = service.call(function, **{argument: {**body, "alerts": None}, "p_fence": fence(1)})

    assert (answer["answer"] in ("committed", "failed"), answer["alerts"]) == (True, None)
    assert plant.history() == ["opened"]


def test_a_part_of_a_commit_applies_its_alerts(plant: Plant, service: Api, assets: dict[str, int]) -> None:
    service.call("claim_run", p_claim=claim(1), p_now=CLAIMED_AT)
    part = commit(snapshot(assets["PRESS-01"]), is_final=False, alerts=[look(firing(), slot=SLOT)])

    answer = service.call("commit_live_pulse", p_fence=fence(1), p_commit=part, p_now=COMMITTED_AT)
    service.call("commit_live_pulse", p_fence=fence(1), p_commit=part, p_now=COMMITTED_AT)
    service.call("commit_live_pulse", p_fence=fence(1), p_commit=commit(), p_now=COMMITTED_AT)

    assert answer["alerts"] == OPENED
    assert plant.history() == ["opened"]


def test_health_applies_what_it_saw(plant: Plant, service: Api) -> None:
    answer = service.call("watch_alerts", p_seen=[look(firing())], p_now=BEGIN.isoformat())
    again = service.call("watch_alerts", p_seen=[look(firing())], p_now=BEGIN.isoformat())

    assert (answer, again) == ({"alerts": OPENED}, {"alerts": None})


def record(service: Api, number: int, *events: dict[str, Any], severity: str | None = "critical") -> Any:
    return service.call(
        "record_safety_events", p_fence=fence(number), p_events=list(events), p_alert_severity=severity
    )


def poll(
    service: Api, number: int, slot: str, *events: dict[str, Any], severity: str | None = "critical"
) -> Any:
    service.call("claim_run", p_claim=claim(number, slot=slot))
    answer = record(service, number, *events, severity=severity)
    service.call("commit_live_pulse", p_fence=fence(number), p_commit=commit())
    return answer


@pytest.mark.usefixtures("assets")
def test_an_event_that_was_recorded_before_alerts_opens_none(plant: Plant, service: Api) -> None:
    poll(service, 1, SLOT, event(), severity=None)

    answer = poll(service, 2, NEXT_SLOT, event())

    assert answer["alerts_opened"] == 0
    assert plant.alerts() == []


@pytest.mark.usefixtures("assets")
def test_a_safety_event_that_every_poll_reads_has_one_alert_for_ever(plant: Plant, service: Api) -> None:
    first = poll(service, 1, SLOT, event())
    service.call("acknowledge_safety_events", p_event_ids=[1], p_by="ada")
    second = poll(service, 2, NEXT_SLOT, event(details="read again"))
    lost_reply = record(service, 1, event())

    assert (first["alerts_opened"], second["alerts_opened"], lost_reply["alerts_opened"]) == (1, 0, 0)
    [alert] = plant.alerts()
    assert (alert["rule"], alert["severity"], alert["safety_event_id"]) == ("safety_event", "critical", 1)
    assert alert["facts"]["asset"] == "Press 1"
    assert alert["is_told_when_over"]
    assert plant.history() == ["opened", "acknowledged", "resolved"]


@pytest.mark.usefixtures("assets")
def test_the_index_alone_refuses_a_second_alert_of_a_safety_event(plant: Plant, service: Api) -> None:
    poll(service, 1, SLOT, event())
    service.call("acknowledge_safety_events", p_event_ids=[1], p_by="ada")

    rows = plant.rows(
        """
        insert into public.alerts (
          rule, plant, scope, subject, severity, safety_event_id, opened_at, observed_at, last_seen_at
        )
        select rule, plant, scope, 'other', severity, safety_event_id, opened_at, observed_at, last_seen_at
        from public.alerts on conflict do nothing returning id
        """
    )

    assert rows == []


@pytest.mark.usefixtures("assets")
def test_an_incident_that_was_signed_before_alerts_were_on_opens_none(plant: Plant, service: Api) -> None:
    service.call("claim_run", p_claim=claim(1))
    record(service, 1, event(), event(source_id="x"), event(source_id="y"), severity=None)
    service.call("acknowledge_safety_events", p_event_ids=[1], p_by="ada")
    plant.database.execute(
        """
        update public.safety_events
        set is_resolved = true, resolved_by_name = 'ada', resolution = 'ok'
        where id = 2
        """
    )

    assert record(service, 1, event(), event(source_id="x"), event(source_id="y"))["alerts_opened"] == 1
    assert [alert["safety_event_id"] for alert in plant.alerts()] == [3]


@pytest.mark.usefixtures("assets")
def test_an_incident_stays_open_whatever_a_run_sees(plant: Plant, service: Api) -> None:
    poll(service, 1, SLOT, event())

    plant.is_well()
    plant.see(look(scope="safety"))

    assert plant.alerts()[0]["resolved_at"] is None


SIGNATURES: dict[str, tuple[Callable[[Api, Api], object], str | None]] = {
    "an acknowledgement by name": (
        lambda service, _: service.call("acknowledge_safety_events", p_event_ids=[1], p_by="ada"),
        "ada",
    ),
    "a resolution by name": (
        lambda service, _: service.call(
            "resolve_safety_events", p_event_ids=[1], p_by="ada", p_resolution="guard fitted"
        ),
        "ada",
    ),
    "an acknowledgement of the alert by name": (
        lambda service, _: service.call("acknowledge_alerts", p_alert_ids=[1], p_by="ada"),
        "ada",
    ),
    "an operator's acknowledgement": (
        lambda _, operator: operator.update("safety_events", {"is_acknowledged": True}, id="eq.1"),
        None,
    ),
    "an operator's acknowledgement of the alert": (
        lambda _, operator: operator.update("alerts", {"is_acknowledged": True}, id="eq.1"),
        None,
    ),
    "a resolution that nobody acknowledged": (
        lambda service, _: service.update(
            "safety_events", {"is_resolved": True, "resolved_by_name": "ada", "resolution": "ok"}, id="eq.1"
        ),
        "ada",
    ),
}


@pytest.mark.usefixtures("assets", "members")
@pytest.mark.parametrize("signature", SIGNATURES)
def test_whoever_signs_an_incident_ends_its_alert(
    plant: Plant, service: Api, api_of: Callable[[str], Api], signature: str
) -> None:
    sign, name = SIGNATURES[signature]
    poll(service, 1, SLOT, event())

    sign(service, api_of("operator"))

    [alert] = plant.alerts()
    [incident] = plant.rows("select * from public.safety_events")
    assert alert["resolved_at"] is not None
    assert (alert["is_acknowledged"], alert["acknowledged_by_name"]) == (True, name)
    assert (alert["acknowledged_by"] is None) == (name is not None)
    assert incident["is_acknowledged"] or incident["is_resolved"]
    assert plant.history() == ["opened", "acknowledged", "resolved"]


def test_an_acknowledgement_ends_nothing_and_stays_its_signers(plant: Plant) -> None:
    plant.fires()
    plant.acknowledge(1)
    plant.ask("select public.acknowledge_alerts('{1}', 'bob')")

    [alert] = plant.alerts()
    assert (alert["resolved_at"], alert["acknowledged_by_name"]) == (None, "ada")
    assert plant.history() == ["opened", "acknowledged"]


def test_of_alerts_with_an_unknown_one_among_them_none_is_acknowledged(plant: Plant, service: Api) -> None:
    plant.fires()

    answer = service.call("acknowledge_alerts", p_alert_ids=[9, 1, 8], p_by="ada")

    assert answer == {"answer": "unknown", "alert_ids": [8, 9]}
    assert plant.history() == ["opened"]


def test_a_user_cannot_take_back_an_acknowledgement(
    plant: Plant, members: None, api_of: Callable[[str], Api]
) -> None:
    plant.fires()
    plant.acknowledge(1)

    assert api_of("operator").update("alerts", {"is_acknowledged": False}, id="eq.1") == "42501"
    assert plant.alerts()[0]["acknowledged_by_name"] == "ada"


def test_new_alerts_are_looked_up_one_by_one_and_nobody_reads_all_that_ever_ended(
    supabase: SupabaseAccess, database: Connection
) -> None:
    database.execute(
        """
        insert into public.alerts (
          rule, plant, scope, subject, severity, opened_at, observed_at, last_seen_at, resolved_at
        )
        select 'overdue', 'northfield', 'live_pulse', 'past ' || n, 'warning', now(), now(), now(), now()
        from generate_series(1, 2000) as n
        """
    )
    seen = Jsonb([look(*(firing(subject=str(one)) for one in range(20)))])

    # A new session: it has no plan from when the table was empty.
    with supabase.connect() as connection, connection.transaction():
        session = Plant(connection)
        changed = session.ask("select public.apply_alerts(%s, now()) as changed", seen)
        [reads] = session.rows(
            "select seq_scan, idx_scan from pg_stat_xact_user_tables where relid = 'public.alerts'::regclass"
        )

    assert changed["opened"] == 20
    assert reads["seq_scan"] == 0
    # Is it open, has it ended, and once for the history; and what is open there, twice.
    assert reads["idx_scan"] <= 20 * 4 + 5
