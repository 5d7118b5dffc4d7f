"""Takes a call out of its envelope: an HTTP request, a function-URL event or a schedule event.

Pure functions over hostile input. This module checks the envelope (method, path, size, JSON); each pipeline
checks its own parameters.
"""

import base64
import binascii
import json
from collections.abc import Collection, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Final, Literal

from plantpulse.entry.guard import foreign
from plantpulse.errors import InvalidRequest
from plantpulse.http_requests import ByteStream, HttpRequest, http_in, lower_case
from plantpulse.late_dataclasses import dataclass, field
from plantpulse.runs import Json
from plantpulse.schedules.stagger import LONGEST_DELAY_S

MAX_BODY_BYTES = 64 * 1024
MAX_KEY_LENGTH = 200
SCHEDULE_TIME_HEADER = "X-CloudScheduler-ScheduleTime"
DELAY_HEADER = "X-Plantpulse-Delay-S"
IDEMPOTENCY_HEADER = "Idempotency-Key"
SCHEDULED_TIME_FIELD = "scheduled_time"
AUTHORIZATION_HEADER = "Authorization"
CLOUD_RUN_AUTHORIZATION_HEADER = "X-Serverless-Authorization"

# The HTTP methods of a function that runs something, and of one that can also be read.
RUNS: Final = ("POST",)
VIEWS: Final = ("GET", "HEAD", "POST")


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the call says about its caller; `callers` checks it.

    `arrival`: an event has passed only the cloud's own access control. The two headers are unchecked;
    `aws_identity` is what AWS itself says about the caller of a function URL.
    """

    arrival: Literal["event", "http", "function_url"] = "event"
    authorization: str | None = field(default=None, repr=False)
    cloud_run_authorization: str | None = field(default=None, repr=False)
    aws_identity: str | None = None


@dataclass(frozen=True, slots=True)
class Invocation:
    """A call, out of its envelope.

    `parameters` are still unchecked. `scheduled_time` is the text that a scheduler sent, None from
    everybody else, and `delay_s` how many seconds it asks to wait first. `method` is None for an event, which
    is no HTTP request.
    """

    parameters: Mapping[str, Json]
    scheduled_time: str | None = None
    delay_s: int = 0
    idempotency_key: str | None = None
    method: str | None = None
    credentials: Credentials = Credentials()

    @property
    def scheduled_at(self) -> datetime | None:
        """Return the instant that a scheduler sent; None from everybody else, and if it is not an instant."""
        try:
            return datetime.fromisoformat(self.scheduled_time) if self.scheduled_time else None
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class WebHead:
    """Method and headers of a web request, with names in lower case."""

    method: str
    headers: Mapping[str, str]


def head_of_http(request: HttpRequest) -> WebHead:
    """Return method and headers of an HTTP request."""
    return WebHead(request.method, lower_case(request.headers))


def head_of_function_url(event: Mapping[str, Json]) -> WebHead:
    """Return method and headers of a function-URL event."""
    method = str(event["requestContext"]["http"].get("method"))
    return WebHead(method, lower_case(event.get("headers")))


def _mapping(value: object) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}


def from_http(request: HttpRequest, methods: Collection[str] = RUNS) -> Invocation:
    """Return the call in an HTTP request. Raises: InvalidRequest with its 4xx."""
    _check_target(request.method, request.path, methods)
    head = head_of_http(request)
    body = b""
    if request.method == "POST":
        _check_length(head)
        body = _read_body(request.stream)
    credentials = Credentials(
        "http",
        authorization=head.headers.get(AUTHORIZATION_HEADER.lower()),
        cloud_run_authorization=head.headers.get(CLOUD_RUN_AUTHORIZATION_HEADER.lower()),
    )
    return _from_web(head, body, credentials)


def _read_body(stream: ByteStream) -> bytes:
    """Return the body, or the start of one that is too long. Raises: InvalidRequest if it breaks off."""
    broken = InvalidRequest("the body cannot be read to its end")
    return foreign(lambda: stream.read(MAX_BODY_BYTES + 1), broken)


def is_function_url_event(event: object) -> bool:
    """Say whether a Lambda event is an HTTP request in its function-URL form."""
    return http_in(event) is not None


def from_function_url(event: Mapping[str, Json], methods: Collection[str] = RUNS) -> Invocation:
    """Return the call in a function-URL event. Raises: InvalidRequest as `from_http` does."""
    method = str(event["requestContext"]["http"].get("method"))
    _check_target(method, str(event.get("rawPath") or "/"), methods)
    text = (event.get("body") or "") if method == "POST" else ""
    try:
        body = base64.b64decode(text, validate=True) if event.get("isBase64Encoded") else str(text).encode()
    except (binascii.Error, ValueError, TypeError):
        raise InvalidRequest("the body is not valid base64") from None
    head = head_of_function_url(event)
    credentials = Credentials(
        "function_url",
        authorization=head.headers.get(AUTHORIZATION_HEADER.lower()),
        aws_identity=_aws_identity(event["requestContext"]),
    )
    return _from_web(head, body, credentials)


def from_event(event: object) -> Invocation:
    """Return the call in a schedule event or a direct call of the function. Raises: InvalidRequest."""
    parameters = dict(event) if isinstance(event, Mapping) else event
    if not isinstance(parameters, dict):
        raise InvalidRequest("the event must be a JSON object")
    scheduled_time = parameters.pop(SCHEDULED_TIME_FIELD, None)
    if scheduled_time is not None and not isinstance(scheduled_time, str):
        raise InvalidRequest("must be a text in RFC 3339 form", field=SCHEDULED_TIME_FIELD)
    return Invocation(parameters, scheduled_time=scheduled_time)


def plant_named(name: str | None, plants: Collection[str]) -> str:
    """Return the named plant, or the only one if none is named. Raises: InvalidRequest."""
    if not plants:
        raise InvalidRequest("there is no plant in the settings", field="plant")
    if name is None and len(plants) > 1:
        raise InvalidRequest("there are several plants: name one", field="plant")
    key = next(iter(plants)) if name is None else name
    if key not in plants:
        raise InvalidRequest("there is no plant of this name", field="plant")
    return key


def _check_target(method: str, path: str, methods: Collection[str]) -> None:
    if path not in {"", "/"}:
        raise InvalidRequest(
            "there is nothing at this path: everything is at /", http_status=HTTPStatus.NOT_FOUND
        )
    if method not in methods:
        raise InvalidRequest(f"allowed here: {', '.join(methods)}", http_status=HTTPStatus.METHOD_NOT_ALLOWED)


def _check_length(head: WebHead) -> None:
    """Refuse a body by the length that it announces, before any of it is read."""
    announced = head.headers.get("content-length", "")
    if announced.isascii() and announced.isdigit() and int(announced[:10]) > MAX_BODY_BYTES:
        raise _too_long()


def _too_long() -> InvalidRequest:
    return InvalidRequest(
        f"the body must not exceed {MAX_BODY_BYTES} bytes", http_status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    )


def _aws_identity(context: Mapping[str, Json]) -> str | None:
    """Return the ARN of a caller that AWS admitted; None if the URL is open to everybody.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
    """
    place: Json = context
    for name in ("authorizer", "iam", "userArn"):
        place = place.get(name) if isinstance(place, Mapping) else None
    return place if isinstance(place, str) else None


def _from_web(head: WebHead, body: bytes, credentials: Credentials) -> Invocation:
    headers = head.headers
    return Invocation(
        method=head.method,
        credentials=credentials,
        parameters=_json_object(body),
        scheduled_time=headers.get(SCHEDULE_TIME_HEADER.lower()),
        delay_s=_delay_s(headers),
        idempotency_key=_idempotency_key(headers.get(IDEMPOTENCY_HEADER.lower())),
    )


def _delay_s(headers: Mapping[str, str]) -> int:
    """Return the seconds that a scheduler asks to wait; 0 from everybody else, and for what is no number."""
    text = headers.get(DELAY_HEADER.lower(), "")
    if SCHEDULE_TIME_HEADER.lower() not in headers or not (text.isascii() and text.isdigit()):
        return 0
    return min(int(text[:4]), LONGEST_DELAY_S)


def _json_object(body: bytes) -> dict[str, Json]:
    """Return the body's JSON object; an empty body means every default."""
    if len(body) > MAX_BODY_BYTES:
        raise _too_long()
    if not body.strip():
        return {}
    try:
        parameters = json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidRequest("the body is not valid JSON") from None
    if not isinstance(parameters, dict):
        raise InvalidRequest("the body must be a JSON object")
    return parameters


def _idempotency_key(key: str | None) -> str | None:
    if key is not None and not (key.isascii() and key.isprintable() and 0 < len(key) <= MAX_KEY_LENGTH):
        raise InvalidRequest(f"must be 1 to {MAX_KEY_LENGTH} printable characters", field=IDEMPOTENCY_HEADER)
    return key
