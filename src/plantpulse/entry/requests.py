"""What a pipeline may be asked for: a frozen dataclass; its fields carry their rules and their help.

pydantic checks what a person asks for by these rules. What a scheduler sends, a plant's name at most, needs
none of that: `parse` fills the class itself then, because pydantic would slow a cold start down.
"""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeVar

from plantpulse.errors import InvalidRequest
from plantpulse.late_dataclasses import MISSING, Field, dataclass, field, fields

if TYPE_CHECKING:
    from pydantic import BaseModel

RequestT = TypeVar("RequestT")
_PLAIN: Final = {str: str, str | None: str, bool: bool}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The parameters of a call; none is unknown, and none is taken for another kind."""


def parameter(
    default: Any = MISSING,
    *,
    description: str = "",
    alias: str | None = None,
    metavar: str | None = None,
    option: str | None = None,
) -> Any:
    """Return a dataclass field for a parameter; without a default it must be there.

    `alias` is its name in a request, where Python has that word for itself. On the command line, `option` is
    its name, and `metavar` stands for its value.
    """
    extra = {name: value for name, value in (("metavar", metavar), ("option", option)) if value}
    told = {"description": description, "alias": alias, "json_schema_extra": extra}
    metadata = {name: value for name, value in told.items() if value}
    if default is MISSING:
        return field(metadata=metadata)
    return field(default=default, metadata=metadata)


def name_of(one: "Field[Any]") -> str:
    """Return the name of a parameter in a request."""
    alias: str = one.metadata.get("alias", one.name)
    return alias


def parse(model: type[RequestT], parameters: Mapping[str, Any]) -> RequestT:
    """Return the parameters as a pipeline's request. Raises: InvalidRequest with the first wrong field."""
    plain = _plain(model, parameters)
    return _checked(model, parameters) if plain is None else plain


def _plain(model: type[RequestT], parameters: Mapping[str, Any]) -> RequestT | None:
    """Return a request of names and flags alone; None if there is anything to check or to refuse."""
    known = {name_of(one): one for one in fields(model)}  # type: ignore[arg-type] # a dataclass
    found = {}
    for name, value in parameters.items():
        one = known.get(name)
        if one is None or type(value) is not _PLAIN.get(one.type):  # type: ignore[arg-type] # no text here
            return None
        if isinstance(value, str) and not value.isascii():
            return None
        found[one.name] = value
    needed = {one.name for one in known.values() if one.default is MISSING is one.default_factory}
    return model(**found) if needed <= found.keys() else None


def _checked(model: type[RequestT], parameters: Mapping[str, Any]) -> RequestT:
    from pydantic import ValidationError  # noqa: PLC0415 - a scheduler asks for nothing that needs it

    checked = checked_model(model)
    try:
        found = checked.model_validate(parameters)
    except ValidationError as error:
        raise _refusal(error, checked) from None
    # The model is a dataclass, which its type does not say.
    return model(**{one.name: getattr(found, one.name) for one in fields(model)})  # type: ignore[arg-type]


def _refusal(error: Any, checked: "type[BaseModel]") -> InvalidRequest:
    from plantpulse.entry.wording import refusal  # noqa: PLC0415 - for a person alone

    return refusal(error, checked.model_json_schema())


def checked_model(model: type[Any]) -> "type[BaseModel]":
    """Return pydantic's model of a request: the same fields, nothing unknown, nothing taken for another kind.

    A dataclass that is strict would itself refuse a mapping, so it is a model.
    """
    return _made(model)  # type: ignore[arg-type] # mypy looks at the hash of instances, not of the class


@cache
def _made(model: Any) -> "type[BaseModel]":
    import pydantic  # noqa: PLC0415 - as above

    strict = pydantic.ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)
    made: dict[str, Any] = {one.name: (one.type, _field_of(one, pydantic.Field)) for one in fields(model)}
    found: type[BaseModel] = pydantic.create_model(model.__name__, __config__=strict, **made)
    return found


def _field_of(one: "Field[Any]", make: Any) -> Any:
    if one.default_factory is not MISSING:
        return make(default_factory=one.default_factory, **one.metadata)
    return make(**one.metadata) if one.default is MISSING else make(default=one.default, **one.metadata)
