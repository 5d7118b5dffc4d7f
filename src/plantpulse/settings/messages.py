"""Describes what a setting may be, from the rules of its field. Pure."""

import types
from collections.abc import Mapping, Sequence
from dataclasses import Field, fields, is_dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from plantpulse.settings.section import Secret
from plantpulse.settings.supabase import SupabaseSettings

_KINDS: Final[Mapping[Any, str]] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    Path: "a path",
    dict: "a mapping",
    tuple: "a list",
}


def allowed(at: Sequence[str], model: type[Any]) -> str:
    """Return what the setting at a place may be, such as "a whole number from 1 to 60"."""
    options = _options(_type_at(at, model))
    if not options:
        return "something else"
    kind = get_origin(options[0]) or options[0]
    if kind is Literal:
        *others, last = get_args(options[0])
        return f"{', '.join(others)} or {last}"
    if is_dataclass(kind):
        return "a mapping of settings"
    field = _field_at(at, model)
    return _KINDS.get(kind, "a text") + _bounds(field.metadata if field else {})


def meaning(at: Sequence[str], model: type[Any]) -> str:
    """Return what a setting is for, with examples of it."""
    field = _field_at(at, model)
    return str(field.metadata["description"]) if field else allowed(at, model)


def no_such_setting(at: Sequence[str], model: type[Any]) -> str:
    """Return the message for an unknown setting, with the one that was probably meant."""
    known = [
        field.name
        for option in _sections(_type_at(at[:-1], model))
        for field in fields(option)
        if _may_be_written(field)
    ]
    close = get_close_matches(at[-1], known, n=1)
    return f"there is no such setting; did you mean {close[0]}?" if close else "there is no such setting"


def _may_be_written(field: Field[Any]) -> bool:
    """Say whether a file may hold a setting: not what is computed, and no secret."""
    is_secret = {Secret, SupabaseSettings} & set(_options(field.type))
    return not is_secret and not field.metadata.get("exclude")


def _bounds(rules: Mapping[str, Any]) -> str:
    if "ge" in rules and "le" in rules:
        return f" from {rules['ge']} to {rules['le']}"
    return " that is not empty" if "min_length" in rules else ""


def _field_at(at: Sequence[str], model: type[Any]) -> Field[Any] | None:
    sections = _sections(_type_at(at[:-1], model)) if at else []
    return next((field for section in sections for field in fields(section) if field.name == at[-1]), None)


def _type_at(at: Sequence[str], model: Any) -> Any:
    """Return the annotation of a place; None if the models do not know it."""
    for part in at:
        model = next((inner for option in _options(model) if (inner := _inner(option, part))), None)
    return model


def _inner(option: Any, part: str) -> Any:
    if is_dataclass(option):
        return next((field.type for field in fields(option) if field.name == part), None)
    arguments = get_args(option)
    return arguments[-1 if get_origin(option) is dict else 0] if arguments else None


def _sections(annotation: Any) -> list[Any]:
    return [option for option in _options(annotation) if is_dataclass(option)]


def _options(annotation: Any) -> list[Any]:
    """Return the types of an annotation, without None and without rules."""
    if get_origin(annotation) is Annotated:
        return _options(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return [one for option in get_args(annotation) for one in _options(option)]
    return [] if annotation in (None, type(None)) else [annotation]
