"""A project with stored series, whose values are literals, and the command line beside it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.rows import DictRow

from devstack.access import SupabaseAccess
from tests.cli.conftest import CommandLine

SETTINGS = "plants: {}\nseries: {}\n"
KEYS = {"ENTSOE_TOKEN": "entsoe-token", "EIA_API_KEY": "eia-key", "FRED_API_KEY": "fred-key"}
PRICE = "DE/day_ahead_price/1"
LOAD = "DE/load"
KNOWN_AT = datetime(2026, 11, 1, 6, tzinfo=UTC)
# What series are besides their key.
_TRAITS = {
    "day_ahead_price": ("entsoe", "EUR/MWh", "Europe/Berlin"),
    "load": ("entsoe", "MW", "Europe/Berlin"),
    "generation": ("entsoe", "MW", "Europe/Berlin"),
    "pumping": ("entsoe", "MW", "Europe/Berlin"),
    "price": ("eia", "USD/bbl", "America/New_York"),
}


@dataclass
class Stock:
    """The tables of series, as their owner fills them."""

    store: psycopg.Connection[DictRow]

    def series(self, key: str, **changes: Any) -> int:
        """Enter a series, known by its key, unless it is there; return its id."""
        subject, kind, *part = key.split("/")
        source, unit, zone = _TRAITS.get(kind, ("entsoe", "MW", "Europe/Berlin"))
        row = {
            "key": key, "kind": kind, "subject": subject, "part": part[0] if part else None,
            "source": source, "unit": unit, "time_zone": zone, "group": key, **changes,
        }  # fmt: skip
        names = ", ".join(f'"{name}"' for name in row)
        return self._one(
            f"insert into public.series ({names}, created_at) values ({', '.join(['%s'] * len(row))}, now()) "
            "on conflict (key) do update set unit = excluded.unit returning id",
            *row.values(),
        )

    def points(
        self,
        key: str,
        start: datetime,
        values: Sequence[str | float | None],
        minutes: int = 60,
        known_at: datetime = KNOWN_AT,
    ) -> None:
        """Enter neighbouring points from `start` on."""
        series_id = self.series(key)
        self.store.execute(
            """
            insert into public.series_points (series_id, at, minutes, value, known_at)
            select %s, %s::timestamptz + make_interval(mins => %s * (number - 1)::integer), %s,
                   value::numeric, %s
            from unnest(%s::text[]) with ordinality as one (value, number)
            """,
            [series_id, start, minutes, minutes, known_at,
             [None if value is None else str(value) for value in values]],
        )  # fmt: skip

    def revision(
        self, key: str, at: datetime, value: str, known_at: datetime, until: datetime, minutes: int = 60
    ) -> None:
        """Enter what held before."""
        self.store.execute(
            "insert into public.series_revisions (series_id, at, minutes, value, known_at, superseded_at) "
            "values (%s, %s, %s, %s, %s, %s)",
            [self.series(key), at, minutes, value, known_at, until],
        )

    def gap(self, group: str, start: datetime, until: datetime, state: str = "open", **changes: Any) -> int:
        """Enter a gap; return its id."""
        row = {
            "group": group, "starts_at": start, "ends_at": until, "state": state, "found_at": KNOWN_AT,
            "closed_at": None if state == "open" else KNOWN_AT, **changes,
        }  # fmt: skip
        names = ", ".join(f'"{name}"' for name in row)
        marks = ", ".join(["%s"] * len(row))
        return self._one(f"insert into public.gaps ({names}) values ({marks}) returning id", *row.values())

    def quality(
        self, key: str, day: str, scores: tuple[float | None, ...], invalid: int = 0, suspect: int = 0
    ) -> None:
        """Enter the scores of a day: completeness, timeliness, accuracy."""
        self.store.execute(
            """
            insert into public.series_quality
                (series_id, day, due_minutes, covered_minutes, timely_minutes, points, invalid, suspect,
                 completeness, timeliness, accuracy, computed_at, first_completeness, first_accuracy,
                 first_computed_at)
            values (%s, %s, 1440, 1380, 1380, 23, %s, %s, %s, %s, %s, now(), %s, %s, now())
            """,
            [self.series(key), day, invalid, suspect, *scores, scores[0], scores[2]],
        )

    def flag(self, key: str, at: datetime, value: str, reason: str) -> None:
        """Flag a value."""
        self.store.execute(
            "insert into public.series_flags (series_id, at, value, reason, flagged_at) "
            "values (%s, %s, %s, %s, now())",
            [self.series(key), at, value, reason],
        )

    def failed_batch(self, **changes: Any) -> int:
        """Enter a reply that could not be read; return its id."""
        row = {
            "run_id": 7, "source": "entsoe", "kind": "load", "subject": "DE",
            "asked_from": datetime(2026, 10, 31, 23, tzinfo=UTC),
            "asked_until": datetime(2026, 11, 1, 23, tzinfo=UTC),
            "code": "unreadable_reply", "message": "the reply is HTML", "reply": "<html>busy</html>",
            "failed_at": KNOWN_AT, **changes,
        }  # fmt: skip
        marks = ", ".join(["%s"] * len(row))
        return self._one(
            f"insert into public.failed_batches ({', '.join(row)}) values ({marks}) returning id",
            *row.values(),
        )

    def collection(self, status: str = "succeeded", **changes: Any) -> None:
        """Enter the metrics of a question."""
        row = {
            "run_id": 7, "pipeline": "energy_actuals", "source": "entsoe", "kind": "load", "subject": "DE",
            "asked_from": KNOWN_AT - timedelta(days=1), "asked_until": KNOWN_AT, "started_at": KNOWN_AT,
            "ended_at": KNOWN_AT + timedelta(seconds=1), "status": status, "points_read": 96, "points_new": 2,
            "error_code": "publisher_unavailable" if status == "failed" else None, "api_ms": 900,
            "processing_ms": 20, "requests": 1, "bytes": 4096, **changes,
        }  # fmt: skip
        marks = ", ".join(["%s"] * len(row))
        self.store.execute(
            f"insert into public.collections ({', '.join(row)}) values ({marks})", list(row.values())
        )

    def _one(self, statement: str, *values: Any) -> int:
        row = self.store.execute(statement.encode(), values).fetchone()
        assert row
        return int(row["id"])


@pytest.fixture
def stock(supabase: SupabaseAccess) -> Iterator[Stock]:
    """The tables of series, empty."""
    with supabase.connect() as store:
        yield Stock(store)


@pytest.fixture
def desk(bare: CommandLine, supabase: SupabaseAccess) -> CommandLine:
    """The command line where series are collected, and no plant."""
    bare.write("plantpulse.yaml", SETTINGS)
    bare.environ |= {"SUPABASE_URL": supabase.url, "SUPABASE_SECRET_KEY": supabase.secret_key, **KEYS}
    return bare
