"""A device of somebody else's, through the function as it is deployed: nothing between them is played.

The function runs under functions-framework in a process of its own, over a real project; the device is
pymodbus' own server.
"""

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import psycopg
import pytest
from psycopg.rows import DictRow
from pymodbus.constants import ExcCodes

from devstack.access import SupabaseAccess
from devstack.function import Function, schedule_headers
from devstack.processes import Children
from tests.patience import ENDS_S
from tests.tags.servers.pymodbus_server import PymodbusDevice, serving

MAIN: Final = Path(__file__).parents[3] / "functions" / "tags" / "main.py"
# 21.5; 4,000,000,001; 123, which is 12.3; "A-17".
REGISTERS: Final = {0: 0x41AC, 1: 0, 2: 0xEE6B, 3: 0x2801, 4: 123, 5: 0x412D, 6: 0x3137}
TAGS: Final = (
    ("Pressure", "hr:0", "float32", 0, 1.0, "bar"),
    ("Parts", "hr:2", "uint32", 0, 1.0, None),
    ("Speed", "hr:4", "int16", 0, 0.1, "m/s"),
    ("Order", "hr:5", "string", 4, 1.0, None),
    ("Running", "co:0", "bool", 0, 1.0, None),
)
READ_REGISTERS: Final = (3, 0, 7)  # function, first one, how many
ALL_OF_THEM: Final = {
    "quality": 0,
    "narrow": [21.5, None, 12.3, None, 1],
    "wide": [None, 4_000_000_001, None, None, None],
    "texts": {"4": "A-17"},
    "qualities": None,
}


@dataclass
class Plant:
    """The plant north with the group Press, its project, and the function that reads it."""

    rows: psycopg.Connection[DictRow]
    client: httpx.Client
    device: PymodbusDevice
    stack: ExitStack

    def enter(self, mode: str, interval_ms: int = 1000) -> None:
        (made,) = self.rows.execute(
            "insert into public.tag_groups (plant, name, mode, interval_ms, address) "
            "values ('north', 'Press', %s, %s, %s) returning id",
            [mode, interval_ms, f"modbus://127.0.0.1:{self.device.port}/1"],
        ).fetchall()
        for tag in TAGS:
            self.rows.execute(
                "insert into public.tags (group_id, name, address, data_type, length, scale, unit) "
                "values (%s, %s, %s, %s, %s, %s, %s)",
                [made["id"], *tag],
            )

    def samples(self) -> list[dict[str, Any]]:
        """Return what is stored, in order, without its slots."""
        return list(
            self.rows.execute(
                'select quality, to_json("values") as narrow, to_json(wide_values) as wide, texts, qualities '
                "from public.tag_samples order by slot"
            ).fetchall()
        )

    def slots(self) -> list[datetime]:
        found = self.rows.execute("select slot from public.tag_samples order by slot").fetchall()
        return [row["slot"] for row in found]

    def wait_for_samples(self, number: int, quality: int) -> None:
        """Wait until so many samples of a quality are stored."""
        tick, ticks = threading.Event(), round(ENDS_S / 0.1)
        assert any(
            sum(one["quality"] == quality for one in self.samples()) >= number or tick.wait(0.1)
            for _ in range(ticks)
        ), "that did not happen"


@pytest.fixture
def plant(supabase: SupabaseAccess, tmp_path: Path) -> Iterator[Plant]:
    settings = "plants: {north: {time_zone: UTC}}\ntags: {networks: [127.0.0.0/8]}\n"
    (tmp_path / "plantpulse.yaml").write_text(settings, encoding="utf-8")
    environment = {
        "PATH": os.environ["PATH"],
        "PLANTPULSE_CONFIG": str(tmp_path / "plantpulse.yaml"),
        "SUPABASE_URL": supabase.url,
        "SUPABASE_SECRET_KEY": supabase.secret_key,
    }
    with ExitStack() as stack:
        device = PymodbusDevice(REGISTERS, coils={0: True})
        function = Function(stack.enter_context(Children(tmp_path)), MAIN, environment)
        client = stack.enter_context(httpx.Client(base_url=function.url, timeout=ENDS_S))
        rows = stack.enter_context(supabase.connect())
        serves = stack.enter_context(ExitStack())
        serves.enter_context(serving(device))
        yield Plant(rows, client, device, serves)


