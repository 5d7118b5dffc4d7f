"""The standard library judges: the same classes, decorated by it and by ours, behave the same."""

import copy
import dataclasses
import pickle
import subprocess
import sys
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar, Generic, TypeVar

import pytest
from pydantic import TypeAdapter

from plantpulse import late_dataclasses

Thing = TypeVar("Thing")


def classes(kit: Any) -> SimpleNamespace:
    """Return one class of each kind that plantpulse has, decorated by `kit`."""

    @kit.dataclass(frozen=True, slots=True)
    class Reading:
        """What a sensor said."""

        tag: str
        value: float | None = None
        marks: list[str] = kit.field(default_factory=list)
        secret: str = kit.field(default="", repr=False)
        unit: ClassVar[str] = "kW"

        def doubled(self) -> Any:
            return kit.replace(self, value=2 * (self.value or 0))

    @kit.dataclass(frozen=True, slots=True, kw_only=True)
    class Section:
        """A base without fields."""

    @kit.dataclass(frozen=True, slots=True, kw_only=True)
    class Settings(Section):
        host: str
        port: int = 1433
        retries: int = kit.field(default=3, metadata={"ge": 0})

        def __post_init__(self) -> None:
            if self.port < 1:
                raise ValueError("no such port")

    @kit.dataclass(frozen=True, slots=True, kw_only=True)
    class Wider(Settings):
        extra: str = "none"

    @kit.dataclass(slots=True)
    class Run:
        name: str
        steps: list[int] = kit.field(default_factory=list)
        is_over: bool = kit.field(default=False, init=False)
        later: int = kit.field(init=False)

        def __post_init__(self) -> None:
            self.later = len(self.name)

    @kit.dataclass(slots=True, eq=False)
    class Watch(Generic[Thing]):
        thing: Thing

    @kit.dataclass(frozen=True)
    class Verdict:
        code: int
        words: str = "fine"

    @kit.dataclass(frozen=True, repr=False)
    class Hidden:
        text: str

        def __repr__(self) -> str:
            return "Hidden"

    @kit.dataclass(kw_only=True)
    class Named:
        only: int

    @kit.dataclass
    class Plain:
        one: int = 1

    @kit.dataclass
    class OwnInit:
        one: int

        def __init__(self) -> None:
            self.one = 7

    return SimpleNamespace(**{name: one for name, one in locals().items() if isinstance(one, type)})


HERE, THERE = classes(late_dataclasses), classes(dataclasses)


def told(doing: Any, kinds: SimpleNamespace) -> Any:
    """Return what came of it, in a form that names no kit."""
    try:
        return doing(kinds)
    except Exception as error:
        return type(error)


SAME: list[Any] = [
    lambda k: repr(k.Reading("T1", 2.5, secret="x")),
    lambda k: k.Reading("T1").doubled().value,
    lambda k: k.Reading("T1", 1.0).doubled() == k.Reading("T1", 2.0),
    lambda k: k.Reading("T1") == k.Reading("T2"),
    lambda k: k.Reading("T1") == ("T1", None, [], ""),
    lambda k: k.Reading("T1").marks is k.Reading("T1").marks,
    lambda k: k.Reading.unit,
    lambda k: k.Reading(),
    lambda k: k.Reading("T1", 1, [], "", "one too many"),
    lambda k: k.Reading("T1", tag="T2"),
    lambda k: k.Reading("T1", colour="red"),
    lambda k: setattr(k.Reading("T1"), "tag", "T2"),
    lambda k: setattr(k.Verdict(1), "colour", "red"),
    lambda k: delattr(k.Reading("T1"), "tag"),
    lambda k: k.Reading("T1").__dict__,
    lambda k: hash(k.Reading("T1")),
    lambda k: hash(k.Verdict(1)) == hash(k.Verdict(1)),
    lambda k: {k.Verdict(1): "a"}[k.Verdict(1)],
    lambda k: k.Verdict(1).__dict__,
    lambda k: k.Verdict.words,
    lambda k: hash(k.Run("a")),
    lambda k: hash(k.Plain()),
    lambda k: (k.Plain(), k.Plain(2)) == (k.Plain(1), k.Plain(one=2)),
    lambda k: repr(k.OwnInit()),
    lambda k: repr(k.Hidden("x")),
    lambda k: repr(k.Run("ab", [1])),
    lambda k: k.Run("ab", is_over=True),
    lambda k: vars(k.Run)["steps"].__class__.__name__,
    lambda k: setattr(k.Run("a"), "is_over", True),
    lambda k: setattr(k.Run("a"), "colour", "red"),
    lambda k: k.Watch(1) == k.Watch(1),
    lambda k: k.Watch[int](1).thing,
    lambda k: isinstance(hash(k.Watch([])), int),
    lambda k: k.Settings("host"),
    lambda k: k.Named(1),
    lambda k: k.Named(),
    lambda k: repr(k.Named(only=1)),
    lambda k: repr(k.Settings(host="a")),
    lambda k: k.Settings(host="a", port=0),
    lambda k: k.Settings(host="a") == k.Wider(host="a"),
    lambda k: repr(k.Wider(host="a", extra="b")),
    lambda k: isinstance(k.Wider(host="a"), k.Section),
    lambda k: [k.Wider.__match_args__, k.Reading.__match_args__, k.Run.__match_args__],
    lambda k: dataclasses.asdict(k.Reading("T1", 1.5, ["m"])),
    lambda k: dataclasses.asdict(k.Wider(host="a")),
    lambda k: [(one.name, one.type, one.init, one.repr) for one in dataclasses.fields(k.Run)],
    lambda k: [dict(one.metadata) for one in dataclasses.fields(k.Wider)],
    lambda k: dataclasses.is_dataclass(k.Watch),
    lambda k: repr(dataclasses.replace(k.Wider(host="a"), port=5)),
    lambda k: repr(copy.copy(k.Reading("T1"))),
    lambda k: copy.deepcopy(k.Reading("T1", marks=["m"])) == k.Reading("T1", marks=["m"]),
    lambda k: copy.deepcopy(k.Run("ab", [1])) == k.Run("ab", [1]),
    lambda k: k.Reading.__doc__,
    lambda k: k.Reading.__qualname__,
    lambda k: repr(TypeAdapter(k.Wider).validate_python({"host": "a", "port": "7"})),
    lambda k: TypeAdapter(k.Wider).validate_python({"port": 7}),
    lambda k: TypeAdapter(k.Settings).validate_python({"host": "a", "port": 0}),
    lambda k: TypeAdapter(k.Wider).dump_python(k.Wider(host="a")),
    lambda k: TypeAdapter(k.Wider).json_schema(),
]


