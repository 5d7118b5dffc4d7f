"""Polls of many plants, each as a new process makes it, for `bench scale`; or their morning reports.

    python scale_polls.py live_pulse|morning_report <plants.yaml>

Each line on stdin names plants, a slot and a time; the answer says how many runs succeeded and how long each
took. The service, its client and its connections are real and made anew for each call; the plant's SQL Server
alone is arithmetic, since what it costs is no matter of Supabase.
"""

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from plantpulse import database
from plantpulse.entry.service import Service
from plantpulse.live_pulse.job import LivePulse
from plantpulse.morning_report.job import MorningReport
from plantpulse.settings import SqlServerSettings, config
from plantpulse.source.query_files import Query

_ASSETS: Final = [f"ASSET-{number:05} " for number in range(1, 101)]
_QUARTER: Final = timedelta(minutes=15)
ZONE: Final = ZoneInfo("America/Chicago")
_STOPPED: Final = 7  # every so many assets have a stop in a bucket
_JOBS: Final = {"live_pulse": LivePulse, "morning_report": MorningReport}

Cells = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class _Clock:
    utc_now: datetime
    utc_offset_minutes: int


@dataclass(frozen=True, slots=True)
class _Rows:
    rows: list[Cells]
    is_truncated: bool = False


@dataclass(frozen=True, slots=True)
class _Source:
    """A plant's SQL Server whose rows follow from the time: five for each asset in half an hour."""

    server_clock: _Clock
    refused_settings: Sequence[str] = ()

    def read(self, query: Query, parameters: Mapping[str, Any]) -> _Rows:
        """Answer a query file."""
        return _Rows(list(_QUERIES[query.name](parameters["from"], parameters["until"], parameters)))


def _output(start: datetime, until: datetime, asked: Mapping[str, Any]) -> Iterator[Cells]:
    length = timedelta(seconds=asked["bucket_s"])
    for bucket in range(-((start - until) // length)):
        newest = until - bucket * length - timedelta(minutes=2)
        units = length.total_seconds() / 30
        for place, asset in enumerate(_ASSETS):
            made = units - (_quarter(newest) + place) % 9
            yield asset, bucket, made, None if place else newest, None


def _oee(_start: datetime, until: datetime, _asked: Mapping[str, Any]) -> Iterator[Cells]:
    at = until - timedelta(minutes=3)
    yield from ((asset, 60.0 + place % 35, at) for place, asset in enumerate(_ASSETS) if place % 10)


def _downtime(start: datetime, until: datetime, _asked: Mapping[str, Any]) -> Iterator[Cells]:
    for number in range(-((start - until) // _QUARTER)):
        began = until - number * _QUARTER - timedelta(minutes=9)
        for place, asset in enumerate(_ASSETS):
            if (_quarter(began) + place) % _STOPPED == 0:
                yield asset, "Sheet Jam ", began, began + timedelta(minutes=3), 3.0


def _quality(_start: datetime, _until: datetime, _asked: Mapping[str, Any]) -> Iterator[Cells]:
    yield from ((asset, 20.0 + place % 9, float(place % 3)) for place, asset in enumerate(_ASSETS))


def _labor(_start: datetime, _until: datetime, _asked: Mapping[str, Any]) -> Iterator[Cells]:
    yield from ((asset, 1 + place % 6) for place, asset in enumerate(_ASSETS))


def _quarter(at: datetime) -> int:
    """Return the number of a quarter of an hour since some quarter, of a plant-local time."""
    return int(at.replace(tzinfo=UTC).timestamp()) // 900


_QUERIES: Final[Mapping[str, Callable[[datetime, datetime, Mapping[str, Any]], Iterable[Cells]]]] = {
    "output": _output,
    "oee": _oee,
    "downtime": _downtime,
    "safety_codes": lambda _start, _until, _asked: [("Sheet Jam ",)],
    "safety": lambda _start, _until, _asked: [],
    "quality": _quality,
    "labor": _labor,
}


@dataclass(frozen=True, slots=True)
class _Request:
    """The part of a Flask request that an entry point reads."""

    headers: Mapping[str, str]
    stream: BytesIO
    method: str = "POST"
    path: str = "/"


def run(function: str, file: str) -> None:
    """Answer lines until stdin ends."""
    settings = config.load(file=Path(file))
    for line in sys.stdin:
        order = json.loads(line)
        now = datetime.fromisoformat(order["now"])
        seconds, answers = [], list[str]()
        before_s = time.process_time()
        for plant in order["plants"]:
            began_s = time.perf_counter()
            answers.append(_call(function, settings, plant, order["slot"], now))
            seconds.append(round(time.perf_counter() - began_s, 4))
        told = {"seconds": seconds, "cpu_seconds": time.process_time() - before_s, "answers": answers}
        print("BENCH " + json.dumps(told), flush=True)


def _call(function: str, settings: Any, plant: str, slot: str, now: datetime) -> str:
    """Return the outcome of a call; an error's code where there was one."""
    service = Service(
        _JOBS[function](connect_source=_connecting(now)),
        open_store=database.connect,
        load_settings=lambda: settings,
        clock=lambda: now,
    )
    headers = {"X-CloudScheduler-ScheduleTime": slot}
    body, _status, _headers = service.http(_Request(headers, BytesIO(json.dumps({"plant": plant}).encode())))
    told = json.loads(body)
    return str((told.get("error") or {}).get("code") or told["outcome"])


def _connecting(now: datetime) -> Callable[..., Any]:
    offset = now.astimezone(ZONE).utcoffset() or timedelta()

    @contextmanager
    def connect(_settings: SqlServerSettings, /, *, seconds_left: Callable[[], float]) -> Iterator[_Source]:
        _ = seconds_left
        yield _Source(_Clock(now.astimezone(UTC), int(offset.total_seconds() // 60)))

    return connect


if __name__ == "__main__":
    run(*sys.argv[1:])
