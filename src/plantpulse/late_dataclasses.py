"""Dataclasses that cost a new process next to nothing: shared methods, and no code compiled for a class.

`dataclasses` writes the source of five methods for each class and compiles it: half a millisecond a class,
and a poll in a new process has seventy; with it come `inspect`, `ast` and `tokenize` (decision 0102). A class
that is decorated here behaves the same, and is a dataclass of the standard library for `dataclasses.fields`,
`asdict`, pydantic, type checkers and whoever else asks. What a scheduled poll imports uses these.

Not here: `order`, `InitVar`, `KW_ONLY`, a base or a field of the standard library, fields of which only the
inherited ones or only the own ones are given by name, and the repr of an object that holds itself. Slots and
frozen go together here: another name is refused with FrozenInstanceError too.
"""

from collections.abc import Callable, Iterator, Mapping
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, Final, get_origin

if TYPE_CHECKING:
    from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass, replace

    __all__ = ["MISSING", "Field", "dataclass", "field", "fields", "is_dataclass", "replace"]


class _Missing:
    """The default of a field that has none."""

    def __repr__(self) -> str:
        return "MISSING"


_MISSING: Final = _Missing()
_put: Final = object.__setattr__  # a frozen class refuses its own


class _Field:
    """What `dataclasses.Field` tells of a field, as far as it is used."""

    __slots__ = ("compare", "default", "default_factory", "init", "metadata", "name", "repr", "type")
    # The standard library takes it for a default, and refuses one without a hash, because it may change.
    __hash__ = None  # type: ignore[assignment] # as the data model wants it

    def __init__(
        self,
        *,
        default: Any = _MISSING,
        default_factory: Any = _MISSING,
        init: bool = True,
        repr: bool = True,
        compare: bool = True,
        metadata: Mapping[Any, Any] | None = None,
    ) -> None:
        if default is not _MISSING is not default_factory:
            raise ValueError("cannot specify both default and default_factory")
        self.name = ""
        self.type: Any = None
        self.default, self.default_factory = default, default_factory
        self.init, self.repr, self.compare = init, repr, compare
        self.metadata = metadata or {}

    def has_default(self) -> bool:
        return self.default is not _MISSING or self.default_factory is not _MISSING

    def made(self) -> Any:
        """Return the default for a new object."""
        return self.default_factory() if self.default is _MISSING else self.default


def _options(one: Any, missing: object) -> dict[str, Any]:
    """Return what makes the same field, here or in the standard library; each has its own `missing`."""
    told = {name: getattr(one, name) for name in _Field.__slots__ if name not in {"name", "type"}}
    return {name: value for name, value in told.items() if value is not missing}


class _Shape:
    """What the shared methods know of a class.

    `by_position` are the names that may be given so, and `whole` how many there are, if that is all of them.
    `compared` gets what equality looks at.
    """

    __slots__ = ("by_position", "compared", "every", "given", "is_completed", "made", "options", "whole")

    def __init__(self, every: Mapping[str, _Field], options: dict[str, Any], *, is_completed: bool) -> None:
        self.every, self.options, self.is_completed = every, options, is_completed
        self.given = [(one.name, one.default, one.default_factory) for one in every.values() if one.init]
        self.made = [one for one in every.values() if not one.init and one.has_default()]
        self.by_position = () if options["kw_only"] else tuple(name for name, _, _ in self.given)
        self.whole = None if options["kw_only"] else len(self.given)
        compared = [name for name, one in every.items() if one.compare]
        self.compared: Callable[[Any], Any] = attrgetter(*compared) if compared else lambda _: ()


class _Asked:
    """Stands for an attribute of the standard library's dataclasses, which is made when somebody asks."""

    __slots__ = ("_name", "_owner")

    def __init__(self, owner: Any, name: str) -> None:
        self._owner, self._name = owner, name

    def __get__(self, _instance: object, _owner: object = None) -> Any:
        import dataclasses  # noqa: PLC0415 - see the top

        shape: _Shape = self._owner.__late__
        same = [
            (one.name, one.type, dataclasses.field(**_options(one, _MISSING))) for one in shape.every.values()
        ]
        twin: Any = dataclasses.make_dataclass(self._owner.__name__, same, **shape.options)
        self._owner.__dataclass_fields__ = twin.__dataclass_fields__
        self._owner.__dataclass_params__ = twin.__dataclass_params__
        return getattr(twin, self._name)


