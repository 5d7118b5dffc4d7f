"""A group that somebody asks for, through the function and a real project; the machine alone is played."""

import io
import json
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg.rows import DictRow

from devstack.access import SupabaseAccess
from plantpulse import database
from plantpulse.entry.callers import Caller
from plantpulse.entry.service import Service
from plantpulse.entry.users import ProjectUsers
from plantpulse.errors import DeviceUnavailable
from plantpulse.settings import ManualCallsSettings, PlantSettings, Secret, Settings, SupabaseSettings
from plantpulse.settings.tags import TagsSettings
from plantpulse.tags.job import TagBursts
from plantpulse.tags.readings import Quality, Reading
from plantpulse.tags.trigger import TagTriggers
from tests.conftest import uses_outside_servers
from tests.unit.tags.answering_plc import Plc

FUNCTION = Path(__file__).parents[3] / "functions" / "tags"
PAGE = "https://pulse.example"
VALUES = {"speed": Reading(12.3), "parts": Reading(16_777_217), "order": Reading("A-17")}


@dataclass
class Request:
    """The part of a Flask request that an entry point reads."""

    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    method: str = "POST"
    path: str = "/"

    @property
    def stream(self) -> io.BytesIO:
        return io.BytesIO(self.body)


@dataclass
class Plant:
    """The plant north with the group press-1, its project, and the function that reads it."""

    supabase: SupabaseAccess
    store: psycopg.Connection[DictRow]
    plc: Plc = field(default_factory=lambda: Plc(VALUES))
    manual_calls: ManualCallsSettings = field(default_factory=ManualCallsSettings)
    triggers: TagTriggers = field(default_factory=TagTriggers)

    def service(self) -> Service[database.Supabase]:
        return Service(
            TagBursts(),
            open_store=database.connect,
            load_settings=self.settings,
            users=ProjectUsers(database.connect),
            without_run=replace(self.triggers, find_driver=lambda _name: self.plc),
        )

    def settings(self) -> Settings:
        key = Secret(self.supabase.secret_key)
        secret = Secret(self.supabase.keys.jwt_secret) if uses_outside_servers() else None
        return Settings(
            plants={"north": PlantSettings(time_zone="UTC", tags=TagsSettings())},
            supabase=SupabaseSettings(url=self.supabase.url, secret_key=key, jwt_secret=secret),
            manual_calls=self.manual_calls,
        )

    def ask(self, headers: Mapping[str, str] | None = None, **parameters: Any) -> tuple[int, dict[str, Any]]:
        body = json.dumps({"plant": "north", "group": "press-1", **parameters}).encode()
        text, status, _ = self.service().http(Request(headers or {}, body))
        return status, json.loads(text)

    def rows(self, query: LiteralString) -> list[dict[str, Any]]:
        return list(self.store.execute(query).fetchall())

    def counts(self) -> tuple[int, int, int]:
        """Return how many reads, samples and runs are recorded."""
        (row,) = self.rows(
            "select (select count(*) from public.tag_triggers) as reads, (select count(*) from "
            "public.tag_samples) as samples, (select count(*) from public.pipeline_runs) as runs"
        )
        return row["reads"], row["samples"], row["runs"]


@pytest.fixture
def plant(supabase: SupabaseAccess) -> Iterator[Plant]:
    with supabase.connect() as store:
        (made,) = store.execute(
            "insert into public.tag_groups (plant, name, mode, address) values "
            "('north', 'press-1', 'handshake', 'modbus://10.20.0.5') returning id"
        ).fetchall()
        for name, data_type in (("speed", "float32"), ("parts", "uint32"), ("order", "string")):
            store.execute(
                "insert into public.tags (group_id, name, address, data_type, unit, length) "
                "values (%s, %s, 'hr:1', %s, '1/min', 8)",
                [made["id"], name, data_type],
            )
        yield Plant(supabase, store)


