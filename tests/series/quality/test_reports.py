"""Daily and weekly reports: rows, text and mail."""

import string
from collections.abc import Mapping
from datetime import date, timedelta
from html.parser import HTMLParser

import pytest

from plantpulse.series.collection_rates import Rates
from plantpulse.series.kinds import KINDS
from plantpulse.series.quality.findings import finding_of
from plantpulse.series.quality.scores import DayScore
from plantpulse.series.reports.english import ENGLISH
from plantpulse.series.reports.german import GERMAN
from plantpulse.series.reports.rows import Known, Period, Report, Row, Subject, daily_report, weekly_report
from plantpulse.series.reports.wording import report_mail, report_text
from tests.series.quality.made import A_DAY, WEDNESDAY, hours_of

GOOD = DayScore(WEDNESDAY, 1440, 1440, 1440, 96, 0, 0)
SHORT = DayScore(WEDNESDAY, 1440, 1080, 720, 72, 1, 2)
RATES = Rates(48, 48, 4608, 96, 12, 50, 2_000_000, 410.0, 900.0, 35.0, {})
FAILING = RATES._replace(succeeded=36)
PRICE, LOAD = Subject("DE", "day_ahead_price"), Subject("DE", "load")
HOSTILE = "<img src=x onerror=alert(1)>"


def only_row(known: Known) -> Row:
    [row] = daily_report(WEDNESDAY, {LOAD: known}).rows
    return row


def problem() -> Mapping[Subject, Known]:
    spike = finding_of("unlike_the_week", hours_of(WEDNESDAY, [1, 2]))
    return {
        PRICE: Known([GOOD], rates=RATES),
        LOAD: Known([SHORT], [spike], ["open", "filled", "filled", "absent"], FAILING),
    }


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


def test_a_row_has_the_shares_of_its_sums() -> None:
    """Of 2880 minutes 2520 are there and 2160 came in time; of 168 points 165 are in order."""
    row = only_row(Known([GOOD, SHORT], rates=RATES))

    assert (row.completeness, row.timeliness, row.accuracy) == (0.875, 0.75, 0.9821)
    assert (row.points, row.invalid, row.suspect, row.missing_minutes) == (168, 1, 2, 360)


def test_days_outside_of_the_period_count_for_the_trend_alone() -> None:
    other = [GOOD._replace(day=WEDNESDAY + n * A_DAY, covered_minutes=0) for n in (-1, 1)]

    assert only_row(Known([*other, GOOD])).completeness == 1.0


def test_a_week_has_seven_days() -> None:
    scores = [GOOD._replace(day=WEDNESDAY - back * A_DAY, covered_minutes=back * 100) for back in range(9)]

    report = weekly_report(WEDNESDAY, {LOAD: Known(scores)})

    assert report.period == Period(date(2025, 1, 9), WEDNESDAY)
    assert report.period.days == 7
    assert report.rows[0].completeness == round(2100 / (7 * 1440), 4)


def test_what_was_due_before_anybody_collected_has_no_timeliness() -> None:
    row = only_row(Known([GOOD._replace(timely_minutes=None)]))

    assert (row.completeness, row.timeliness) == (1.0, None)
    assert only_row(Known([GOOD._replace(timely_minutes=None), SHORT])).timeliness == 0.5


def test_findings_are_counted_by_points_and_missing_ones_by_days() -> None:
    points = hours_of(WEDNESDAY, [1, 2, 3])
    partial = finding_of("partial_day", points)
    no_points = type(partial)("partial_day", partial.span, ())

    row = only_row(
        Known([GOOD], [finding_of("flat_day", points), finding_of("flat_day", points[:1]), no_points])
    )

    assert row.findings == {"flat_day": 4, "partial_day": 1}


def test_a_score_that_fell_is_named() -> None:
    days = [WEDNESDAY - back * A_DAY for back in range(34, -1, -1)]
    scores = [
        GOOD._replace(day=day, covered_minutes=1440 if number < 28 else 1300)
        for number, day in enumerate(days)
    ]

    row = only_row(Known(scores))

    assert row.degraded == ["completeness"]
    assert row.needs_attention


@pytest.mark.parametrize(
    ("known", "is_told"),
    [
        (Known([GOOD], rates=RATES), False),
        (Known([]), False),
        (Known([GOOD._replace(covered_minutes=1425)]), True),
        (Known([GOOD._replace(covered_minutes=1426)]), False),
        (Known([GOOD._replace(invalid=1)]), True),
        (Known([GOOD._replace(suspect=1)]), True),
        (Known([GOOD], rates=FAILING), True),
        (Known([GOOD._replace(timely_minutes=0)]), False),
    ],
)
def test_somebody_should_look_at_what_is_short_wrong_or_failing(known: Known, is_told: bool) -> None:
    assert only_row(known).needs_attention is is_told


def test_what_needs_a_look_comes_first_then_the_order_of_names() -> None:
    known = {
        Subject("FR", "load"): Known([GOOD]),
        Subject("NL", "load"): Known([SHORT]),
        Subject("AT", "load"): Known([GOOD]),
    }

    assert [row.about.subject for row in daily_report(WEDNESDAY, known).rows] == ["NL", "AT", "FR"]