def _dataclass(
    cls: Any = None,
    /,
    *,
    frozen: bool = False,
    slots: bool = False,
    kw_only: bool = False,
    eq: bool = True,
    repr: bool = True,
) -> Any:
    """Decorate a class as `dataclasses.dataclass` does.

    Raises: TypeError for what is not here, ValueError for a default that can change.
    """
    options = {"frozen": frozen, "slots": slots, "kw_only": kw_only, "eq": eq, "repr": repr}
    return (lambda one: _decorated(one, options)) if cls is None else _decorated(cls, options)


def _decorated(cls: Any, options: dict[str, Any]) -> Any:
    every = {one.name: one for one in (*_inherited(cls, options), *_own(cls))}
    if not options["kw_only"]:
        _check_order(cls, every)
    if options["slots"]:
        cls = _with_slots(cls, every)
    shape = _Shape(every, options, is_completed=hasattr(cls, "__post_init__"))
    methods = {"__late__": shape, "__match_args__": shape.by_position}
    methods |= {name: _Asked(cls, name) for name in ("__dataclass_fields__", "__dataclass_params__")}
    methods |= {name: method for name, method in _written_over(options) if name not in cls.__dict__}
    if options["eq"] and cls.__dict__.get("__hash__") is None:
        methods["__hash__"] = _hash if options["frozen"] else None
    if options["frozen"]:
        methods |= {"__setattr__": _refuse, "__delattr__": _refuse}
    for name, method in methods.items():
        setattr(cls, name, method)
    return cls


def _check_order(cls: Any, every: Mapping[str, _Field]) -> None:
    is_behind_default = False
    for name, one in every.items():
        if one.init and is_behind_default and not one.has_default():
            raise TypeError(f"{cls.__name__}.{name}: no default, behind a field that has one")
        is_behind_default |= one.init and one.has_default()


