"""Committing a morning report: everything or nothing, once, and no row that need not be touched."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest

from tests.database.api import Api
from tests.database.conftest import Connection
from tests.database.protocol import (
    CLAIMED_AT,
    COMMITTED_AT,
    LEASE_EXPIRES_AT,
    failure,
    fence,
    report_claim,
    report_commit,
    summary,
    whole_report,
)

One = Callable[..., dict[str, Any]]
Count = Callable[[str], int]

LATER = "2026-11-23T12:00:15+00:00"
NOTHING_WRITTEN = {"written": 0, "updated": 0, "unchanged": 0}
UNKNOWN: dict[str, Any] = {
    "oee_percentage": None,
    "availability_percentage": None,
    "performance_percentage": None,
    "quality_percentage": None,
    "actual_output": None,
    "downtime_minutes": None,
    "downtime_reasons": [],
    "top_downtime_reason": None,
    "waste_count": None,
    "financial_loss": None,
    "summary_text": "No data came from the plant.",
}


@pytest.fixture
def press(assets: dict[str, int]) -> int:
    return assets["PRESS-01"]


@pytest.fixture
def claimed(service: Api) -> None:
    """A running report with fence 1."""
    service.call("claim_run", p_claim=report_claim(1), p_now=CLAIMED_AT)


def send(service: Api, number: int, body: dict[str, Any], now: str = COMMITTED_AT) -> dict[str, Any]:
    answer: dict[str, Any] = service.call(
        "commit_morning_report", p_fence=fence(number), p_commit=body, p_now=now
    )
    return answer


def send_next(service: Api, number: int, body: dict[str, Any]) -> dict[str, Any]:
    """Commit a further report, claimed for a slot of its own."""
    claim = report_claim(number, slot=f"2026-11-23T12:{number:02}:00Z")
    service.call("claim_run", p_claim=claim, p_now=LATER)
    return send(service, number, body, LATER)


def rows(database: Connection) -> list[dict[str, Any]]:
    """Return the summaries with their physical place, which changes when a row is touched at all."""
    query = "select ctid::text, xmin::text, * from public.daily_summaries order by asset_id, report_date"
    return list(database.execute(query).fetchall())


@pytest.mark.usefixtures("claimed")
def test_a_commit_writes_the_summaries(service: Api, press: int, one: One) -> None:
    answer = send(service, 1, report_commit(summary(press)))

    assert answer["answer"] == "committed"
    assert answer["summaries"] == {"written": 1, "updated": 0, "unchanged": 0}
    row = one("select * from public.daily_summaries")
    assert (row["asset_id"], row["report_date"], row["run_id"]) == (press, date(2026, 11, 21), 1)
    assert [float(row[name]) for name in row if name.endswith("_percentage")] == [
        77.4194,
        90.3226,
        86.8571,
        98.6842,
    ]
    assert (row["actual_output"], row["target_output"], row["planned_minutes"]) == (912, 960, 465)
    assert (row["downtime_minutes"], row["waste_count"], row["financial_loss"]) == (45, 12, 120)
    assert row["downtime_reasons"] == [{"reason": "Jam", "minutes": 45}]
    assert row["top_downtime_reason"] == "Jam"
    assert row["summary_text"] == "Press 1 made 912 of 960 planned units."
    assert row["created_at"].isoformat() == COMMITTED_AT
    assert row["updated_at"].isoformat() == COMMITTED_AT


@pytest.mark.usefixtures("claimed")
def test_a_commit_ends_the_run_and_keeps_its_report(service: Api, press: int, one: One) -> None:
    answer = send(service, 1, report_commit(summary(press), status="partial"))

    assert answer["report"] == {
        "pipeline": "morning_report",
        "status": "partial",
        "outcome": "partial",
        "finished_at": COMMITTED_AT,
        "duration_ms": 10000,
        "counts": {
            "output_rows": 3,
            "summaries_written": 1,
            "summaries_updated": 0,
            "summaries_unchanged": 0,
        },
        "timings_ms": {"read": 12},
    }
    run = one("select * from public.pipeline_runs")
    assert (run["status"], whole_report(run)) == ("partial", answer["report"])
    assert run["snapshots_until"] is None


@pytest.mark.usefixtures("claimed")
def test_what_is_unknown_is_written_as_unknown(service: Api, press: int, one: One) -> None:
    send(service, 1, report_commit(summary(press, **UNKNOWN, planned_minutes=None)))

    row = one("select * from public.daily_summaries")
    assert (row["actual_output"], row["downtime_minutes"], row["waste_count"]) == (None, None, None)
    assert (row["planned_minutes"], row["target_output"], row["downtime_reasons"]) == (None, 960, [])


def test_the_same_figures_again_touch_no_row(service: Api, press: int, database: Connection) -> None:
    send_next(service, 1, report_commit(summary(press)))
    before = rows(database)

    answer = send_next(service, 2, report_commit(summary(press)))

    assert answer["summaries"] == {"written": 0, "updated": 0, "unchanged": 1}
    assert rows(database) == before


@pytest.mark.parametrize(
    "change",
    [
        {"oee_percentage": None},
        {"availability_percentage": 1},
        {"performance_percentage": 1},
        {"quality_percentage": 1},
        {"actual_output": 913},
        {"target_output": 961},
        {"planned_minutes": None},
        {"downtime_minutes": 46},
        {"downtime_reasons": []},
        {"top_downtime_reason": None},
        {"waste_count": 13},
        {"financial_loss": None},
        {"unplanned_output": 12},
        {"is_planned_in_part": True},
        {"summary_text": "Renamed."},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_report_with_late_rows_replaces_the_row_and_keeps_when_it_was_made(
    service: Api, assets: dict[str, int], database: Connection, change: dict[str, Any]
) -> None:
    press, oven = summary(assets["PRESS-01"]), summary(assets["OVEN-02"])
    service.call("claim_run", p_claim=report_claim(1), p_now=CLAIMED_AT)
    send(service, 1, report_commit(press, oven))
    (before, untouched) = sorted(rows(database), key=lambda row: row["asset_id"] == oven["asset_id"])

    answer = send_next(service, 2, report_commit(press | change, oven))

    assert answer["summaries"] == {"written": 0, "updated": 1, "unchanged": 1}
    (after, same) = sorted(rows(database), key=lambda row: row["asset_id"] == oven["asset_id"])
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"ctid", "xmin", "run_id", "updated_at", *change}
    assert after["created_at"].isoformat() == COMMITTED_AT
    assert after["updated_at"].isoformat() == LATER
    assert same == untouched


@pytest.mark.parametrize("waste", [12, None])
def test_a_day_that_the_source_has_let_go_of_does_not_replace_what_was_known(
    service: Api, press: int, database: Connection, waste: int | None
) -> None:
    send_next(service, 1, report_commit(summary(press, waste_count=waste)))
    before = rows(database)

    answer = send_next(service, 2, report_commit(summary(press, **UNKNOWN)))

    assert answer["summaries"] == {"written": 0, "updated": 0, "unchanged": 1}
    assert rows(database) == before


def test_scrap_that_is_not_known_any_more_does_not_replace_what_was_known(
    service: Api, press: int, database: Connection
) -> None:
    send_next(service, 1, report_commit(summary(press)))
    before = rows(database)

    send_next(service, 2, report_commit(summary(press, waste_count=None, actual_output=950)))

    assert rows(database) == before


def test_a_day_without_data_is_replaced_when_the_data_comes(service: Api, press: int, one: One) -> None:
    send_next(service, 1, report_commit(summary(press, **UNKNOWN)))

    answer = send_next(service, 2, report_commit(summary(press)))

    assert answer["summaries"] == {"written": 0, "updated": 1, "unchanged": 0}
    assert one("select actual_output from public.daily_summaries")["actual_output"] == 912


@pytest.mark.usefixtures("claimed")
def test_a_commit_retried_after_a_lost_reply_writes_nothing(
    service: Api, press: int, database: Connection
) -> None:
    first = send(service, 1, report_commit(summary(press)))
    before = rows(database)

    second = send(
        service, 1, report_commit(summary(press, actual_output=1), unknown_assets=["NEW"]), LEASE_EXPIRES_AT
    )

    assert (second["answer"], second["report"]) == ("repeated", first["report"])
    assert (second["summaries"], second["assets_registered"]) == (NOTHING_WRITTEN, 0)
    assert rows(database) == before


@pytest.mark.usefixtures("claimed")
def test_a_report_that_was_taken_over_writes_nothing(service: Api, press: int, count: Count) -> None:
    service.call("claim_run", p_claim=report_claim(2), p_now=LEASE_EXPIRES_AT)

    answer = send(
        service,
        1,
        report_commit(
            summary(press),
            unknown_assets=["NEW"],
            rejected_records=[{"query": "oee", "reason": "x", "row": {}}],
        ),
        LEASE_EXPIRES_AT,
    )

    assert answer == {
        "answer": "fenced",
        "report": None,
        "summaries": NOTHING_WRITTEN,
        "assets_registered": 0,
    }
    assert (count("daily_summaries"), count("assets"), count("rejected_records")) == (0, 3, 0)


@pytest.mark.usefixtures("claimed")
def test_a_report_that_failed_commits_no_more(service: Api, press: int, count: Count) -> None:
    service.call("fail_run", p_fence=fence(1), p_failure=failure(is_retryable=True))

    assert send(service, 1, report_commit(summary(press)))["answer"] == "fenced"
    assert count("daily_summaries") == 0


@pytest.mark.usefixtures("claimed")
def test_two_commits_of_one_run_at_once_write_once(service: Api, press: int, count: Count) -> None:
    with ThreadPoolExecutor(8) as pool:
        sent = [pool.submit(send, service, 1, report_commit(summary(press))) for _ in range(8)]
        answers = sorted(one.result()["answer"] for one in sent)

    assert answers == ["committed", *["repeated"] * 7]
    assert count("daily_summaries") == 1


def test_reports_of_two_plants_at_once_do_not_wait_for_each_other(
    service: Api, assets: dict[str, int], count: Count
) -> None:
    plants = {1: ("northfield", "PRESS-01"), 2: ("southfield", "SAW-01")}

    def report(number: int) -> str:
        plant, asset = plants[number]
        service.call("claim_run", p_claim=report_claim(number, plant=plant))
        answer: str = send(service, number, report_commit(summary(assets[asset])))["answer"]
        return answer

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(report, plants)) == ["committed", "committed"]
    assert count("daily_summaries") == 2


@pytest.mark.usefixtures("claimed")
def test_an_asset_of_another_plant_takes_the_whole_commit_with_it(
    service: Api, assets: dict[str, int], count: Count, one: One
) -> None:
    refused = service.refusal(
        "commit_morning_report",
        p_fence=fence(1),
        p_commit=report_commit(summary(assets["PRESS-01"]), summary(assets["SAW-01"])),
    )

    assert refused == "23502"
    assert count("daily_summaries") == 0
    assert one("select status from public.pipeline_runs")["status"] == "running"


@pytest.mark.usefixtures("claimed")
def test_an_asset_that_was_deleted_meanwhile_takes_nothing_with_it(
    service: Api, press: int, count: Count
) -> None:
    answer = send(service, 1, report_commit(summary(press), summary(press + 1000)))

    assert answer["summaries"] == {"written": 1, "updated": 0, "unchanged": 0}
    assert count("daily_summaries") == 1


@pytest.mark.usefixtures("claimed")
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"actual_output": -1}, "23514"),
        ({"financial_loss": "Infinity"}, "23514"),
        ({"unplanned_output": -1}, "23514"),
        ({"planned_minutes": -1}, "23514"),
        ({"downtime_reasons": {"Jam": 45}}, "23514"),
        ({"target_output": None}, "23502"),
        ({"summary_text": None}, "23502"),
        ({"asset_id": None}, "23502"),
        ({"waste_count": "many"}, "22P02"),
    ],
)
def test_figures_that_cannot_be_are_refused_with_all_the_rest(
    service: Api, assets: dict[str, int], count: Count, changes: dict[str, Any], code: str
) -> None:
    body = report_commit(summary(assets["OVEN-02"]), summary(assets["PRESS-01"]) | changes)

    assert service.refusal("commit_morning_report", p_fence=fence(1), p_commit=body) == code
    assert count("daily_summaries") == 0


@pytest.mark.usefixtures("claimed")
@pytest.mark.parametrize("status", [None, "failed", "running", "done"])
def test_a_commit_with_another_status_is_refused(service: Api, press: int, status: str | None) -> None:
    body = report_commit(summary(press), status=status)

    assert service.refusal("commit_morning_report", p_fence=fence(1), p_commit=body) == "22023"


def test_a_fence_that_nobody_has_is_refused(service: Api) -> None:
    assert service.refusal("commit_morning_report", p_fence=fence(9), p_commit=report_commit()) == "P0001"


@pytest.mark.usefixtures("claimed")
def test_a_commit_without_days_ends_the_run(service: Api, count: Count, one: One) -> None:
    answer = send(service, 1, report_commit(days=[]))

    assert (answer["answer"], answer["summaries"]) == ("committed", NOTHING_WRITTEN)
    assert count("daily_summaries") == 0
    assert one("select status from public.pipeline_runs")["status"] == "succeeded"


@pytest.mark.usefixtures("claimed")
def test_of_two_summaries_of_one_asset_and_day_the_last_counts(service: Api, press: int, one: One) -> None:
    answer = send(service, 1, report_commit(summary(press, actual_output=1), summary(press, actual_output=2)))

    assert answer["summaries"] == {"written": 1, "updated": 0, "unchanged": 0}
    assert one("select actual_output from public.daily_summaries")["actual_output"] == 2


@pytest.mark.usefixtures("claimed")
def test_a_part_writes_its_days_and_the_last_one_counts_them_all(service: Api, press: int, one: One) -> None:
    day = report_commit(summary(press))["days"][0]
    part = report_commit(days=[day], is_final=False)

    first = send(service, 1, part)
    running = one("select status from public.pipeline_runs")["status"]
    last = report_commit(days=[day | {"report_date": "2026-11-20"}])
    last["report"]["counts"] |= {f"summaries_{name}": number for name, number in first["summaries"].items()}
    second = send(service, 1, last)

    assert (first["report"], running) == (None, "running")
    assert second["report"]["counts"]["summaries_written"] == 2
    assert one("select count(*) as days from public.daily_summaries")["days"] == 2


@pytest.mark.usefixtures("claimed")
def test_new_names_and_rejected_rows_come_along(service: Api, press: int, count: Count, one: One) -> None:
    rejected = {"query": "output", "reason": "a count is negative", "row": {"asset": "X"}}

    answer = send(
        service, 1, report_commit(summary(press), unknown_assets=["NEW-01"], rejected_records=[rejected])
    )

    assert answer["assets_registered"] == 1
    assert one("select is_mapped from public.assets where source_name = 'NEW-01'")["is_mapped"] is False
    assert one("select query, run_id from public.rejected_records") == {"query": "output", "run_id": 1}


LOSSES = {
    "good_count": 900,
    "planned_stop_minutes": 15,
    "unexplained_minutes": 55.2,
    "downtime_loss": 90,
    "scrap_loss": 30,
    "speed_loss": 110.4,
    "shifts": [{"shift": "early", "planned_minutes": 465, "unexplained_minutes": None}],
}


@pytest.mark.usefixtures("claimed")
def test_losses_are_written_and_equal_ones_left_alone(
    service: Api, press: int, one: One, database: Connection
) -> None:
    send(service, 1, report_commit({**summary(press), **LOSSES}))
    row, before = one("select * from public.daily_summaries"), rows(database)
    again = send_next(service, 2, report_commit({**summary(press), **LOSSES}))

    assert {name: float(row[name]) if name != "shifts" else row[name] for name in LOSSES} == LOSSES
    assert again["summaries"] == {"written": 0, "updated": 0, "unchanged": 1}
    assert rows(database) == before


@pytest.mark.usefixtures("claimed")
@pytest.mark.parametrize("column", LOSSES)
def test_a_change_of_any_loss_is_written(service: Api, press: int, one: One, column: str) -> None:
    send(service, 1, report_commit({**summary(press), **LOSSES}))
    changed: Any = [] if column == "shifts" else 7

    answer = send_next(service, 2, report_commit({**summary(press), **LOSSES, column: changed}))

    assert answer["summaries"]["updated"] == 1
    assert one(f"select {column} as found from public.daily_summaries")["found"] == changed


@pytest.mark.usefixtures("claimed")
def test_code_from_before_writes_summaries_without_losses(service: Api, press: int, one: One) -> None:
    send(service, 1, report_commit(summary(press)))

    row = one("select * from public.daily_summaries")
    assert (row["unexplained_minutes"], row["speed_loss"], row["shifts"]) == (None, None, [])
