"""Taking a request out of its envelope: hostile input until it is parsed."""

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from plantpulse.entry import invocations, requests
from plantpulse.errors import InvalidRequest
from plantpulse.http_requests import discard_rest


@dataclass
class Request:
    """The part of a Flask request that is read."""

    body: bytes = b""
    method: str = "POST"
    path: str = "/"
    headers: Mapping[str, str] = field(default_factory=dict)
    reads: int = 0

    @property
    def stream(self) -> io.BytesIO:
        self.reads += 1
        return io.BytesIO(self.body)


def function_url_event(body: str | None = None, *, method: str = "POST", **extra: Any) -> dict[str, Any]:
    return {
        "rawPath": "/",
        "headers": {},
        "requestContext": {"http": {"method": method}},
        "body": body,
    } | extra


def test_an_empty_body_means_every_default() -> None:
    assert invocations.from_http(Request()).parameters == {}
    assert invocations.from_http(Request(b"  \n")).parameters == {}
    assert invocations.from_function_url(function_url_event()).parameters == {}


def test_header_names_are_read_in_any_letter_case() -> None:
    headers = {"x-cloudscheduler-scheduletime": "2026-01-01T00:00:00Z", "IDEMPOTENCY-KEY": "k-1"}

    invocation = invocations.from_http(Request(headers=headers))

    assert invocation.scheduled_time == "2026-01-01T00:00:00Z"
    assert invocation.idempotency_key == "k-1"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7),
        ("20", 20),
        ("9999999", 20),
        ("0", 0),
        ("", 0),
        ("-3", 0),
        ("1.5", 0),
        ("\u0663", 0),
        ("soon", 0),
    ],
)
def test_a_scheduler_may_ask_for_a_wait_of_some_seconds(text: str, seconds: int) -> None:
    headers = {"X-CloudScheduler-ScheduleTime": "2026-01-01T00:00:00Z", "X-Plantpulse-Delay-S": text}

    assert invocations.from_http(Request(headers=headers)).delay_s == seconds


def test_nobody_else_may_ask_for_a_wait() -> None:
    headers = {"X-Plantpulse-Delay-S": "7"}

    assert invocations.from_http(Request(headers=headers)).delay_s == 0
    assert invocations.from_event({"delay_s": 7}).delay_s == 0


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (Request(method="GET"), 405),
        (Request(method="DELETE"), 405),
        (Request(path="/admin"), 404),
        (Request(b"x" * 65_537), 413),
        (Request(b"{"), 400),
        (Request(b"[]"), 400),
        (Request(b'"text"'), 400),
        (Request(b"\xff\xfe"), 400),
        (Request(b"[" * 60_000), 400),
        (Request(headers={"Idempotency-Key": ""}), 400),
        (Request(headers={"Idempotency-Key": "k" * 201}), 400),
        (Request(headers={"Idempotency-Key": "café"}), 400),
    ],
)
def test_a_malformed_request_is_refused(request_: Request, status: int) -> None:
    with pytest.raises(InvalidRequest) as raised:
        invocations.from_http(request_)

    assert raised.value.http_status == status


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_a_function_that_can_be_looked_at_says_so(method: str) -> None:
    invocation = invocations.from_http(Request(method=method), invocations.VIEWS)
    event = invocations.from_function_url(function_url_event(method=method), invocations.VIEWS)

    assert (invocation.method, event.method) == (method, method)
    assert invocation.parameters == event.parameters == {}


def test_a_look_does_not_read_a_body() -> None:
    request = Request(b"{", method="GET")

    assert invocations.from_http(request, invocations.VIEWS).parameters == {}
    assert request.reads == 0
    assert (
        invocations.from_function_url(function_url_event("{", method="GET"), invocations.VIEWS).parameters
        == {}
    )


def test_another_method_is_told_what_is_understood() -> None:
    with pytest.raises(InvalidRequest, match="allowed here: GET, HEAD, POST") as raised:
        invocations.from_http(Request(method="PUT"), invocations.VIEWS)

    assert raised.value.http_status == 405


def test_an_event_has_no_method() -> None:
    assert invocations.from_event({}).method is None


def test_the_largest_body_is_still_read() -> None:
    body = b'{"plant":"' + b"x" * (65_536 - 12) + b'"}'

    assert len(body) == 65_536
    assert len(invocations.from_http(Request(body)).parameters["plant"]) == 65_524


@pytest.mark.parametrize("length", ["65537", "31457280", "9" * 5000])
def test_a_body_that_announces_too_much_is_refused_unread(length: str) -> None:
    request = Request(b"{}", headers={"Content-Length": length})

    with pytest.raises(InvalidRequest) as raised:
        invocations.from_http(request)

    assert (raised.value.http_status, request.reads) == (413, 0)


@pytest.mark.parametrize("length", ["", "2", "65536", "-1", "two", "\u0663"])
def test_no_other_length_is_refused_by_its_announcement(length: str) -> None:
    assert invocations.from_http(Request(b"{}", headers={"Content-Length": length})).parameters == {}


