"""The documents that the pages' other tests invent are such as the database's functions really give."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from devstack.members import sign_up
from devstack.migrations import REPOSITORY
from devstack.supabase import Supabase
from tests.board import everything, northfield
from tests.board.shapes import codes, complaints_of_typescript, shape

# What only a page's own address says; the rest are told the plant.
_ASKED: Final = {"board_plants": {}, "board_energy": {"p_subject": "BE"}}


@pytest.fixture(scope="module")
def documents(local_supabase: Supabase) -> Iterator[dict[str, Any]]:
    """What each function answers an operator of a plant that has something of everything."""
    with local_supabase.fresh_database() as access:
        with access.connect() as connection:
            press = everything.tell(connection)
        operator = sign_up(access, "operator", "northfield", "operator")
        found = {}
        for name in northfield.documents():
            arguments = {"p_now": everything.NOW.isoformat(), **_ASKED.get(name, {"p_plant": "northfield"})}
            of_asset = {"p_asset_id": press} if name == "board_asset" else {}
            answer = operator.send("POST", f"rpc/{name}", arguments | of_asset)
            assert answer.status_code == 200, (name, answer.text)
            found[name] = answer.json()
        yield found


@pytest.mark.parametrize("name", northfield.documents())
def test_what_is_invented_has_keys_and_types_of_the_real_thing(documents: dict[str, Any], name: str) -> None:
    real = set(shape(documents[name]))
    places = {place for place, _ in real}

    invented = {
        (place, kind)
        for place, kind in shape(northfield.documents()[name])
        # Whether a figure may be unknown says the compiler below: not every one is unknown here.
        if kind != "null" or place not in places
    }

    assert sorted(invented - real) == []


def test_the_real_thing_is_what_the_pages_take_it_for(documents: dict[str, Any], tmp_path: Path) -> None:
    assert complaints_of_typescript(documents, tmp_path) == ""


def test_what_is_invented_is_what_the_pages_take_it_for(tmp_path: Path) -> None:
    assert complaints_of_typescript(northfield.documents(), tmp_path) == ""


def test_every_code_that_is_invented_is_known_to_the_database_or_to_alerts() -> None:
    schema = (REPOSITORY / "supabase" / "schema.sql").read_text("utf-8")
    words = json.loads((REPOSITORY / "dashboard" / "src" / "words" / "alerts.json").read_text("utf-8"))
    told = {code for kind in words["en"].values() for code in kind}

    unknown = {
        (name, place, code)
        for name, document in northfield.documents().items()
        for place, code in codes(document)
        # Which series there are is a setting.
        if f"'{code}'" not in schema and code not in told and place != ".series[].kind"
    }

    assert sorted(unknown) == []
