"""What cleanup removes of series: what is known of collections; values only if the settings say so."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.database.api import Api
from tests.database.conftest import Connection

Count = Callable[[str], int]

NOW = "2026-11-22T06:00:00+00:00"
OLD, YOUNG = "2026-10-01T00:00:00+00:00", "2026-11-21T00:00:00+00:00"
DAYS = 30


def remove(service: Api, table: str, **changes: Any) -> dict[str, Any]:
    batch = {
        "table": table,
        "keep_hours": DAYS * 24,
        "limit": 1000,
        "resume_after": None,
        "is_dry_run": False,
        **changes,
    }
    answer: dict[str, Any] = service.call("remove_expired", p_batch=batch, p_now=NOW)
    return answer


@pytest.fixture
def aged(database: Connection) -> None:
    """An old row and a young one in each table of series, by the time that counts, and both of old days."""
    database.execute(
        """
        insert into public.series (key, kind, subject, source, unit, time_zone, "group", created_at)
        select subject || '/load', 'load', subject, 'entsoe', 'MW', 'Europe/Berlin', subject || '/load', now()
        from unnest(array['DE', 'FR', 'NL']) as subject
        """
    )
    for number, at in enumerate((OLD, YOUNG)):
        values = {"at": at, "number": number, "long_ago": f"2016-01-0{number + 1}T00:00:00Z"}
        for statement in (
            """
            insert into public.collections (
              run_id, pipeline, source, kind, subject, asked_from, asked_until, started_at, ended_at, status
            )
            select 1, 'energy_actuals', 'entsoe', 'load', 'DE', %(long_ago)s, %(long_ago)s, at, at, 'empty'
            from (select %(at)s::timestamptz) as one (at)
            """,
            """
            insert into public.failed_batches (
              run_id, source, kind, subject, asked_from, asked_until, code, message, failed_at
            )
            select 1, 'entsoe', 'load', 'DE', %(long_ago)s, %(long_ago)s, 'unreadable_reply', 'HTML', %(at)s
            """,
            """
            insert into public.gaps ("group", starts_at, ends_at, state, found_at, closed_at)
            select
              'DE/load', %(long_ago)s::timestamptz, %(long_ago)s::timestamptz + interval '1 h', state, %(at)s,
              case when state <> 'open' then %(at)s::timestamptz end
            from unnest(array['open', 'filled', 'absent']) as state
            """,
            """
            insert into public.series_readings (series_id, known_at, starts_at, until, stored_at)
            select 1, %(long_ago)s::timestamptz, at, at + interval '1 h', at
            from (select %(at)s::timestamptz) as one (at)
            """,
            """
            insert into public.series_flags (series_id, at, reason, flagged_at)
            select 1, %(long_ago)s, 'flat', %(at)s
            """,
            """
            insert into public.series_quality (
              series_id, day, due_minutes, covered_minutes, timely_minutes, points, invalid, suspect,
              computed_at, first_computed_at
            )
            select 1, %(long_ago)s, 60, 60, 60, 1, 0, 0, %(at)s, %(at)s
            """,
            """
            insert into public.series_reports (day, period, subject, kind, figures, created_at)
            select %(at)s::date, 'day', 'DE', 'load', '{}', %(at)s
            """,
            """
            insert into public.series_points (series_id, at, minutes, value, known_at)
            select series_id, %(at)s, 60, 5, now() from generate_series(1, 3) as series_id
            """,
            """
            insert into public.series_revisions (series_id, at, minutes, value, known_at, superseded_at)
            select series_id, %(at)s, 60, 4, now() - interval '1 h', now()
            from generate_series(1, 3) as series_id
            """,
        ):
            database.execute(statement.encode(), values)


@pytest.mark.usefixtures("aged")
@pytest.mark.parametrize(
    ("table", "removed", "left"),
    [
        ("collections", 1, 1),
        ("failed_batches", 1, 1),
        ("gaps", 1, 5),
        ("series_readings", 1, 1),
        ("series_flags", 1, 1),
        ("series_quality", 1, 1),
        ("series_reports", 1, 1),
        ("series_points", 3, 3),
        ("series_revisions", 3, 3),
    ],
)
def test_the_old_rows_of_a_table_go_and_the_young_ones_stay(
    service: Api, count: Count, table: str, removed: int, left: int
) -> None:
    dry = remove(service, table, is_dry_run=True)
    assert dry == {"expired": removed, "removed": 0, "resume_after": None}

    assert remove(service, table) == {"expired": removed, "removed": removed, "resume_after": None}
    assert count(table) == left
    assert remove(service, table)["removed"] == 0


@pytest.mark.usefixtures("aged")
def test_open_and_absent_gaps_never_expire(service: Api, database: Connection) -> None:
    remove(service, "gaps", keep_hours=1)

    rows = database.execute("select state from public.gaps order by state").fetchall()
    assert [row["state"] for row in rows] == ["absent", "absent", "open", "open"]


@pytest.mark.usefixtures("aged")
@pytest.mark.parametrize("is_dry_run", [True, False])
@pytest.mark.parametrize("table", ["series_points", "series_revisions"])
def test_values_go_in_batches_series_by_series(
    service: Api, count: Count, table: str, *, is_dry_run: bool
) -> None:
    place = None
    seen = []
    while True:
        answer = remove(service, table, keep_hours=1, limit=2, resume_after=place, is_dry_run=is_dry_run)
        seen.append(answer["expired"])
        place = answer["resume_after"]
        if place is None:
            break

    assert seen == [2, 2, 2, 0]
    assert count(table) == (6 if is_dry_run else 0)
