"""Committing a collection: everything or nothing, once, and only by the run that holds the fence."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.database.api import Api
from tests.database.conftest import Connection
from tests.database.protocol import completion, failure, fence
from tests.database.series.collected import (
    KNOWN_AT,
    LATER,
    LOAD,
    NOW,
    PRICE,
    START,
    batch,
    block,
    collection,
    commit,
    series,
    series_claim,
)

One = Callable[..., dict[str, Any]]
Count = Callable[[str], int]

CLAIMED_AT = "2026-11-22T06:00:05+00:00"
NOTHING = {"read": 0, "new": 0, "revised": 0, "unchanged": 0, "older": 0}
FAILED = {
    "source": "entsoe",
    "kind": "load",
    "subject": "DE",
    "asked_from": START,
    "asked_until": "2026-11-22T00:00:00+00:00",
    "code": "unreadable_reply",
    "message": "the reply is HTML",
    "reply": "<html>",
}
QUALITY = {
    "series": LOAD,
    "day": "2026-11-21",
    "due_minutes": 1440,
    "covered_minutes": 720,
    "timely_minutes": 360,
    "points": 12,
    "invalid": 0,
    "suspect": 3,
    "completeness": 0.5,
    "timeliness": 0.25,
    "accuracy": 0.75,
}


@pytest.fixture
def claimed(service: Api) -> None:
    """A running run with fence 1."""
    service.call("claim_run", p_claim=series_claim(1), p_now=CLAIMED_AT)


def send(service: Api, body: dict[str, Any], number: int = 1, now: str = NOW) -> dict[str, Any]:
    answer: dict[str, Any] = service.call("commit_series", p_fence=fence(number), p_commit=body, p_now=now)
    return answer


def points(database: Connection) -> list[tuple[str, int, str | None]]:
    rows = database.execute(
        "select to_char(at at time zone 'UTC', 'HH24:MI') as at, minutes, value::text"
        " from public.series_points as p order by series_id, p.at"
    ).fetchall()
    return [(row["at"], row["minutes"], row["value"]) for row in rows]


@pytest.mark.usefixtures("claimed")
def test_a_commit_writes_series_and_points(service: Api, one: One, database: Connection) -> None:
    answer = send(service, commit(batch(block("51.50", None, "-0.001"))))

    counts = NOTHING | {"read": 3, "new": 3}
    assert answer == {"answer": "committed", "report": None, "points": counts, "series": {LOAD: counts}}
    assert points(database) == [("00:00", 60, "51.50"), ("01:00", 60, None), ("02:00", 60, "-0.001")]
    row = one("select * from public.series")
    assert (row["key"], row["kind"], row["subject"], row["part"]) == (LOAD, "load", "DE", None)
    assert (row["source"], row["unit"], row["time_zone"], row["group"]) == (
        "entsoe",
        "MW",
        "Europe/Berlin",
        LOAD,
    )
    assert (row["longest_minutes"], row["known_at"].isoformat()) == (60, KNOWN_AT)
    assert one("select distinct known_at from public.series_points")["known_at"].isoformat() == KNOWN_AT
    assert one("select status from public.pipeline_runs")["status"] == "running"


@pytest.mark.usefixtures("claimed")
def test_a_commit_that_is_repeated_changes_nothing(service: Api, database: Connection) -> None:
    body = commit(
        batch(block("5", "6"), collection=collection()),
        failed=[FAILED],
        flags=[{"series": LOAD, "at": [START], "reason": "flat"}],
        quality=[QUALITY],
    )
    send(service, body)
    before = everything(database)

    answer = send(service, body, now="2026-11-22T06:00:30+00:00")

    assert answer["points"] == NOTHING | {"read": 2, "unchanged": 2}
    assert everything(database) == before


def everything(database: Connection) -> dict[str, list[dict[str, Any]]]:
    tables = (
        "series", "series_points", "series_revisions", "series_readings", "series_flags", "series_quality",
        "collections", "failed_batches", "gaps",
    )  # fmt: skip
    return {
        table: database.execute(f"select * from public.{table} as t order by t".encode()).fetchall()
        for table in tables
    }


@pytest.mark.usefixtures("claimed")
def test_a_corrected_value_becomes_current_and_the_old_one_a_revision(
    service: Api, one: One, database: Connection
) -> None:
    send(service, commit(batch(block("5", "6", "7"))))

    answer = send(service, commit(batch(block("5.0", "8", None), known_at=LATER)))

    assert answer["points"] == NOTHING | {"read": 3, "revised": 2, "unchanged": 1}
    assert points(database) == [("00:00", 60, "5"), ("01:00", 60, "8"), ("02:00", 60, None)]
    rows = database.execute(
        "select value, known_at, superseded_at from public.series_revisions order by at"
    ).fetchall()
    assert [
        (row["value"], row["known_at"].isoformat(), row["superseded_at"].isoformat()) for row in rows
    ] == [
        (6, KNOWN_AT, LATER),
        (7, KNOWN_AT, LATER),
    ]


@pytest.mark.usefixtures("claimed")
def test_an_older_reply_that_commits_later_changes_nothing_current(
    service: Api, database: Connection
) -> None:
    send(service, commit(batch(block("5", "6"), known_at=LATER)))

    answer = send(service, commit(batch(block("4", "6", "7"), known_at=KNOWN_AT)))

    assert answer["points"] == NOTHING | {"read": 3, "new": 1, "older": 2}
    assert points(database) == [("00:00", 60, "5"), ("01:00", 60, "6"), ("02:00", 60, "7")]
    rows = database.execute("select value, superseded_at from public.series_revisions").fetchall()
    assert [(row["value"], row["superseded_at"].isoformat()) for row in rows] == [(4, LATER)]


@pytest.mark.usefixtures("claimed")
def test_an_older_reply_does_not_replace_a_value_that_was_read_again_since(
    service: Api, database: Connection
) -> None:
    send(service, commit(batch(block("5"), known_at="2026-11-22T05:00:00+00:00")))
    send(service, commit(batch(block("5"), known_at=LATER)))

    send(service, commit(batch(block("4"), known_at=KNOWN_AT)))

    assert points(database) == [("00:00", 60, "5")]
    rows = database.execute("select value from public.series_revisions order by known_at").fetchall()
    assert [row["value"] for row in rows] == [5, 4]


@pytest.mark.usefixtures("claimed")
def test_an_older_reply_changes_nothing_current_when_the_readings_are_removed(
    service: Api, database: Connection
) -> None:
    send(service, commit(batch(block("5", "6"), known_at=LATER)))
    database.execute("delete from public.series_readings")

    send(service, commit(batch(block("1", minutes=120), known_at=KNOWN_AT)))

    assert points(database) == [("00:00", 60, "5"), ("01:00", 60, "6")]


@pytest.mark.usefixtures("claimed")
def test_a_coarse_value_replaces_the_finer_ones_inside_it_and_the_other_way_round(
    service: Api, count: Count, database: Connection
) -> None:
    send(service, commit(batch(block("1", "2", "3", "4", "5", minutes=15))))

    send(service, commit(batch(block("9"), known_at="2026-11-22T06:00:11+00:00")))
    assert points(database) == [("00:00", 60, "9"), ("01:00", 15, "5")]
    assert count("series_revisions") == 4

    send(service, commit(batch(block("1", "2", minutes=30), known_at="2026-11-22T06:00:12+00:00")))
    assert points(database) == [("00:00", 30, "1"), ("00:30", 30, "2"), ("01:00", 15, "5")]
    assert count("series_revisions") == 5


@pytest.mark.usefixtures("claimed")
def test_a_reply_of_several_lengths_replaces_one_that_reaches_into_both(
    service: Api, count: Count, database: Connection
) -> None:
    send(service, commit(batch(block("9", minutes=1440))))

    finer = batch(
        block("1", minutes=60),
        block("2", "3", start="2026-11-21T01:00:00+00:00", minutes=15),
        known_at=LATER,
    )
    send(service, commit(finer))

    assert points(database) == [("00:00", 60, "1"), ("01:00", 15, "2"), ("01:15", 15, "3")]
    assert count("series_revisions") == 1


@pytest.mark.usefixtures("claimed")
@pytest.mark.parametrize(
    "value", ["NaN", "Infinity", "-Infinity", "text", "", "1e40", "{}", True, {"a": 1}, "0." + "1" * 40]
)
def test_a_value_that_is_no_number_is_refused_with_everything(
    service: Api, database: Connection, value: Any
) -> None:
    before = everything(database)
    body = commit(
        batch(block("1"), collection=collection()),
        batch(block("2", value, start="2026-11-21T05:00:00+00:00")),
        completion=completion(),
    )

    code = service.refusal("commit_series", p_fence=fence(1), p_commit=body, p_now=NOW)

    assert code[:2] in ("22", "23")
    assert everything(database) == before
    assert service.rows("pipeline_runs")[0]["status"] == "running"


@pytest.mark.usefixtures("claimed")
@pytest.mark.parametrize(
    "wrong",
    [
        {"series": "DE/unknown"},
        {"series": None},
        {"start": "infinity"},
        {"start": None},
        {"start": "2026-11-21T00:00:30+00:00"},
        {"start": "0001-01-01T00:00:00+00:00"},
        {"minutes": 0},
        {"minutes": -15},
        {"minutes": 600_000},
        {"minutes": None},
        {"minutes": "an hour"},
        {"values": None},
        {"values": "5"},
        {"values": {"0": "5"}},
    ],
)
def test_a_block_that_cannot_be_is_refused_with_everything(
    service: Api, database: Connection, wrong: dict[str, Any]
) -> None:
    before = everything(database)
    body = commit(batch(block("1")), batch(block("2", **wrong)))

    assert service.refusal("commit_series", p_fence=fence(1), p_commit=body, p_now=NOW)[:2] == "22"
    assert everything(database) == before


@pytest.mark.usefixtures("claimed")
@pytest.mark.parametrize("known_at", [None, "infinity", "-infinity", "2026-11-22T08:00:00+00:00"])
def test_a_reply_of_the_future_is_refused(service: Api, count: Count, known_at: str | None) -> None:
    body = commit(batch(block("1"), known_at=known_at))

    assert service.refusal("commit_series", p_fence=fence(1), p_commit=body, p_now=NOW) == "22023"
    assert count("series") == 0


@pytest.mark.usefixtures("claimed")
def test_a_series_whose_unit_changed_is_refused(service: Api, database: Connection) -> None:
    send(service, commit(batch(block("1"))))
    before = everything(database)
    body = commit(batch(block("1000"), known_at=LATER), series=[series(unit="kW")])

    assert service.refusal("commit_series", p_fence=fence(1), p_commit=body, p_now=NOW) == "22023"
    assert everything(database) == before


@pytest.mark.usefixtures("claimed")
def test_a_series_may_get_another_group(service: Api, one: One) -> None:
    send(service, commit(batch(block("1"))))

    send(service, commit(series=[series(group="DE/generation+pumping/B10")]))

    assert one("select * from public.series")["group"] == "DE/generation+pumping/B10"


@pytest.mark.usefixtures("claimed")
def test_no_digit_of_a_value_is_lost(service: Api, database: Connection) -> None:
    exact = "-123456789012345678901234.000000000000000000000000000001"

    send(service, commit(batch(block(exact, "0.10", "1E+3"))))

    assert [value for _, _, value in points(database)] == [exact, "0.10", "1000"]


@pytest.mark.usefixtures("claimed")
def test_more_than_200000_values_are_refused_at_once(service: Api, count: Count) -> None:
    body = commit(batch(block(*["1"] * 200_001, minutes=15)))

    assert service.refusal("commit_series", p_fence=fence(1), p_commit=body, p_now=NOW) == "22023"
    assert count("series_points") == 0


@pytest.mark.usefixtures("claimed")
def test_a_completion_ends_the_run_in_the_same_transaction(service: Api, one: One) -> None:
    done = completion(status="partial")

    answer = send(service, commit(batch(block("5")), completion=done))

    assert answer["answer"] == "committed"
    assert answer["report"]["status"] == "partial"
    assert answer["points"]["new"] == 1
    run = one("select status, counts from public.pipeline_runs")
    counts = {f"points_{name}": number for name, number in (NOTHING | {"read": 1, "new": 1}).items()}
    assert run == {"status": "partial", "counts": {"rows_removed": 3, **counts}}

    again = send(service, commit(batch(block("6"), known_at=LATER), completion=done))

    assert again == {"answer": "repeated", "report": answer["report"], "points": NOTHING, "series": {}}


@pytest.mark.usefixtures("claimed")
def test_a_run_that_cannot_end_as_it_says_writes_nothing(service: Api, count: Count) -> None:
    body = commit(batch(block("5")), completion=completion(status="failed"))

    assert service.refusal("commit_series", p_fence=fence(1), p_commit=body, p_now=NOW) == "22023"
    assert count("series_points") == 0


@pytest.mark.usefixtures("claimed")
def test_a_run_that_was_taken_over_writes_nothing(service: Api, database: Connection) -> None:
    service.call(
        "claim_run",
        p_claim=series_claim(2, pipeline="energy_actuals_1"),
        p_now="2026-11-22T08:00:00+00:00",
    )
    before = everything(database)

    answer = send(service, commit(batch(block("5")), failed=[FAILED]))

    assert answer == {"answer": "fenced", "report": None, "points": NOTHING, "series": {}}
    assert everything(database) == before


@pytest.mark.usefixtures("claimed")
def test_a_run_that_failed_writes_nothing_more(service: Api, count: Count) -> None:
    service.call("fail_run", p_fence=fence(1), p_failure=failure(is_retryable=True))

    assert send(service, commit(batch(block("5"))))["answer"] == "fenced"
    assert count("series_points") == 0


def test_a_dry_run_cannot_write(service: Api, database: Connection) -> None:
    service.call("claim_run", p_claim=series_claim(1, is_dry_run=True), p_now=CLAIMED_AT)
    before = everything(database)

    assert service.refusal("commit_series", p_fence=fence(1), p_commit=commit(batch(block("5")))) == "P0001"
    assert everything(database) == before


@pytest.mark.usefixtures("claimed")
def test_the_metrics_of_a_question_are_kept_with_what_became_of_its_values(service: Api, one: One) -> None:
    send(service, commit(batch(block("5", "6"))))

    send(service, commit(batch(block("5", "7", "8"), known_at=LATER, collection=collection())))

    row = one("select * from public.collections")
    assert (row["run_id"], row["pipeline"], row["status"]) == (1, "energy_actuals_1", "succeeded")
    assert (row["source"], row["kind"], row["subject"]) == ("entsoe", "load", "DE")
    assert (row["points_read"], row["points_new"], row["points_revised"]) == (3, 1, 1)
    assert (row["api_ms"], row["processing_ms"], row["requests"], row["bytes"]) == (900, 20, 1, 4096)


@pytest.mark.usefixtures("claimed")
def test_a_question_without_values_is_kept_too(service: Api, one: One) -> None:
    failed = {"status": "failed", "error_code": "publisher_busy", "error_message": "429", "bytes": None}

    send(service, commit(batch(collection=collection(**failed))))

    row = one("select * from public.collections")
    assert (row["status"], row["error_code"], row["points_read"], row["bytes"]) == (
        "failed", "publisher_busy", 0, None,
    )  # fmt: skip


@pytest.mark.usefixtures("claimed")
def test_a_reply_that_fails_again_is_one_row_until_it_is_resolved(
    service: Api, one: One, count: Count
) -> None:
    send(service, commit(failed=[FAILED]))
    send(service, commit(failed=[FAILED]))
    assert one("select attempts from public.failed_batches") == {"attempts": 1}

    service.call("claim_run", p_claim=series_claim(2))
    send(service, commit(failed=[FAILED | {"code": "publisher_refused"}]), number=2)
    row = one("select * from public.failed_batches")
    assert (row["attempts"], row["code"], row["run_id"], row["resolved_at"]) == (
        2,
        "publisher_refused",
        2,
        None,
    )

    send(service, commit(resolved=[row["id"]]), number=2)
    assert one("select resolved_at from public.failed_batches")["resolved_at"].isoformat() == NOW

    send(service, commit(failed=[FAILED]), number=2)
    assert count("failed_batches") == 2


@pytest.mark.usefixtures("claimed")
def test_flags_name_the_value_that_was_stored_or_held_back(service: Api, database: Connection) -> None:
    other = "2026-11-21T01:00:00+00:00"
    flags = [
        {"series": LOAD, "at": [START], "reason": "flat"},
        {"series": LOAD, "at": [START, other], "values": ["9", "9999"], "reason": "wrong unit"},
    ]

    send(service, commit(batch(block("5")), flags=flags))
    send(service, commit(flags=flags))

    rows = database.execute("select value, reason from public.series_flags order by at, reason").fetchall()
    assert [(row["value"], row["reason"]) for row in rows] == [
        (5, "flat"), (9, "wrong unit"), (9999, "wrong unit"),
    ]  # fmt: skip


@pytest.mark.usefixtures("claimed")
def test_the_quality_of_a_day_keeps_what_was_computed_first(service: Api, one: One) -> None:
    send(service, commit(batch(block("5")), quality=[QUALITY]))
    better = QUALITY | {"covered_minutes": 1440, "completeness": 1, "accuracy": 1}

    send(service, commit(quality=[better]), now="2026-11-22T07:00:00+00:00")

    row = one("select * from public.series_quality")
    assert (row["completeness"], row["accuracy"], row["timeliness"]) == (1, 1, pytest.approx(0.25))
    assert (float(row["first_completeness"]), float(row["first_accuracy"])) == (0.5, 0.75)
    assert row["first_computed_at"].isoformat() == NOW
    assert row["computed_at"].isoformat() == "2026-11-22T07:00:00+00:00"


@pytest.mark.usefixtures("claimed")
@pytest.mark.parametrize("part", ["flags", "quality"])
def test_what_is_said_of_an_unknown_series_is_refused(service: Api, count: Count, part: str) -> None:
    said: dict[str, Any] = {
        "flags": [{"series": PRICE, "at": [START], "reason": "flat"}],
        "quality": [QUALITY | {"series": PRICE}],
    }

    body = commit(batch(block("5")), **{part: said[part]})

    assert service.refusal("commit_series", p_fence=fence(1), p_commit=body) == "22023"
    assert count("series_points") == 0


def test_a_claim_brings_the_series_of_some_kinds_or_of_all(service: Api) -> None:
    service.call("claim_run", p_claim=series_claim(1), p_now=CLAIMED_AT)
    load = batch(block("5", minutes=60), block("5", start="2026-11-21T01:00:00+00:00", minutes=15))
    price = batch(block("50", series=PRICE))
    send(service, commit(load, price, keys=[LOAD, PRICE, "FR/load"]))

    asked = {"wants": ["series"], "series_of": {"kinds": ["load"]}}
    answer = service.call("claim_run", p_claim=series_claim(2, **asked))
    of_all = service.call("claim_run", p_claim=series_claim(3, wants=["series"], series_of={"kinds": None}))
    without = service.call("claim_run", p_claim=series_claim(4))

    assert answer["series"] == [
        {
            **series(),
            "minutes": 15,
            "first_at": START,
            "until": "2026-11-21T01:15:00+00:00",
            "known_at": KNOWN_AT,
        }
    ]
    assert [one["key"] for one in of_all["series"]] == [PRICE, LOAD]
    assert "series" not in without


@pytest.mark.usefixtures("claimed")
def test_the_report_counts_the_points_of_all_commits(service: Api) -> None:
    """The last commit is counted by Postgres, because the report is in it."""
    send(service, commit(batch(block("51.50", "52.00"))))
    told = completion()
    told["report"]["counts"] = {"points_new": 2, "replies": 1}

    ended = send(service, commit(batch(block("51.50", "53.00")), completion=told))

    counts = ended["report"]["counts"]
    assert counts["points_new"] == 2
    assert (counts["points_read"], counts["points_unchanged"], counts["points_older"]) == (2, 1, 1)
    assert counts["replies"] == 1
