"""A run asks publishers side by side, stores what comes, and ends, whatever one of them does."""

import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from plantpulse.errors import (
    InvalidRequest,
    OutOfTime,
    PublisherBusy,
    PublisherRefused,
    PublisherUnavailable,
    StoreRefused,
    StoreUnavailable,
    UnreadableReply,
)
from plantpulse.runs import RunReport
from plantpulse.series import collecting
from plantpulse.series.jobs import CommodityPrices, EnergyActuals
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

ONE_AREA = {"areas": {"DE": {"kinds": ["load", "generation"]}}}
THREE_AREAS = {name: {"kinds": ["load"]} for name in ("DE", "FR", "NL")}


def answering(ask: Ask) -> Iterator[Reply]:
    yield reply_to(ask, load_of(ask.subject, "1", "2"))


def collect(publisher: Publisher, series: dict[str, Any], kept: Kept, **more: Any) -> RunReport:
    run = run_of("energy_actuals", **more)
    return EnergyActuals(opening(publisher)).work(run, settings_of(series=series), kept)


def failing_for(subjects: set[str], error: Exception) -> Any:
    def answer(ask: Ask) -> Iterator[Reply]:
        if ask.subject in subjects:
            raise error
        yield from answering(ask)

    return answer


def test_a_run_ends_in_one_call_with_data_and_record() -> None:
    kept = Kept()

    report = collect(Publisher("entsoe", answering), ONE_AREA, kept)

    assert report.outcome == "succeeded"
    assert len(kept.calls) == 1
    commit = kept.commits[0]
    assert [one["key"] for one in commit["series"]] == ["DE/load"]
    assert [batch["blocks"][0]["values"] for batch in commit["batches"]] == [["1", "2"], ["1", "2"]]
    assert commit["batches"][0]["collection"]["status"] == "succeeded"
    assert commit["batches"][0]["collection"]["pipeline"] == "energy_actuals"
    assert commit["completion"]["status"] == "succeeded"


def test_much_is_stored_in_several_calls_and_the_last_one_ends_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(collecting, "MOST_POINTS", 3)
    kept = Kept()

    def years(ask: Ask) -> Iterator[Reply]:
        for _ in range(5):
            yield reply_to(ask, load_of(ask.subject, "1", "2"))

    collect(Publisher("entsoe", years), {"areas": {"DE": {"kinds": ["load"]}}}, kept)

    assert [len(commit["batches"]) for commit in kept.commits] == [2, 2, 1]
    assert [commit["completion"] is None for commit in kept.commits] == [True, True, False]


def test_a_dry_run_asks_and_stores_nothing() -> None:
    kept, publisher = Kept(), Publisher("entsoe", answering)

    report = collect(publisher, ONE_AREA, kept, is_dry_run=True)

    assert (report.outcome, report.status) == ("succeeded", None)
    assert len(publisher.asked) == 2
    assert kept.calls == []


def test_a_dry_run_says_how_many_values_came_and_how_many_are_doubtful() -> None:
    kept, publisher = (
        Kept(),
        Publisher("entsoe", lambda ask: iter((reply_to(ask, load_of("DE", "50000", "-5")),))),
    )

    report = collect(publisher, ONE_AREA, kept, is_dry_run=True)

    assert (report.counts["points_read"], report.counts["points_flagged"]) == (4, 2)
    assert kept.calls == []


def test_whoever_watches_sees_the_replies_counted() -> None:
    run, seen = run_of("energy_actuals"), []
    run.progress.watcher = lambda done, unit, total: seen.append((done, unit, total))

    EnergyActuals(opening(Publisher("entsoe", answering))).work(run, settings_of(series=ONE_AREA), Kept())

    assert seen == [(1, "reply", None), (2, "replies", None)]


def test_one_area_that_fails_makes_the_run_partial_and_the_others_are_stored() -> None:
    kept = Kept()
    answer = failing_for({"FR"}, UnreadableReply("ENTSO-E answered with HTML", reply="<html>"))

    report = collect(Publisher("entsoe", answer), {"areas": THREE_AREAS}, kept)

    assert report.outcome == "partial"
    assert [one["key"] for one in kept.commits[0]["series"]] == ["DE/load", "NL/load"]
    assert list(report.warnings) == [
        {"code": "unreadable_reply", "message": "load of FR from entsoe: ENTSO-E answered with HTML"},
    ]
    failed = kept.commits[0]["failed"]
    assert [(one["subject"], one["code"], one["reply"]) for one in failed] == [
        ("FR", "unreadable_reply", "<html>")
    ]
    statuses = [batch["collection"]["status"] for batch in kept.commits[0]["batches"]]
    assert sorted(statuses) == ["failed", "succeeded", "succeeded"]


