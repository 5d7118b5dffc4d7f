"""A database in which calls are made, and which goes back to any state that it was in.

A state is the rows of some tables without what names them: two states that show the same are one. Whatever is
called in a state is called there once; the answer and the state behind it are remembered. Postgres goes back
by savepoints, and to what lies on another path by making its calls again.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import psycopg
from psycopg.pq import TransactionStatus

from soak.functions import SqlFunctions
from soak.ledger import Broken

_CALLS_A_TRANSACTION: Final = 2_000  # what was undone lies about until then, and makes every look slower
_KEPT: Final = re.compile('"<([^<>]+?( ids)?)>"')
_NOBODY: Final = "00000000-0000-4000-8000-000000000000"
_UNKNOWN: Final[tuple[list[int], str]] = ([], _NOBODY)  # for ids and a lease that a path has never had


class Call(NamedTuple):
    """A call of a function.

    `kept_as` names the lease that it is given: later `"<name>"` stands for that, and `"<name ids>"` for the
    ids of what it was given.
    """

    function: str
    arguments: str
    kept_as: str = ""


@dataclass(slots=True)
class Rewinding:
    """The states of a database that calls led to, by number. `shown` is a query of one text.

    `texts` are the states as they are shown, `rows` the same as JSON.
    """

    connection: psycopg.Connection[Any]
    shown: str
    texts: list[str] = field(default_factory=list)
    rows: list[Any] = field(default_factory=list)
    calls_made: int = 0
    _numbers: dict[str, int] = field(default_factory=dict)
    _before: dict[int, int] = field(default_factory=dict)
    _calls_to: dict[int, Call] = field(default_factory=dict)
    _known: dict[tuple[int, Call], tuple[Any, int]] = field(default_factory=dict)
    _path: list[int] = field(default_factory=list)
    _kept: list[Mapping[str, Any]] = field(default_factory=list)
    _savepoints: int = 0
    _calls_left: int = 0
    _functions: SqlFunctions = field(init=False)
    _is_inside: bool = field(init=False)

    def __post_init__(self) -> None:
        self._functions = SqlFunctions(self.connection)
        self._is_inside = self.connection.info.transaction_status is not TransactionStatus.IDLE
        self._begin()

    def close(self) -> None:
        """Undo everything."""
        self.connection.execute(b"rollback to savepoint untouched" if self._is_inside else b"rollback")

    def number(self, text: str) -> int | None:
        """Return the number of a state as it is shown; None if nothing has led to it yet."""
        return self._numbers.get(text)

    def after(self, state: int, call: Call) -> tuple[Any, int]:
        """Return the answer to a call in a state, and the state behind it. Raises: Broken."""
        if (found := self._known.get((state, call))) is None:
            self._go_to(state)
            answer = self._make(call)
            found = self._known[state, call] = answer, self._arrive((state, call))
        return found

    def _begin(self) -> None:
        self.connection.execute(b"savepoint untouched" if self._is_inside else b"begin")
        self.connection.execute(b"set local role service_role")
        self._path, self._kept, self._savepoints = [], [{}], 0
        self._calls_left = _CALLS_A_TRANSACTION
        self._arrive(None)

    def _begin_anew(self) -> None:
        self.close()
        if not self._is_inside:
            self.connection.execute(b"vacuum")
        self._begin()

    def _go_to(self, state: int) -> None:
        if self._calls_left <= 0:
            self._begin_anew()
        way = self._way_to(state)
        place = next(place for place in range(len(way), 0, -1) if way[place - 1] in self._path)
        self._go_back_to(self._path.index(way[place - 1]))
        for past in way[place:]:
            self._make(self._calls_to[past])
            self._path.append(past)
        if way[place:] and self._look() != self.texts[state]:
            raise Broken(f"the same calls lead to another state: {self._look()} and {self.texts[state]}")

    def _go_back_to(self, place: int) -> None:
        if place < len(self._path) - 1:
            self.connection.execute(f"rollback to savepoint at_{place}".encode())
            del self._path[place + 1 :], self._kept[place + 1 :]
            self._savepoints = place + 1

    def _way_to(self, state: int) -> list[int]:
        way = [state]
        while way[-1]:
            way.append(self._before[way[-1]])
        return way[::-1]

    def _make(self, call: Call) -> Any:
        place, kept = len(self._path) - 1, self._kept[-1]
        if self._savepoints <= place:
            self.connection.execute(f"savepoint at_{place}".encode())
            self._savepoints = place + 1
        named = _KEPT.sub(
            lambda found: json.dumps(kept.get(found[1], _UNKNOWN[found[2] is None])), call.arguments
        )
        status, body = self._functions.call(call.function, json.loads(named))
        if status >= 300:
            raise Broken(f"{call.function} was refused: {body.decode()[:500]}")
        answer = json.loads(body)
        self._kept.append({**kept, **_kept_of(call.kept_as, answer)} if call.kept_as else kept)
        self._calls_left -= 1
        self.calls_made += 1
        return answer

    def _look(self) -> str:
        row = self.connection.execute(self.shown.encode()).fetchone()
        text = str(row["state"]) if row else ""
        for name, kept in self._kept[-1].items():
            text = text.replace(kept, name) if isinstance(kept, str) else text
        return text

    def _arrive(self, past: tuple[int, Call] | None) -> int:
        text = self._look()
        if (number := self._numbers.get(text)) is None:
            number = self._numbers[text] = len(self.texts)
            self.texts.append(text)
            self.rows.append(json.loads(text))
            if past:
                self._before[number], self._calls_to[number] = past
        self._path.append(number)
        return number


def _kept_of(name: str, answer: Any) -> dict[str, Any]:
    ids = [one["notification_id"] for one in answer["items"]]
    return {name: answer["lease"] or _NOBODY, f"{name} ids": ids}
