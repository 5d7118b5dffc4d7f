"""Any body, header and event, to every function: the answers of docs/http.md, and nothing that is a bug."""

import base64
import json
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plantpulse.errors import TransientError
from tests.hostile.calls import RUNS, Request, service_of
from tests.hostile.values import REPEATABLE, as_json, documents, objects, scalars, texts

FIELDS: Final = (
    "plant",
    "from",
    "until",
    "date",
    "from_date",
    "until_date",
    "dry_run",
    "group",
    "mode",
    "area",
    "kind",
    "commodity",
    "scheduled_time",
)
NAMES: Final = (
    "north",
    "south",
    "*",
    "(all plants)",
    "DE",
    "WTI",
    "load",
    "backfill",
    "full-refresh",
    "press",
)
PLAUSIBLE: Final = scalars | st.sampled_from(NAMES) | st.booleans()
HEADERS: Final = st.dictionaries(
    st.sampled_from(
        (
            "X-CloudScheduler-ScheduleTime",
            "X-Plantpulse-Delay-S",
            "X-Serverless-Authorization",
            "Authorization",
            "Idempotency-Key",
            "Accept",
            "Origin",
            "Content-Length",
            "Access-Control-Request-Method",
        )
    ),
    texts | st.sampled_from(["Bearer a.b.c", "Bearer e30.e30.e30", "Bearer W10.W10.W10", "a/b;q=0", "-1"]),
    max_size=3,
)
BODIES: Final = (
    st.binary(max_size=60)
    | documents.map(as_json)
    | objects(*FIELDS, values=PLAUSIBLE | documents).map(as_json)
    | st.sampled_from([b"[" * 60_000, b'{"plant":' * 10_000, b'{"a": ' + b"9" * 5_000 + b"}"])
)
METHODS: Final = st.sampled_from(["POST"] * 6 + ["GET", "HEAD", "OPTIONS", "PUT", "", "post", "\0"])
PATHS: Final = st.sampled_from(["/"] * 6 + ["", "//", "/x", "/../", "/%2e"])
# Of each function, as their envelope is the same.
FEWER: Final = settings(REPEATABLE, max_examples=25)
STATUSES: Final = {200, 204, 400, 401, 403, 404, 405, 409, 413, 422, 500, 501, 503}

SERVICES: Final = {name: service_of(name) for name in RUNS}


def check(body: str, status: int, headers: dict[str, str]) -> None:
    """Check that an answer is one of those that are documented, and no bug of ours."""
    assert status in STATUSES
    if status == 204:
        assert body == ""
        return
    told = json.loads(body, parse_constant=_refuse)
    assert headers["Content-Type"] == "application/json"
    error = told.get("error")
    assert status == 200 or error
    if error:
        assert error["code"] != "internal_error", error
        assert error["message"].strip()
        assert "\n" not in error["message"]
    assert (status == 503) == ("Retry-After" in headers)


def _refuse(text: str) -> Any:
    raise AssertionError(f"{text} is no JSON")


@REPEATABLE
@given(method=METHODS, path=PATHS, headers=HEADERS, body=BODIES)
def test_any_envelope_has_a_documented_answer(
    method: str, path: str, headers: dict[str, str], body: bytes
) -> None:
    check(*SERVICES["cleanup"].http(Request(body, method, path, headers)))


@pytest.mark.parametrize("function", RUNS)
@FEWER
@given(headers=HEADERS, body=BODIES)
def test_any_request_has_a_documented_answer(function: str, headers: dict[str, str], body: bytes) -> None:
    check(*SERVICES[function].http(Request(body, "POST", "/", headers)))


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
@pytest.mark.parametrize("function", RUNS)
def test_a_scheduled_time_at_the_ends_of_the_calendar_is_a_call_by_hand(function: str, text: str) -> None:
    headers = {"X-CloudScheduler-ScheduleTime": text}

    check(*SERVICES[function].http(Request(b'{"plant": "north"}', headers=headers)))


EVENTS: Final = (
    objects(*FIELDS, values=PLAUSIBLE | documents)
    | documents
    | objects("requestContext", "rawPath", "headers", "body", "isBase64Encoded")
)
CONTEXTS: Final = st.fixed_dictionaries(
    {"http": objects("method", values=METHODS | documents)},
    optional={"authorizer": documents | objects("iam", values=objects("userArn", values=texts))},
)
URL_EVENTS: Final = st.fixed_dictionaries(
    {"requestContext": CONTEXTS},
    optional={
        "rawPath": PATHS | documents,
        "headers": HEADERS | documents,
        "body": documents | BODIES.map(base64.b64encode).map(bytes.decode) | objects(*FIELDS).map(json.dumps),
        "isBase64Encoded": documents,
    },
)


@pytest.mark.parametrize("function", RUNS)
@FEWER
@given(event=EVENTS | objects("plant", "scheduled_time", values=texts | st.just("north")))
def test_any_event_has_a_documented_answer(function: str, event: Any) -> None:
    try:
        answer = SERVICES[function].event(event)
    except TransientError:
        assert event["scheduled_time"]
        return
    if "statusCode" in answer:
        check(answer["body"], answer["statusCode"], answer["headers"])
    else:
        check(json.dumps(answer), 200, {"Content-Type": "application/json"})


@pytest.mark.parametrize("function", RUNS)
@FEWER
@given(event=URL_EVENTS)
def test_any_event_of_a_function_url_has_a_documented_answer(function: str, event: Any) -> None:
    answer = SERVICES[function].event(event)

    json.dumps(answer)
    check(answer["body"], answer["statusCode"], answer["headers"])
