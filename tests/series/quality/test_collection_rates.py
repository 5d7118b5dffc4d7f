"""Figures of collections over any period."""

from datetime import date, datetime, timedelta

import pytest

from plantpulse.series.collection_rates import (
    Collection,
    latency_trend,
    parse_collection,
    rates_by,
    rates_of,
    success_trend,
)
from tests.series.quality.made import BERLIN, utc

START = utc("2025-06-01T00:00")


def collection(
    subject: str = "DE", status: str = "succeeded", at: datetime = START, api_ms: float = 400, **more: str
) -> Collection:
    return Collection(
        source=more.get("source", "entsoe"),
        kind=more.get("kind", "load"),
        subject=subject,
        started_at=at,
        ended_at=at + timedelta(seconds=2),
        status=status,
        points_read=96,
        points_new=4,
        points_revised=2,
        requests=1,
        bytes=10_000,
        api_ms=api_ms,
        processing_ms=30,
        error_code=more.get("error_code"),
    )


def test_an_empty_answer_is_a_success_and_a_skipped_question_is_none() -> None:
    found = rates_of([collection(status=status) for status in ("succeeded", "empty", "skipped", "failed")])

    assert (found.collections, found.succeeded, found.success_rate) == (4, 2, 0.5)


def test_sums_medians_and_errors_are_those_of_the_rows() -> None:
    rows = [
        collection(api_ms=100),
        collection(api_ms=200),
        collection(api_ms=900, status="failed", error_code="publisher_busy"),
    ]

    found = rates_of(rows)

    assert (found.points_read, found.points_new, found.points_revised) == (288, 12, 6)
    assert (found.requests, found.bytes) == (3, 30_000)
    assert (found.api_ms, found.api_ms_95, found.processing_ms) == (200, 900, 30)
    assert found.errors == {"publisher_busy": 1}
    assert rows[0].total_ms == 2000


def test_the_95th_percentile_is_the_19th_of_20() -> None:
    assert rates_of([collection(api_ms=number) for number in range(1, 21)]).api_ms_95 == 19


@pytest.mark.parametrize(
    ("by", "keys"),
    [
        (("source",), [("eia",), ("entsoe",)]),
        (("subject", "kind"), [("DE", "load"), ("FR", "load"), ("WTI", "price")]),
        ((), [()]),
    ],
)
def test_rates_are_given_by_source_kind_subject_or_for_all(by: tuple[str, ...], keys: list[object]) -> None:
    rows = [collection(), collection("FR"), collection("WTI", source="eia", kind="price")]

    found = rates_by(rows, START, START + timedelta(days=1), by)  # type: ignore[arg-type] # a parameter

    assert list(found) == keys


def test_a_period_has_its_start_and_not_its_end() -> None:
    rows = [collection(at=START + hours * timedelta(hours=1)) for hours in (-1, 0, 23, 24)]

    assert rates_by(rows, START, START + timedelta(days=1), ["kind"])[("load",)].collections == 2
    assert rates_by(rows, START - timedelta(days=9), START - timedelta(days=8), ["kind"]) == {}


def test_a_success_rate_that_falls_is_degraded() -> None:
    rows = [
        collection(at=START + day * timedelta(days=1), status="failed" if day >= 28 and half else "succeeded")
        for day in range(35)
        for half in (0, 1)
    ]

    found = success_trend(rows, date(2025, 7, 5), BERLIN)

    assert found
    assert (found.before, found.recent, found.is_degraded) == (1.0, 0.5, True)


def slowing(*per_day: float) -> list[Collection]:
    return [
        collection(at=START + day * timedelta(days=1), api_ms=api_ms) for day, api_ms in enumerate(per_day)
    ]


def test_answers_that_take_half_as_long_again_are_degraded_and_faster_ones_are_better() -> None:
    slower = latency_trend(slowing(*[400.0] * 28, *[600.0] * 7), date(2025, 7, 5), BERLIN)
    faster = latency_trend(slowing(*[400.0] * 28, *[200.0] * 7), date(2025, 7, 5), BERLIN)
    alike = latency_trend(slowing(*[400.0] * 28, *[480.0] * 7), date(2025, 7, 5), BERLIN)

    assert [one.direction for one in (slower, faster, alike) if one] == ["worse", "better", "steady"]
    assert slower
    assert (slower.before, slower.recent) == (400, 600)
    assert latency_trend([], date(2025, 7, 5), BERLIN) is None


def test_a_row_of_the_database_is_read_with_its_nulls() -> None:
    row = {
        "source": "fred", "kind": "price", "subject": "WTI", "status": "failed",
        "started_at": "2025-06-01T00:00:00+00:00", "ended_at": "2025-06-01T00:00:01+00:00",
        "points_read": 0, "points_new": 0, "points_revised": 0, "requests": None, "bytes": None,
        "api_ms": None, "processing_ms": None, "error_code": "publisher_unavailable",
    }  # fmt: skip

    found = parse_collection(row)

    assert (found.requests, found.bytes, found.api_ms, found.processing_ms) == (0, 0, 0.0, 0.0)
    assert (found.started_at, found.total_ms, found.has_succeeded) == (START, 1000.0, False)
