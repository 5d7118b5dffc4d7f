"""Fills the settings from checked values, without pydantic, which would slow a cold start down.

A deployed function uses it: its bundle carries its settings as JSON. Types and bounds were checked when the
bundle was built. Only the `Checked` rules are applied, because keys and passwords come from the environment.
"""

import types
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from plantpulse.late_dataclasses import fields, is_dataclass
from plantpulse.settings.section import Checked, Secret, Section

SectionT = TypeVar("SectionT", bound=Section)


class Refused(ValueError):
    """A value breaks a rule; `place` is its path from the filled section."""

    def __init__(self, place: tuple[str, ...], words: str) -> None:
        super().__init__(words)
        self.place = place


def filled(section: type[SectionT], tree: Mapping[str, Any]) -> SectionT:
    """Return a section with the values of a tree. Raises: Refused."""
    makers = _makers(section)  # type: ignore[arg-type] # mypy looks at the hash of instances, not of the class
    return section(**{name: _made(makers.get(name, _same), name, value) for name, value in tree.items()})


def _made(make: Callable[[Any], Any], name: str, value: Any) -> Any:
    try:
        return make(value)
    except Refused as error:
        raise Refused((name, *error.place), str(error)) from None
    except ValueError as error:
        raise Refused((name,), str(error)) from None


@cache
def _makers(section: Any) -> Mapping[str, Callable[[Any], Any]]:
    """Return functions from JSON to a field's type, for fields with another type than their JSON."""
    makers = {field.name: _maker_of(field.type) for field in fields(section)}
    return {name: make for name, make in makers.items() if make is not _same}


def _maker_of(annotation: Any) -> Callable[[Any], Any]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return _optional(_maker_of(next(one for one in arguments if one is not type(None))))
    if origin is Annotated:
        return _annotated(arguments[0], arguments[1:])
    if origin is dict:
        return _each(_maker_of(arguments[1]))
    if is_dataclass(annotation):
        section: Any = annotation
        return lambda tree: filled(section, tree)
    return {Path: Path, Secret: Secret, tuple: tuple}.get(origin or annotation, _same)


def _annotated(inner: Any, rules: tuple[Any, ...]) -> Callable[[Any], Any]:
    make, checks = _maker_of(inner), [rule.check for rule in rules if isinstance(rule, Checked)]
    if not checks:
        return make

    def checked(value: Any) -> Any:
        value = make(value)
        for check in checks:
            value = check(value)
        return value

    return checked


def _optional(make: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return _same if make is _same else lambda value: None if value is None else make(value)


def _each(make: Callable[[Any], Any]) -> Callable[[Any], Any]:
    if make is _same:
        return _same
    return lambda tree: {key: _made(make, key, value) for key, value in tree.items()}


def _same(value: Any) -> Any:
    return value
