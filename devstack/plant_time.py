"""Tells the SQL functions of pages what time it is in a plant whose clock is compressed.

They look at the database's clock unless they are given `p_now`. So the gateway of `make up` gives it to those
that take it and were not given it; a page need not know that its plant is simulated. Machines are played in
real time, and so is all that is written and asked of their tags: by the plant's clock it would be hours old.
"""

import json
from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from typing import Final
from urllib.parse import urlsplit

import psycopg

_RPC: Final = "/rest/v1/rpc/"
_IN_REAL_TIME: Final = "tag"
_ARGUMENT: Final = "p_now"
_TAKING_IT: Final = """
select proname
from pg_proc
where pronamespace = 'public'::regnamespace and %s = any(proargnames)
"""


class PlantTime:
    """The time of a plant for the functions of one database; `now` is the plant's clock."""

    def __init__(self, database_url: str, now: Callable[[], datetime]) -> None:
        self._database_url = database_url
        self._now = now

    def concerns(self, method: str, path: str) -> bool:
        """Whether a request calls a function that looks at the clock."""
        asked = urlsplit(path).path
        if method != "POST" or not asked.startswith(_RPC):
            return False
        name = asked.removeprefix(_RPC)
        return _IN_REAL_TIME not in name and name in self._taking_it

    def told(self, body: bytes) -> bytes:
        """Return the body of such a call with the plant's time in it, unless the caller has said another."""
        try:
            arguments = json.loads(body or b"{}")
        except ValueError:
            return body  # PostgREST says what is wrong with it
        if not isinstance(arguments, dict):
            return body
        return json.dumps({_ARGUMENT: self._now().isoformat()} | arguments).encode()

    @cached_property
    def _taking_it(self) -> frozenset[str]:
        with psycopg.connect(self._database_url) as connection:
            rows = connection.execute(_TAKING_IT, [_ARGUMENT]).fetchall()
        return frozenset(name for (name,) in rows)