@pytest.mark.parametrize("doing", SAME, ids=range(len(SAME)))
def test_it_behaves_as_the_standard_librarys_does(doing: Any) -> None:
    assert told(doing, HERE) == told(doing, THERE)


def test_what_was_compared_is_not_failure_alone() -> None:
    failed = [told(doing, THERE) for doing in SAME]

    assert [type(one) for one in failed].count(type) == 19
    assert repr(HERE.Reading("T1", 2.5, secret="x")).endswith("Reading(tag='T1', value=2.5, marks=[])")


@late_dataclasses.dataclass(frozen=True, slots=True)
class Pickled:
    one: int
    two: str = "b"


def test_a_frozen_one_with_slots_can_be_sent_to_another_process() -> None:
    assert pickle.loads(pickle.dumps(Pickled(1))) == Pickled(1)  # noqa: S301 - our own bytes


def test_the_standard_library_may_stand_on_ours() -> None:
    @dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
    class Upper(HERE.Settings):  # type: ignore[name-defined,misc] # made above
        """One that is decorated by the standard library, on one that is not."""

        floor: int = 1

    assert [one.name for one in late_dataclasses.fields(Upper)] == ["host", "port", "retries", "floor"]
    assert [one.default for one in late_dataclasses.fields(Upper)][1:] == [1433, 3, 1]
    assert late_dataclasses.fields(Upper)[0].default is late_dataclasses.MISSING
    assert late_dataclasses.replace(Upper(host="a"), floor=2) == Upper(host="a", floor=2)
    with pytest.raises(ValueError, match="no such port"):
        Upper(host="a", port=0)


@pytest.mark.parametrize("kit", [late_dataclasses, dataclasses])
def test_a_default_that_can_change_is_refused(kit: ModuleType) -> None:
    with pytest.raises(ValueError, match="default_factory"):

        @kit.dataclass
        class _Wrong:
            many: list[int] = []  # noqa: RUF012 - what is refused


@pytest.mark.parametrize("kit", [late_dataclasses, dataclasses])
def test_a_field_without_a_default_behind_one_that_has_it_is_refused(kit: ModuleType) -> None:
    @kit.dataclass
    class Base:
        port: int = 1

    with pytest.raises(TypeError, match="host"):

        @kit.dataclass
        class _Wrong(Base):
            host: str


def test_what_is_not_here_is_refused() -> None:
    @late_dataclasses.dataclass(kw_only=True)
    class Named:
        port: int = 1

    with pytest.raises(TypeError, match="fields of Named are given in another way"):

        @late_dataclasses.dataclass
        class _Mixed(Named):
            pass

    with pytest.raises(TypeError, match="Section is a dataclass of the standard library"):

        @late_dataclasses.dataclass(frozen=True)
        class _Wrong(THERE.Settings):  # type: ignore[name-defined,misc] # made above
            pass

    with pytest.raises(TypeError, match="order"):
        late_dataclasses.dataclass(order=True)(type("Other", (), {}))
    with pytest.raises(TypeError, match="int is no dataclass"):
        late_dataclasses.fields(3)  # type: ignore[arg-type] # what is refused


def test_a_field_of_the_other_kind_is_refused() -> None:
    with pytest.raises(ValueError, match=r"_Field.* for field marks is not allowed"):

        @dataclasses.dataclass
        class _Wrong:
            marks: list[str] = late_dataclasses.field(default_factory=list)  # noqa: RUF009 - it is refused

    with pytest.raises(TypeError, match=r"_Other\.marks: its field is one of the standard library"):

        @late_dataclasses.dataclass
        class _Other:
            marks: list[str] = dataclasses.field(default_factory=list)


def test_nothing_of_the_standard_librarys_is_loaded_before_somebody_asks() -> None:
    code = """
import sys
from plantpulse.late_dataclasses import dataclass, field, fields, replace

@dataclass(frozen=True, slots=True)
class One:
    a: int
    b: list = field(default_factory=list)

one = replace(One(1), a=2)
print(one, one == One(2), [each.name for each in fields(One)])
print({"dataclasses", "inspect"} & sys.modules.keys())
import dataclasses
print(dataclasses.asdict(one))
"""
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert printed.stdout == "One(a=2, b=[]) True ['a', 'b']\nset()\n{'a': 2, 'b': []}\n"
