"""A group that somebody asks for: what is claimed, read, stored and answered."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from plantpulse.entry.invocations import Invocation
from plantpulse.entry.replies import Reply
from plantpulse.errors import (
    DeviceRefused,
    DeviceTimedOut,
    DeviceUnavailable,
    InvalidRequest,
    NotConfigured,
    OutOfTime,
    PlantpulseError,
    StoreRefused,
)
from plantpulse.runs import Budget
from plantpulse.settings import PlantSettings, Secret, Settings
from plantpulse.settings.tags import TagsSettings
from plantpulse.tags.devices import Devices
from plantpulse.tags.handshake import Handshake
from plantpulse.tags.link import Credentials
from plantpulse.tags.readings import Quality, Reading
from plantpulse.tags.trigger import TagTriggers, Trigger
from tests.unit.tags.answering_plc import Plc
from tests.unit.tags.trigger_store import TriggerStore

OF_THIS_COMPUTER = datetime(1972, 1, 1, tzinfo=UTC)
TAGS = [
    {"name": "speed", "address": "40001", "data_type": "uint16", "position": 1, "unit": "1/min"},
    {"name": "parts", "address": "40003", "data_type": "uint32", "position": 2, "unit": None},
    {"name": "order", "address": "40005", "data_type": "string", "position": 4, "length": 8},
]
GROUP = {
    "id": 7,
    "plant": "north",
    "name": "press-1",
    "mode": "handshake",
    "interval_ms": 1000,
    "driver": "modbus",
    "address": "modbus://10.20.0.5",
    "credentials": None,
    "tags": TAGS,
}
VALUES = {"speed": Reading(1450), "parts": Reading(70_000), "order": Reading("A-17")}


class Clock:
    """A monotonic clock that stands still until somebody waits."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now_s

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now_s += seconds


def no_credentials(_name: str) -> Credentials:
    raise AssertionError


def trigger(plc: Plc, store: TriggerStore, clock: Clock | None = None) -> Reply:
    clock = clock or Clock()
    devices = Devices(("10.20.0.0/16",), no_credentials, lambda _name: plc)
    handshake = Handshake(devices, 10.0, clock, lambda: OF_THIS_COMPUTER)
    one = Trigger("north", "press-1", handshake, clock.wait, "my-id")
    return one.answer(store, "ada@x.example", Budget.start(one.longest_s, one.longest_s, clock))


def test_a_sample_has_the_time_of_supabase_and_not_that_of_the_computer_that_read_it() -> None:
    clock, store = Clock(), TriggerStore(GROUP)

    trigger(Plc(VALUES, on_connect=lambda: clock.wait(2.5)), store, clock)

    assert store.commits[0]["slot"] == "2026-03-11T12:00:02.623000+00:00"


def failing(error: Exception) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


def test_a_group_is_claimed_read_and_stored_in_two_calls() -> None:
    store = TriggerStore(GROUP)

    reply = trigger(Plc(VALUES), store)

    assert (reply.http_status, reply.error_code) == (200, None)
    assert reply.body == {
        "success": True,
        "outcome": "succeeded",
        "plant": "north",
        "group": "press-1",
        "trigger": "my-id",
        "slot": "2026-03-11T12:00:00.123000+00:00",
        "tag_count": 3,
        "bad_count": 0,
        "took_ms": 0,
        "values": [
            {"tag": "speed", "value": 1450, "unit": "1/min", "quality": "good"},
            {"tag": "parts", "value": 70000, "unit": None, "quality": "good"},
            {"tag": "order", "value": "A-17", "unit": None, "quality": "good"},
        ],
        "error": None,
    }
    assert store.asks == [
        {
            "id": "my-id",
            "plant": "north",
            "group": "press-1",
            "requested_by": "ada@x.example",
            "lease_s": 35.0,
        }
    ]
    (commit,) = store.commits
    assert commit["result"] == reply.body
    assert commit["sample"] == {
        "g": 7,
        "s": "2026-03-11T12:00:00.123000+00:00",
        "b": 0,
        "ms": 0,
        "v": [1450, None, None, None],
        "w": [None, 70000, None, None],
        "t": {"4": "A-17"},
    }
    assert {
        name: commit[name] for name in ("id", "slot", "outcome", "tag_count", "bad_count", "took_ms")
    } == {
        "id": "my-id",
        "slot": "2026-03-11T12:00:00.123000+00:00",
        "outcome": "succeeded",
        "tag_count": 3,
        "bad_count": 0,
        "took_ms": 0,
    }
    assert (commit["error_code"], commit["error"]) == (None, None)


