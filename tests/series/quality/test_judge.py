"""Everything that is found about a series, in one call."""

from datetime import date, timedelta

from plantpulse.series.kinds import KINDS
from plantpulse.series.points import Point
from plantpulse.series.quality.findings import VERDICTS, verdicts_of
from plantpulse.series.quality.judge import Judge
from tests.series.quality.made import A_DAY, BERLIN, CALM, WEDNESDAY, hours_of, span_of, utc

PRICE, LOAD = KINDS["day_ahead_price"], KINDS["load"]
LATER = utc("2030-01-01T00:00")
HISTORY = [point for back in range(10, 0, -1) for point in hours_of(WEDNESDAY - back * A_DAY, list(CALM))]


def with_day(values: list[float]) -> list[Point]:
    return [*HISTORY, *hours_of(WEDNESDAY, list(values))]


def test_a_usual_day_has_no_findings() -> None:
    points = with_day([float(value) for value in CALM])

    assert Judge(PRICE, BERLIN, LATER).findings(points, points[0].at) == []


def test_only_findings_that_reach_into_the_judged_span_are_told() -> None:
    points = with_day([float(value) for value in CALM])
    points[30] = points[30]._replace(value=points[30].value and points[30].value * 100)
    judge = Judge(PRICE, BERLIN, LATER)

    assert [one.name for one in judge.findings(points, points[0].at)] == ["out_of_bounds"]
    assert judge.findings(points, span_of(WEDNESDAY).start) == []


def test_a_day_in_another_unit_is_one_finding_and_not_an_outlier_too() -> None:
    points = with_day([value / 1000 for value in CALM])

    found = Judge(PRICE, BERLIN, LATER).findings(points, span_of(WEDNESDAY).start)

    assert [one.name for one in found] == ["wrong_unit"]


def test_a_value_beyond_the_bounds_is_no_outlier_too() -> None:
    points = with_day([*CALM[:12], 9000.0, *CALM[13:]])

    found = Judge(PRICE, BERLIN, LATER).findings(points, span_of(WEDNESDAY).start)

    assert [one.name for one in found] == ["out_of_bounds"]


def test_an_outlier_is_told_where_nothing_explains_it() -> None:
    points = with_day([*CALM[:12], 900.0, *CALM[13:]])

    found = Judge(PRICE, BERLIN, LATER).findings(points, span_of(WEDNESDAY).start)

    assert [one.name for one in found] == ["unlike_the_day"]


def test_a_day_with_the_prices_of_another_auction_is_told_by_its_key() -> None:
    points = with_day([float(value) for value in CALM])
    other = {"DE/day_ahead_price/2": hours_of(WEDNESDAY, list(CALM))}

    [found] = Judge(PRICE, BERLIN, LATER).findings(points, points[0].at, other)

    assert (found.name, found.span) == ("wrong_auction", span_of(WEDNESDAY))
    assert found.facts == {"series": "DE/day_ahead_price/2"}


def test_every_kind_of_day_fault_is_looked_for() -> None:
    """One load series has a fault of each kind, days apart; each is found by its name and on its day."""
    monday = date(2025, 3, 3)
    loads = [500 * value for value in CALM]
    days = [hours_of(monday + n * A_DAY, [*loads, loads[-1]][: hours(monday + n * A_DAY)]) for n in range(35)]
    days[10] = [point._replace(value=point.value and point.value * 1000) for point in days[10]]
    days[13] = [point._replace(value=days[13][0].value) for point in days[13]]
    days[16][7] = days[16][7]._replace(value=days[16][7].value and days[16][7].value * 0)
    days[27][2] = days[27][2]._replace(value=days[27][1].value)
    points = [point for day in days for point in day]
    points[-3:] = [point._replace(value=point.value and point.value * 0) for point in points[-3:]]

    found = Judge(LOAD, BERLIN, points[-2].at).findings(points, points[0].at)

    assert [((one.span.start + timedelta(hours=2)).date() - monday, one.name) for one in found] == [
        (timedelta(10), "out_of_bounds"),
        (timedelta(10), "wrong_unit"),
        (timedelta(13), "flat_day"),
        (timedelta(16), "zeros_for_missing"),
        (timedelta(27), "doubled_hour"),
        (timedelta(34), "future_zeros"),
        (timedelta(34), "zeros_for_missing"),
    ]


def hours(day: date) -> int:
    return (span_of(day).until - span_of(day).start) // timedelta(hours=1)


def test_a_point_is_invalid_or_suspect_but_not_both() -> None:
    points = with_day([value * 1000.0 for value in CALM])
    findings = Judge(PRICE, BERLIN, LATER).findings(points, points[0].at)

    invalid, suspect = verdicts_of(findings)

    assert {one.name for one in findings} == {"out_of_bounds", "wrong_unit"}
    assert (len(invalid), len(suspect)) == (24, 0)


def test_notes_say_nothing_against_a_point() -> None:
    assert {name for name, verdict in VERDICTS.items() if verdict == "note"} == {"partial_day", "revision"}


def test_a_series_without_points_has_no_findings() -> None:
    for kind in KINDS.values():
        assert Judge(kind, BERLIN, LATER).findings([], LATER) == []
