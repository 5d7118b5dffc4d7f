"""Checks settings that a person wrote, and reports their faults.

pydantic finds the faults, by the rules of the fields. The messages are plantpulse's own: the name, what is
allowed, and what was probably meant. A value is never quoted: it may be a secret in the wrong place.
"""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import date
from functools import cache
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter, ValidationError

from plantpulse.errors import ConfigurationError, one_line
from plantpulse.settings import messages
from plantpulse.settings.series import PUBLISHERS
from plantpulse.settings.settings import PLANT_SECTIONS, Settings
from plantpulse.settings.tree import Place, Tree, as_if_connected, complete, mapping, without_half_a_supabase

Model = TypeVar("Model")

_LONGEST: Final = 3000  # of what is said about one setting
_LONGEST_NAME: Final = 200
_UNQUOTED: Final = (bool, int, float, date)


@cache
def adapter(model: Any) -> TypeAdapter[Any]:
    """Return pydantic's adapter of a model; it is built once."""
    return TypeAdapter(model)


def validated(model: type[Model], tree: Any) -> Model:
    """Return a model filled from a tree. Raises: ConfigurationError that names each wrong setting."""
    try:
        found: Model = adapter(model).validate_python(tree)  # type: ignore[arg-type] # hashed is the class
    except ValidationError as error:
        told = {f"{_dotted(at) or model.__name__}: {fault}": None for at, fault in _faults(error, model)}
        raise ConfigurationError("; ".join(one_line(one, _LONGEST) for one in told)) from None
    return found


def validated_settings(written: Tree, origins: Mapping[Place, str], file_name: str) -> Settings:
    """Return all settings, from a written tree with the environment over it.

    Raises: ConfigurationError that names each wrong setting by its variable or its place.
    """
    tree = without_half_a_supabase(written)
    try:
        if (connected := as_if_connected(tree)) != tree:
            adapter(Settings).validate_python(complete(connected))
        found: Settings = adapter(Settings).validate_python(complete(tree))
    except ValidationError as error:
        places = ((_place_written(at, written), fault) for at, fault in _faults(error, Settings))
        told = {
            fault if _names_its_place(at, fault) else f"{_named(at, origins) or file_name}: {fault}": None
            for at, fault in places
        }
        raise ConfigurationError("; ".join(one_line(one, _LONGEST) for one in told)) from None
    return found


def _names_its_place(at: Place, fault: str) -> bool:
    """Say whether a fault between sections begins with its place, as those of `Settings` do."""
    return not at and fault.partition(".")[0] in {field.name for field in fields(Settings)}


def as_tree(settings: Settings) -> Tree:
    """Return complete settings as JSON values, without those that only the environment can set."""
    tree: Tree = adapter(Settings).dump_python(settings, mode="json")
    for name in ("supabase", "tag_credentials"):
        tree.pop(name)
    for plant in tree["plants"].values():
        (plant["sql_server"] or {}).pop("password", None)
    for channel in tree["channels"].values():
        channel.pop("secret")
    for publisher in PUBLISHERS if tree["series"] else ():
        (tree["series"][publisher] or {}).pop("key", None)
    return tree


def _faults(error: ValidationError, model: type[Any]) -> Iterator[tuple[Place, str]]:
    for fault in error.errors(include_url=False, include_context=False):
        at = tuple(str(part) for part in fault["loc"] if part != "[key]")
        yield at, words(fault["type"], fault["msg"], at, model) + _advice(fault["type"], fault["input"])


def words(kind: str, message: str, at: Place, model: type[Any]) -> str:
    """Return the words for a fault by pydantic's name of it; only those of our own checks are kept."""
    if kind == "value_error":
        return message.removeprefix("Value error, ")
    if kind == "invalid_key":
        return "a setting's name must be a text"
    if kind == "missing":
        return f"must be set: {messages.meaning(at, model)}"
    if kind == "unexpected_keyword_argument":
        return messages.no_such_setting(at, model)
    return f"must be {messages.allowed(at, model)}"


def _advice(kind: str, value: object) -> str:
    """Return what helps where YAML takes a text for something else; the value itself is never told."""
    return ", so write it in quotes" if kind == "string_type" and isinstance(value, _UNQUOTED) else ""


def _named(at: Place, origins: Mapping[Place, str]) -> str:
    """Return what a person calls a place: a variable, with what is inside its value, or dotted names."""
    for length in range(len(at), 0, -1):
        if variable := origins.get(at[:length]):
            return _dotted((variable, *at[length:]))
    return _dotted(at)


def _dotted(at: Place) -> str:
    """Return a place as it is shown; a name in it may be anything that somebody has typed."""
    return ".".join(one_line(part, _LONGEST_NAME) for part in at)


def _place_written(place: Place, tree: Tree) -> Place:
    """Return where a setting was written: in the plant's own section, or else in the common one."""
    if len(place) != 4 or place[0] != "plants" or place[2] not in PLANT_SECTIONS:
        return place
    own = mapping(mapping(mapping(tree, "plants"), place[1]), place[2])
    return place if place[3] in own else place[2:]