def test_a_bad_tag_makes_a_partial_success() -> None:
    store = TriggerStore(GROUP)

    reply = trigger(Plc({**VALUES, "parts": Reading(None, Quality.NO_SUCH_ADDRESS)}), store)

    assert (reply.http_status, reply.body["success"], reply.body["outcome"]) == (200, True, "partial")
    assert (reply.body["tag_count"], reply.body["bad_count"]) == (3, 1)
    assert reply.body["values"][1] == {
        "tag": "parts",
        "value": None,
        "unit": None,
        "quality": "no_such_address",
    }
    assert store.commits[0]["sample"]["q"] == {"2": 3}


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (DeviceUnavailable("10.20.0.5:502 refused the connection"), 503, "device_unavailable"),
        (DeviceTimedOut("10.20.0.5:502 did not answer in time"), 503, "device_timed_out"),
        (DeviceRefused("10.20.0.5:502 refused the user"), 500, "device_refused"),
        (NotConfigured("install plantpulse[opcua]"), 501, "not_configured"),
        (ZeroDivisionError("hunter2"), 500, "internal_error"),
    ],
)
def test_a_failed_read_is_recorded_and_answered_without_a_value(
    error: Exception, status: int, code: str
) -> None:
    store = TriggerStore(GROUP)

    reply = trigger(Plc(VALUES, on_read=failing(error)), store)

    assert (reply.http_status, reply.error_code) == (status, code)
    assert (reply.body["success"], reply.body["outcome"]) == (False, "failed")
    assert (reply.body["tag_count"], reply.body["bad_count"], reply.body["values"]) == (3, 3, [])
    assert reply.body["error"]["code"] == code
    assert "hunter2" not in json.dumps(reply.body)
    (commit,) = store.commits
    assert (commit["outcome"], commit["error_code"]) == ("failed", code)
    assert (commit["sample"], commit["slot"]) == (None, None)
    assert commit["result"] == reply.body


def test_a_device_that_cannot_be_reached_comes_with_what_to_do() -> None:
    reply = trigger(Plc(on_connect=failing(DeviceUnavailable("it refused"))), TriggerStore(GROUP))

    assert reply.body["error"]["message"] == (
        "it refused; check that it is switched on and that the network leads to it, and whether it allows "
        "one more connection than those that it has"
    )
    assert reply.body["error"]["is_retryable"] is True


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "a\0b", "\ud800"])
def test_a_value_that_json_or_postgres_does_not_have_is_bad_and_the_others_are_stored(value: Any) -> None:
    store = TriggerStore(GROUP)

    reply = trigger(Plc({**VALUES, "order": Reading(value)}), store)

    assert reply.body["bad_count"] == 1
    assert [one["quality"] for one in reply.body["values"]] == ["good", "good", "not_readable"]
    assert store.commits[0]["sample"]["q"] == {"4": int(Quality.NOT_READABLE)}
    assert json.dumps(store.commits[0], allow_nan=False).encode()


