"""Gaps: what is looked at, what is asked again, and when nobody asks any more."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from plantpulse.errors import OutOfTime, PublisherBusy, StoreRefused
from plantpulse.series.asks import Stored
from plantpulse.series.backfill_job import SeriesBackfill, questions_again
from plantpulse.series.gap_job import SeriesGaps
from plantpulse.series.gaps import Gap, asks_for, attempted, looks_at
from plantpulse.series.publisher import Ask, Reply, Span
from tests.series.jobs.conftest import (
    NOW,
    Kept,
    Publisher,
    load_of,
    opening,
    reply_to,
    run_of,
    settings_of,
    stored,
)

SERIES = settings_of().require_series()
HOUR = timedelta(hours=1)


def gap(start: datetime, hours: float, *, group: str = "DE/load", number: int = 1, attempts: int = 0) -> Gap:
    return Gap(number, group, Span(start, start + hours * HOUR), attempts)


def row_of(one: Gap) -> dict[str, Any]:
    return {
        "id": one.id,
        "group": one.group,
        "starts_at": one.span.start.isoformat(),
        "ends_at": one.span.until.isoformat(),
        "attempts": one.attempts,
    }


def test_only_what_is_due_is_looked_at() -> None:
    load, price = stored("DE/load", NOW), stored("DE/day_ahead_price/1", NOW)

    looks = {look["group"]: look for look in looks_at([Stored.of(load), Stored.of(price)], NOW, days=35)}

    assert looks["DE/load"]["due"] == "2026-07-01T11:00:00+00:00"
    # At 12:00 UTC it is 14:00 in Brussels: tomorrow's prices are due.
    assert looks["DE/day_ahead_price/1"]["due"] == "2026-07-02T22:00:00+00:00"
    assert looks["DE/load"]["from"] == (NOW - timedelta(days=35)).isoformat()


def test_series_that_complete_each_other_are_one_look() -> None:
    group = "DE/generation+pumping/B10"
    rows = [
        stored("DE/generation/B10", NOW, group=group, first_at=(NOW - 9 * HOUR).isoformat()),
        stored("DE/pumping/B10", NOW, group=group, first_at=(NOW - 12 * HOUR).isoformat()),
    ]

    looks = looks_at([Stored.of(row) for row in rows], NOW, days=None)

    assert [(look["group"], look["from"]) for look in looks] == [(group, (NOW - 12 * HOUR).isoformat())]


def test_a_trading_day_is_one_on_which_another_publisher_has_a_value() -> None:
    rows = [
        stored(key, NOW, source=key.rpartition("/")[2])
        for key in ("WTI/price/eia", "WTI/price/fred", "Brent/price/eia")
    ]

    looks = {look["group"]: look["peers"] for look in looks_at([Stored.of(row) for row in rows], NOW)}

    assert looks == {
        "WTI/price/eia": ["WTI/price/fred"],
        "WTI/price/fred": ["WTI/price/eia"],
        "Brent/price/eia": ["WTI/price/eia"],
    }


def test_gaps_that_are_close_together_are_one_question() -> None:
    known = [Stored.of(stored("DE/load", NOW)), Stored.of(stored("DE/pumping/B10", NOW))]
    day = NOW - timedelta(days=20)
    gaps = [
        gap(day, 1),
        gap(day + timedelta(days=1), 2, number=2),
        gap(day + timedelta(days=9), 1, number=3),
        gap(day, 3, group="DE/pumping/B10", number=4),
    ]

    found = [(ask.kind, ask.span, [one.id for one in own]) for ask, own in asks_for(gaps, known)]

    assert found == [
        ("load", Span(day, day + timedelta(days=1, hours=2)), [1, 2]),
        ("load", Span(day + timedelta(days=9), day + timedelta(days=9, hours=1)), [3]),
        ("generation", Span(day, day + 3 * HOUR), [4]),
    ]


def test_attempts_are_further_and_further_apart() -> None:
    new = NOW - 5 * HOUR
    waits = [
        datetime.fromisoformat(
            attempted(gap(new, 1, attempts=number), "load", SERIES, NOW, is_answered=True)["next_attempt_at"]
        )
        - NOW
        for number in range(6)
    ]

    assert waits == [hours * HOUR for hours in (4, 8, 16, 32, 48, 48)]


def test_a_gap_is_absent_when_the_publisher_has_had_its_time() -> None:
    old = NOW - timedelta(days=20)

    assert attempted(gap(old, 1, attempts=2), "load", SERIES, NOW, is_answered=True) == {
        "id": 1,
        "state": "absent",
        "next_attempt_at": None,
        "reason": "the publisher had no values in 3 attempts",
    }
    assert attempted(gap(old, 1, attempts=1), "load", SERIES, NOW, is_answered=True)["state"] == "open"
    young = gap(NOW - timedelta(days=13), 1, attempts=9)
    assert attempted(young, "load", SERIES, NOW, is_answered=True)["state"] == "open"


def test_a_publisher_that_does_not_answer_says_nothing_of_a_gap() -> None:
    old = gap(NOW - timedelta(days=400), 1, attempts=50)

    attempt = attempted(old, "load", SERIES, NOW, is_answered=False)

    assert (attempt["state"], attempt["reason"]) == ("open", "the publisher did not answer")


def test_a_small_gap_is_filled_by_the_run_that_finds_it_and_a_large_one_waits() -> None:
    small, large = gap(NOW - 30 * HOUR, 3), gap(NOW - 300 * HOUR, 48, number=2)
    kept = Kept(gaps=[[row_of(small), row_of(large)], []])

    def filling(ask: Ask) -> Iterator[Reply]:
        yield reply_to(ask, load_of("DE", *["1"] * 12, start=ask.span.start))

    publisher = Publisher("entsoe", filling)
    run = run_of("series_gaps", brought=[stored("DE/load", NOW)])

    report = SeriesGaps(opening(publisher)).work(run, settings_of(), kept)

    assert report.outcome == "succeeded"
    assert [ask.span for ask in publisher.asked] == [small.span]
    assert [name for name, _ in kept.calls] == ["look", "commit", "look", "commit"]
    assert kept.commits[1]["gap_attempts"] == []


def test_a_gap_that_stays_is_noted_with_its_attempt() -> None:
    small = gap(NOW - 30 * HOUR, 3)
    kept = Kept(gaps=[[row_of(small)], [row_of(small)]])

    def silent(ask: Ask) -> Iterator[Reply]:
        yield reply_to(ask)

    run = run_of("series_gaps", brought=[stored("DE/load", NOW)])

    SeriesGaps(opening(Publisher("entsoe", silent))).work(run, settings_of(), kept)

    attempts = kept.commits[-1]["gap_attempts"]
    assert [(one["id"], one["state"]) for one in attempts] == [(1, "open")]


def test_a_gap_whose_values_cannot_be_stored_was_not_answered() -> None:
    """Else it would count as absent one day, although its publisher has the values."""
    small = gap(NOW - 30 * HOUR, 3)

    class Refusing(Kept):
        def commit_series(self, fence: str, commit: Mapping[str, Any]) -> dict[str, Any]:
            if commit["series"]:
                raise StoreRefused("a value does not fit its column")
            return super().commit_series(fence, commit)

    kept = Refusing(gaps=[[row_of(small)], [row_of(small)]])
    publisher = Publisher("entsoe", lambda ask: iter((reply_to(ask, load_of("DE", "1")),)))
    run = run_of("series_gaps", brought=[stored("DE/load", NOW)])

    report = SeriesGaps(opening(publisher)).work(run, settings_of(), kept)

    assert report.outcome == "partial"
    assert kept.commits[-1]["gap_attempts"][0]["reason"] == "the publisher did not answer"


def test_without_gaps_nobody_is_asked() -> None:
    publisher, kept = Publisher("entsoe", lambda ask: iter(())), Kept(gaps=[[]])
    run = run_of("series_gaps", brought=[stored("DE/load", NOW)])

    report = SeriesGaps(opening(publisher)).work(run, settings_of(), kept)

    assert (report.outcome, publisher.asked) == ("succeeded", [])


def test_without_series_there_is_nothing_to_look_at() -> None:
    kept = Kept()

    report = SeriesGaps(opening()).work(run_of("series_gaps"), settings_of(), kept)

    assert report.outcome == "succeeded"
    assert [name for name, _ in kept.calls] == ["commit"]


def test_at_night_large_gaps_and_the_last_weeks_are_asked_for() -> None:
    large = gap(NOW - timedelta(days=90), 48)
    kept = Kept(gaps=[[row_of(large)], [row_of(large)]])
    publisher = Publisher("entsoe", lambda ask: iter((reply_to(ask),)))
    settings = settings_of(series={"areas": {"DE": {"kinds": ["load"]}}, "commodities": {}})
    run = run_of("series_backfill", brought=[stored("DE/load", NOW)])

    SeriesBackfill(opening(publisher)).work(run, settings, kept)

    assert [ask.span for ask in publisher.asked] == [large.span, questions_again(settings, NOW)[0].span]


def test_on_the_first_of_a_month_thirteen_months_are_asked_for_again() -> None:
    settings = settings_of(series={"areas": {"DE": {"kinds": ["load"]}}, "commodities": {}})

    nightly, monthly = (questions_again(settings, at)[0].span for at in (NOW + timedelta(days=1), NOW))

    assert (nightly.until - nightly.start).days == 36
    assert (monthly.until - monthly.start).days == 397


def test_alerts_hear_of_gaps_that_were_asked_for_in_vain() -> None:
    """Those of this run, and those of earlier runs whose next attempt is not due yet."""
    small, old = gap(NOW - 30 * HOUR, 3), gap(NOW - 900 * HOUR, 48, group="FR/load", number=2, attempts=1)
    kept = Kept(gaps=[[row_of(small)], [row_of(small)]], tried=[row_of(old)])
    run = run_of("series_gaps", brought=[stored("DE/load", NOW), stored("FR/load", NOW)])

    SeriesGaps(opening(Publisher("entsoe", lambda ask: iter((reply_to(ask),))))).work(
        run, settings_of(), kept
    )

    seen = [(one["series"], one["hours"]) for one in run.progress.seen["series_gap"]]
    assert sorted(seen) == [("DE/load", 3), ("FR/load", 48)]


def test_without_gaps_an_alert_of_one_may_end() -> None:
    run = run_of("series_gaps", brought=[stored("DE/load", NOW)])

    SeriesGaps(opening()).work(run, settings_of(), Kept(gaps=[[]]))

    assert run.progress.seen["series_gap"] == []


def test_alerts_hear_how_late_a_series_is_unless_it_was_given_up() -> None:
    late, gone = NOW - 60 * HOUR, NOW - timedelta(days=61)
    run = run_of("series_gaps", brought=[stored("DE/load", late), stored("DE/generation/B14", gone)])

    SeriesGaps(opening()).work(run, settings_of(), Kept(gaps=[[]]))

    seen = run.progress.seen["series_stale"]
    assert [(one["series"], one["behind_h"]) for one in seen] == [("DE/load", 59.0)]


def test_behind_a_series_that_was_given_up_the_gap_does_not_grow() -> None:
    gone = stored("DE/generation/B14", datetime(2023, 4, 15, 22, tzinfo=UTC))

    [look] = looks_at([Stored.of(gone)], NOW, days=None)

    assert look["due"] == "2023-06-14T22:00:00+00:00"


def test_nobody_waits_for_series_that_the_settings_no_longer_collect() -> None:
    """A publisher is off, an area and a kind were taken out, a kind is unknown to this version."""
    late = NOW - 60 * HOUR
    rows = [
        stored("WTI/price/yahoo", late, source="yahoo"),
        stored("AT/load", late),
        stored("DE/imbalance_price", late),
        stored("DE/tides", late),
        stored("DE/load", late),
        stored("DE/pumping/B10", late),
    ]
    settings, kept = settings_of(series={"yahoo": {"enabled": False}}), Kept(gaps=[[]])
    run = run_of("series_gaps", brought=rows)

    SeriesGaps(opening()).work(run, settings, kept)

    assert [look["group"] for look in kept.calls[0][1]] == ["DE/load", "DE/pumping/B10"]
    assert [one["series"] for one in run.progress.seen["series_stale"]] == ["DE/load", "DE/pumping/B10"]


def test_a_gap_of_a_publisher_that_was_switched_off_does_not_stop_the_night() -> None:
    gone = gap(NOW - timedelta(days=9), 48, group="WTI/price/yahoo")
    kept = Kept(gaps=[[row_of(gone)], [row_of(gone)]])
    settings = settings_of(series={"areas": {"DE": {"kinds": ["load"]}}, "commodities": {}})
    brought = [stored("WTI/price/yahoo", NOW, source="yahoo"), stored("DE/load", NOW)]
    publisher = Publisher("entsoe", lambda ask: iter((reply_to(ask),)))

    report = SeriesBackfill(opening(publisher)).work(
        run_of("series_backfill", brought=brought), settings, kept
    )

    assert report.outcome == "succeeded"
    assert [row["subject"] for row in kept.reports] == ["DE"]


def test_where_nothing_was_pumped_for_days_nothing_is_late() -> None:
    group = "DE/generation+pumping/B10"
    brought = [
        stored("DE/generation/B10", NOW - HOUR, group=group),
        stored("DE/pumping/B10", NOW - 90 * HOUR, group=group),
    ]
    run = run_of("series_gaps", brought=brought)

    SeriesGaps(opening()).work(run, settings_of(), Kept(gaps=[[]]))

    assert run.progress.seen["series_stale"] == []


def test_each_night_another_one_is_asked_for_again_first() -> None:
    settings = settings_of(series={"kinds": ["load"], "commodities": {}})

    nights = [questions_again(settings, NOW + timedelta(days=number)) for number in range(1, 4)]

    assert {asks[0].subject for asks in nights} == {"DE", "FR", "NL"}
    assert all({ask.subject for ask in asks} == {"DE", "FR", "NL"} for asks in nights)


def test_a_gap_that_the_run_had_no_time_for_was_not_tried() -> None:
    first, second = gap(NOW - 30 * HOUR, 3), gap(NOW - 30 * HOUR, 3, group="FR/load", number=2)
    kept = Kept(gaps=[[row_of(first), row_of(second)]] * 2)

    def short(ask: Ask) -> Iterator[Reply]:
        if ask.subject == "FR":
            raise OutOfTime("1 s is left")
        yield reply_to(ask)

    run = run_of("series_gaps", brought=[stored("DE/load", NOW), stored("FR/load", NOW)])

    SeriesGaps(opening(Publisher("entsoe", short))).work(run, settings_of(), kept)

    assert [one["id"] for one in kept.commits[-1]["gap_attempts"]] == [1]


def test_an_attempt_without_an_answer_does_not_count() -> None:
    attempt = attempted(gap(NOW - 30 * HOUR, 1, attempts=5), "load", SERIES, NOW, is_answered=False)

    assert attempt["is_answered"] is False
    assert attempt["next_attempt_at"] == (NOW + 4 * HOUR).isoformat()


def test_a_gap_of_a_publisher_that_was_left_alone_was_not_tried() -> None:
    first, second = gap(NOW - 30 * HOUR, 3), gap(NOW - 30 * HOUR, 3, group="FR/load", number=2)
    rows = [row_of(first), row_of(second)]
    kept = Kept(gaps=[rows, rows])
    run = run_of("series_gaps", brought=[stored("DE/load", NOW), stored("FR/load", NOW)])

    def banned(_ask: Ask) -> Iterator[Reply]:
        raise PublisherBusy("429")
        yield

    with suppress(PublisherBusy):
        SeriesGaps(opening(Publisher("entsoe", banned))).work(run, settings_of(), kept)

    noted = {one["id"]: one["is_answered"] for call in kept.commits for one in call["gap_attempts"]}
    assert noted == {1: False}
