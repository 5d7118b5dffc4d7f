"""Who signed is shown by the e-mail of their account, which comes from the token and from nowhere else."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from devstack.access import SupabaseAccess
from tests.database.api import USERS, Api
from tests.database.conftest import Connection
from tests.database.protocol import claim, event, fence
from tests.database.tags.polled import make_group
from tests.patience import ENDS_S

One = Callable[..., dict[str, Any]]
SignIn = Callable[..., Api]

pytestmark = pytest.mark.usefixtures("members", "assets")


@pytest.fixture
def sign_in(supabase: SupabaseAccess) -> Iterator[SignIn]:
    """The Data API as a user whose token has these claims."""
    opened: list[httpx.Client] = []

    def open_as(role: str, **claims: Any) -> Api:
        token = supabase.user_token(USERS[role], **claims)
        headers = {"apikey": supabase.publishable_key, "Authorization": f"Bearer {token}"}
        opened.append(httpx.Client(base_url=supabase.rest_url, headers=headers, timeout=ENDS_S))
        return Api(opened[-1])

    yield open_as
    for client in opened:
        client.close()


@pytest.fixture
def incident(service: Api, members: None, assets: dict[str, int]) -> None:
    """Safety event 1 of northfield, with alert 1."""
    service.call("claim_run", p_claim=claim(1))
    service.call("record_safety_events", p_fence=fence(1), p_events=[event()], p_alert_severity="critical")


@pytest.mark.usefixtures("incident")
def test_two_people_sign_an_incident_each_as_oneself(sign_in: SignIn, one: One) -> None:
    operator = sign_in("operator", email="ada@plant.example")
    manager = sign_in("manager", email="bob@plant.example")

    assert operator.update("safety_events", {"is_acknowledged": True}, id="eq.1") == "rows"
    words = {"is_resolved": True, "resolution": "guard fitted"}
    assert manager.update("safety_events", words, id="eq.1") == "rows"

    assert one(
        "select acknowledged_by_name, acknowledged_by::text, resolved_by_name, resolved_by::text, resolution"
        " from public.safety_events"
    ) == {
        "acknowledged_by_name": "ada@plant.example",
        "acknowledged_by": USERS["operator"],
        "resolved_by_name": "bob@plant.example",
        "resolved_by": USERS["manager"],
        "resolution": "guard fitted",
    }
    assert one("select acknowledged_by_name, resolved_at is not null as is_over from public.alerts") == {
        "acknowledged_by_name": "ada@plant.example",
        "is_over": True,
    }
    assert one("select by_name from public.alert_history where what = 'resolved'") == {
        "by_name": "ada@plant.example"
    }


@pytest.mark.usefixtures("incident")
def test_who_resolves_first_has_acknowledged_too(sign_in: SignIn, one: One) -> None:
    operator = sign_in("operator", email="ada@plant.example")

    assert operator.update("safety_events", {"is_resolved": True, "resolution": "ok"}, id="eq.1") == "rows"

    assert one("select acknowledged_by_name, resolved_by_name from public.safety_events") == {
        "acknowledged_by_name": "ada@plant.example",
        "resolved_by_name": "ada@plant.example",
    }


@pytest.mark.usefixtures("incident")
def test_an_acknowledged_alert_names_its_signer_and_signs_the_incident(sign_in: SignIn, one: One) -> None:
    operator = sign_in("operator", email="ada@plant.example")

    assert operator.update("alerts", {"is_acknowledged": True}, id="eq.1") == "rows"

    for table in ("alerts", "safety_events"):
        assert one(f"select acknowledged_by_name as name from public.{table}") == {
            "name": "ada@plant.example"
        }
    assert one("select by_name from public.alert_history where what = 'acknowledged'") == {
        "by_name": "ada@plant.example"
    }


def test_silences_and_commands_name_their_makers(sign_in: SignIn, database: Connection, one: One) -> None:
    operator = sign_in("operator", email="ada@plant.example")
    group_id = make_group(database)

    silence = {"plant": "northfield", "starts_at": "2026-11-22T06:00Z", "ends_at": "2026-11-22T07:00Z"}
    assert operator.insert("silences", {**silence, "why": "new die"}) == "rows"
    command = {"plant": "northfield", "group_id": group_id, "kind": "stop"}
    assert operator.insert("tag_commands", command) == "rows"

    assert one("select created_by_name, created_by::text from public.silences") == {
        "created_by_name": "ada@plant.example",
        "created_by": USERS["operator"],
    }
    assert one("select requested_by_name, requested_by::text from public.tag_commands") == {
        "requested_by_name": "ada@plant.example",
        "requested_by": USERS["operator"],
    }


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"email": "ada@plant.example", "user_metadata": {"full_name": "The Boss"}}, "ada@plant.example"),
        ({"user_metadata": {"full_name": "The Boss", "email": "boss@plant.example"}}, None),
        ({"email": "", "phone": "+4912345"}, "+4912345"),
        ({"email": " ", "phone": ""}, None),
        ({}, None),
        ({"email": "x" * 300 + "@plant.example"}, "x" * 200),
    ],
)
def test_only_what_auth_has_verified_is_a_name(
    sign_in: SignIn, claims: dict[str, Any], name: str | None
) -> None:
    assert sign_in("operator", **claims).call("signed_in_as") == name


@pytest.mark.usefixtures("incident")
def test_an_account_without_an_e_mail_signs_by_its_id(sign_in: SignIn, one: One) -> None:
    assert sign_in("operator").update("safety_events", {"is_acknowledged": True}, id="eq.1") == "rows"

    assert one("select acknowledged_by_name, acknowledged_by::text from public.safety_events") == {
        "acknowledged_by_name": None,
        "acknowledged_by": USERS["operator"],
    }


@pytest.mark.usefixtures("incident")
def test_the_service_signs_with_the_name_it_is_given(service: Api, one: One) -> None:
    service.call("acknowledge_safety_events", p_event_ids=[1], p_by="night watch")

    assert one("select acknowledged_by_name, acknowledged_by from public.safety_events") == {
        "acknowledged_by_name": "night watch",
        "acknowledged_by": None,
    }