@pytest.mark.parametrize(
    ("refusal", "status", "words"),
    [
        ("unknown_group", 404, "plant north has no group of this name"),
        ("fixed_group", 409, "this group is FIXED: bursts read it every interval, no call does"),
        ("stopped_group", 409, "this group is stopped: start it first"),
        ("group_running", 409, "another call reads this group and has not ended: ask again"),
    ],
)
def test_a_refused_group_is_not_read_and_the_reason_is_told(refusal: str, status: int, words: str) -> None:
    plc, store = Plc(VALUES), TriggerStore(GROUP, refuses=refusal)

    reply = trigger(plc, store)

    assert (reply.http_status, reply.error_code, reply.severity) == (status, refusal, "WARNING")
    assert reply.body == {
        "success": False,
        "outcome": "refused",
        "plant": "north",
        "group": "press-1",
        "error": {"code": refusal, "message": words, "field": "group"},
    }
    assert (plc.calls, store.commits) == ([], [])


def test_an_unknown_answer_is_refused() -> None:
    plc, store = Plc(VALUES), TriggerStore(GROUP, refuses="moon_phase")

    with pytest.raises(StoreRefused, match="update plantpulse"):
        trigger(plc, store)

    assert plc.calls == []


def result_of_another() -> dict[str, Any]:
    return dict(trigger(Plc(VALUES), TriggerStore(GROUP)).body) | {"trigger": "first"}


def test_the_second_of_two_calls_gets_the_answer_of_the_first() -> None:
    plc, result = Plc(), result_of_another()
    store = TriggerStore(GROUP, elsewhere={"id": "first", "result": result})

    reply = trigger(plc, store)

    assert (reply.http_status, reply.body) == (200, {**result, "is_duplicate": True})
    assert (plc.calls, store.commits, len(store.asks)) == ([], [], 1)


def test_the_second_call_waits_until_the_first_has_its_answer() -> None:
    plc, result, clock = Plc(), result_of_another(), Clock()
    store = TriggerStore(GROUP, elsewhere={"id": "first", "result": None})

    def end_the_first() -> None:
        if len(clock.waits) == 3 and store.elsewhere:
            store.elsewhere["result"] = result

    store.on_ask = end_the_first

    reply = trigger(plc, store, clock)

    assert reply.body["is_duplicate"] is True
    assert [ask["id"] for ask in store.asks] == ["my-id", "first", "first", "first"]
    assert clock.waits == [0.25, 0.25, 0.25]
    assert (plc.calls, store.commits) == ([], [])


def test_the_second_call_waits_no_longer_than_it_has_time() -> None:
    plc, clock = Plc(), Clock()
    store = TriggerStore(GROUP, elsewhere={"id": "first", "result": None})

    with pytest.raises(OutOfTime, match="another call reads this group and has not ended: ask again"):
        trigger(plc, store, clock)

    assert sum(clock.waits) == 23.0  # of 35 s: the rest would be for a commit
    assert plc.calls == []


def test_the_second_call_fails_as_the_first_did() -> None:
    first = trigger(Plc(on_read=failing(DeviceTimedOut("silent"))), TriggerStore(GROUP))
    store = TriggerStore(GROUP, elsewhere={"id": "first", "result": first.body})

    reply = trigger(Plc(), store)

    assert (reply.http_status, reply.error_code) == (503, "device_timed_out")
    assert reply.body == {**first.body, "is_duplicate": True}


def test_a_group_that_is_gone_after_the_read_is_no_success() -> None:
    with pytest.raises(StoreRefused, match="press-1 was deleted while it was read: nothing was stored"):
        trigger(Plc(VALUES), TriggerStore(GROUP, commit_answer="unknown"))


def test_the_log_has_figures_and_no_values() -> None:
    reply = trigger(Plc(VALUES), TriggerStore(GROUP))

    assert reply.title == "tag trigger succeeded"
    assert reply.logged == {
        "plant": "north",
        "group": "press-1",
        "requested_by": "ada@x.example",
        "outcome": "succeeded",
        "trigger": "my-id",
        "tag_count": 3,
        "bad_count": 0,
        "took_ms": 0,
    }