def test_the_rest_of_a_body_is_read_and_not_returned() -> None:
    body = io.BytesIO(b"x" * 200_000)

    discard_rest(SimpleNamespace(method="POST", path="/", headers={}, stream=body))

    assert body.read() == b""


def test_a_rest_that_breaks_off_is_left() -> None:
    def break_off(_size: int) -> bytes:
        raise OSError

    broken = SimpleNamespace(read=break_off)

    discard_rest(SimpleNamespace(method="POST", path="/", headers={}, stream=broken))


def test_a_function_url_body_may_come_as_base64() -> None:
    event = function_url_event(base64.b64encode(b'{"plant":"north"}').decode(), isBase64Encoded=True)

    assert invocations.is_function_url_event(event)
    assert invocations.from_function_url(event).parameters == {"plant": "north"}


@pytest.mark.parametrize(
    ("event", "status"),
    [
        (function_url_event("%%%", isBase64Encoded=True), 400),
        (function_url_event("{"), 400),
        (function_url_event(method="GET"), 405),
        (function_url_event(rawPath="/x"), 404),
    ],
)
def test_a_malformed_function_url_event_is_refused(event: dict[str, Any], status: int) -> None:
    with pytest.raises(InvalidRequest) as raised:
        invocations.from_function_url(event)

    assert raised.value.http_status == status


def test_a_schedule_event_carries_its_time_beside_the_parameters() -> None:
    invocation = invocations.from_event({"scheduled_time": "2026-01-01T00:00:00Z", "plant": "north"})

    assert invocation.scheduled_time == "2026-01-01T00:00:00Z"
    assert invocation.parameters == {"plant": "north"}


def test_a_schedule_time_is_an_instant() -> None:
    invocation = invocations.from_event({"scheduled_time": "2026-01-01T12:00:00Z"})

    assert invocation.scheduled_at == datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("event", [{}, {"scheduled_time": "noon"}, {"scheduled_time": ""}])
def test_what_is_no_instant_is_no_schedule(event: dict[str, Any]) -> None:
    assert invocations.from_event(event).scheduled_at is None


@pytest.mark.parametrize("event", [None, [], "text", {"scheduled_time": 7}])
def test_a_malformed_event_is_refused(event: object) -> None:
    assert not invocations.is_function_url_event(event)
    with pytest.raises(InvalidRequest):
        invocations.from_event(event)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters(requests.Request):
    plant: str | None = None
    dry_run: bool = False


@pytest.mark.parametrize(
    ("parameters", "place"),
    [
        ({"plnat": "north"}, "plnat"),
        ({"plant": 7}, "plant"),
        ({"dry_run": "yes"}, "dry_run"),
        ({"dry_run": 1}, "dry_run"),
    ],
)
def test_unknown_fields_and_wrong_types_are_named(parameters: dict[str, Any], place: str) -> None:
    with pytest.raises(InvalidRequest) as raised:
        requests.parse(Parameters, parameters)

    assert raised.value.field == place


@pytest.mark.parametrize(
    ("name", "plants", "told"),
    [
        (None, [], "there is no plant in the settings"),
        ("north", [], "there is no plant in the settings"),
        (None, ["north", "south"], "there are several plants: name one"),
        ("east", ["north"], "there is no plant of this name"),
    ],
)
def test_a_plant_that_cannot_be_meant_is_refused(name: str | None, plants: list[str], told: str) -> None:
    with pytest.raises(InvalidRequest, match=told) as raised:
        invocations.plant_named(name, plants)

    assert raised.value.field == "plant"


def test_the_only_plant_need_not_be_named() -> None:
    assert invocations.plant_named(None, ["north"]) == "north"


class BrokenStream:
    """A body whose chunks a web server cannot put together: each server has an error of its own for that."""

    def read(self, _size: int) -> bytes:
        raise EOFError("chunk without an end")


def test_a_body_that_breaks_off_is_the_callers_fault() -> None:
    request = Request(b"{")
    broken = SimpleNamespace(method="POST", path="/", headers=request.headers, stream=BrokenStream())

    with pytest.raises(InvalidRequest, match="cannot be read to its end") as raised:
        invocations.from_http(broken)

    assert raised.value.http_status == 400


@pytest.mark.parametrize(
    "event",
    [
        {"requestContext": {"http": None}},
        {"requestContext": {"http": "POST"}},
        {"requestContext": {"http": []}},
        {"requestContext": None},
        {"requestContext": []},
    ],
)
def test_an_event_that_only_looks_like_a_web_request_is_none(event: dict[str, Any]) -> None:
    assert not invocations.is_function_url_event(event)


@pytest.mark.parametrize("headers", ["x-key: 1", ["a"], 7, None])
def test_headers_that_are_no_mapping_are_none(headers: Any) -> None:
    invocation = invocations.from_function_url(function_url_event(headers=headers))

    assert (invocation.scheduled_time, invocation.idempotency_key) == (None, None)
