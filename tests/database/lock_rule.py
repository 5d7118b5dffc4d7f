"""Reads a migration and tells which of its statements could wait for a lock for ever.

A statement that waits for a strong lock holds up everybody who comes after it, readers too: the API cuts
them off after 3 to 8 s. So a migration sets a short lock_timeout first. Function bodies are not looked at,
because they run later; a `do` block is, because it runs at once. It reads words and knows no grammar: a
statement that it cannot know, such as a call of a function that alters a table, is for the reviewer.
"""

import re
from collections.abc import Iterator

LONGEST_MS = 2000

_UNREAD = re.compile(
    r"(?P<comment>--[^\n]*|/\*.*?\*/)|(?P<text>'(?:[^']|'')*')|(?P<body>\$(\w*)\$.*?\$\4\$)", re.DOTALL
)
_TABLE = r"(?:if (?:not )?exists )?(?:only )?([\w.\"]+)"
_INDEX = r"(?:concurrently )?(?:if not exists )?(?:[\w.\"]+ )?on (?:only )?([\w.\"]+)"
# Each takes a lock that a reader or a writer waits behind. The group is the table, where it is named.
_LOCKING = [
    re.compile(rf"\b(?:alter|truncate|lock|cluster|drop) table {_TABLE}"),
    re.compile(rf"\b(?:truncate|lock|cluster) (?!table\b){_TABLE}"),
    re.compile(rf"\bcreate (?:unique )?index {_INDEX}"),
    re.compile(r"\b(?:create|alter|drop) (?:or replace )?policy (?:if exists )?[\w\"]+ on ([\w.\"]+)"),
    re.compile(r"\bcreate (?:or replace )?(?:constraint )?trigger .*? on ([\w.\"]+)"),
    re.compile(r"\bdrop trigger (?:if exists )?[\w\"]+ on ([\w.\"]+)"),
    re.compile(r"\bcreate (?:or replace )?rule .*? to ([\w.\"]+)"),
    re.compile(r"\breferences ([\w.\"]+)"),
    re.compile(r"\bpartition of ([\w.\"]+)"),
    re.compile(r"\b(?:drop|alter) (?:index|view|materialized view)(?: if exists)? ()"),
    re.compile(r"\breindex ()"),
    re.compile(r"\brefresh materialized view ()"),
    re.compile(r"\bvacuum \(?full()"),
]
_MADE = re.compile(rf"^create (?:unlogged )?table {_TABLE}")
_LIMIT = re.compile(r"^set (?:session )?lock_timeout (?:=|to) '?(\d+) ?(ms|s)?'?$")
_NO_LIMIT = re.compile(r"^(?:set (?:local |session )?lock_timeout|reset (?:lock_timeout|all)|discard all)\b")


def endless_waits(migration: str) -> list[str]:
    """Return the statements that lock a table in use while no short lock_timeout is set.

    A table that this migration made is not in use yet.
    """
    made: set[str] = set()
    is_limited = False
    found = []
    for statement in _statements(migration):
        if limit := _LIMIT.match(statement):
            is_limited = 0 < _milliseconds(limit) <= LONGEST_MS
        elif _NO_LIMIT.match(statement):
            is_limited = False
        elif not is_limited and _locked(statement) - made:
            found.append(statement[:60])
        if table := _MADE.match(statement):
            made.add(_bare(table[1]))
    return found


def _statements(migration: str) -> Iterator[str]:
    """Yield the statements in lower case, blanks collapsed, without comments and function bodies."""
    for statement in _UNREAD.sub(_readable, migration).split(";"):
        if words := " ".join(statement.lower().split()):
            yield words


def _readable(found: re.Match[str]) -> str:
    if found["comment"]:
        return " "
    runs_at_once = found["body"] and re.search(r"\bdo\s*(language \w+\s*)?$", found.string[: found.start()])
    is_setting = found["text"] and re.fullmatch(r"'[\w ]*'", found["text"])
    if runs_at_once:
        return " ".join(_UNREAD.sub(_quoted, found["body"].strip("$")).replace(";", " ").split())
    return found["text"] if is_setting else "''"


def _quoted(found: re.Match[str]) -> str:
    """What a `do` block executes may stand in quotes."""
    return " " if found["comment"] else found[0].replace("'", " ")


def _locked(statement: str) -> set[str]:
    """Return the tables that the statement locks; '' for one that it does not name."""
    own = _MADE.match(statement)
    locked = {_bare(found[1]) for locking in _LOCKING for found in locking.finditer(statement)}
    return locked - {_bare(own[1])} if own else locked


def _bare(name: str) -> str:
    return name.replace('"', "").removeprefix("public.")


def _milliseconds(limit: re.Match[str]) -> int:
    return int(limit[1]) * (1000 if limit[2] == "s" else 1)