def test_after_too_many_requests_nothing_more_is_asked() -> None:
    kept, publisher = Kept(), Publisher("entsoe", failing_for({"FR"}, PublisherBusy("429")))

    report = collect(publisher, {"areas": THREE_AREAS}, kept)

    assert [ask.subject for ask in publisher.asked] == ["DE", "FR"]
    assert report.outcome == "partial"
    statuses = [batch["collection"]["status"] for batch in kept.commits[0]["batches"]]
    assert statuses == ["succeeded", "failed", "skipped"]


def test_a_publisher_that_fails_twice_in_a_row_is_left_alone() -> None:
    kept = Kept()
    publisher = Publisher("entsoe", failing_for({"DE", "FR", "NL"}, PublisherUnavailable("no answer")))

    with pytest.raises(PublisherUnavailable, match="no answer"):
        collect(publisher, {"areas": THREE_AREAS}, kept)

    assert [ask.subject for ask in publisher.asked] == ["DE", "FR"]
    statuses = [batch["collection"]["status"] for batch in kept.commits[0]["batches"]]
    assert statuses == ["failed", "failed", "skipped"]
    assert kept.commits[0]["completion"] is None


def test_an_answer_in_between_forgives_a_failure() -> None:
    areas = {name: {"kinds": ["load"]} for name in ("DE", "FR", "NL", "AT")}
    publisher = Publisher("entsoe", failing_for({"DE", "NL"}, PublisherRefused("no such area")))

    report = collect(publisher, {"areas": areas}, Kept())

    assert [ask.subject for ask in publisher.asked] == ["DE", "FR", "NL", "AT"]
    assert report.outcome == "partial"


@pytest.mark.parametrize(
    "error",
    [
        PublisherRefused("no such area", is_of_question=True),
        InvalidRequest("the area is unknown"),
        UnreadableReply("not XML"),
        ZeroDivisionError(),
    ],
)
def test_areas_that_are_refused_hide_no_others(error: Exception) -> None:
    """A wrong EIC is refused for ever: what comes after it would never be collected."""
    areas = {name: {"kinds": ["load"]} for name in ("AT", "BE", "DE", "FR")}
    publisher, kept = Publisher("entsoe", failing_for({"AT", "BE", "DE"}, error)), Kept()

    report = collect(publisher, {"areas": areas}, kept)

    assert [ask.subject for ask in publisher.asked] == ["AT", "BE", "DE", "FR"]
    assert report.outcome == "partial"
    assert [one["key"] for one in kept.commits[0]["series"]] == ["FR/load"]


def test_a_wrong_key_is_tried_twice_and_no_more() -> None:
    publisher = Publisher("entsoe", failing_for({"DE", "FR", "NL"}, PublisherRefused("the key is wrong")))

    with pytest.raises(PublisherRefused, match="the key is wrong"):
        collect(publisher, {"areas": THREE_AREAS}, Kept())

    assert [ask.subject for ask in publisher.asked] == ["DE", "FR"]


def test_what_the_run_had_no_time_for_is_no_failure_of_the_publisher() -> None:
    kept, publisher = Kept(), Publisher("entsoe", failing_for({"FR", "NL"}, OutOfTime("1 s is left")))

    report = collect(publisher, {"areas": THREE_AREAS}, kept)

    assert [ask.subject for ask in publisher.asked] == ["DE", "FR"]
    assert (report.outcome, report.finished) == ("partial", False)
    assert [one["code"] for one in report.warnings] == ["series_unfinished"]
    assert [batch["collection"]["status"] for batch in kept.commits[0]["batches"]] == ["succeeded"]


def test_a_run_without_time_for_any_question_fails() -> None:
    publisher = Publisher("entsoe", failing_for({"DE", "FR", "NL"}, OutOfTime("1 s is left")))

    with pytest.raises(OutOfTime, match="before any question"):
        collect(publisher, {"areas": THREE_AREAS}, Kept())


def test_nothing_more_is_asked_for_a_run_that_is_over() -> None:
    """The store has failed, and the run will be repeated: two would ask at once."""
    failed, is_asked_on = threading.Event(), threading.Event()

    def years(ask: Ask) -> Iterator[Reply]:
        if ask.subject != "DE":
            is_asked_on.set()  # another question, or below: another request for this one
        yield reply_to(ask, load_of(ask.subject, "1"))
        failed.wait()
        yield reply_to(ask, load_of(ask.subject, "2"))
        is_asked_on.set()

    class Down(Kept):
        def commit_series(self, fence: str, commit: Mapping[str, Any]) -> dict[str, Any]:
            raise StoreUnavailable("Supabase did not answer")

    publisher = Publisher("entsoe", years)
    run = run_of("energy_actuals")
    settings = settings_of(series={"areas": THREE_AREAS}).require_series()
    over = collecting.Collecting(run, settings, Down(), lambda: NOW)
    over.commit.points = collecting.MOST_POINTS
    asks = [Ask("entsoe", "load", name, Span(NOW, NOW + timedelta(days=1))) for name in THREE_AREAS]

    with pytest.raises(StoreUnavailable):
        over.collect(asks, {"entsoe": publisher})
    threads = [one for one in threading.enumerate() if one.name == "series-entsoe"]
    failed.set()
    for thread in threads:
        thread.join()

    assert not is_asked_on.is_set()


