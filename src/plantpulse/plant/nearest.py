"""Messages for a name that there is not: the names that are nearest to it, or all of a few. Pure."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Final

from plantpulse.errors import InvalidRequest
from plantpulse.plant.text import normalise_key

NEAREST: Final = 3
A_FEW: Final = 10


def unknown(what: str, name: str, known: Iterable[str], *, field: str) -> InvalidRequest:
    """Return the error for an unknown name, such as "there is no pipeline live_puls; did you mean ...?"."""
    names = list(known)
    by_key = {normalise_key(one): one for one in names}
    near = [by_key[key] for key in get_close_matches(normalise_key(name), by_key, n=NEAREST)]
    hint = f"did you mean {listed(near)}?" if near else f"there are: {first_of(names)}"
    return InvalidRequest(f"there is no {what} {name}; {hint}", field=field)


def first_of(names: Sequence[str]) -> str:
    """Return the first of some names, and how many there are beside them."""
    left = len(names) - A_FEW
    return ", ".join(sorted(names)[:A_FEW]) + (f" and {left} more" if left > 0 else "") or "none"


def listed(names: Sequence[str]) -> str:
    """Return names as a sentence has them: a, b or c."""
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last
