"""What an edge runner says while it has nothing to poll."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from plantpulse.errors import StoreUnavailable
from plantpulse.settings.tags import TagsSettings
from plantpulse.tags.asked import Asking
from plantpulse.tags.edge import Edge
from plantpulse.tags.spooling import ANOTHER
from plantpulse.tags.spools import Spools
from tests.unit.tags.plc import Devices, Plc, Time


@dataclass
class Project:
    """A Supabase that can be away; another runner polls its group."""

    is_away: bool = True
    has_to_refuse: bool = False

    def within(self, seconds_left: Callable[[], float]) -> AbstractContextManager[None]:
        return nullcontext()

    def claim_tag_groups(self, claim: Mapping[str, Any], asking: Asking | None = None) -> dict[str, Any]:
        if self.is_away:
            raise StoreUnavailable("it did not answer")
        refused = [{"name": "Press", "reason": ANOTHER}]
        return {"at": datetime.now(UTC).isoformat(), "groups": [], "refused": refused}

    def put_tag_samples(self, put: Mapping[str, Any]) -> dict[str, Any]:
        assert self.has_to_refuse, "there is nothing to send"
        return {"later": [], "refused": [1], "lost": [1], "dropped": {}}


def test_a_runner_that_waits_says_once_that_supabase_is_away(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = Project()
    edge = Edge("north", project, Devices(Plc(Time())), TagsSettings(), tmp_path, 1 << 24)

    for is_away in (True, True, True, False, True, True):
        project.is_away = is_away
        edge._polled()

    assert capsys.readouterr().out.count("Supabase is away: nothing can be claimed") == 2


def test_a_runner_that_waits_says_once_that_it_keeps_samples(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spools = Spools.open(tmp_path, "before", datetime(2026, 11, 30, tzinfo=UTC), 1 << 24)
    spools.append([{"g": 1, "s": "2026-11-30T00:00:01+00:00", "v": [1]}])
    spools.close()
    project = Project(is_away=False, has_to_refuse=True)
    edge = Edge("north", project, Devices(Plc(Time())), TagsSettings(), tmp_path, 1 << 24)

    for _ in range(3):
        edge._polled()

    assert capsys.readouterr().out.count("samples wait on the disk") == 1
