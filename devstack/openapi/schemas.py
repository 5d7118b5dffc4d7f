"""The schemas of docs/openapi.yaml: requests, reports and errors as the code has them. Pure.

Requests come from the classes that check them, a report from its dataclass, codes from the errors. Answers
that the code builds as plain objects are written down here; tests compare them with real ones.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, get_args

from pydantic import TypeAdapter

from plantpulse.entry.requests import checked_model
from plantpulse.errors import PlantpulseError
from plantpulse.health.states import HealthStatus, State
from plantpulse.runs import RunReport
from plantpulse.runs.report import NOT_ALWAYS
from plantpulse.tags.readings import Quality
from plantpulse.tags.trigger import REFUSALS

Schema = dict[str, Any]

TEXT: Final[Schema] = {"type": "string"}
WHOLE: Final[Schema] = {"type": "integer"}
FLAG: Final[Schema] = {"type": "boolean"}
INSTANT: Final[Schema] = {"type": "string", "format": "date-time"}


def or_null(schema: Schema) -> Schema:
    """Return the schema of a value that may be missing."""
    return {**schema, "type": [schema["type"], "null"]} if "type" in schema else {"anyOf": [schema, NULL]}


NULL: Final[Schema] = {"type": "null"}


def closed(properties: Mapping[str, Schema], *, but: tuple[str, ...] = (), about: str = "") -> Schema:
    """Return the schema of an object that has all of these members, except for some, and no others."""
    described = {"description": about} if about else {}
    needed = [name for name in properties if name not in but]
    return {
        "type": "object",
        **described,
        "required": needed,
        "additionalProperties": False,
        "properties": dict(properties),
    }


def request_schema(model: type[Any]) -> Schema:
    """Return the schema of a function's parameters."""
    found = _plain(checked_model(model).model_json_schema())
    for one in found["properties"].values():
        if "description" in one:  # it is the command line's help, too
            one["description"] = re.sub(r"--([a-z]+)", r"\1", one["description"])
    return {**found, "description": " ".join((model.__doc__ or "").split())}


def components() -> dict[str, Schema]:
    """Return the schemas that several functions share."""
    return {
        "ErrorCode": {"type": "string", "description": "docs/operations.md", "enum": sorted(_codes())},
        "Refusal": closed(
            {"error": closed({"code": ref("ErrorCode"), "message": TEXT, "field": or_null(TEXT)})},
            about="Nothing was done, and why.",
        ),
        "Report": _report(),
        "Health": _health(),
        "TagReading": _tag_reading(),
        "TagRefusal": _tag_refusal(),
    }


def ref(name: str) -> Schema:
    """Return the reference to a shared schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def _codes() -> set[str]:
    return {one.code for one in _errors(PlantpulseError)}


def _errors(above: type[PlantpulseError]) -> Iterator[type[PlantpulseError]]:
    yield above
    for one in above.__subclasses__():
        if one.__module__ == above.__module__:
            yield from _errors(one)


def _report() -> Schema:
    properties = _plain(TypeAdapter(RunReport).json_schema())["properties"]
    told = closed({"code": TEXT, "message": TEXT})
    error = closed({"code": ref("ErrorCode"), "message": TEXT, "is_retryable": FLAG})
    properties |= {"error": or_null(error), "warnings": {"type": "array", "items": told}}
    return closed(properties, but=NOT_ALWAYS, about="What became of a run: docs/http.md.")


def _health() -> Schema:
    error = closed({"code": ref("ErrorCode"), "message": TEXT})
    return closed(
        {
            "status": {"type": "string", "enum": list(get_args(HealthStatus))},
            "checked_at": INSTANT,
            "code_version": TEXT,
            "pipelines": {"type": "array", "items": _pipeline()},
            "error": error,
        },
        but=("error",),
        about="How every pipeline is. Without Supabase only what is due is known of each.",
    )


def _pipeline() -> Schema:
    always = {
        "pipeline": TEXT,
        "plant": or_null(TEXT),
        "state": {"type": "string", "enum": list(get_args(State))},
        "next_poll_scheduled": or_null(INSTANT),
    }
    known = {
        "last_poll_timestamp": or_null(INSTANT),
        "last_poll_success": or_null(FLAG),
        "last_poll_status": or_null(TEXT),
        "last_success_timestamp": or_null(INSTANT),
        "running_since": or_null(INSTANT),
        "polls_executed": WHOLE,
        "polls_failed": WHOLE,
        "consecutive_failures": WHOLE,
        "last_error": or_null(closed({"code": TEXT, "at": INSTANT, "is_retryable": FLAG, "run_id": WHOLE})),
        "duration_ms": closed({"p50": or_null({"type": "number"}), "p95": or_null({"type": "number"})}),
        "data_until": or_null(INSTANT),
        "data_age_s": or_null(WHOLE),
        "is_data_behind": FLAG,
        "counts": or_null({"type": "object", "additionalProperties": {"type": "number"}}),
        "missing_settings": {"type": "array", "items": TEXT},
    }
    return closed({**always, **known}, but=tuple(known))


def _tag_reading() -> Schema:
    qualities = [one.name.lower() for one in Quality]
    value = {"type": ["boolean", "number", "string", "null"]}
    one = closed(
        {
            "tag": TEXT,
            "value": value,
            "unit": or_null(TEXT),
            "quality": {"type": "string", "enum": qualities},
        }
    )
    error = closed({"code": ref("ErrorCode"), "message": TEXT, "field": or_null(TEXT), "is_retryable": FLAG})
    return closed(
        {
            "success": FLAG,
            "outcome": {"type": "string", "enum": ["succeeded", "partial", "failed"]},
            "plant": TEXT,
            "group": TEXT,
            "trigger": {"type": "string", "format": "uuid"},
            "slot": or_null(INSTANT),
            "tag_count": WHOLE,
            "bad_count": WHOLE,
            "took_ms": WHOLE,
            "values": {"type": "array", "items": one},
            "error": or_null(error),
            "is_duplicate": {"const": True},
        },
        but=("is_duplicate",),
        about="A group that was read inside the call.",
    )


def _tag_refusal() -> Schema:
    error = closed({"code": {"type": "string", "enum": list(REFUSALS)}, "message": TEXT, "field": TEXT})
    return closed(
        {
            "success": {"const": False},
            "outcome": {"const": "refused"},
            "plant": TEXT,
            "group": TEXT,
            "error": error,
        },
        about="A group that no call may read, and why.",
    )


def _plain(schema: Any) -> Any:
    """Return a schema of pydantic's without titles, defaults of null, and what is for terminals."""
    if isinstance(schema, list):
        return [_plain(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    is_schema = isinstance(schema.get("title"), str)
    left_out = {"title", "metavar", "option"} if is_schema else set()
    found = {name: _plain(value) for name, value in schema.items() if name not in left_out}
    if is_schema and found.get("default", ...) is None:
        found.pop("default")
    return found
