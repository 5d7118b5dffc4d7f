"""Reading series: what is known now, and what was known at some time."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.database.api import Api
from tests.database.conftest import Connection
from tests.database.protocol import fence
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

DAY_END = "2026-11-22T00:00:00+00:00"
QUALITY = {
    "series": LOAD,
    "day": "2026-11-20",
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
def stored(service: Api) -> Callable[..., None]:
    """Store replies in a run that goes on."""
    service.call("claim_run", p_claim=series_claim(1), p_now="2026-11-22T06:00:05+00:00")

    def store(*batches: dict[str, Any], **changes: Any) -> None:
        service.call("commit_series", p_fence=fence(1), p_commit=commit(*batches, **changes), p_now=NOW)

    return store


def known(service: Api, **changes: Any) -> dict[str, Any]:
    arguments: dict[str, Any] = {"p_key": LOAD, "p_from": START, "p_until": DAY_END, **changes}
    answer: dict[str, Any] = service.call("series_as_known", **arguments)
    return answer


def test_values_come_as_blocks_of_neighbours_of_one_length(service: Api, stored: Callable[..., None]) -> None:
    stored(
        batch(
            block("51.50", None, "-0.0010"),
            block("1", "2", start="2026-11-21T03:00:00+00:00", minutes=15),
            block("9", start="2026-11-21T12:00:00+00:00"),
        )
    )

    answer = known(service)

    assert answer == {
        "series": series(),
        "blocks": [
            block("51.50", None, "-0.0010"),
            block("1", "2", start="2026-11-21T03:00:00+00:00", minutes=15),
            block("9", start="2026-11-21T12:00:00+00:00"),
        ],
        "next": None,
    }


def test_what_was_known_before_a_correction_is_still_told(service: Api, stored: Callable[..., None]) -> None:
    stored(batch(block("5", "6")))
    stored(batch(block("7", start="2026-11-21T01:00:00+00:00"), known_at=LATER))

    def values(known_at: str | None) -> list[list[str | None]]:
        return [one["values"] for one in known(service, p_known_at=known_at)["blocks"]]

    assert values("2026-11-22T06:00:09+00:00") == []
    assert values(KNOWN_AT) == [["5", "6"]]
    assert values("2026-11-22T06:00:13+00:00") == [["5", "6"]]
    assert values(LATER) == [["5", "7"]]
    assert values(None) == [["5", "7"]]


def test_an_hour_that_became_quarters_is_told_as_it_was(service: Api, stored: Callable[..., None]) -> None:
    stored(batch(block("5", "6")))
    stored(batch(block("1", "2", "3", "4", minutes=15), known_at=LATER))

    assert known(service, p_known_at=KNOWN_AT)["blocks"] == [block("5", "6")]
    assert known(service)["blocks"] == [
        block("1", "2", "3", "4", minutes=15),
        block("6", start="2026-11-21T01:00:00+00:00"),
    ]


def test_a_span_is_half_open(service: Api, stored: Callable[..., None]) -> None:
    stored(batch(block("1", "2", "3")))

    hour = known(service, p_from="2026-11-21T01:00:00+00:00", p_until="2026-11-21T02:00:00+00:00")

    assert [one["values"] for one in hour["blocks"]] == [["2"]]
    assert known(service, p_from=DAY_END, p_until=START)["blocks"] == []


@pytest.mark.parametrize("known_at", [None, NOW])
def test_a_series_of_any_length_is_read_to_its_end(
    service: Api, stored: Callable[..., None], known_at: str | None
) -> None:
    stored(batch(block(*(str(number) for number in range(5000)), minutes=15)))
    told: list[str] = []
    start: str | None = START
    pages = 0

    while start:
        page = known(service, p_from=start, p_until="2027-11-21T00:00:00Z", p_limit=1500, p_known_at=known_at)
        told += [value for one in page["blocks"] for value in one["values"]]
        start, pages = page["next"], pages + 1

    assert told == [str(number) for number in range(5000)]
    assert pages == 4
    assert len(known(service, p_until="2027-11-21T00:00:00Z")["blocks"][0]["values"]) == 5000


@pytest.mark.parametrize("limit", [0, -1, 100_001, None])
def test_a_page_has_1_to_100000_points(service: Api, limit: int | None) -> None:
    code = service.refusal("series_as_known", p_key=LOAD, p_from=START, p_until=DAY_END, p_limit=limit)

    assert code == "22023"


def test_an_unknown_series_has_no_values(service: Api) -> None:
    assert known(service, p_key="DE/unknown") == {"series": None, "blocks": [], "next": None}


@pytest.mark.usefixtures("members")
def test_members_of_any_plant_read_series_and_strangers_do_not(
    api_of: Callable[[str], Api], stored: Callable[..., None]
) -> None:
    stored(batch(block("5")))
    nothing: dict[str, Any] = {"series": None, "blocks": [], "next": None}

    for role in ("viewer", "neighbour", "director"):
        assert known(api_of(role))["blocks"] == [block("5")]
        assert [one["key"] for one in api_of(role).call("series_status")["series"]] == [LOAD]
    assert known(api_of("stranger")) == nothing
    assert api_of("stranger").call("series_status") == {"series": []}


def test_the_status_of_a_series_has_its_newest_value_its_reach_its_gaps_and_its_quality(
    service: Api, stored: Callable[..., None]
) -> None:
    stored(
        batch(block("5", "6", None), block("7", start="2026-11-20T00:00:00+00:00", minutes=1440)),
        batch(block("50", series=PRICE)),
        keys=[LOAD, PRICE, "FR/load"],
        quality=[QUALITY, QUALITY | {"day": "2026-11-19", "accuracy": 0}],
    )
    look = {"group": LOAD, "from": START, "due": "2026-11-21T05:00:00+00:00", "peers": None}
    service.call("watch_series_gaps", p_fence=fence(1), p_looks=[look], p_now=NOW)

    status = service.call("series_status")["series"]

    assert [one["key"] for one in status] == [PRICE, LOAD, "FR/load"]
    assert status[1] == series() | {
        "first_at": "2026-11-20T00:00:00+00:00",
        "minutes": 60,
        "until": "2026-11-21T03:00:00+00:00",
        "known_at": KNOWN_AT,
        "newest_at": "2026-11-21T01:00:00+00:00",
        "value": "6",
        "open_gaps": 1,
        "missing_minutes": 120,
        "quality": {"day": "2026-11-20", "completeness": 0.5, "timeliness": 0.25, "accuracy": 0.75},
    }
    assert status[2] == series("FR/load") | dict.fromkeys(
        ("first_at", "minutes", "until", "known_at", "newest_at", "value", "quality")
    ) | {"open_gaps": 0, "missing_minutes": 0}


def asked(hour: int, **changes: Any) -> dict[str, Any]:
    """Return a reply with nothing but metrics, of a question asked at an hour of 21 November."""
    at = (datetime(2026, 11, 21, tzinfo=UTC) + timedelta(hours=hour)).isoformat()
    return batch(collection=collection(started_at=at, ended_at=at, **changes))


def rates(service: Api, **changes: Any) -> list[dict[str, Any]]:
    span = {"p_from": START, "p_until": DAY_END, **changes}
    answer: list[dict[str, Any]] = service.call("collection_rates", **span)["rates"]
    return answer


FAILED = {"status": "failed", "error_code": "publisher_busy"}


def test_success_rates_leave_out_what_was_not_asked(service: Api, stored: Callable[..., None]) -> None:
    stored(
        batch(block("1", "2"), collection=collection(started_at=START, api_ms=100)),
        asked(1, status="empty", api_ms=200),
        asked(2, **FAILED, api_ms=None, bytes=None, requests=3),
        asked(3, status="skipped", api_ms=None, requests=0),
        asked(4, subject="FR", **FAILED, api_ms=None),
        asked(24),
    )

    german, french = rates(service)

    assert german == {
        "at": None, "pipeline": None, "source": "entsoe", "kind": "load", "subject": "DE",
        "collections": 4, "succeeded": 1, "empty": 1, "failed": 1, "skipped": 1, "success_rate": 0.666667,
        "points_read": 2, "points_new": 2, "points_revised": 0, "requests": 5, "bytes": 3 * 4096,
        "api_ms_median": 150, "api_ms_p95": 195, "processing_ms_median": 20,
    }  # fmt: skip
    assert (french["subject"], french["success_rate"]) == ("FR", 0)


def test_success_rates_by_what_is_asked_for_and_by_hour(service: Api, stored: Callable[..., None]) -> None:
    stored(asked(1), asked(1, subject="FR"), asked(2, **FAILED))

    assert [(one["subject"], one["collections"]) for one in rates(service, p_by=["source"])] == [(None, 3)]
    assert [(one["at"], one["success_rate"]) for one in rates(service, p_by=[], p_every="hour")] == [
        ("2026-11-21T01:00:00+00:00", 1),
        ("2026-11-21T02:00:00+00:00", 0),
    ]
    assert [one["at"] for one in rates(service, p_by=[], p_every="week")] == ["2026-11-16T00:00:00+00:00"]
    assert rates(service, p_until=START) == []


@pytest.mark.parametrize("wrong", [{"p_by": ["run_id"]}, {"p_every": "minute"}, {"p_by": None}])
def test_rates_by_anything_else_are_refused(service: Api, wrong: dict[str, Any]) -> None:
    assert service.refusal("collection_rates", p_from=START, p_until=DAY_END, **wrong) == "22023"


def test_the_history_of_a_question_is_that_of_the_same_hour_of_the_same_weekday(
    service: Api, stored: Callable[..., None], database: Connection
) -> None:
    stored(
        *(
            batch(
                block(*["1"] * (weeks + 1), start=f"2026-0{weeks}-01T00:00:00Z"),
                collection=collection(
                    started_at=(
                        datetime(2026, 11, 21, 5, 30, tzinfo=UTC) - timedelta(weeks=weeks)
                    ).isoformat(),
                    api_ms=weeks,
                ),
            )
            for weeks in (1, 2, 3)
        )
    )
    stored(asked(5 - 168, **FAILED), asked(6 - 168, api_ms=77), asked(5 - 24, api_ms=78), asked(5, api_ms=79))
    stored(asked(5 - 168, subject="FR", api_ms=80))
    database.execute("update public.collections set pipeline = 'series_backfill' where api_ms = 3")
    ask = {"pipeline": "energy_actuals_1", "source": "entsoe", "kind": "load", "subject": "DE"}

    history = service.call(
        "collection_history", p_asks=[ask, ask | {"subject": "NL"}], p_at="2026-11-21T05:59:00Z"
    )["history"]

    known = [{name: value for name, value in one.items() if name != "started_at"} for one in history]
    assert known == [
        ask | {"points_read": [3, 2], "api_ms": [2, 1]},
        ask | {"subject": "NL", "points_read": [], "api_ms": []},
    ]
    assert [len(one["started_at"]) for one in history] == [2, 0]
    assert history[0]["started_at"] == sorted(history[0]["started_at"])
    any_pipeline = service.call(
        "collection_history", p_asks=[ask | {"pipeline": None}], p_at="2026-11-21T05:00:00Z", p_weeks=3
    )["history"]
    assert any_pipeline[0]["api_ms"] == [3, 2, 1]
