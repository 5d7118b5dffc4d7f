"""The plant northfield on the board, empty at first, and those who look at it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.database.api import Api
from tests.database.board.stories import Story
from tests.database.conftest import Connection

Board = Callable[..., dict[str, Any]]
Figures = Callable[[datetime], dict[str, dict[str, Any]]]


@pytest.fixture
def story(database: Connection, members: None) -> Story:
    """Northfield, of which no poll has told anything yet."""
    return Story(database)


@pytest.fixture
def board(api_of: Callable[[str], Api]) -> Board:
    """Return northfield's board at a time, as a role sees it."""

    def look(now: datetime, role: str = "viewer", plant: str = "northfield") -> dict[str, Any]:
        told: dict[str, Any] = api_of(role).call("board", p_plant=plant, p_now=now.isoformat())
        return told

    return look


@pytest.fixture
def figures(api_of: Callable[[str], Api]) -> Figures:
    """Return what is added up for each machine of northfield, by its name, after the poll of a slot."""

    def look(as_of: datetime) -> dict[str, dict[str, Any]]:
        told = api_of("viewer").call(
            "board_machines",
            p_plant={"plant": "northfield", "slot_minutes": 15, "window_minutes": 30},
            p_asset_id=None,
            p_as_of=as_of.isoformat(),
            p_now=(as_of + timedelta(minutes=4)).isoformat(),
            p_slots=32,
        )
        return {one["name"]: one for one in told}

    return look
