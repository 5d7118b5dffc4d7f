"""What a caller hears of a wrong request: the field and what it may be, never a word of pydantic's."""

import re
from dataclasses import asdict, dataclass, field, fields
from datetime import date, datetime
from enum import Enum
from typing import Annotated, Any, Final, Literal, get_args

import pytest
from pydantic import Field, ValidationError
from pydantic_core.core_schema import ErrorType

from plantpulse.cleanup import CleanupRequest
from plantpulse.entry import requests, wording
from plantpulse.entry.requests import Request
from plantpulse.errors import InvalidRequest
from plantpulse.health.service import HealthRequest
from plantpulse.live_pulse.job import LivePulseRequest
from plantpulse.morning_report.request import MorningReportRequest

REQUESTS: Final[list[type[Request]]] = [
    CleanupRequest, HealthRequest, LivePulseRequest, MorningReportRequest,
]  # fmt: skip
FOREIGN: Final = "Input should be a pydantic_core thing matching pattern '^[a-z]$'"
OURS: Final = re.compile(
    "must be (a text|true or false|a date such as 2026-03-10)"
    "|there is no such field; (did you mean [a-z_]+\\?|known fields: [a-z_, ]+)"
)
VALUES: Final[tuple[Any, ...]] = (
    None, True, 0, -1, 1.5, 1e999, 10**40, "", "x", "\ud800", "\x00", "2026-02-30", "06:00",
    [], [1], {}, {"a": 1},
)  # fmt: skip


def refused(model: type[Any], parameters: dict[str, Any]) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as raised:
        requests.parse(model, parameters)
    return raised.value


def places(model: type[Any]) -> list[str]:
    return [requests.name_of(one) for one in fields(model)]


def is_refused(model: type[Any], parameters: dict[str, Any]) -> bool:
    try:
        requests.checked_model(model).model_validate(parameters)
    except ValidationError:
        return True
    return False


@pytest.mark.parametrize("model", REQUESTS)
def test_every_value_that_a_field_refuses_is_answered_in_our_words(model: type[Any]) -> None:
    wrong = [{place: value} for place in [*places(model), "plnat", ""] for value in VALUES]
    wrong = [parameters for parameters in wrong if is_refused(model, parameters)]

    for parameters in wrong:
        told = refused(model, parameters)
        assert OURS.fullmatch(str(told)), told
        assert told.field == (next(iter(parameters)) or None)

    assert len(wrong) >= 2 * len(VALUES)


@pytest.mark.parametrize("model", REQUESTS)
def test_what_is_taken_without_pydantic_is_what_pydantic_takes(model: type[Any]) -> None:
    values = [*VALUES, "north", "Süd", False]
    asked = [{}, *({place: value} for place in places(model) for value in values)]
    taken = [parameters for parameters in asked if not is_refused(model, parameters)]

    for parameters in taken:
        found = requests.parse(model, parameters)
        assert asdict(found) == dict(requests.checked_model(model).model_validate(parameters))

    assert taken


@pytest.mark.parametrize("kind", get_args(ErrorType))
def test_no_fault_that_pydantic_knows_is_told_in_its_words(kind: str) -> None:
    if kind in {"value_error"}:  # raised by our own checks, with our own words
        return
    for model in REQUESTS:
        for place in (
            [],
            ["unknown"],
            *([place] for place in places(model)),
            *([p, "0"] for p in places(model)),
        ):
            told = wording.words(kind, FOREIGN, place, requests.checked_model(model).model_json_schema())
            assert "Input should" not in told
            assert re.fullmatch("(must be|must be set to|there is no such field;) .+", told)


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Everything(Request):
    """What a pipeline that somebody adds may ask for."""

    name: Annotated[str, Field(min_length=2, max_length=20, pattern="^[a-z]+$")]
    share: Annotated[float, Field(gt=0, lt=1)] | None = None
    days: Annotated[int, Field(ge=1, le=31)] = 1
    tags: Annotated[list[str], Field(min_length=1, max_length=3)] = field(default_factory=lambda: ["a"])
    mode: Literal["fast", "slow"] = "fast"
    colour: Colour | None = None
    more: dict[str, int] = field(default_factory=dict)
    on: date | None = None
    at: datetime | None = None


@pytest.mark.parametrize(
    ("parameters", "field", "told"),
    [
        ({}, "name", "must be set to a text, at least 2 characters, at most 20 characters"),
        ({"name": "N"}, "name", "must be a text, at least 2 characters, at most 20 characters"),
        ({"name": "no", "share": 1.0}, "share", "must be a number, above 0, below 1"),
        ({"name": "no", "days": 32}, "days", "must be a whole number, at least 1, at most 31"),
        ({"name": "no", "days": True}, "days", "must be a whole number, at least 1, at most 31"),
        ({"name": "no", "tags": []}, "tags", "must be a list, at least 1 items, at most 3 items"),
        ({"name": "no", "tags": [1]}, "tags.0", "must be a list, at least 1 items, at most 3 items"),
        ({"name": "no", "mode": "odd"}, "mode", "must be fast or slow"),
        ({"name": "no", "colour": "green"}, "colour", "must be red or blue"),
        ({"name": "no", "more": []}, "more", "must be a JSON object"),
        ({"name": "no", "on": "soon"}, "on", "must be a date such as 2026-03-10"),
        ({"name": "no", "at": 5}, "at", "must be an ISO 8601 time such as 2026-03-11T06:00:00Z"),
    ],
)
def test_a_pipeline_that_somebody_adds_gets_words_too(
    parameters: dict[str, Any], field: str, told: str
) -> None:
    error = refused(Everything, parameters)

    assert (error.field, str(error)) == (field, told)


def test_a_field_of_any_length_is_named_in_short() -> None:
    error = refused(HealthRequest, {"x" * 60_000: 1})

    assert error.field is not None
    assert len(error.field) == wording.LONGEST_PLACE
    assert str(error) == "there is no such field; known fields: none"