def _written_over(options: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Return the methods that a class may have of its own."""
    yield "__init__", _init
    if options["repr"]:
        yield "__repr__", _repr
    if options["eq"]:
        yield "__eq__", _eq
    if options["frozen"] and options["slots"]:
        yield "__getstate__", _getstate
        yield "__setstate__", _setstate


def _inherited(cls: Any, options: dict[str, Any]) -> Iterator[_Field]:
    for base in reversed(cls.__mro__[1:]):
        if "__late__" in base.__dict__:
            shape: _Shape = base.__late__
            if shape.given and shape.options["kw_only"] != options["kw_only"]:
                raise TypeError(f"{cls.__name__}: fields of {base.__name__} are given in another way")
            yield from shape.every.values()
        elif "__dataclass_fields__" in base.__dict__:
            raise TypeError(f"{cls.__name__}: {base.__name__} is a dataclass of the standard library")


def _own(cls: Any) -> Iterator[_Field]:
    """Return the fields that a class is written with; their defaults are attributes of the class then."""
    for name, annotation in cls.__annotations__.items():
        if ClassVar in (annotation, get_origin(annotation)):
            continue
        written = cls.__dict__.get(name, _MISSING)
        if type(written).__module__ == "dataclasses":
            raise TypeError(f"{cls.__name__}.{name}: its field is one of the standard library")
        one = written if isinstance(written, _Field) else _Field(default=written)
        one.name, one.type = name, annotation
        if type(one.default).__hash__ is None:
            raise ValueError(f"{cls.__name__}.{name}: a default that can change belongs into default_factory")
        if one.default is not _MISSING:
            setattr(cls, name, one.default)
        elif written is one:
            delattr(cls, name)
        yield one


def _with_slots(cls: Any, names: Mapping[str, _Field]) -> Any:
    """Return the class anew: slots can be told only while it is made."""
    inherited = {name for base in cls.__mro__[1:-1] for name in base.__dict__.get("__slots__", ())}
    left_out = {*names, "__dict__", "__weakref__"}
    body = {name: value for name, value in cls.__dict__.items() if name not in left_out}
    body["__slots__"] = tuple(name for name in names if name not in inherited)
    anew = type(cls)(cls.__name__, cls.__bases__, body)
    anew.__qualname__ = cls.__qualname__
    return anew


def _init(self: Any, /, *values: Any, **named: Any) -> None:
    shape: _Shape = self.__late__
    for name, value in zip(shape.by_position, values, strict=False):
        _put(self, name, value)
    if named or len(values) != shape.whole:
        _fill(self, shape, len(values), named)
    for one in shape.made:
        _put(self, one.name, one.made())
    if shape.is_completed:
        self.__post_init__()


def _fill(self: Any, shape: _Shape, count: int, named: dict[str, Any]) -> None:
    """Set the fields that were not given by position; `count` were. Raises: TypeError."""
    if count > len(shape.by_position):
        raise _refusal(self, f"takes {len(shape.by_position)} positional arguments, but {count} were given")
    lacking = []
    for name, default, factory in shape.given[count:]:
        if name in named:
            _put(self, name, named.pop(name))
        elif default is not _MISSING:
            _put(self, name, default)
        elif factory is not _MISSING:
            _put(self, name, factory())
        else:
            lacking.append(repr(name))
    for name in named:
        is_twice = name in shape.by_position[:count]
        raise _refusal(
            self, f"got {'multiple values for' if is_twice else 'an unexpected'} argument {name!r}"
        )
    if lacking:
        raise _refusal(self, f"misses {', '.join(lacking)}")


def _refusal(self: Any, words: str) -> TypeError:
    return TypeError(f"{type(self).__name__}.__init__() {words}")


def _repr(self: Any) -> str:
    shown = (f"{name}={getattr(self, name)!r}" for name, one in self.__late__.every.items() if one.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _eq(self: Any, other: Any) -> Any:
    if type(other) is not type(self):
        return NotImplemented
    compared = self.__late__.compared
    return compared(self) == compared(other)


def _hash(self: Any) -> int:
    return hash(self.__late__.compared(self))


def _refuse(self: Any, name: str, *_value: Any) -> None:
    from dataclasses import FrozenInstanceError  # noqa: PLC0415 - see the top

    raise FrozenInstanceError(f"cannot change field {name!r} of {type(self).__name__}")


def _getstate(self: Any) -> list[Any]:
    return [getattr(self, name) for name in self.__late__.every]


def _setstate(self: Any, state: list[Any]) -> None:
    for name, value in zip(self.__late__.every, state, strict=True):
        _put(self, name, value)


def _fields(one: Any) -> tuple[Any, ...]:
    """Return the fields of a dataclass or of an instance, whoever decorated it.

    Raises: TypeError for anything else.
    """
    cls: Any = one if isinstance(one, type) else type(one)
    for base in cls.__mro__:
        if "__late__" in base.__dict__:
            return tuple(base.__late__.every.values())
        if "__dataclass_fields__" in base.__dict__:
            return tuple(map(_same_field, base.__dataclass_fields__.values()))
    raise TypeError(f"{cls.__name__} is no dataclass")


def _same_field(theirs: Any) -> _Field:
    from dataclasses import MISSING as THEIR_MISSING  # noqa: PLC0415 - see the top

    one = _Field(**_options(theirs, THEIR_MISSING))
    one.name, one.type = theirs.name, theirs.type
    return one


def _is_dataclass(one: object) -> bool:
    return hasattr(one, "__late__") or hasattr(one, "__dataclass_fields__")


def _replace(one: Any, /, **changes: Any) -> Any:
    """Return a copy with other values in some fields. Raises: TypeError for a name that is no field."""
    return type(one)(**{each.name: getattr(one, each.name) for each in _fields(one) if each.init} | changes)


if not TYPE_CHECKING:
    MISSING, Field, dataclass, field = _MISSING, _Field, _dataclass, _Field
    fields, is_dataclass, replace = _fields, _is_dataclass, _replace
