"""Which series a person means: `DE/load`, `DE load`, `de/day_ahead_price`, or by area, kind and source.

A name may be shortened at its end: `DE/generation` means all types of production. Pure, except for options.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

import click

from plantpulse.errors import InvalidRequest
from plantpulse.plant.nearest import listed, unknown
from plantpulse.plant.text import normalise_key

Record = Mapping[str, Any]
Function = TypeVar("Function", bound=Callable[..., Any])

FIRST_AUCTION: Final = "1"
_A_FEW: Final = 5


def filter_options(function: Function) -> Function:
    """Give a command --area, --kind and --source."""
    for name, metavar, help_ in (
        ("source", "NAME", "Only series of this publisher, such as entsoe."),
        ("kind", "KIND", "Only series of this kind, such as load."),
        ("area", "NAME", "Only series of this area or commodity, such as DE or WTI."),
    ):
        function = click.option(f"--{name}", metavar=metavar, help=help_)(function)
    return function


def filtered(known: Sequence[Record], area: str | None, kind: str | None, source: str | None) -> list[Record]:
    """Return the series that fit. Raises: InvalidRequest for a name that no series has."""
    found = list(known)
    for column, option, wanted in (
        ("subject", "area", area),
        ("kind", "kind", kind),
        ("source",) * 2 + (source,),
    ):
        if wanted is None:
            continue
        names = {one[column] for one in known}
        if not any(_is_same(wanted, name) for name in names):
            raise unknown(option, wanted, sorted(names), field=option)
        found = [one for one in found if _is_same(wanted, one[column])]
    return found


def _is_same(typed: str, name: str) -> bool:
    return _words(typed) == _words(name)


def _words(name: str) -> list[str]:
    """Return the words of a name; blanks, slashes and letter case do not matter, - is _."""
    return [normalise_key(word).replace("-", "_") for word in re.split(r"[/\s]+", name) if word]


def one_series(known: Sequence[Record], typed: Sequence[str]) -> Record:
    """Return the series that a name means: of several auctions the first one.

    Raises: InvalidRequest for a name that there is not, or that means several series.
    """
    found = _meant(known, " ".join(typed))
    if not found:
        raise _unknown(known, typed)
    if len({(one["subject"], one["kind"]) for one in found}) == 1:
        found = [one for one in found if one["part"] == FIRST_AUCTION] or found
    if len(found) > 1:
        keys = sorted(one["key"] for one in found)
        left = len(keys) - _A_FEW
        some = f"{', '.join(keys[:_A_FEW])} and {left} more" if left > 0 else listed(keys)
        raise InvalidRequest(f"{' '.join(typed)} means several series: {some}", field="key")
    return found[0]


def several_series(known: Sequence[Record], typed: Sequence[str]) -> list[Record]:
    """Return all series that names mean, each once: all words as one name, else each for itself.

    Raises: InvalidRequest for a name that there is not.
    """
    if together := _meant(known, " ".join(typed)):
        return together
    found: dict[str, Record] = {}
    for name in typed:
        own = _meant(known, name)
        if not own:
            raise _unknown(known, [name] if any("/" in one for one in typed) else typed)
        found |= {one["key"]: one for one in own}
    return list(found.values())


def _meant(known: Sequence[Record], name: str) -> list[Record]:
    wanted = _words(name)
    by_words = [(_words(one["key"]), one) for one in known]
    exact = [one for words, one in by_words if words == wanted]
    return exact or [one for words, one in by_words if wanted and words[: len(wanted)] == wanted]


def _unknown(known: Sequence[Record], typed: Sequence[str]) -> InvalidRequest:
    name = "/".join(typed)
    if not known:
        return InvalidRequest("no series is stored yet: `plantpulse run` collects them", field="key")
    # A name of two words is compared with names of two words, so that a missing part is no difference.
    depth = name.count("/") + 1
    shortened = {"/".join(one["key"].split("/")[:depth]) for one in known}
    return unknown("series", name, sorted(shortened), field="key")