def test_a_call_reads_the_device_and_answers_with_what_it_has(plant: Plant) -> None:
    plant.enter("handshake")

    answer = plant.client.post("/", json={"plant": "north", "group": "Press"})

    told = answer.json()
    assert (answer.status_code, told["success"], told["outcome"]) == (200, True, "succeeded")
    assert [(one["tag"], one["value"], one["unit"], one["quality"]) for one in told["values"]] == [
        ("Pressure", 21.5, "bar", "good"),
        ("Parts", 4_000_000_001, None, "good"),
        ("Speed", 12.3, "m/s", "good"),
        ("Order", "A-17", None, "good"),
        ("Running", True, None, "good"),
    ]
    assert plant.samples() == [ALL_OF_THEM]
    assert [slot.isoformat() for slot in plant.slots()] == [told["slot"]]
    assert sorted(plant.device.asked) == [(1, 0, 1), READ_REGISTERS]


def test_a_register_that_the_device_refuses_is_one_bad_tag(plant: Plant) -> None:
    plant.enter("handshake")
    plant.device.failing[4] = ExcCodes.ILLEGAL_ADDRESS

    answer = plant.client.post("/", json={"plant": "north", "group": "Press"})

    told = answer.json()
    assert (answer.status_code, told["outcome"], told["bad_count"]) == (200, "partial", 1)
    assert [one["value"] for one in told["values"]] == [21.5, 4_000_000_001, None, "A-17", True]
    assert plant.samples() == [{**ALL_OF_THEM, "narrow": [21.5, None, None, None, 1], "qualities": {"3": 3}}]


def test_a_device_that_is_off_is_told_and_stores_nothing(plant: Plant) -> None:
    plant.enter("handshake")
    plant.stack.close()

    answer = plant.client.post("/", json={"plant": "north", "group": "Press"})

    told = answer.json()
    assert (answer.status_code, told["success"], told["values"]) == (503, False, [])
    assert told["error"]["code"] == "device_unavailable"
    assert plant.samples() == []


def test_a_burst_reads_the_device_every_slot_and_no_value_outlives_it(plant: Plant) -> None:
    plant.enter("fixed", interval_ms=500)
    slot = datetime.now(UTC).replace(second=0, microsecond=0)

    with ThreadPoolExecutor(1) as pool:
        burst = pool.submit(plant.client.post, "/", headers=schedule_headers(slot), content=b"")
        plant.wait_for_samples(6, quality=0)
        plant.stack.close()  # the device is off
        plant.wait_for_samples(2, quality=1)
        plant.rows.execute("insert into public.tag_commands (plant, kind) values ('north', 'stop')")
        answer = burst.result(ENDS_S)

    report, samples, slots = answer.json(), plant.samples(), plant.slots()
    good = [one for one in samples if one["quality"] == 0]
    counts = report["counts"]
    assert (answer.status_code, report["outcome"], counts["groups"]) == (200, "succeeded", 1)
    assert good == [ALL_OF_THEM] * len(good)
    assert samples[: len(good)] == good
    assert {(one["narrow"], one["wide"], one["texts"]) for one in samples[len(good) :]} == {(None,) * 3}
    assert (counts["samples"], counts["good"], counts["dropped"]) == (len(samples), len(good), 0)
    assert {slot.microsecond % 500_000 for slot in slots} == {0}
    missing = (slots[-1] - slots[0]) // timedelta(milliseconds=500) + 1 - len(slots)
    assert missing <= counts["missed"]
    assert READ_REGISTERS in plant.device.asked
