"""Acknowledging and resolving a safety event: the database signs, and what is signed stays signed."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.database.api import USERS, Api
from tests.database.conftest import Connection
from tests.database.protocol import claim, event, fence

One = Callable[..., dict[str, Any]]


@pytest.fixture
def incident(service: Api, assets: dict[str, int], members: None) -> None:
    """Safety event 1, of PRESS-01 in northfield, recorded by the run with fence 1."""
    service.call("claim_run", p_claim=claim(1))
    service.call("record_safety_events", p_fence=fence(1), p_events=[event(source_id="4711")])


@pytest.mark.usefixtures("incident")
@pytest.mark.parametrize("role", ["operator", "manager", "director"])
def test_the_database_writes_who_acknowledged_and_when(
    api_of: Callable[[str], Api], one: One, role: str
) -> None:
    assert api_of(role).update("safety_events", {"is_acknowledged": True}, id="eq.1") == "rows"

    row = one(
        """
        select
          is_acknowledged, acknowledged_by::text, acknowledged_by_name, is_resolved,
          clock_timestamp() - acknowledged_at < interval '1 minute' as is_just_now
        from public.safety_events
        """
    )
    assert row == {
        "is_acknowledged": True,
        "acknowledged_by": USERS[role],
        "acknowledged_by_name": None,
        "is_resolved": False,
        "is_just_now": True,
    }


@pytest.mark.usefixtures("incident")
def test_the_database_writes_who_resolved_and_when(api_of: Callable[[str], Api], one: One) -> None:
    changes = {"is_resolved": True, "resolution": "curtain replaced"}

    assert api_of("manager").update("safety_events", changes, id="eq.1") == "rows"

    row = one(
        """
        select
          is_resolved, resolved_by::text, resolution,
          resolved_at is not null as is_dated, is_acknowledged, acknowledged_by::text
        from public.safety_events
        """
    )
    assert row == {
        "is_resolved": True,
        "resolved_by": USERS["manager"],
        "resolution": "curtain replaced",
        "is_dated": True,
        "is_acknowledged": True,
        "acknowledged_by": USERS["manager"],
    }


@pytest.mark.usefixtures("incident")
@pytest.mark.parametrize("words", [{}, {"resolution": None}, {"resolution": ""}, {"resolution": " \n"}])
def test_nobody_resolves_an_incident_without_words(
    api_of: Callable[[str], Api], one: One, words: dict[str, Any]
) -> None:
    for role in ("operator", "service_role"):
        by = {"resolved_by_name": "Ann"} if role == "service_role" else {}
        answer = api_of(role).update("safety_events", {"is_resolved": True} | words | by, id="eq.1")
        assert answer == "23514"

    assert one("select is_resolved, is_acknowledged from public.safety_events") == {
        "is_resolved": False,
        "is_acknowledged": False,
    }


@pytest.mark.usefixtures("incident")
def test_who_resolves_does_not_become_who_acknowledged(api_of: Callable[[str], Api], one: One) -> None:
    api_of("operator").update("safety_events", {"is_acknowledged": True}, id="eq.1")

    api_of("manager").update("safety_events", {"is_resolved": True, "resolution": "mended"}, id="eq.1")

    row = one("select acknowledged_by::text, resolved_by::text from public.safety_events")
    assert row == {"acknowledged_by": USERS["operator"], "resolved_by": USERS["manager"]}


@pytest.mark.usefixtures("incident")
@pytest.mark.parametrize(
    "forged",
    [
        {"acknowledged_by": USERS["manager"]},
        {"acknowledged_by_name": "the boss"},
        {"acknowledged_at": "2020-01-01T00:00:00Z"},
        {"resolved_by": USERS["manager"]},
        {"resolved_at": "2020-01-01T00:00:00Z"},
        {"details": "nothing happened"},
        {"severity": "low"},
        {"asset_id": 2},
        {"plant": "southfield"},
    ],
)
def test_nobody_signs_for_another_or_rewrites_the_incident(
    api_of: Callable[[str], Api], one: One, forged: dict[str, Any]
) -> None:
    before = one("select * from public.safety_events")

    answer = api_of("operator").update("safety_events", {"is_acknowledged": True, **forged}, id="eq.1")

    assert answer == "42501"
    assert one("select * from public.safety_events") == before


@pytest.mark.usefixtures("incident")
@pytest.mark.parametrize("role", ["viewer", "neighbour", "stranger"])
def test_who_may_not_sign_changes_nothing(api_of: Callable[[str], Api], one: One, role: str) -> None:
    before = one("select * from public.safety_events")

    assert api_of(role).update("safety_events", {"is_acknowledged": True}, id="eq.1") == "nothing"
    assert one("select * from public.safety_events") == before


@pytest.mark.usefixtures("incident")
@pytest.mark.parametrize(
    ("withdrawal", "refusal"),
    [
        ({"is_acknowledged": False}, "42501"),
        ({"is_resolved": False}, "42501"),
        ({"resolution": "never mind"}, "PT409"),
        ({"is_resolved": True, "resolution": "called the electrician"}, "PT409"),
    ],
)
def test_a_user_cannot_take_back_what_was_signed(
    api_of: Callable[[str], Api], one: One, withdrawal: dict[str, Any], refusal: str
) -> None:
    signed = {"is_acknowledged": True, "is_resolved": True, "resolution": "curtain replaced"}
    api_of("operator").update("safety_events", signed, id="eq.1")
    before = one("select * from public.safety_events")

    assert api_of("manager").update("safety_events", withdrawal, id="eq.1") == refusal
    assert one("select * from public.safety_events") == before


@pytest.mark.usefixtures("incident")
def test_acknowledging_again_keeps_the_first_signature(api_of: Callable[[str], Api], one: One) -> None:
    api_of("operator").update("safety_events", {"is_acknowledged": True}, id="eq.1")
    before = one("select * from public.safety_events")

    assert api_of("manager").update("safety_events", {"is_acknowledged": True}, id="eq.1") == "rows"
    assert one("select * from public.safety_events") == before


@pytest.mark.usefixtures("incident")
def test_the_service_signs_with_a_name_and_may_take_it_back(service: Api, one: One) -> None:
    signature = {"is_acknowledged": True, "acknowledged_by_name": "night watch"}

    assert service.update("safety_events", {"is_acknowledged": True}, id="eq.1") == "23514"
    assert service.update("safety_events", signature, id="eq.1") == "rows"
    named = one(
        "select acknowledged_by_name, acknowledged_at is not null as is_dated from public.safety_events"
    )
    assert service.update("safety_events", {"is_acknowledged": False}, id="eq.1") == "rows"
    withdrawn = one(
        "select acknowledged_by_name, acknowledged_at is not null as is_dated from public.safety_events"
    )

    assert named == {"acknowledged_by_name": "night watch", "is_dated": True}
    assert withdrawn == {"acknowledged_by_name": None, "is_dated": False}


@pytest.mark.usefixtures("incident")
def test_a_later_change_of_the_source_keeps_the_signatures(
    service: Api, api_of: Callable[[str], Api], one: One
) -> None:
    signed = {"is_acknowledged": True, "is_resolved": True, "resolution": "curtain replaced"}
    api_of("operator").update("safety_events", signed, id="eq.1")
    signatures = """
        select
          is_acknowledged, acknowledged_at, acknowledged_by, is_resolved, resolved_at, resolved_by, resolution
        from public.safety_events
    """
    before = one(signatures)

    changed = event(source_id="4711", details="more text")
    answer = service.call("record_safety_events", p_fence=fence(1), p_events=[changed])

    assert answer["updated"] == 1
    assert one(signatures) == before


@pytest.mark.usefixtures("incident")
def test_a_deleted_account_leaves_its_signature(
    api_of: Callable[[str], Api], database: Connection, one: One
) -> None:
    api_of("operator").update("safety_events", {"is_acknowledged": True}, id="eq.1")

    database.execute("delete from auth.users where id = %s", (USERS["operator"],))

    row = one("select acknowledged_by::text from public.safety_events")
    assert row == {"acknowledged_by": USERS["operator"]}