def test_one_publisher_down_does_not_stop_another() -> None:
    kept = Kept()
    eia = Publisher("eia", failing_for({"WTI", "Brent", "Henry Hub"}, PublisherUnavailable("EIA is down")))
    fred = Publisher("fred", answering)

    report = CommodityPrices(opening(eia, fred)).work(run_of("commodity_prices"), settings_of(), kept)

    assert report.outcome == "partial"
    assert len(fred.asked) == 3


def test_a_reader_that_breaks_is_a_failure_and_not_the_end() -> None:
    def broken(ask: Ask) -> Iterator[Reply]:
        if ask.subject == "DE":
            raise ZeroDivisionError("secret-in-a-traceback")
        yield from answering(ask)

    kept = Kept()

    report = collect(Publisher("entsoe", broken), {"areas": THREE_AREAS}, kept)

    assert report.outcome == "partial"
    assert report.warnings[0]["code"] == "internal_error"
    assert "secret-in-a-traceback" not in report.warnings[0]["message"]


def test_a_publisher_that_never_answers_does_not_keep_the_run() -> None:
    release, passed = threading.Event(), [0.0]

    def silent(ask: Ask) -> Iterator[Reply]:
        if ask.subject == "FR":
            passed[0] = 1000.0  # the run's time is up
            release.wait()
        yield from answering(ask)

    kept = Kept()
    try:
        report = collect(
            Publisher("entsoe", silent), {"areas": THREE_AREAS}, kept, monotonic=lambda: passed[0]
        )
    finally:
        release.set()

    assert report.outcome == "partial"
    assert report.finished is False
    assert report.warnings[0] == {
        "code": "series_unfinished",
        "message": "the time was up before 2 of 3 questions were answered",
    }
    assert [one["key"] for one in kept.commits[-1]["series"]] == ["DE/load"]


def test_the_newest_value_decides_where_a_run_begins() -> None:
    publisher = Publisher("entsoe", answering)
    newest = run_of("energy_actuals").started_at - timedelta(hours=2)

    collect(publisher, {"areas": {"DE": {"kinds": ["load"]}}}, Kept(), brought=[stored("DE/load", newest)])

    assert f"{publisher.asked[0].span.start:%Y-%m-%d %H:%M}" == "2026-06-27 22:00"


def test_a_question_that_was_answered_in_part_is_not_finished() -> None:
    """Ten years come in ten replies: after the seventh the run is not done with them."""
    release, passed = threading.Event(), [0.0]

    def slow(ask: Ask) -> Iterator[Reply]:
        yield reply_to(ask, load_of(ask.subject, "1", "2"))
        passed[0] = 1000.0
        release.wait()
        yield reply_to(ask, load_of(ask.subject, "3"))

    kept = Kept()
    try:
        report = collect(
            Publisher("entsoe", slow),
            {"areas": {"DE": {"kinds": ["load"]}}},
            kept,
            monotonic=lambda: passed[0],
        )
    finally:
        release.set()

    assert (report.outcome, report.finished) == ("partial", False)
    assert kept.commits[0]["batches"][0]["blocks"][0]["values"] == ["1", "2"]


UNUSUAL = {"rules": {"collection_unusual": {"enabled": True}}}


@pytest.mark.parametrize(("points", "is_told"), [(96, False), (2, True)])
def test_far_fewer_values_than_in_other_weeks_are_told_where_it_is_wanted(points: int, is_told: bool) -> None:
    """The store knows 96 values at this hour of each of the last eight weeks."""
    run = run_of("energy_actuals")
    settings = settings_of(series={"areas": {"DE": {"kinds": ["load"]}}}, alerts=UNUSUAL)

    def some(ask: Ask) -> Iterator[Reply]:
        yield reply_to(ask, load_of("DE", *["40000"] * points))

    EnergyActuals(opening(Publisher("entsoe", some))).work(run, settings, Kept())

    told = run.progress.seen["collection_unusual"]
    assert told == (
        [{"series": "DE/load (entsoe)", "what": "volume", "figure": 2, "usual": 96, "weeks": 8}]
        if is_told
        else []
    )


