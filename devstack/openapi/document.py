"""The paths of docs/openapi.yaml: a path for each function, with what it takes and answers. Pure."""

from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

from bundle.targets import function_names
from devstack.openapi.schemas import TEXT, Schema, components, ref, request_schema
from plantpulse import __version__
from plantpulse.entry.invocations import (
    DELAY_HEADER,
    IDEMPOTENCY_HEADER,
    MAX_KEY_LENGTH,
    SCHEDULE_TIME_HEADER,
    VIEWS,
)
from plantpulse.entry.service import RETRY_AFTER_S
from plantpulse.health.metrics import MEDIA_TYPE
from plantpulse.health.service import HealthRequest
from plantpulse.schedules.pipelines import FUNCTIONS, RegisteredFunction
from plantpulse.tags.trigger import TriggerRequest

JSON: Final = "application/json"
_ABOUT: Final = """\
Calls of plantpulse's functions over HTTP; docs/http.md says what they mean. A path is the name of a function.
Where a function has an address of its own, as on Cloud Run and Lambda, that address is called without a path.
On AWS a function takes events too, with the same fields and `scheduled_time`."""
_REFUSED: Final = {
    "400": "The request is malformed.",
    "401": "Nobody vouches for the caller, or the token has expired.",
    "403": "The caller is no manager of the plant.",
    "404": "There is nothing at this path.",
    "405": "The function takes other methods.",
    "413": "The body is too long.",
}
_RUN: Final[dict[str, tuple[str, list[str]]]] = {
    "200": ("What became of the run.", ["Report"]),
    "409": ("Another run is at work.", ["Report", "Refusal"]),
    "422": ("The key was used for another span.", ["Refusal"]),
    "500": ("Failed for good: somebody must act.", ["Report", "Refusal"]),
    "501": ("Something is not configured.", ["Report", "Refusal"]),
    "503": ("Failed for now: try again.", ["Report", "Refusal"]),
}
_HEADERS: Final[dict[str, Schema]] = {
    "401": {"WWW-Authenticate": {"schema": TEXT, "required": True}},
    "405": {"Allow": {"schema": TEXT, "required": True}},
    "503": {"Retry-After": {"schema": {"const": str(RETRY_AFTER_S)}, "required": True}},
}


