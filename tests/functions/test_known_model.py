"""A process that goes on is not sent the plant model that it has, and uses another one once there is one."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from plantpulse import database
from tests.functions.conftest import NOON_IN_CHICAGO, Floor, Request, World

QUARTER = timedelta(minutes=15)


class Process:
    """One process of the function, and the plant models that its claims were answered with."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.world, self.service, self.sent = world, world.service(), list[dict[str, Any]]()
        claim_run = database.Supabase.claim_run

        def claimed(store: database.Supabase, claim: Mapping[str, Any]) -> dict[str, Any]:
            answer = claim_run(store, claim)
            self.sent.append(answer["plant_model"])
            return answer

        monkeypatch.setattr(database.Supabase, "claim_run", claimed)

    def poll(self, quarters: int) -> dict[str, Any]:
        slot = NOON_IN_CHICAGO + QUARTER * quarters
        self.world.now = slot + timedelta(seconds=40)
        headers = {"X-CloudScheduler-ScheduleTime": slot.isoformat()}
        body, _status, _headers = self.service.http(Request(headers, b"{}"))
        report: dict[str, Any] = json.loads(body)
        assert report["outcome"] == "succeeded", report
        return report


def test_a_model_is_sent_once_to_a_process(
    world: World, floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    floor.output("PRESS-01", 40, "11:55:00")
    process = Process(world, monkeypatch)

    reports = [process.poll(quarters) for quarters in range(3)]

    assert [sorted(sent) for sent in process.sent] == [["parts", "version"], ["version"], ["version"]]
    assert len({sent["version"] for sent in process.sent}) == 1
    # The same machines with the same targets, whether or not their model was sent.
    assert [report["counts"]["snapshots"] for report in reports] == [2, 2, 2]
    targets = world.rows(
        """
        select distinct s.output_target::float as target
        from public.live_snapshots as s
        join public.assets as a on a.id = s.asset_id
        where a.source_name = 'PRESS-01'
        """
    )
    assert targets == [{"target": 60.0}]


@pytest.mark.parametrize(
    ("change", "snapshots"),
    [
        ("update public.shift_targets set target_output = target_output * 2", 2),
        ("update public.assets set ideal_units_per_hour = 151 where source_name = 'PRESS-01'", 2),
        ("update public.assets set is_active = true where source_name = 'OLD-01'", 3),
        (
            """
            insert into public.product_rates (asset_id, product, product_key, ideal_units_per_hour)
            select id, 'Bolt', 'bolt', 90 from public.assets where source_name = 'PRESS-01'
            """,
            2,
        ),
        ("insert into public.closed_days (plant, date, name) values ('north', '2026-03-11', 'Holiday')", 2),
    ],
)
def test_a_model_that_was_changed_is_sent_and_used(
    world: World, floor: Floor, monkeypatch: pytest.MonkeyPatch, change: str, snapshots: int
) -> None:
    floor.output("PRESS-01", 40, "11:55:00")
    process = Process(world, monkeypatch)
    process.poll(0)

    world.store.execute(change)
    report = process.poll(1)
    process.poll(2)

    assert ["parts" in sent for sent in process.sent] == [True, True, False]
    assert process.sent[1]["version"] != process.sent[0]["version"]
    assert report["counts"]["snapshots"] == snapshots


def test_a_model_that_another_plant_has_changed_is_not_sent_again(
    world: World, floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    floor.output("PRESS-01", 40, "11:55:00")
    process = Process(world, monkeypatch)
    process.poll(0)

    world.store.execute(
        "insert into public.assets (plant, name, source_name) values ('south', 'Oven', 'OVEN-01')"
    )
    process.poll(1)

    assert ["parts" in sent for sent in process.sent] == [True, False]


def test_another_process_is_sent_it_too(world: World, floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    floor.output("PRESS-01", 40, "11:55:00")
    process = Process(world, monkeypatch)
    process.poll(0)
    process.service = world.service()

    process.poll(1)

    assert ["parts" in sent for sent in process.sent] == [True, True]
