"""The pipeline: a delivery becomes a run, and the run's record ends with its last flush."""

import gc
import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from plantpulse import database
from plantpulse.entry.service import Service
from plantpulse.settings import Secret, Settings, SupabaseSettings
from plantpulse.settings.validation import validated
from plantpulse.tags.job import TagBursts
from tests.functions.conftest import Request
from tests.tags.burst.conftest import FLUSH_S, LEAD_S, WAIT_S, Floor, Plant

MINUTE = timedelta(minutes=1)


def this_minute() -> datetime:
    return datetime.now(UTC).replace(second=0, microsecond=0)


def service_of(plant: Plant, tags: dict[str, Any] | None, **of_the_plant: Any) -> Service[Any]:
    """Return the function as a new process would have it."""
    supabase = SupabaseSettings(url=plant.access.url, secret_key=Secret(plant.access.secret_key))
    tree = {"plants": {"north": {"time_zone": "Europe/Berlin", **of_the_plant}}, "supabase": supabase}
    settings = validated(Settings, tree | ({"tags": tags} if tags is not None else {}))
    # The floor opens devices as `Devices` does.
    job = TagBursts(open_devices=lambda _settings, _plant: plant.floor, flush_s=FLUSH_S, lead_s=LEAD_S)  # type: ignore[arg-type, return-value]
    return Service(job, open_store=database.connect, load_settings=lambda: settings)


def deliver(service: Service[Any], slot: datetime | None = None, **parameters: Any) -> dict[str, Any]:
    """Return the report of a delivery."""
    headers = {"X-CloudScheduler-ScheduleTime": slot.isoformat()} if slot else {}
    body, _, _ = service.http(Request(headers, json.dumps(parameters).encode()))
    report: dict[str, Any] = json.loads(body)
    return report


def in_the_background(call: Callable[[], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
    """Begin a call; what is returned waits for its report."""
    reports: list[dict[str, Any]] = []
    thread = threading.Thread(target=lambda: reports.append(call()), daemon=True)
    thread.start()

    def wait() -> dict[str, Any]:
        thread.join(WAIT_S)
        return reports[0]

    return wait


def stop_group(plant: Plant, group: int) -> None:
    """Let whatever burst there is end: it has no other group."""
    plant.rows.execute("update public.tag_groups set active = false where id = %s", (group,))


def test_a_delivery_polls_until_the_next_one_relieves_it(plant: Plant) -> None:
    press, service = plant.add_group(), service_of(plant, {})
    first = in_the_background(lambda: deliver(service, this_minute() - MINUTE))
    plant.wait_for_samples(press, 3)

    second = in_the_background(lambda: deliver(service, this_minute()))
    report = first()
    plant.wait_for_samples(press, 3)
    stop_group(plant, press)

    assert (report["outcome"], report["status"], report["error"]) == ("succeeded", "succeeded", None)
    assert report["counts"]["groups"] == 1
    counts = report["counts"]
    assert counts["samples"] == counts["good"] + counts["bad"] > 0
    assert second()["outcome"] == "succeeded"
    runs = plant.rows.execute("select status, counts from public.pipeline_runs order by id").fetchall()
    assert [run["status"] for run in runs] == ["succeeded", "succeeded"]
    assert runs[0]["counts"] == counts


def test_a_delivery_that_comes_twice_is_one_burst(plant: Plant) -> None:
    press, service, slot = plant.add_group(), service_of(plant, {}), this_minute()
    first = in_the_background(lambda: deliver(service, slot))
    plant.wait_for_samples(press, 2)

    again = deliver(service, slot)
    stop_group(plant, press)

    assert again["outcome"] in {"duplicate", "busy"}
    assert first()["outcome"] == "succeeded"


def test_a_plant_without_active_groups_has_a_short_run(plant: Plant) -> None:
    report = deliver(service_of(plant, {}), this_minute())

    assert (report["outcome"], report["counts"]["groups"], report["counts"]["samples"]) == ("succeeded", 0, 0)


def test_a_plant_without_a_section_is_not_configured(plant: Plant) -> None:
    report = deliver(service_of(plant, None), this_minute())

    assert report["outcome"] == "not_configured"


@pytest.mark.parametrize("tags", [{"enabled": False}, {"runs_on": "edge"}])
def test_a_schedule_polls_nothing_where_it_is_switched_off_or_the_edge_polls(
    plant: Plant, tags: dict[str, Any]
) -> None:
    plant.add_group()

    report = deliver(service_of(plant, tags), this_minute())

    assert (report["outcome"], report["error"]["code"]) == ("not_configured", "switched_off")
    assert plant.rows.execute("select 1 from public.tag_leases").fetchall() == []


def test_a_dry_run_reads_each_group_once_and_leaves_no_trace(plant: Plant) -> None:
    plant.add_group("press", types=("int16", "int16"))
    plant.add_group("oven")
    plant.add_group("stopped", active=False)
    plant.floor.dead.add("oven")

    report = deliver(service_of(plant, {}), dry_run=True)

    assert report["is_dry_run"]
    assert report["counts"] == {"groups": 2, "samples": 2, "good": 1, "bad": 1}
    press, oven = report["preview"]["groups"]
    assert (press["group"], press["tags"], press["bad"], press["error"]) == ("press", 2, 0, None)
    assert oven["error"] == {"code": "device_unavailable", "message": "the controller is off"}
    for table in ("tag_leases", "tag_samples", "tag_states"):
        assert plant.rows.execute(f"select 1 from public.{table}".encode()).fetchall() == []


def test_groups_that_this_burst_does_not_poll_are_named_with_the_reason(plant: Plant) -> None:
    for number in range(11):
        plant.add_group(f"press {number}")
    waiting = in_the_background(lambda: deliver(service_of(plant, {}), this_minute()))
    plant.wait_for(lambda: bool(plant.rows.execute("select 1 from public.tag_samples").fetchall()))

    plant.rows.execute("update public.tag_groups set active = false")

    told = {
        "code": "tag_group_refused",
        "message": "group press 10 is not polled by this burst: too_many_groups",
    }
    assert told in waiting()["warnings"]


def test_the_search_for_reference_cycles_is_on_in_a_burst_and_off_after_it(plant: Plant) -> None:
    press, seen = plant.add_group(), list[bool]()

    class Watching(Floor):
        def open(self, *arguments: Any) -> Any:
            seen.append(gc.isenabled())
            return super().open(*arguments)

    plant.floor = Watching()
    waiting = in_the_background(lambda: deliver(service_of(plant, {}), this_minute()))
    plant.wait_for_samples(press, 1)
    stop_group(plant, press)
    waiting()

    assert set(seen) == {True}


def test_a_request_with_another_field_is_refused(plant: Plant) -> None:
    report = deliver(service_of(plant, {}), nonsense=1)

    assert report["error"]["code"] == "invalid_request"