def test_without_the_rule_nobody_asks_for_other_weeks() -> None:
    kept, run = Kept(), run_of("energy_actuals")

    EnergyActuals(opening(Publisher("entsoe", answering))).work(run, settings_of(series=ONE_AREA), kept)

    assert [name for name, _ in kept.calls] == ["commit"]
    assert "collection_unusual" not in run.progress.seen


class Refusing(Kept):
    """A store that refuses every commit with values of some area."""

    refused = "FR/load"

    def commit_series(self, fence: str, commit: Mapping[str, Any]) -> dict[str, Any]:
        if self.refused in {one["key"] for one in commit["series"]}:
            raise StoreRefused("Supabase refused commit_series: a value does not fit its column (22023 400)")
        return super().commit_series(fence, commit)


def test_a_reply_that_cannot_be_stored_does_not_hold_up_the_others() -> None:
    kept = Refusing()
    gigawatts = stored("FR/load", NOW, unit="GW")

    report = collect(Publisher("entsoe", answering), {"areas": THREE_AREAS}, kept, brought=[gigawatts])

    assert report.outcome == "partial"
    assert [[one["key"] for one in commit["series"]] for commit in kept.commits] == [
        ["DE/load"],
        ["NL/load"],
        [],
    ]
    last = kept.commits[-1]
    told = "FR/load is stored in GW and now comes in MW: its unit cannot change"
    assert [(one["subject"], one["code"], one["message"]) for one in last["failed"]] == [
        ("FR", "store_refused", told)
    ]
    assert [batch["collection"]["status"] for batch in last["batches"]] == ["failed"]
    assert report.warnings[-1] == {"code": "store_refused", "message": f"load of FR from entsoe: {told}"}
    assert last["completion"]["status"] == "partial"


def test_a_store_that_refuses_everything_fails_the_run() -> None:
    class Closed(Kept):
        def commit_series(self, fence: str, commit: Mapping[str, Any]) -> dict[str, Any]:
            raise StoreRefused("Supabase refused commit_series: check SUPABASE_SECRET_KEY")

    with pytest.raises(StoreRefused, match="check SUPABASE_SECRET_KEY"):
        collect(Publisher("entsoe", answering), {"areas": THREE_AREAS}, Closed())


def test_two_units_of_one_series_are_both_told_to_the_store() -> None:
    """A country that changes its currency: the newer unit must not stand for the older values."""

    def two(ask: Ask) -> Iterator[Reply]:
        yield reply_to(ask, load_of("DE", "1"))
        older = load_of("DE", "2", start=NOW + timedelta(hours=1))
        yield reply_to(ask, replace(older, series=replace(older.series, unit="GW")))

    kept = Kept()

    collect(Publisher("entsoe", two), {"areas": {"DE": {"kinds": ["load"]}}}, kept)

    assert [one["unit"] for one in kept.commits[0]["series"]] == ["MW", "GW"]


def test_no_call_has_more_than_supabase_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small reply waits when a large one comes; a reply of five types is too large for one call."""
    monkeypatch.setattr(collecting, "MOST_POINTS", 6)
    monkeypatch.setattr(collecting, "LARGEST_CALL", 8)

    def types(ask: Ask) -> Iterator[Reply]:
        yield reply_to(ask, load_of("DE", "1", "2"))
        hours = (load_of("DE", "1", "2", "3", start=NOW + timedelta(hours=number)) for number in range(1, 6))
        yield reply_to(ask, *hours)

    kept = Kept()

    collect(Publisher("entsoe", types), {"areas": {"DE": {"kinds": ["load"]}}}, kept)

    batches = [[len(batch["blocks"]) for batch in commit["batches"]] for commit in kept.commits]
    assert batches == [[1, 2], [2], [1]]
    metrics = [batch["collection"] is not None for commit in kept.commits for batch in commit["batches"]]
    assert metrics == [True, True, False, False]


def test_a_dry_run_of_years_keeps_nothing_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collecting, "MOST_POINTS", 3)
    run = run_of("energy_actuals", is_dry_run=True)
    settings = settings_of(series={"areas": {"DE": {"kinds": ["load"]}}}).require_series()
    collected = collecting.Collecting(run, settings, Kept(), lambda: NOW)

    def years(ask: Ask) -> Iterator[Reply]:
        for _ in range(8):
            yield reply_to(ask, load_of("DE", "1", "2"))

    ask = Ask("entsoe", "load", "DE", Span(NOW, NOW + timedelta(days=1)))
    assert collected.collect([ask], {"entsoe": Publisher("entsoe", years)}).replies == 8

    assert collected.commit.is_empty
