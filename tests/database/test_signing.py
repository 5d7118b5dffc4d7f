"""Acknowledging and resolving safety events without a user account: all or none, and nobody signs twice."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.database.api import Api
from tests.database.conftest import Connection


@pytest.fixture
def events(database: Connection, assets: dict[str, int]) -> None:
    """Three events of the press."""
    database.execute(
        """
        insert into public.safety_events (plant, asset_id, event_timestamp, source_timestamp, reason_code)
        select 'northfield', 1, at, at, 'Safety Issue'
        from generate_series('2026-11-22 06:00'::timestamp, '2026-11-22 08:00', '1 hour') as at
        """
    )


def signatures(database: Connection) -> list[dict[str, Any]]:
    return database.execute(
        """
        select id, acknowledged_by_name as seen_by, acknowledged_at as seen_at,
               resolved_by_name as resolved_by, resolved_at, resolution
        from public.safety_events order by id
        """
    ).fetchall()


@pytest.mark.usefixtures("events")
def test_several_events_are_acknowledged_at_once(service: Api, database: Connection) -> None:
    answer = service.call("acknowledge_safety_events", p_event_ids=[3, 1], p_by="ada")

    assert answer["answer"] == "signed"
    assert [(one["id"], one["is_changed"], one["asset"]) for one in answer["events"]] == [
        (1, True, "Press 1"),
        (3, True, "Press 1"),
    ]
    assert [row["seen_by"] for row in signatures(database)] == ["ada", None, "ada"]


@pytest.mark.usefixtures("events")
def test_a_second_acknowledgement_leaves_the_first_ones_name_and_time(
    service: Api, database: Connection
) -> None:
    service.call("acknowledge_safety_events", p_event_ids=[1], p_by="ada")
    before = signatures(database)

    answer = service.call("acknowledge_safety_events", p_event_ids=[1, 1], p_by="bob")

    assert [(one["is_changed"], one["acknowledged_by_name"]) for one in answer["events"]] == [(False, "ada")]
    assert signatures(database) == before


@pytest.mark.usefixtures("events")
@pytest.mark.parametrize("function", ["acknowledge_safety_events", "resolve_safety_events"])
def test_one_unknown_event_leaves_all_unsigned(service: Api, database: Connection, function: str) -> None:
    words = {"p_resolution": "guard fitted"} if function.startswith("resolve") else {}

    answer = service.call(function, p_event_ids=[2, 99, 98], p_by="ada", **words)

    assert answer == {"answer": "unknown", "event_ids": [98, 99]}
    assert [row["seen_by"] for row in signatures(database)] == [None, None, None]
    assert [row["resolved_by"] for row in signatures(database)] == [None, None, None]


@pytest.mark.usefixtures("events")
def test_what_is_resolved_is_acknowledged_by_the_same_person_unless_somebody_had(
    service: Api, database: Connection
) -> None:
    service.call("acknowledge_safety_events", p_event_ids=[1], p_by="ada")

    service.call("resolve_safety_events", p_event_ids=[1, 2], p_by="bob", p_resolution="guard fitted")

    rows = signatures(database)
    assert [(row["seen_by"], row["resolved_by"], row["resolution"]) for row in rows] == [
        ("ada", "bob", "guard fitted"),
        ("bob", "bob", "guard fitted"),
        (None, None, None),
    ]


@pytest.mark.usefixtures("events")
def test_a_second_resolution_leaves_the_words_of_the_first(service: Api, database: Connection) -> None:
    service.call("resolve_safety_events", p_event_ids=[1], p_by="ada", p_resolution="guard fitted")
    before = signatures(database)

    answer = service.call("resolve_safety_events", p_event_ids=[1], p_by="bob", p_resolution="nothing done")

    assert [(one["is_changed"], one["resolution"]) for one in answer["events"]] == [(False, "guard fitted")]
    assert signatures(database) == before


@pytest.mark.usefixtures("events")
def test_a_users_acknowledgement_gets_no_name_beside_it(service: Api, database: Connection) -> None:
    database.execute(
        """
        update public.safety_events set is_acknowledged = true,
            acknowledged_by = '00000000-0000-4000-8000-000000000003'
        where id = 1
        """
    )

    service.call("resolve_safety_events", p_event_ids=[1], p_by="bob", p_resolution="guard fitted")

    assert signatures(database)[0]["seen_by"] is None


@pytest.mark.usefixtures("events")
def test_a_signature_needs_a_name_and_a_resolution_needs_words(service: Api, database: Connection) -> None:
    assert service.refusal("acknowledge_safety_events", p_event_ids=[1], p_by="") == "23514"
    assert service.refusal("acknowledge_safety_events", p_event_ids=[1], p_by=None) == "23514"
    assert service.refusal("resolve_safety_events", p_event_ids=[1], p_by="a", p_resolution=" ") == "22023"
    assert signatures(database)[0]["seen_by"] is None


@pytest.mark.usefixtures("events")
def test_two_people_at_once_are_told_apart(
    api_of: Callable[[str], Api], service: Api, database: Connection
) -> None:
    answers: list[dict[str, Any]] = []

    def sign(name: str, ids: list[int]) -> None:
        answers.append(service.call("acknowledge_safety_events", p_event_ids=ids, p_by=name))

    threads = [
        threading.Thread(target=sign, args=(name, ids))
        for name, ids in (("ada", [1, 2, 3]), ("bob", [3, 2, 1]))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    changed = [sum(one["is_changed"] for one in answer["events"]) for answer in answers]
    assert sorted(changed) == [0, 3]
    assert len({row["seen_by"] for row in signatures(database)}) == 1
