"""The base of every section of the settings: a frozen dataclass; its fields carry their rules.

One definition has two uses. pydantic checks values that a person wrote by these rules (`validation`). A
deployed function fills the same classes from JSON that was checked before (`filling`). Nothing here imports
pydantic, because it would slow a cold start down.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, Final

from plantpulse.late_dataclasses import MISSING, dataclass, field

MINUTES_A_DAY: Final = 1440


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A section, or all of them together. `__post_init__` checks rules about several fields."""

    # For pydantic: refuse unknown fields, and never quote values.
    __pydantic_config__: ClassVar[Mapping[str, Any]] = {"extra": "forbid", "hide_input_in_errors": True}


def setting(default: Any = MISSING, *, description: str, **rules: Any) -> Any:
    """Return a dataclass field for a setting; without a default it must be set.

    `rules` are bounds with pydantic's names: ge, le, min_length; `exclude=True` is for a computed field.
    """
    metadata = {"description": description, **rules}
    if isinstance(default, dict):
        return field(default_factory=lambda: dict(default), metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True)
class Checked:
    """A rule for one value in `Annotated`, besides its bounds: returns the value, or raises ValueError."""

    check: Callable[[Any], Any]

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> Any:
        from pydantic_core import core_schema  # noqa: PLC0415 - see above

        return core_schema.no_info_after_validator_function(self.check, handler(source))


@dataclass(frozen=True, slots=True)
class Prepared:
    """A rule for the written value, before its type is checked. Raises as `Checked` does."""

    prepare: Callable[[Any], Any]

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> Any:
        from pydantic_core import core_schema  # noqa: PLC0415 - see above

        return core_schema.no_info_before_validator_function(self.prepare, handler(source))


def _no_boolean(value: object) -> object:
    """Return what was written for a number; Python takes true for 1, and nobody means that."""
    if isinstance(value, bool):
        raise ValueError("must be a number, not true or false")
    return value


Whole = Annotated[int, Prepared(_no_boolean)]
Number = Annotated[float, Prepared(_no_boolean)]


class Secret:
    """A text that no log, error, repr or dump shows."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text."""
        return self._text

    def __repr__(self) -> str:
        return "Secret('**********')"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: Callable[[Any], Any]) -> Any:
        from pydantic_core import core_schema  # noqa: PLC0415 - see above

        hidden = core_schema.plain_serializer_function_ser_schema(lambda _: "**********")
        text = core_schema.no_info_after_validator_function(cls, core_schema.str_schema())
        return core_schema.json_or_python_schema(
            json_schema=text,
            python_schema=core_schema.union_schema([core_schema.is_instance_schema(cls), text]),
            serialization=hidden,
        )


def require_divisor_of_a_day(every_minutes: int) -> None:
    """Raises: ValueError unless whole intervals fill a day."""
    if MINUTES_A_DAY % every_minutes:
        raise ValueError("every_minutes must divide a day (1440 minutes) without a rest")