def document() -> dict[str, Any]:
    """Return the whole description."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "plantpulse",
            "version": __version__,
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "Where the functions stand beside one another."}],
        "paths": {path: item for name in function_names() for path, item in _paths_of(name)},
        "components": {
            "securitySchemes": {
                "platform": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The cloud checks the caller: IAM of Cloud Run, or AWS' signature.",
                },
                "supabase_user": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "The token of a manager of the plant, with `manual_calls.accept`.",
                },
            },
            "parameters": _PARAMETERS,
            "responses": {
                **{
                    f"Refused{status}": _response(status, about, ["Refusal"])
                    for status, about in _REFUSED.items()
                },
                **{f"Run{status}": _response(status, *told) for status, told in _RUN.items()},
            },
            "schemas": components() | {_named(name): _request_of(name) for name in _with_runs()},
        },
    }


def _with_runs() -> list[str]:
    return [name for name in function_names() if name not in _OTHERS]


def _paths_of(name: str) -> list[tuple[str, Schema]]:
    return _OTHERS[name]() if name in _OTHERS else [(f"/{name}", _run(name))]


def _registered(name: str) -> RegisteredFunction:
    return next(one for one in FUNCTIONS if one.name == name)


def _named(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_")) + "Request"


def _request_of(name: str) -> Schema:
    module, _, attribute = str(_registered(name).job).partition(":")
    own = request_schema(getattr(import_module(module), attribute).request)
    return {"anyOf": [own, request_schema(TriggerRequest)]} if name == "tags" else own


def _shared(kind: str, name: str) -> Schema:
    return {"$ref": f"#/components/{kind}/{name}"}


def _refused(*statuses: str) -> Schema:
    return {status: _shared("responses", f"Refused{status}") for status in statuses or _REFUSED}


def _responses(name: str) -> Schema:
    if name != "tags":
        return {**_refused(), **{status: _shared("responses", f"Run{status}") for status in _RUN}}
    told = {status: _response(status, about, [*of, "TagReading"]) for status, (about, of) in _RUN.items()}
    told["404"] = _response(
        "404", "There is nothing at this path, or no such group.", ["Refusal", "TagRefusal"]
    )
    told["409"] = _response("409", "No call may read this group now.", ["Report", "Refusal", "TagRefusal"])
    return {**_refused(), **told}


def _run(name: str) -> Schema:
    known = _registered(name)
    security: list[Schema] = [{"platform": []}, *([{"supabase_user": []}] if known.takes_users else [])]
    operation = {
        "operationId": name,
        "summary": known.purpose,
        "security": security,
        "parameters": [_shared("parameters", one) for one in _PARAMETERS],
        "requestBody": {"required": False, "content": {JSON: {"schema": ref(_named(name))}}},
        "responses": dict(sorted(_responses(name).items())),
    }
    return {"post": operation, **({"options": _preflight(name)} if known.takes_users else {})}


def _response(status: str, about: str, schemas: list[str]) -> Schema:
    schema = ref(schemas[0]) if len(schemas) == 1 else {"anyOf": [ref(one) for one in schemas]}
    headers = {"headers": _HEADERS[status]} if status in _HEADERS else {}
    return {"description": about, **headers, "content": {JSON: {"schema": schema}}}


def _header(name: str, about: str, schema: Schema) -> Schema:
    return {"name": name, "in": "header", "required": False, "description": about, "schema": schema}


_PARAMETERS: Final[dict[str, Schema]] = {
    "ScheduledTime": _header(
        SCHEDULE_TIME_HEADER,
        "The slot's time, from Cloud Scheduler. Any other text makes it a call by hand.",
        TEXT,
    ),
    "Delay": _header(DELAY_HEADER, "How many seconds a scheduler wants to wait first.", TEXT),
    "IdempotencyKey": _header(
        IDEMPOTENCY_HEADER,
        "Makes it harmless to repeat a call.",
        {"type": "string", "minLength": 1, "maxLength": MAX_KEY_LENGTH, "pattern": "^[ -~]+$"},
    ),
}


def _preflight(name: str) -> Schema:
    """Return what a browser asks before a page of another origin calls."""
    return {
        "operationId": f"{name}_preflight",
        "summary": "Whether a page of another origin may call.",
        "security": [],
        "parameters": [
            _header("Origin", "The page's origin.", TEXT),
            _header("Access-Control-Request-Method", "What it is about to send.", {"const": "POST"}),
        ],
        "responses": {
            "204": {"description": "It may: `manual_calls.allowed_origins`."},
            **_refused("405"),
        },
    }


def _health() -> list[tuple[str, Schema]]:
    content = {
        JSON: {"schema": ref("Health")},
        MEDIA_TYPE: {
            "schema": {"type": "string", "description": "Figures for a monitoring, always with 200."}
        },
    }
    told: Schema = {
        "200": {"description": "It is healthy or degraded.", "content": content},
        "503": {"description": "It is unhealthy.", "content": {JSON: {"schema": ref("Health")}}},
        **_refused("400", "404", "405", "413"),
    }
    shared: Schema = {"security": [{"platform": []}, {}]}
    item = {}
    for method in VIEWS:
        asked: Schema = {"parameters": [_shared("parameters", "ScheduledTime")]} if method == "POST" else {}
        if method == "POST":
            asked["requestBody"] = {
                "required": False,
                "content": {JSON: {"schema": request_schema(HealthRequest)}},
            }
        responses = told
        if method == "HEAD":
            responses = {
                status: {"description": one.get("description", _REFUSED.get(status))}
                for status, one in told.items()
            }
        summary = "How every pipeline is" + (": the status alone" if method == "HEAD" else "")
        operation = {"operationId": f"health_{method.lower()}", "summary": summary}
        item[method.lower()] = {**operation, **shared, **asked, "responses": responses}
    return [("/health", item)]


def _dashboard() -> list[tuple[str, Schema]]:
    line = {"text/plain": {"schema": TEXT}}
    responses: Schema = {
        "200": {"description": "The file.", "content": {"*/*": {}}},
        "304": {"description": "The browser has it."},
        "404": {"description": "There is no such file.", "content": line},
        "503": {"description": "The board is not configured.", "content": line},
    }
    file = {"name": "file", "in": "path", "required": True, "schema": TEXT}
    asked = _header("If-None-Match", "What the browser has.", TEXT)
    get = {
        "operationId": "dashboard",
        "summary": "A file of the board",
        "security": [],
        "parameters": [file, asked],
        "responses": responses,
    }
    head = {status: {"description": one["description"]} for status, one in responses.items()}
    return [
        (
            "/dashboard/{file}",
            {"get": get, "head": {**get, "operationId": "dashboard_head", "responses": head}},
        )
    ]


_OTHERS: Final[dict[str, Callable[[], list[tuple[str, Schema]]]]] = {
    "health": _health,
    "dashboard": _dashboard,
}
