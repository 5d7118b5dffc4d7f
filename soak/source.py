"""SQL Server, imitated at the interface that a poll reads through: it serves the plant's rows.

It answers what the query files ask, from the plant as its tables are at that instant. What goes wrong is an
error of `plantpulse.errors`, as the real adapter would raise it; the real adapter and the wire are tested
elsewhere (tests/faults), and `--wire` uses them here too.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from plantpulse.errors import (
    OutOfTime,
    SourceLoginFailed,
    SourceSchemaMismatch,
    SourceUnavailable,
)
from plantpulse.settings import SqlServerSettings
from plantpulse.source.query_files import Query
from soak.boundaries import Boundaries
from soak.ledger import Read
from soak.plant import GARBAGE, Plant, Row, Version

Cells = tuple[Any, ...]
_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class _Clock:
    utc_now: datetime
    utc_offset_minutes: int


@dataclass(frozen=True, slots=True)
class _Rows:
    rows: list[Cells]
    is_truncated: bool


@dataclass(frozen=True, slots=True)
class Server:
    """The plant's SQL Server. `plants` are found by the database of the settings."""

    plants: Mapping[str, Plant]
    boundaries: Boundaries

    @contextmanager
    def connect(
        self, settings: SqlServerSettings, /, *, seconds_left: Callable[[], float]
    ) -> Iterator["_Connection"]:
        """Open a connection. Raises: SourceUnavailable, SourceLoginFailed, OutOfTime."""
        match self.boundaries.cross("connect", 0.05, _patience(settings.login_timeout_s, seconds_left)):
            case "refused":
                raise SourceUnavailable("connecting: refused")
            case "hangs":
                raise SourceUnavailable("connecting: the login was not over in time")
            case "login":
                raise SourceLoginFailed("connecting: the login failed")
        yield _Connection(self.plants[settings.database], self.boundaries, settings, seconds_left)


@dataclass(slots=True)
class _Connection:
    plant: Plant
    boundaries: Boundaries
    settings: SqlServerSettings
    seconds_left: Callable[[], float]
    refused_settings: Sequence[str] = ()
    _is_dead: bool = field(default=False, init=False)

    @property
    def server_clock(self) -> _Clock:
        now = self.boundaries.now()
        offset = now.astimezone(self.plant.zone).utcoffset() or timedelta()
        return _Clock(now, int(offset.total_seconds() // 60))

    def read(self, query: Query, parameters: Mapping[str, Any]) -> _Rows:
        """Answer a query file. Raises: SourceUnavailable, SourceSchemaMismatch, OutOfTime."""
        if self._is_dead:
            raise SourceUnavailable(f"{query.file_name}: the connection is lost")
        patience_s = _patience(self.settings.query_timeout_s, self.seconds_left)
        fault = self.boundaries.cross("query", 0.02, patience_s)
        if fault in {"reset", "hangs"}:
            self._is_dead = True
            raise SourceUnavailable(f"{query.file_name}: {fault}")
        if fault == "mismatch":
            raise SourceSchemaMismatch(f"{query.file_name}: no such column")
        read = Read(query.name, parameters["from"], parameters["until"], self.boundaries.now())
        self.boundaries.ledger.note_read(self.boundaries.process().name, read)
        rows = self._answer(query.name, parameters)
        if fault == "garbage":
            rows = [(GARBAGE,) * len(query.columns), *rows]
        limit = int(parameters["limit"])
        return _Rows(rows[:limit], len(rows) >= limit)

    def _answer(self, name: str, asked: Mapping[str, Any]) -> list[Cells]:
        match name:
            case "output":
                return self._output(asked["from"], asked["until"], asked["bucket_s"])
            case "downtime":
                return self._downtime(asked["from"], asked["until"])
            case "safety":
                return self._safety(asked["from"], asked["until"], asked["reason_codes"].split("|"))
            case "safety_codes":
                stops = self._seen(self._stops(asked["from"], asked["until"]))
                return [(f"{code} ",) for code in dict.fromkeys(one.code for _, one in stops)]
            case _:
                return []

    def _output(self, start: datetime, until: datetime, bucket_s: int) -> list[Cells]:
        sums: dict[tuple[int, str], tuple[int, datetime]] = {}
        around = self.plant.unit_rows(*self.plant.enclosing(start, until))
        for row, version in self._seen(row for row in around if start <= row.local < until):
            bucket = (int((until - row.local).total_seconds()) - 1) // bucket_s
            units, last = sums.get((bucket, row.asset), (0, row.local))
            sums[bucket, row.asset] = units + version.units, max(last, row.local)
        return [
            (f"{asset} ", bucket, float(units), last, None)
            for (bucket, asset), (units, last) in sorted(sums.items())
        ]

    def _downtime(self, start: datetime, until: datetime) -> list[Cells]:
        rows = list[Cells]()
        for row, stop in self._seen(self._stops(start - _WEEK, until)):
            ended = None if stop.minutes is None else row.local + timedelta(minutes=stop.minutes)
            if ended is None or ended > start or row.local >= start:
                minutes = None if stop.minutes is None else float(stop.minutes)
                rows.append((f"{row.asset} ", f"{stop.code} ", row.local, ended, minutes))
        return sorted(rows, key=lambda cells: cells[2], reverse=True)

    def _safety(self, start: datetime, until: datetime, codes: Sequence[str]) -> list[Cells]:
        return [
            (str(row.number), f"{row.asset} ", f"{stop.code} ", row.local, stop.minutes, f"{stop.notes} ")
            for row, stop in self._seen(self._stops(start, until))
            if stop.code in codes
        ]

    def _stops(self, start: datetime, until: datetime) -> Iterator[Row]:
        around = self.plant.stop_rows(*self.plant.enclosing(start, until))
        return (row for row in around if start <= row.local < until)

    def _seen(self, rows: Iterator[Row]) -> Iterator[tuple[Row, Version]]:
        now = self.boundaries.now()
        return ((row, seen) for row in rows if (seen := row.seen(now)))


def _patience(longest_s: float, seconds_left: Callable[[], float]) -> float:
    left_s = seconds_left()
    if left_s < 1.0:
        raise OutOfTime("not begun: the run has no time left")
    return min(longest_s, left_s)