def test_a_call_reads_the_group_stores_the_sample_and_answers_with_its_values(plant: Plant) -> None:
    status, answer = plant.ask()

    assert (status, answer["success"], answer["outcome"]) == (200, True, "succeeded")
    assert [(one["tag"], one["value"], one["quality"]) for one in answer["values"]] == [
        ("speed", 12.3, "good"),
        ("parts", 16_777_217, "good"),
        ("order", "A-17", "good"),
    ]
    (sample,) = plant.rows(
        'select slot, quality, to_json("values") as narrow, wide_values, texts, qualities '
        "from public.tag_samples"
    )
    assert sample["slot"].isoformat() == answer["slot"]
    assert (sample["quality"], sample["qualities"]) == (0, None)
    assert sample["narrow"] == [12.3, None, None]
    assert sample["wide_values"] == [None, 16_777_217, None]
    assert sample["texts"] == {"3": "A-17"}
    (read,) = plant.rows("select token::text, outcome, tag_count, bad_count, result from public.tag_triggers")
    assert (read["token"], read["outcome"]) == (answer["trigger"], "succeeded")
    assert (read["tag_count"], read["bad_count"], read["result"]) == (3, 0, answer)
    assert plant.counts() == (1, 1, 0)


def test_a_bad_tag_is_one_bad_quality(plant: Plant) -> None:
    plant.plc.values = {**VALUES, "parts": Reading(None, Quality.DEVICE_FAILURE)}

    status, answer = plant.ask()

    assert (status, answer["outcome"], answer["bad_count"]) == (200, "partial", 1)
    (sample,) = plant.rows("select qualities, wide_values from public.tag_samples")
    assert (sample["qualities"], sample["wide_values"]) == ({"2": 4}, None)


def test_a_device_that_lets_no_tag_be_read_is_no_success(plant: Plant) -> None:
    plant.plc.values = dict.fromkeys(VALUES, Reading(None, Quality.REFUSED))

    status, answer = plant.ask()

    assert (status, answer["success"], answer["outcome"], answer["values"]) == (500, False, "failed", [])
    assert answer["error"]["code"] == "device_refused"
    assert answer["error"]["message"] == "the device answers, but no tag has a value: refused"
    assert plant.counts() == (1, 0, 0)


def test_a_failed_read_is_recorded_and_stores_no_value(plant: Plant) -> None:
    def refuse() -> None:
        raise DeviceUnavailable("the device at 10.20.0.5:502 allows no second connection")

    plant.plc.on_connect = refuse

    status, answer = plant.ask()

    assert (status, answer["success"], answer["values"]) == (503, False, [])
    assert answer["error"]["code"] == "device_unavailable"
    assert plant.counts() == (1, 0, 0)
    (read,) = plant.rows("select outcome, error_code, slot from public.tag_triggers")
    assert read == {"outcome": "failed", "error_code": "device_unavailable", "slot": None}


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ("update public.tag_groups set name = 'press-2'", 404, "unknown_group"),
        ("update public.tag_groups set mode = 'fixed'", 409, "fixed_group"),
        ("update public.tag_groups set active = false", 409, "stopped_group"),
        ("update public.tag_groups set removed_at = now()", 404, "unknown_group"),
    ],
)
def test_a_group_that_cannot_be_asked_for_is_refused_with_the_reason(
    plant: Plant, change: LiteralString, status: int, code: str
) -> None:
    plant.store.execute(change)

    found, answer = plant.ask()

    assert (found, answer["error"]["code"], answer["success"]) == (status, code, False)
    assert plant.plc.calls == []
    assert plant.counts() == (0, 0, 0)


@pytest.mark.parametrize(
    "group", ["'; drop table public.tags; --", "press-1 ", "PRESS-1", "%", "\u202e", "a" * 80]
)
def test_a_hostile_name_is_a_name_that_nobody_has(plant: Plant, group: str) -> None:
    status, answer = plant.ask(group=group)

    assert (status, answer["error"]["code"]) == (404, "unknown_group")
    assert plant.counts() == (0, 0, 0)


def test_two_calls_at_once_are_one_read_and_hear_the_same(plant: Plant) -> None:
    waits = threading.Event()
    plant.plc.on_read = lambda: None if waits.wait(60) else pytest.fail("nobody waits for this read")
    plant.triggers = TagTriggers(pause=lambda _seconds: waits.set())

    with ThreadPoolExecutor(2) as threads:
        answers = [call.result() for call in [threads.submit(plant.ask) for _ in range(2)]]

    first, second = sorted(answers, key=lambda answer: "is_duplicate" in answer[1])
    assert (first[0], second[0]) == (200, 200)
    assert second[1] == {**first[1], "is_duplicate": True}
    assert plant.plc.calls.count("read") == 1
    assert plant.counts() == (1, 1, 0)