def test_a_row_goes_into_a_table_as_it_is() -> None:
    [load, price] = daily_report(WEDNESDAY, problem()).rows

    assert load.as_json() == {
        "subject": "DE",
        "kind": "load",
        "completeness": 0.75,
        "timeliness": 0.5,
        "accuracy": 0.9583,
        "points": 72,
        "invalid": 1,
        "suspect": 2,
        "missing_minutes": 360,
        "findings": {"unlike_the_week": 2},
        "gaps": {"open": 1, "filled": 2, "absent": 1},
        "collections": 48,
        "success_rate": 0.75,
        "api_ms": 410.0,
        "degraded": [],
    }
    assert price.as_json()["success_rate"] == 1.0


def test_a_day_is_told_in_words_and_a_table() -> None:
    told = report_text(daily_report(WEDNESDAY, problem()), "en")

    assert plain(told).splitlines() == [
        "On Wednesday, 15 January 2025, series were 87.5% complete and 75.0% in time (average of 2 rows). "
        "Somebody should look at one row.",
        "",
        "Area and kind",
        "                      complete  in time  accurate  collected",
        "  DE load                75.0%    50.0%     95.8%      75.0%",
        "  DE day-ahead price    100.0%   100.0%    100.0%     100.0%",
        "  (sorted: what needs a look comes first)",
        "",
        "To look at",
        "  DE load: 6 h missing, gaps that the publisher has no values for: 1, gaps filled: 2, "
        "gaps still open: 1, unlike its time of the week: 2, 12 of 48 collections failed",
        "",
        "complete: share of the due minutes that have values; in time: share known when due.",
        "accurate: share of values that are neither invalid nor suspect.",
    ]


def test_a_week_is_told_in_german() -> None:
    mail = report_mail(weekly_report(WEDNESDAY, problem()), "de")

    assert plain(mail.subject) == "Zeitreihen, Woche bis Mi 15.1.: 87,5 % vollständig, 1 zu prüfen"
    assert plain(mail.text).splitlines()[0] == (
        "In der Woche bis Mittwoch, 15. Januar 2025 waren Zeitreihen zu 87,5 % vollständig und zu 75,0 % "
        "rechtzeitig (Mittel: 2 Zeilen). Zu prüfen: eine Zeile."
    )
    assert "DE Last: 6 h fehlen" in plain(mail.text)


def test_a_good_day_says_so() -> None:
    mail = report_mail(daily_report(WEDNESDAY, {PRICE: Known([GOOD], rates=RATES)}), "en")

    assert mail.subject == "Series, Wed 15 January: 100.0% complete, nothing to look at"
    assert mail.text.splitlines()[0].endswith("(average of one row). There is nothing to look at.")
    assert "To look at" not in mail.text


def test_a_day_without_series_says_so() -> None:
    for language, subject in (
        ("en", "Series, Wed 15 January: no series"),
        ("de", "Zeitreihen, Mi 15.1.: keine Zeitreihen"),
    ):
        mail = report_mail(daily_report(WEDNESDAY, {}), language)

        assert mail.subject == subject
        assert "%" not in mail.text


def test_only_all_of_it_is_100_percent() -> None:
    nearly = GOOD._replace(due_minutes=100_000, covered_minutes=99_995)

    mail = report_mail(daily_report(WEDNESDAY, {LOAD: Known([nearly])}), "en")

    assert "99.9% complete" in mail.subject


class Texts(HTMLParser):
    """Collects tags and texts."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data.strip())


def test_the_html_says_the_same_as_the_text_and_escapes_names() -> None:
    known = {**problem(), Subject(HOSTILE, "load"): Known([SHORT])}
    mail = report_mail(daily_report(WEDNESDAY, known), "en")
    parser = Texts()

    parser.feed(mail.html)

    assert "img" not in parser.tags
    assert "script" not in parser.tags
    assert f"{HOSTILE} load" in parser.texts
    assert {"75.0%", "95.8%", "DE load", "DE day-ahead price"} <= set(parser.texts)


def test_many_rows_are_cut_and_counted() -> None:
    known = {Subject(f"A{number:02}", "load"): Known([GOOD]) for number in range(63)}

    assert "(and 3 more)" in report_mail(daily_report(WEDNESDAY, known), "en").text


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_have_the_same_sentences_with_the_same_facts() -> None:
    assert set(ENGLISH.sentences) == set(GERMAN.sentences)
    assert set(KINDS) <= set(ENGLISH.sentences)
    for name, sentence in ENGLISH.sentences.items():
        assert fields(sentence) == fields(GERMAN.sentences[name]), name


def test_a_report_without_rows_has_no_shares() -> None:
    report = Report(Period(WEDNESDAY, WEDNESDAY + timedelta(days=0)), ())

    assert (report.completeness, report.timeliness, list(report.attention)) == (None, None, [])
