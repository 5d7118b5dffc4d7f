"""Safety events: each incident once, none lost, and what was signed stays signed."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.database.api import Api
from tests.database.conftest import Connection
from tests.database.protocol import CLAIMED_AT, LEASE_EXPIRES_AT, claim, commit, event, failure, fence
from tests.patience import ENDS_S

One = Callable[..., dict[str, Any]]
Count = Callable[[str], int]

RECORDED = {"recorded": 1, "updated": 0, "unchanged": 0}
UPDATED = {"recorded": 0, "updated": 1, "unchanged": 0}
UNCHANGED = {"recorded": 0, "updated": 0, "unchanged": 1}


@pytest.fixture
def press(service: Api, assets: dict[str, int]) -> int:
    """The id of PRESS-01, in a plant whose poll with fence 1 is running."""
    service.call("claim_run", p_claim=claim(1), p_now=CLAIMED_AT)
    return assets["PRESS-01"]


def record(service: Api, *events: dict[str, Any]) -> dict[str, int]:
    """Record events with fence 1; return the counts."""
    answer = service.call("record_safety_events", p_fence=fence(1), p_events=list(events), p_now=CLAIMED_AT)
    return {name: answer[name] for name in ("recorded", "updated", "unchanged")}


def fill_with_unmapped_assets(database: Connection, number: int) -> None:
    database.execute(
        """
        insert into public.assets (plant, name, source_name, is_mapped)
        select 'northfield', 'dirt', 'DIRT-' || number, false
        from generate_series(1, %s) as number
        """,
        (number,),
    )


def test_an_incident_is_recorded_and_returned_as_new(service: Api, press: int, one: One) -> None:
    answer = service.call("record_safety_events", p_fence=fence(1), p_events=[event()], p_now=CLAIMED_AT)

    assert answer == {
        **RECORDED,
        "new_events": [
            {
                "safety_event_id": 1,
                "asset_id": press,
                "source_asset": "PRESS-01",
                "event_timestamp": "2026-11-22T05:41:00+00:00",
                "reason_code": "Safety Issue",
                "severity": "critical",
            }
        ],
    }
    row = one("select * from public.safety_events")
    assert (row["plant"], row["asset_id"], row["run_id"]) == ("northfield", press, 1)
    assert row["event_timestamp"].isoformat() == "2026-11-22T05:41:00+00:00"
    assert row["source_timestamp"].isoformat() == "2026-11-21T23:41:00"
    assert (row["downtime_minutes"], row["details"]) == (12, "light curtain broken")
    assert (row["is_acknowledged"], row["is_resolved"]) == (False, False)
    assert row["recorded_at"].isoformat() == CLAIMED_AT


@pytest.mark.usefixtures("press")
def test_recording_nothing_is_nothing(service: Api, count: Count) -> None:
    assert record(service) == {"recorded": 0, "updated": 0, "unchanged": 0}
    assert count("safety_events") == 0


@pytest.mark.usefixtures("press")
@pytest.mark.parametrize("source_id", [None, "4711"])
def test_the_same_incident_seen_by_two_polls_is_one(service: Api, one: One, source_id: str | None) -> None:
    record(service, event(source_id=source_id))
    before = one("select xmin::text, * from public.safety_events")
    service.call("claim_run", p_claim=claim(2), p_now=LEASE_EXPIRES_AT)

    answer = service.call(
        "record_safety_events",
        p_fence=fence(2),
        p_events=[event(source_id=source_id)],
        p_now=LEASE_EXPIRES_AT,
    )

    assert answer == {**UNCHANGED, "new_events": []}
    assert one("select xmin::text, * from public.safety_events") == before


@pytest.mark.usefixtures("press")
def test_a_call_whose_reply_was_lost_tells_its_news_again(service: Api, one: One) -> None:
    first = service.call("claim_run", p_claim=claim(1), p_now=CLAIMED_AT)
    told = service.call("record_safety_events", p_fence=fence(1), p_events=[event()])
    before = one("select xmin::text, * from public.safety_events")

    again = service.call("record_safety_events", p_fence=fence(1), p_events=[event()])

    assert first["answer"] == "claimed"
    assert len(told["new_events"]) == 1
    assert again == {**told, "recorded": 0, "unchanged": 1}
    assert one("select xmin::text, * from public.safety_events") == before


@pytest.mark.usefixtures("press")
def test_an_incident_without_id_is_known_by_asset_time_and_reason_however_typed(
    service: Api, count: Count
) -> None:
    record(service, event())

    retyped = event(source_asset=" press-01", reason_code="safety  issue ")

    assert record(service, retyped) == UPDATED
    assert count("safety_events") == 1


@pytest.mark.usefixtures("press")
@pytest.mark.parametrize(
    "changes",
    [
        {"reason_code": "Lockout"},
        {"source_timestamp": "2026-11-21T23:42:00"},
        {"source_asset": "OVEN-02"},
        {"source_id": "4711"},
    ],
)
def test_another_kind_minute_asset_or_id_is_another_incident(
    service: Api, count: Count, changes: dict[str, Any]
) -> None:
    assert record(service, event(), event(**changes)) == {"recorded": 2, "updated": 0, "unchanged": 0}
    assert count("safety_events") == 2


@pytest.mark.usefixtures("press")
def test_the_repeated_autumn_hour_does_not_make_two_of_one(service: Api, count: Count) -> None:
    record(service, event(source_timestamp="2026-11-01T01:30:00", event_timestamp="2026-11-01T06:30:00Z"))

    resolved_otherwise = event(source_timestamp="2026-11-01T01:30:00", event_timestamp="2026-11-01T07:30:00Z")

    assert record(service, resolved_otherwise) == UPDATED
    assert count("safety_events") == 1


@pytest.mark.usefixtures("press")
@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("details", "light curtain broken, maintenance called"),
        ("downtime_minutes", 45),
        ("severity", "high"),
        ("reason_code", "Lockout"),
        ("event_timestamp", "2026-11-22T05:42:00+00:00"),
    ],
)
def test_what_the_source_changed_later_updates_the_incident(
    service: Api, one: One, column: str, value: str | int
) -> None:
    record(service, event(source_id="4711"))

    assert record(service, event(source_id="4711", **{column: value})) == UPDATED

    kept = one(f"select {column} as value, recorded_at from public.safety_events")
    assert (kept["value"].isoformat() if column == "event_timestamp" else kept["value"]) == value


def test_one_id_on_another_asset_or_day_is_another_incident(
    service: Api, assets: dict[str, int], database: Connection
) -> None:
    service.call("claim_run", p_claim=claim(1), p_now=CLAIMED_AT)
    record(service, event(source_id="77"))
    database.execute(
        "update public.safety_events set is_resolved = true, resolved_by_name = 'Ann', resolution = 'mended'"
    )
    elsewhere = event(source_id="77", source_asset="OVEN-02")
    a_month_on = event(
        source_id="77", source_timestamp="2026-12-22T06:31:00", event_timestamp="2026-12-22T12:31:00Z"
    )

    answer = record(service, elsewhere, a_month_on)

    assert answer == {"recorded": 2, "updated": 0, "unchanged": 0}
    resolved = database.execute("select is_resolved from public.safety_events order by id").fetchall()
    assert [row["is_resolved"] for row in resolved] == [True, False, False]


def test_an_incident_stays_with_its_mapped_asset_when_that_is_renamed(
    service: Api, assets: dict[str, int], one: One, database: Connection
) -> None:
    service.call("claim_run", p_claim=claim(1), p_now=CLAIMED_AT)
    record(service, event(source_id="77"))
    database.execute("update public.assets set source_name = 'PRESS-01-NEW' where source_name = 'PRESS-01'")

    record(service, event(source_id="77", details="seen again"))

    assert one("select asset_id, details from public.safety_events") == {
        "asset_id": assets["PRESS-01"],
        "details": "seen again",
    }


@pytest.mark.usefixtures("press")
@pytest.mark.parametrize(
    ("changes", "stored"),
    [
        ({"severity": None}, {"severity": "critical"}),
        ({"reason_code": " "}, {"reason_code": "(unknown)"}),
        ({"reason_code": None}, {"reason_code": "(unknown)"}),
        ({"downtime_minutes": "NaN"}, {"downtime_minutes": None}),
        ({"downtime_minutes": "Infinity"}, {"downtime_minutes": None}),
    ],
)
def test_no_missing_field_is_a_reason_to_lose_an_incident(
    service: Api, one: One, changes: dict[str, Any], stored: dict[str, Any]
) -> None:
    assert record(service, event(**changes)) == RECORDED
    row = one("select severity, reason_code, downtime_minutes from public.safety_events")
    assert {name: row[name] for name in stored} == stored


@pytest.mark.usefixtures("press")
def test_a_blank_id_is_no_id(service: Api, count: Count) -> None:
    events = event(source_id=" "), event(source_id="", source_asset="OVEN-02")

    assert record(service, *events)["recorded"] == 2
    assert count("safety_events") == 2


@pytest.mark.usefixtures("press")
def test_an_incident_that_comes_twice_in_one_call_is_one_as_it_came_last(service: Api, one: One) -> None:
    assert record(service, event(details="first"), event(details="second")) == RECORDED
    assert one("select details from public.safety_events") == {"details": "second"}


@pytest.mark.usefixtures("press")
def test_an_unknown_name_is_registered_as_an_unmapped_asset(service: Api, one: One, count: Count) -> None:
    record(service, event(source_asset=" ROBOT 7 "))
    record(service, event(source_asset="robot  7", details="again"))

    asset = one("select id, plant, name, source_key, is_mapped from public.assets where not is_mapped")
    assert (asset["plant"], asset["name"], asset["source_key"]) == ("northfield", "ROBOT 7", "robot 7")
    assert one("select asset_id from public.safety_events") == {"asset_id": asset["id"]}
    assert count("assets") == 4


@pytest.mark.usefixtures("press")
def test_beyond_the_cap_one_asset_stands_for_all_unknown_names(
    service: Api, one: One, database: Connection
) -> None:
    fill_with_unmapped_assets(database, 199)

    answer = record(service, event(source_asset="A"), event(source_asset="B"), event(source_asset="C"))

    assert answer["recorded"] == 3
    rows = database.execute(
        """
        select event.source_asset, asset.source_name
        from public.safety_events as event
        join public.assets as asset on asset.id = event.asset_id
        order by event.source_asset
        """
    ).fetchall()
    assert [(row["source_asset"], row["source_name"]) for row in rows] == [
        ("A", "A"),
        ("B", "(unknown assets)"),
        ("C", "(unknown assets)"),
    ]
    assert one("select count(*) as number from public.assets where not is_mapped") == {"number": 201}


@pytest.mark.usefixtures("press")
@pytest.mark.parametrize("name", [None, "", "  ", "x" * 5000, "(Unknown Assets)"])
def test_no_name_is_a_reason_to_lose_an_incident(service: Api, one: One, name: str | None) -> None:
    assert record(service, event(source_asset=name)) == RECORDED
    assert record(service, event(source_asset=name)) == UNCHANGED

    row = one(
        """
        select asset.source_name, event.source_asset
        from public.safety_events as event
        join public.assets as asset on asset.id = event.asset_id
        """
    )
    assert row == {"source_name": "(unknown assets)", "source_asset": name or ""}


@pytest.mark.usefixtures("press")
def test_a_name_that_is_mapped_later_gets_its_incident_from_the_stand_in(
    service: Api, database: Connection, one: One
) -> None:
    fill_with_unmapped_assets(database, 200)
    record(service, event(source_asset="Z-1"))
    mapped = database.execute(
        "insert into public.assets (plant, name, source_name) values ('northfield', 'Z', 'Z-1') returning id"
    ).fetchone()

    assert record(service, event(source_asset="Z-1")) == UPDATED
    assert one("select asset_id as id from public.safety_events") == mapped


@pytest.mark.usefixtures("press")
def test_minutes_that_cannot_be_are_dropped_not_the_incident(service: Api, one: One) -> None:
    assert record(service, event(downtime_minutes=-3)) == RECORDED
    assert one("select downtime_minutes from public.safety_events") == {"downtime_minutes": None}


@pytest.mark.usefixtures("press")
def test_a_plants_event_never_takes_another_plants_asset(
    service: Api, assets: dict[str, int], one: One
) -> None:
    record(service, event(source_asset="SAW-01"))

    row = one("select asset_id, plant from public.safety_events")
    assert row["plant"] == "northfield"
    assert row["asset_id"] not in assets.values()


@pytest.mark.usefixtures("press")
@pytest.mark.parametrize("end", ["committed", "failed", "abandoned"])
def test_a_run_that_has_ended_may_still_record(service: Api, count: Count, end: str) -> None:
    if end == "committed":
        service.call("commit_live_pulse", p_fence=fence(1), p_commit=commit())
    elif end == "failed":
        service.call("fail_run", p_fence=fence(1), p_failure=failure(is_retryable=True))
    else:
        service.call("claim_run", p_claim=claim(2), p_now=LEASE_EXPIRES_AT)

    assert record(service, event()) == RECORDED
    assert count("safety_events") == 1


@pytest.mark.usefixtures("press")
def test_an_unknown_fence_records_nothing(service: Api, count: Count) -> None:
    assert service.refusal("record_safety_events", p_fence=fence(2), p_events=[event()]) == "P0001"
    assert count("safety_events") == 0


@pytest.mark.usefixtures("press")
@pytest.mark.parametrize(
    ("changes", "sqlstate"),
    [
        ({"event_timestamp": None}, "23502"),
        ({"source_timestamp": None}, "23502"),
        ({"source_timestamp": "yesterday noonish"}, "22007"),
        ({"severity": "fatal"}, "23514"),
        ({"downtime_minutes": "long"}, "22P02"),
    ],
)
def test_a_bad_event_takes_the_whole_call_with_it(
    service: Api, count: Count, changes: dict[str, Any], sqlstate: str
) -> None:
    events = [event(source_asset="NEW"), event(source_id="1", **changes)]

    assert service.refusal("record_safety_events", p_fence=fence(1), p_events=events) == sqlstate

    assert count("safety_events") == 0
    assert count("assets") == 3


@pytest.mark.usefixtures("press")
def test_simultaneous_recordings_of_new_names_neither_block_nor_double(service: Api, count: Count) -> None:
    recorders = 8
    barrier = Barrier(recorders)
    events = [event(source_asset=f"NEW-{number}") for number in range(10)]

    def record_at_once(number: int) -> int:
        barrier.wait(timeout=ENDS_S)
        return record(service, *(events if number % 2 else reversed(events)))["recorded"]

    with ThreadPoolExecutor(recorders) as pool:
        recorded = list(pool.map(record_at_once, range(recorders)))

    assert sum(recorded) == 10
    assert count("safety_events") == 10
    assert count("assets") == 13


TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1, max_size=20)


@settings(max_examples=60, deadline=None)
@given(source_id=st.none() | TEXTS, asset=TEXTS, reason=TEXTS)
def test_the_identity_column_and_function_agree(
    connection: Connection, source_id: str | None, asset: str, reason: str
) -> None:
    with connection.transaction(force_rollback=True):
        connection.execute(
            "insert into public.assets (plant, name, source_name) values ('northfield', 'Any', 'ANY')"
        )
        row = connection.execute(
            """
            insert into public.safety_events (
              plant, asset_id, source_id, source_asset, event_timestamp, source_timestamp, reason_code
            )
            select 'northfield', id, %(id)s, %(asset)s, now(), '2026-11-22 06:31', 'x' || %(reason)s
            from public.assets
            returning
              identity,
              public.safety_identity(source_id, source_asset, source_timestamp, reason_code) as expected
            """,
            {"id": source_id, "asset": asset, "reason": reason},
        ).fetchone()

    assert row is not None
    assert row["identity"] == row["expected"]