SETTINGS = Settings(
    plants={
        "north": PlantSettings(time_zone="UTC", tags=TagsSettings(networks=("10.20.0.0/16",))),
        "south": PlantSettings(time_zone="UTC"),
        "edge": PlantSettings(time_zone="UTC", tags=TagsSettings(runs_on="edge")),
    },
    tag_credentials=Secret('{"north": {"press": {"user": "anna", "password": "hunter2"}}}'),
)


def read(parameters: Mapping[str, Any], settings: Settings = SETTINGS) -> Trigger:
    return TagTriggers().read(Invocation(parameters), settings)


def refusal_of(parameters: Mapping[str, Any]) -> PlantpulseError:
    with pytest.raises(PlantpulseError) as refused:
        read(parameters)
    return refused.value


def test_a_call_that_names_a_group_is_no_run() -> None:
    assert TagTriggers().takes(Invocation({"plant": "north", "group": "press-1"}))
    assert TagTriggers().takes(Invocation({"group": None}))
    assert not TagTriggers().takes(Invocation({"plant": "north"}))
    assert not TagTriggers().takes(Invocation({}, scheduled_time=OF_THIS_COMPUTER.isoformat()))


def test_a_call_has_what_its_plants_settings_say() -> None:
    one = read({"plant": "north", "group": "press-1"})

    assert (one.plant, one.group, one.handshake.connect_s) == ("north", "press-1", 10)
    assert one.handshake.devices.networks == ("10.20.0.0/16",)
    assert one.handshake.devices.credentials("press") == Credentials("anna", "hunter2")
    assert 34 < one.start_budget().seconds_left() <= 35


def test_each_call_has_a_key_of_its_own() -> None:
    assert read({"plant": "north", "group": "a"}).id != read({"plant": "north", "group": "a"}).id


def test_a_name_is_found_however_its_letters_are_composed() -> None:
    assert read({"plant": "north", "group": "mu\u0308hle"}).group == "m\u00fchle"


@pytest.mark.parametrize(
    "group",
    ["", " ", "a" * 81, "a\nb", "a\0b", "\ud800", None, 5, True, ["press-1"], {"name": "x"}],
)
def test_a_hostile_name_is_refused_before_anything_is_asked(group: object) -> None:
    error = refusal_of({"plant": "north", "group": group})

    assert isinstance(error, InvalidRequest)
    assert (error.http_status, error.field) == (400, "group")


@pytest.mark.parametrize(
    "group", ["'; drop table tags --", "<script>", "../x", "{}", "%s", "\u202eevil", "a" * 80]
)
def test_hostile_text_is_text(group: str) -> None:
    assert read({"plant": "north", "group": group}).group == group


@pytest.mark.parametrize(
    ("parameters", "status", "field"),
    [
        ({"group": "press-1"}, 400, "plant"),
        ({"plant": "west", "group": "press-1"}, 400, "plant"),
        ({"plant": "north", "group": "press-1", "dry_run": True}, 400, "dry_run"),
        ({"plant": "edge", "group": "press-1"}, 409, "plant"),
    ],
)
def test_a_wrong_call_names_the_wrong_field(parameters: Mapping[str, Any], status: int, field: str) -> None:
    error = refusal_of(parameters)

    assert isinstance(error, InvalidRequest)
    assert (error.http_status, error.field) == (status, field)


def test_a_plant_without_tags_has_nothing_to_read() -> None:
    error = refusal_of({"plant": "south", "group": "press-1"})

    assert isinstance(error, NotConfigured)
    assert str(error) == "plant south has no machine tags: write a section `tags` in plantpulse.yaml"


def test_a_plant_that_is_read_on_its_own_computer_is_asked_there() -> None:
    assert "plantpulse tags trigger" in str(refusal_of({"plant": "edge", "group": "press-1"}))


def test_a_call_works_where_the_schedule_is_switched_off() -> None:
    settings = Settings(plants={"north": PlantSettings(time_zone="UTC", tags=TagsSettings(enabled=False))})

    assert read({"group": "press-1"}, settings).plant == "north"
