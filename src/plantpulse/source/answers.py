"""The answers of SQL Server during one run, and the doubts about them.

Asks the query files over an open connection and keeps account: rows read, rows set aside, results cut
off, questions that the plant has no table for. What the rows mean is the pure core's matter.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any, Final, Protocol, TypeVar
from zoneinfo import ZoneInfo

from plantpulse.errors import (
    SourceQueryFailed,
    SourceSchemaMismatch,
    SourceTableDenied,
    SourceTableMissing,
)
from plantpulse.late_dataclasses import dataclass, field
from plantpulse.plant.local_time import LocalBounds
from plantpulse.plant.readings import Parsed
from plantpulse.plant.rounding import shown_span
from plantpulse.runs import Json, Progress
from plantpulse.settings import SqlServerSettings
from plantpulse.source.query_files import Query
from plantpulse.source.row_times import doubt_of_times

KEPT_REJECTS: Final = 100
REGISTERED_NAMES: Final = 500  # more than register_assets takes; dirty names must not fill a commit
WARNED_SKEW: Final = timedelta(minutes=5)

Reading = TypeVar("Reading")


class Clock(Protocol):
    """What the server's own clock says."""

    @property
    def utc_now(self) -> datetime: ...
    @property
    def utc_offset_minutes(self) -> int: ...


class Rows(Protocol):
    """A query's rows, values in the contract's column order; truncated: as many as were asked for."""

    @property
    def rows(self) -> list[tuple[Any, ...]]: ...
    @property
    def is_truncated(self) -> bool: ...


class Source(Protocol):
    """One open connection to the plant's SQL Server."""

    @property
    def server_clock(self) -> Clock: ...
    @property
    def refused_settings(self) -> Sequence[str]: ...
    def read(self, query: Query, parameters: Mapping[str, object]) -> Rows: ...


class ConnectSource(Protocol):
    """Opens the one connection of a run."""

    def __call__(
        self, settings: SqlServerSettings, /, *, seconds_left: Callable[[], float]
    ) -> AbstractContextManager[Source]: ...


@dataclass(slots=True)
class Answers:
    """The account of one run's questions; `rejected` are the first malformed rows as JSON.

    `absent`: the questions that the plant has no table for, which are not asked again. `doubted`: those that
    returned rows outside of their window, which is said once.
    """

    queries: Mapping[str, Query]
    row_limit: int
    progress: Progress
    zone: ZoneInfo
    rejected: list[Json] = field(default_factory=list)
    is_incomplete: bool = False
    absent: set[str] = field(default_factory=set)
    doubted: set[str] = field(default_factory=set)

    def note_session(self, source: Source, now: datetime) -> None:
        """Report the server's clock and the settings that it refused.

        Warns when the clock is off, as its rows then fall into the wrong windows, or locks are waited for.
        """
        clock, refused = source.server_clock, source.refused_settings
        skew = clock.utc_now - now
        skew_s = round(skew.total_seconds())
        facts = {"utc_offset_minutes": clock.utc_offset_minutes, "clock_skew_s": skew_s}
        self.progress.source = facts | ({"refused_settings": list(refused)} if refused else {})
        if abs(skew) > WARNED_SKEW:
            told = f"{shown_span(abs(skew))} {'ahead' if skew_s > 0 else 'behind'}"
            self.progress.warn("source_clock_skew", f"the SQL Server's clock is {told}")
        if any("LOCK_TIMEOUT" in setting for setting in refused):
            told = "the server takes no LOCK_TIMEOUT: a poll waits for a lock as long as query_timeout_s"
            self.progress.warn("locks_are_waited_for", told)

    def ask(
        self, source: Source, name: str, bounds: LocalBounds, *, is_paged: bool = False, **more: object
    ) -> Rows:
        """Return the answer to one query over the bounds. A paged answer may be cut off.

        Raises: the source's errors.
        """
        parameters = {"from": bounds.start, "until": bounds.until, "limit": self.row_limit, **more}
        with self.progress.timed("read"):
            answer = source.read(self.queries[name], parameters)
        self.progress.count(f"{name}_rows", len(answer.rows))
        if answer.is_truncated and not is_paged:
            self.is_incomplete = True
            self.progress.warn("result_truncated", f"{name}.sql: only {self.row_limit} rows were read")
        if name not in self.doubted and (doubt := doubt_of_times(name, answer.rows, bounds, self.zone)):
            self.doubted.add(name)
            self.progress.warn("rows_outside_window", doubt)
        return answer

    def ask_for_codes(self, source: Source, bounds: LocalBounds) -> Rows:
        """Return the spellings of reason codes in the bounds; they are no rows of the plant's to be counted.

        Raises: the source's errors.
        """
        parameters = {"from": bounds.start, "until": bounds.until, "limit": self.row_limit}
        with self.progress.timed("read"):
            return source.read(self.queries["safety_codes"], parameters)

    def ask_for_sums(self, source: Source, bounds: LocalBounds, bucket_s: int) -> Rows | None:
        """Return the sums of output by bucket, which are no rows of the plant's to be counted.

        None if the plant has no such file, and if they were cut off. Also, with a warning, if the server
        refuses them: then all rows are read.
        Raises: the source's other errors.
        """
        name = "output_sums"
        if name not in self.queries or name in self.absent:
            return None
        parameters = {
            "from": bounds.start, "until": bounds.until, "limit": self.row_limit, "bucket_s": bucket_s
        }  # fmt: skip
        try:
            with self.progress.timed("read"):
                answer = source.read(self.queries[name], parameters)
        except (SourceQueryFailed, SourceSchemaMismatch, SourceTableDenied) as error:
            self.absent.add(name)
            self.progress.warn("output_sums_failed", str(error))
            return None
        return None if answer.is_truncated else answer

    def ask_if_there(self, source: Source, name: str, bounds: LocalBounds) -> list[tuple[Any, ...]]:
        """Return the rows of a query on a table that a plant may lack; none then, with a warning."""
        answer = self.ask_optional(source, name, bounds)
        return answer.rows if answer else []

    def ask_optional(self, source: Source, name: str, bounds: LocalBounds) -> Rows | None:
        """Return the answer to a query on a table that a plant may lack; None then, with a warning."""
        if name in self.absent:
            return None
        try:
            return self.ask(source, name, bounds)
        except (SourceTableMissing, SourceTableDenied) as error:
            self.is_incomplete = True
            self.absent.add(name)
            self.progress.warn("optional_query_failed", str(error))
            return None

    def keep(self, parsed: Parsed[Reading]) -> Sequence[Reading]:
        """Return the readings. Malformed rows are counted, and the first ones are kept aside."""
        self.progress.count("rejected", parsed.rejected_count)
        room = KEPT_REJECTS - len(self.rejected)
        self.rejected += [rejected.as_json() for rejected in parsed.rejected[:room]]
        return parsed.readings

    def rejected_share(self) -> float:
        """Return the share of malformed rows; 0 if no rows were read."""
        counts = self.progress.counts
        rows = sum(count for name, count in counts.items() if name.endswith("_rows"))
        return counts.get("rejected", 0) / rows if rows else 0.0
