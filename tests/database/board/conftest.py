"""The plant northfield on the board, empty at first, and those who look at it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from tests.database.api import Api
from tests.database.board.stories import Story
from tests.database.conftest import Connection

Board = Callable[..., dict[str, Any]]


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