def test_a_read_that_goes_on_for_longer_than_a_second_takes_nobody_in(plant: Plant) -> None:
    plant.store.execute(
        "insert into public.tag_triggers (token, group_id, requested_at) "
        "select gen_random_uuid(), id, clock_timestamp() - interval '5 seconds' from public.tag_groups"
    )

    status, answer = plant.ask()

    assert (status, answer["error"]["code"]) == (409, "group_running")
    assert plant.plc.calls == []


def test_a_read_whose_function_died_is_in_nobodys_way_for_long(plant: Plant) -> None:
    plant.store.execute(
        "insert into public.tag_triggers (token, group_id, requested_at) "
        "select gen_random_uuid(), id, clock_timestamp() - interval '36 seconds' from public.tag_groups"
    )

    assert plant.ask()[0] == 200


def member(plant: Plant, role: str) -> dict[str, str]:
    """Sign somebody up for north; return the header that their page sends."""
    user_id = str(uuid.uuid4())
    plant.store.execute(
        "insert into auth.users (id, email) values (%s, %s)", [user_id, f"{user_id}@x.example"]
    )
    plant.store.execute(
        "insert into public.plant_members (user_id, plant, role) values (%s, 'north', %s)", [user_id, role]
    )
    token = plant.supabase.user_token(user_id, email="ada@x.example")
    return {"Authorization": f"Bearer {token}", "Origin": PAGE}


def test_a_managers_page_may_ask_and_stands_in_the_record(plant: Plant) -> None:
    plant.manual_calls = ManualCallsSettings(accept="supabase_user", allowed_origins=(PAGE,))

    body = json.dumps({"group": "press-1"}).encode()
    _, status, headers = plant.service().http(Request(member(plant, "manager"), body))

    assert (status, headers["Access-Control-Allow-Origin"]) == (200, PAGE)
    (read,) = plant.rows("select requested_by from public.tag_triggers")
    assert read["requested_by"] == "ada@x.example"


@pytest.mark.parametrize("role", ["operator", "viewer", None])
def test_nobody_else_may_ask(plant: Plant, role: str | None) -> None:
    plant.manual_calls = ManualCallsSettings(accept="supabase_user", allowed_origins=(PAGE,))

    status, answer = plant.ask(member(plant, role) if role else {})

    assert (status, answer["error"]["code"]) == ((403, "forbidden") if role else (401, "unauthenticated"))
    assert plant.plc.calls == []
    assert plant.counts() == (0, 0, 0)


def test_an_event_reads_the_group_too(plant: Plant) -> None:
    answer = plant.service().event({"plant": "north", "group": "press-1"})

    assert answer["outcome"] == "succeeded"
    assert plant.counts() == (1, 1, 0)


def test_the_command_line_needs_no_credentials(plant: Plant) -> None:
    answer = plant.service().ask({"group": "press-1"}, Caller("cli"))

    assert answer.body()["success"] is True
    assert plant.rows("select requested_by from public.tag_triggers") == [{"requested_by": "cli"}]


def test_the_log_has_one_line_without_a_value(plant: Plant, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()

    plant.ask()

    (line,) = capsys.readouterr().out.splitlines()
    told = json.loads(line)
    assert (told["message"], told["group"], told["tag_count"]) == ("tag trigger succeeded", "press-1", 3)
    assert "A-17" not in line


_IMPORTS = """
import sys
import main
libraries = {"asyncua", "pymodbus", "snap7", "slmp", "plc_comm_slmp", "pylogix", "jwt", "boto3"}
drivers = {name for name in sys.modules if name.startswith("plantpulse.tags.drivers.")}
print(sorted(libraries & {name.partition(".")[0] for name in sys.modules}), sorted(drivers))
"""


def test_the_function_imports_no_driver_before_a_group_needs_it() -> None:
    command = [sys.executable, "-c", _IMPORTS]

    told = subprocess.run(command, cwd=FUNCTION, capture_output=True, text=True, check=True)

    assert told.stdout.strip() == "[] []"
