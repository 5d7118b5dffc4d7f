"""How long a burst waits for a Supabase that is away."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from time import monotonic, sleep
from typing import Any

import pytest

from plantpulse.errors import StoreUnavailable
from plantpulse.settings.tags import TagsSettings
from plantpulse.tags.asked import Asking
from plantpulse.tags.burst import Burst
from tests.patience import PATIENT_S
from tests.unit.tags.plc import NOON, Devices, Plc, Time


@dataclass
class Project:
    """A Supabase that can be away, with one group that is read every second."""

    is_away: bool = False
    stored: list[str] = field(default_factory=list)

    def within(self, seconds_left: Callable[[], float]) -> AbstractContextManager[None]:
        return nullcontext()

    def claim_tag_groups(self, claim: Mapping[str, Any], asking: Asking | None = None) -> dict[str, Any]:
        tags = [
            {"name": name, "address": "40001", "data_type": "int16", "position": place}
            for place, name in enumerate(("speed", "state"), start=1)
        ]
        group = {
            "id": 7, "plant": "north", "name": "press", "mode": "fixed", "driver": "modbus", "tags": tags,
            "interval_ms": 1000, "address": "modbus://10.20.0.5", "first_slot": NOON.isoformat(),
        }  # fmt: skip
        return {"at": NOON.isoformat(), "groups": [group], "refused": []}

    def put_tag_samples(self, put: Mapping[str, Any]) -> dict[str, Any]:
        if self.is_away:
            raise StoreUnavailable("Supabase is away")
        self.stored += [row["s"] for row in put["rows"]]
        return {"stops": {}, "unclaimed": [], "inactive": [], "lost": [], "later": [], "run": None}


def wait_until(is_so: Callable[[], bool]) -> None:
    until_s = monotonic() + PATIENT_S
    while not is_so():
        assert monotonic() < until_s
        sleep(0.001)


def ended(project: Project, time: Time) -> Burst:
    """Return a burst of which the last thread has ended, and its last sample is not sent yet."""
    burst = Burst(
        "north", "a", project, Devices(Plc(time)), TagsSettings(), waits_until_s=300, monotonic=time,
        wall=lambda: NOON,
    )  # fmt: skip
    burst._claim()
    [station] = burst._stations.values()
    wait_until(lambda: len(station.buffer) == 1)
    station.stop()
    wait_until(lambda: station.is_done)
    burst._look()
    return burst


def test_an_outage_that_begins_at_the_last_flush_is_waited_for_as_any_other() -> None:
    project, time = Project(), Time()
    burst = ended(project, time)

    project.is_away = True
    for _ in range(5):
        burst._flush(None)
        time.now_s += 50
        burst._look()
    project.is_away = False
    burst._flush(None)

    assert project.stored == [NOON.isoformat()]


def test_an_outage_that_outlasts_a_burst_ends_it() -> None:
    project, time = Project(), Time()
    burst = ended(project, time)

    project.is_away = True
    for seconds in (250, 50):
        burst._flush(None)
        burst._look()
        time.now_s += seconds
    burst._look()
    burst._flush(None)
    time.now_s += 31
    with pytest.raises(StoreUnavailable):
        burst._flush(None)
