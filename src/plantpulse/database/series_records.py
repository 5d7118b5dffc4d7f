"""Reads of series for people: what is stored, what is missing, and how good it is.

Plain selects and SQL functions with the secret key, as in `records`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from heapq import merge
from itertools import chain, islice
from typing import Final, NamedTuple

from plantpulse.database.answers import Json
from plantpulse.database.tables import PAGE_ROWS, Select, Tables
from plantpulse.settings import SupabaseSettings

Record = dict[str, Json]

_POINT: Final = "at,minutes,value::text,known_at"
_QUALITY: Final = (
    "day,due_minutes,covered_minutes,timely_minutes,points,invalid,suspect,completeness,timeliness,accuracy,"
    "computed_at,first_completeness,first_accuracy,first_computed_at,series!inner(key,kind,subject,source)"
)
_FAILED: Final = (
    "id,run_id,source,kind,subject,asked_from,asked_until,code,message,failed_at,attempts,resolved_at"
)
_COLLECTION: Final = (
    "id,run_id,pipeline,source,kind,subject,asked_from,asked_until,started_at,ended_at,status,points_read,"
    "points_new,points_revised,error_code,error_message,api_ms,processing_ms,requests,bytes"
)


class Known(NamedTuple):
    """A point as it was known: a value of None was published as missing."""

    at: datetime
    minutes: int
    value: Decimal | None
    known_at: datetime


class SeriesRecords:
    """A connection for one command; close it afterwards. `clock` is only for simulated time."""

    def __init__(
        self,
        settings: SupabaseSettings,
        *,
        seconds_left: Callable[[], float],
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        self._tables = Tables(settings, seconds_left=seconds_left)
        self._clock = clock

    def __enter__(self) -> "SeriesRecords":
        return self

    def __exit__(self, *_: object) -> None:
        self._tables.close()

    def status(self) -> list[Record]:
        """Return every series with its newest value, open gaps and newest quality."""
        now = {"p_now": self._clock().isoformat()} if self._clock else {}
        found: list[Record] = self._tables.call("series_status", now, reserved_s=0.0)["series"]
        return found

    def series(self) -> list[Record]:
        """Return what each series is, by key."""
        return self._tables.rows(
            "series",
            lambda table: table.select(
                'id,key,kind,subject,part,source,unit,time_zone,"group",known_at,created_at'
            ).order("key"),
            limit=100_000,
        )

    def pages(
        self, key: str, start: datetime, until: datetime, known_at: datetime | None
    ) -> Iterator[list[Known]]:
        """Yield the points of a series, the earliest first, as they were known at an instant, None for now.

        A page begins behind the last one, so it costs as much in the tenth year as in the first.
        """
        points = self._table("series_points", key, start, until, known_at)
        if known_at is None:
            yield from points
            return
        revisions = self._table("series_revisions", key, start, until, known_at)
        both = merge(*(chain.from_iterable(pages) for pages in (points, revisions)))
        while page := list(islice(both, PAGE_ROWS)):
            yield page

    def _table(
        self, table_name: str, key: str, start: datetime, until: datetime, known_at: datetime | None
    ) -> Iterator[list[Known]]:
        after = start - timedelta(microseconds=1)
        while True:
            select = _known(key, after, until, known_at, is_past=table_name == "series_revisions")
            rows = self._tables.rows(table_name, select, limit=PAGE_ROWS)
            if page := [_point(row) for row in rows]:
                yield page
                after = page[-1].at
            if len(rows) < PAGE_ROWS:
                return

    def newest(self, key: str, *, limit: int) -> list[Record]:
        """Return the newest points of a series, the newest first."""
        return self._tables.rows(
            "series_points",
            lambda table: _of(table, _POINT, key).order("at", desc=True),
            limit=limit,
        )

    def versions(self, key: str, at: datetime) -> list[Record]:
        """Return what was known of a time, the latest first; `superseded_at` is None for what holds.

        Intervals that began before count too.
        """
        since = at - _LONGEST
        columns = (("series_points", _POINT), ("series_revisions", f"{_POINT},superseded_at"))
        found = []
        for table_name, selected in columns:
            select = _versions(selected, key, since, at)
            rows = self._tables.rows(table_name, select, limit=MOST_VERSIONS)
            found += [{"superseded_at": None, **row} for row in rows if _holds(row, at)]
        return sorted(found, key=lambda row: _instant(row["known_at"]), reverse=True)

    def flags(self, key: str, since: datetime, *, limit: int) -> list[Record]:
        """Return the values of a series that are invalid or suspect, the newest first."""
        return self._tables.rows(
            "series_flags",
            lambda table: (
                _of(table, "at,value::text,reason,flagged_at", key)
                .gte("at", since.isoformat())
                .order("at", desc=True)
                .order("id")
            ),
            limit=limit,
        )

    def flags_between(self, start: datetime, until: datetime, *, limit: int) -> list[Record]:
        """Return the invalid and suspect values of all series between two instants, each with its series."""
        rows = self._tables.rows(
            "series_flags",
            lambda table: (
                table.select("at,reason,series!inner(key,kind,subject)")
                .gte("at", start.isoformat())
                .lt("at", until.isoformat())
                .order("at")
                .order("id")
            ),
            limit=limit,
        )
        return [_with_series(row) for row in rows]

    def gaps(
        self,
        groups: Sequence[str] | None,
        *,
        state: str | None,
        since: datetime | None,
        limit: int,
    ) -> list[Record]:
        """Return gaps, the latest first; `groups` None are all, `since` bounds their end."""

        def select(table: Json) -> Json:
            query = table.select(
                'id,"group",starts_at,ends_at,state,attempts,found_at,next_attempt_at,closed_at,reason,run_id'
            )
            query = query.in_("group", list(groups)) if groups is not None else query
            query = query.eq("state", state) if state else query
            query = query.gte("ends_at", since.isoformat()) if since else query
            return query.order("starts_at", desc=True).order("id", desc=True)

        return self._tables.rows("gaps", select, limit=limit)

    def quality(self, filters: Mapping[str, str], *, since: date, limit: int) -> list[Record]:
        """Return how good days of series are, the latest day first; `filters` are values of the series."""

        def select(table: Json) -> Json:
            query = table.select(_QUALITY).gte("day", since.isoformat())
            for column, value in filters.items():
                query = query.eq(f"series.{column}", value)
            return query.order("day", desc=True).order("id")

        return [_with_series(row) for row in self._tables.rows("series_quality", select, limit=limit)]

    def failed_batches(self, *, is_all: bool, limit: int) -> list[Record]:
        """Return replies that could not be read or stored, the latest first; by default the unresolved."""

        def select(table: Json) -> Json:
            query = table.select(_FAILED)
            query = query if is_all else query.is_("resolved_at", "null")
            return query.order("failed_at", desc=True).order("id", desc=True)

        return self._tables.rows("failed_batches", select, limit=limit)

    def failed_batch(self, batch_id: int) -> Record | None:
        """Return one of them with the beginning of the reply; None for an unknown id."""
        found = self._tables.rows(
            "failed_batches",
            lambda table: table.select(f"{_FAILED},reply").eq("id", batch_id).order("id"),
            limit=1,
        )
        return found[0] if found else None

    def rates(self, since: datetime, until: datetime, by: Sequence[str], every: str | None) -> list[Record]:
        """Return how the questions to publishers went, by columns of `collections`.

        `every` is hour, day, week or month (UTC); None makes one row of the whole time.
        """
        arguments = {"p_from": since.isoformat(), "p_until": until.isoformat(), "p_by": list(by)}
        answer = self._tables.call("collection_rates", {**arguments, "p_every": every}, reserved_s=0.0)
        found: list[Record] = answer["rates"]
        return found


MOST_VERSIONS: Final = 1000
_LONGEST: Final = timedelta(days=366)  # of an interval


def _versions(selected: str, key: str, since: datetime, until: datetime) -> Select:
    return lambda table: (
        _of(table, selected, key)
        .gte("at", since.isoformat())
        .lte("at", until.isoformat())
        .order("at", desc=True)
        .order("known_at", desc=True)
    )


def _known(key: str, after: datetime, until: datetime, known_at: datetime | None, *, is_past: bool) -> Select:
    """Return the select for points of a series; with an instant for those that held then."""

    def select(table: Json) -> Json:
        query = _of(table, _POINT, key).gt("at", after.isoformat()).lt("at", until.isoformat())
        if known_at:
            query = query.lte("known_at", known_at.isoformat())
        if known_at and is_past:
            query = query.gt("superseded_at", known_at.isoformat())
        return query.order("at")

    return select


def _of(table: Json, columns: str, key: str) -> Json:
    """Return the select of columns of a table with the rows of one series."""
    return table.select(f"{columns},series!inner()").eq("series.key", key)


def _point(row: Mapping[str, Json]) -> Known:
    value = row["value"]
    return Known(
        _instant(row["at"]),
        row["minutes"],
        None if value is None else Decimal(value),
        _instant(row["known_at"]),
    )


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _holds(row: Mapping[str, Json], at: datetime) -> bool:
    return at < _instant(row["at"]) + timedelta(minutes=row["minutes"])


def _with_series(row: Mapping[str, Json]) -> Record:
    """Return a row with the columns of its series beside its own."""
    return {**row["series"], **{name: value for name, value in row.items() if name != "series"}}
