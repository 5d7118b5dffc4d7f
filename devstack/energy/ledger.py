"""Every request that came, so that a test can see whether the publishers' limits were kept."""

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, without its key: when by the server's clock, of whom, what, and the reply's status.

    `status` is 0 if there was no reply; `trouble` is the fault that the request met.
    """

    at: datetime
    publisher: str
    path: str
    parameters: Mapping[str, str]
    status: int
    trouble: str | None = None

    @property
    def is_good(self) -> bool:
        """Whether the reply was a right one."""
        return self.status == HTTPStatus.OK and self.trouble is None


class Ledger:
    """The requests in the order of their replies."""

    def __init__(self) -> None:
        self._asked: list[Asked] = []
        self._lock = threading.Lock()

    def note(self, asked: Asked) -> None:
        """Keep a request."""
        with self._lock:
            self._asked.append(asked)

    def requests(self, publisher: str | None = None) -> list[Asked]:
        """Return the requests so far; with `publisher` only those of one."""
        with self._lock:
            return [asked for asked in self._asked if publisher in (None, asked.publisher)]

    def within_a_minute(self, publisher: str, now: datetime) -> int:
        """Return how many requests came in the minute up to now."""
        return sum(now - _MINUTE < asked.at <= now for asked in self._newest(publisher, now))

    def most_in_a_minute(self, publisher: str) -> int:
        """Return how many requests came in the busiest minute of the server's clock."""
        minutes = Counter(asked.at.replace(second=0, microsecond=0) for asked in self.requests(publisher))
        return max(minutes.values(), default=0)

    def clear(self) -> None:
        """Forget what was asked."""
        with self._lock:
            self._asked.clear()

    def _newest(self, publisher: str, now: datetime) -> list[Asked]:
        newest: list[Asked] = []
        with self._lock:
            for asked in reversed(self._asked):
                if asked.at <= now - _MINUTE:
                    break
                if asked.publisher == publisher:
                    newest.append(asked)
        return newest
