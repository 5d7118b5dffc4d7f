"""At night the last days of each series are rated by what is stored."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from plantpulse.series.backfill_job import SeriesBackfill
from plantpulse.series.publisher import Ask, Reply
from tests.series.jobs.conftest import NOW, Kept, Publisher, opening, reply_to, run_of, settings_of, stored

QUIET = settings_of(series={"areas": {"DE": {"kinds": ["load"]}}, "commodities": {}})
FIRST = datetime(2026, 5, 20, 22, tzinfo=UTC)


def hours(values: list[str | None], start: datetime = FIRST) -> dict[str, Any]:
    return {"start": start.isoformat(), "minutes": 60, "values": values}


def load_of_weeks() -> list[str | None]:
    """41 days that all look alike: 24 hours between 40 and 63 GW."""
    return [str(40_000 + 1000 * (number % 24)) for number in range(41 * 24)]


def rate(*blocks: dict[str, Any], **series: Any) -> tuple[Kept, Any]:
    kept = Kept(gaps=[[]], blocks={"DE/load": list(blocks)})
    run = run_of("series_backfill", brought=[stored("DE/load", NOW, minutes=60, **series)])
    SeriesBackfill(opening(Publisher("entsoe", lambda ask: iter((reply_to(ask),))))).work(run, QUIET, kept)
    return kept, run


def test_a_whole_week_is_complete_timely_and_without_doubt() -> None:
    kept, run = rate(hours(load_of_weeks()))

    rows = kept.commits[-1]["quality"]
    assert [row["day"] for row in rows] == [f"2026-06-{day}" for day in range(24, 31)]
    assert {(row["completeness"], row["timeliness"], row["accuracy"]) for row in rows} == {(1.0, 1.0, 1.0)}
    assert run.progress.seen["series_quality"] == [
        {"series": "DE/load", "day": "2026-06-30", "complete_percent": 100.0, "accurate_percent": 100.0}
    ]


def test_what_is_missing_and_what_cannot_be_is_told_and_flagged() -> None:
    values = load_of_weeks()
    values[-3] = "-5"
    whole, late = hours(values), values[: len(values) - 12]
    kept, run = rate(hours(late), hours(["-5"], FIRST + timedelta(hours=len(late))))

    [flag] = kept.commits[-1]["flags"]
    assert (flag["series"], flag["reason"], flag["values"]) == ("DE/load", "out_of_bounds", ["-5"])
    last = kept.commits[-1]["quality"][-1]
    assert (last["covered_minutes"], last["due_minutes"], last["invalid"]) == (13 * 60, 24 * 60, 1)
    assert run.progress.seen["series_quality"][0]["complete_percent"] == 54.2
    assert whole["values"] != late


def test_a_series_that_was_given_up_is_not_rated() -> None:
    kept = Kept(gaps=[[]])
    run = run_of("series_backfill", brought=[stored("DE/load", NOW - timedelta(days=90))])

    SeriesBackfill(opening(Publisher("entsoe", lambda ask: iter((reply_to(ask),))))).work(run, QUIET, kept)

    assert kept.commits[-1]["quality"] == []


def test_what_is_collected_is_stored_before_it_is_rated() -> None:
    kept, _ = rate(hours(load_of_weeks()))

    assert [name for name, _ in kept.calls] == ["look", "commit", "commit"]
    assert kept.commits[0]["completion"] is None


def test_the_day_before_is_reported_and_on_mondays_the_week() -> None:
    kept, _ = rate(hours(load_of_weeks()))

    assert [(row["period"], row["day"], row["subject"], row["kind"]) for row in kept.reports] == [
        ("day", "2026-06-30", "DE", "load")
    ]
    figures = kept.reports[0]["figures"]
    assert (figures["completeness"], figures["points"], figures["missing_minutes"]) == (1.0, 24, 0)


def test_a_report_is_told_only_where_somebody_wants_it() -> None:
    wanted = settings_of(
        series={"areas": {"DE": {"kinds": ["load"]}}, "commodities": {}},
        alerts={"rules": {"series_report": {"enabled": True}}},
    )
    kept = Kept(gaps=[[]], blocks={"DE/load": [hours(load_of_weeks())]})
    run = run_of("series_backfill", brought=[stored("DE/load", NOW, minutes=60)])
    SeriesBackfill(opening(Publisher("entsoe", lambda ask: iter((reply_to(ask),))))).work(run, wanted, kept)

    [told] = run.progress.seen["series_report"]
    assert told["title"]["en"] == "Series, Tue 30 June: 100.0% complete, nothing to look at"
    assert "Zeitreihen" in told["title"]["de"]
    assert "load" in told["report"]["en"]
    assert "series_report" not in rate(hours(load_of_weeks()))[1].progress.seen


def test_series_of_one_group_complete_each_other() -> None:
    group = "DE/generation+pumping/B10"
    day = FIRST + timedelta(days=36)
    kept = Kept(
        gaps=[[]],
        blocks={
            "DE/generation/B10": [hours(["100"] * 8, day)],
            "DE/pumping/B10": [hours(["90"] * 16, day + timedelta(hours=8))],
        },
    )
    rows = [stored(key, NOW, minutes=60, group=group) for key in ("DE/generation/B10", "DE/pumping/B10")]
    run = run_of("series_backfill", brought=rows)

    settings = settings_of(series={"areas": {"DE": {"kinds": ["generation"]}}, "commodities": {}})
    publisher = Publisher("entsoe", lambda ask: iter((reply_to(ask),)))

    SeriesBackfill(opening(publisher)).work(run, settings, kept)

    complete = {
        row["series"]: row["completeness"]
        for row in kept.commits[-1]["quality"]
        if row["day"] == "2026-06-26"
    }
    assert complete == {"DE/generation/B10": 1.0, "DE/pumping/B10": 1.0}


def test_a_night_that_is_too_short_for_collecting_still_rates() -> None:
    """The publisher takes all the time there is; a fifth of the night is kept for what follows."""
    kept = Kept(gaps=[[]], blocks={"DE/load": [hours(load_of_weeks())]})
    release, passed, step_s = threading.Event(), [0.0], [0.0]

    def clock() -> float:
        passed[0] += step_s[0]  # a night that waits too long ends as well
        return passed[0]

    def slow(ask: Ask) -> Iterator[Reply]:
        yield reply_to(ask)
        passed[0] = 300 - 60 - 12  # of 300 seconds: without those for rating and for the commit
        step_s[0] = 2.0
        release.wait()

    run = run_of("series_backfill", brought=[stored("DE/load", NOW, minutes=60)], monotonic=clock)
    try:
        report = SeriesBackfill(opening(Publisher("entsoe", slow))).work(run, QUIET, kept)
    finally:
        release.set()

    assert [one["code"] for one in report.warnings] == ["series_unfinished"]
    assert len(kept.commits[-1]["quality"]) == 7
