"""Which plants a user may poll by hand."""

import pytest

from tests.database.api import USERS, Api
from tests.database.conftest import Connection


@pytest.mark.usefixtures("members")
@pytest.mark.parametrize(
    ("user", "plants"),
    [
        ("manager", ["northfield"]),
        ("neighbour", ["southfield"]),
        ("director", ["*"]),
        ("operator", []),
        ("viewer", []),
        ("stranger", []),
    ],
)
def test_only_a_managers_plants_are_told(service: Api, user: str, plants: list[str]) -> None:
    assert service.call("managed_plants", p_user_id=USERS[user]) == {"plants": plants}


def test_several_plants_come_in_order(service: Api, database: Connection, members: None) -> None:
    database.execute(
        "insert into public.plant_members (user_id, plant, role)"
        " values (%s, 'westfield', 'manager'), (%s, 'eastfield', 'viewer'), (%s, 'centre', 'manager')",
        [USERS["manager"]] * 3,
    )

    told = service.call("managed_plants", p_user_id=USERS["manager"])

    assert told == {"plants": ["centre", "northfield", "westfield"]}


def test_what_is_no_id_is_refused(service: Api) -> None:
    assert service.refusal("managed_plants", p_user_id="nobody") == "22P02"
