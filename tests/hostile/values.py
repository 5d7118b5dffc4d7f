"""What strangers may send: values of every kind, and those that are nearly right."""

import json
from typing import Any, Final

from hypothesis import settings
from hypothesis import strategies as st

# The same examples every time; a busy machine fails none.
REPEATABLE: Final = settings(deadline=None, derandomize=True, database=None, max_examples=60)

ODD_TEXTS: Final = (
    "",
    " ",
    "\0",
    "\ud800",
    "\u202e",
    "\ufeff",
    "\u0661",
    "\u00b2",
    "\u0130",
    "nan",
    "-0",
    "1e999",
    "9" * 5000,
    "../../etc/passwd",
    "'; drop table x; --",
    "%s%n",
    "{{7*7}}",
    "\x1b[2J",
    "a" * 9_000,
    "true",
    "null",
)
ODD_TIMES: Final = (
    "0001-01-01",
    "9999-12-31",
    "2026-02-30",
    "2026-W10-2",
    "20260310",
    "2026-03-10",
    "2026-03-11T24:00",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "2026-03-11T06:00",
    "2026-03-11T06:00:00Z",
    "2026-03-29T02:30",
    "2026-10-25T02:30",
    "2026-03-11T06:00:00+23:59",
    "2026-03-11 06:00:00.123456789",
)

texts: Final = (
    st.text(st.characters(codec=None), max_size=30) | st.sampled_from(ODD_TEXTS) | st.sampled_from(ODD_TIMES)
)
numbers: Final = st.integers() | st.floats() | st.sampled_from([2**31, 2**63, -(2**63) - 1, 10**400, -0.0])
scalars: Final = st.none() | st.booleans() | numbers | texts
documents: Final[st.SearchStrategy[Any]] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=8,
)


def objects(*names: str, values: st.SearchStrategy[Any] = documents) -> st.SearchStrategy[dict[str, Any]]:
    """Return JSON objects that have some of these members, and sometimes others."""
    known = st.dictionaries(st.sampled_from(names), values, max_size=len(names)) if names else st.just({})
    return st.builds(lambda one, two: {**one, **two}, known, st.dictionaries(texts, values, max_size=1))


def check_told(error: Exception) -> None:
    """Check what an error says: for people, on one line, of bounded length, and not in Python's words."""
    told = str(error)
    assert told.strip()
    assert told.isprintable(), told
    assert len(told) < 20_000
    assert "invalid literal" not in told
    assert "codec" not in told


def as_json(value: Any) -> bytes:
    """Return a value as a careless client writes it: NaN, and halves of a character, are written too."""
    return json.dumps(value).encode()


def damaged(content: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """Return contents with some bytes changed, left out or put in."""

    def harm(whole: bytes, accidents: list[tuple[int, int, bytes]]) -> bytes:
        for place, removed, piece in accidents:
            at = place % (len(whole) + 1)
            whole = whole[:at] + piece + whole[at + removed :]
        return whole

    accident = st.tuples(st.integers(0, 2**16), st.integers(0, 5), st.binary(max_size=4))
    return st.builds(harm, content, st.lists(accident, min_size=1, max_size=3))
