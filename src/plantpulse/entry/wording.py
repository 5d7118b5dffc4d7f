"""Says what is wrong with a parameter of a request: its name and what it may be, in our own words. Pure.

pydantic finds the faults. Its messages are about its own types, and quote patterns; nobody here sees them.
"""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final

from pydantic import ValidationError

from plantpulse.errors import InvalidRequest

LONGEST_PLACE: Final = 100

_KINDS: Final[Mapping[Any, str]] = {
    "string": "a text",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "array": "a list",
    "object": "a JSON object",
}
_FORMATS: Final[Mapping[Any, str]] = {
    "date": "a date such as 2026-03-10",
    "date-time": "an ISO 8601 time such as 2026-03-11T06:00:00Z",
    "time": "a time of day such as 06:00",
}
_BOUNDS: Final[Mapping[str, str]] = {
    "minimum": "at least {}",
    "exclusiveMinimum": "above {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "below {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
}


def refusal(error: ValidationError, schema: Mapping[str, Any]) -> InvalidRequest:
    """Return what to answer to a request with faults: its first one. `schema` is that of the request."""
    fault = error.errors(include_input=False, include_url=False, include_context=False)[0]
    place = tuple(str(part) for part in fault["loc"])
    told = words(fault["type"], fault["msg"], place, schema)
    return InvalidRequest(told, field=".".join(place)[:LONGEST_PLACE] or None)


def words(kind: str, message: str, place: Sequence[str], schema: Mapping[str, Any]) -> str:
    """Return the words for a fault by pydantic's name of it; only those of our own checks are kept."""
    if kind == "value_error":
        return message.removeprefix("Value error, ")
    known = schema.get("properties", {})
    if not place or place[0] not in known:
        close = get_close_matches(place[0], known, n=1) if place else []
        meant = f"did you mean {close[0]}?" if close else f"known fields: {', '.join(known) or 'none'}"
        return f"there is no such field; {meant}"
    may_be = allowed(known[place[0]], schema)
    return f"must be set to {may_be}" if kind == "missing" and len(place) == 1 else f"must be {may_be}"


def allowed(field: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """Return what a field may be, by its JSON schema: "a whole number, at least 1"."""
    if "$ref" in field:
        return allowed(schema["$defs"][field["$ref"].rpartition("/")[2]], schema)
    if options := field.get("anyOf"):
        others = [allowed(one, schema) for one in options if one.get("type") != "null"]
        return " or ".join(dict.fromkeys(others))
    if "const" in field or "enum" in field:
        return " or ".join(str(one) for one in field.get("enum", [field.get("const")]))
    kind = _FORMATS.get(field.get("format")) or _KINDS.get(field.get("type"), "of another form")
    bounds = [told.format(field[name]) for name, told in _BOUNDS.items() if name in field]
    return ", ".join([kind, *bounds])
