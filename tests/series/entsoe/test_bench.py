"""The benchmark of the parser runs, and reads the year that it builds; how fast is not a test's business."""

from bench import series_parse
from plantpulse.series.sources.entsoe.documents import ASKED
from plantpulse.series.sources.entsoe.replies import read
from plantpulse.settings.areas import AREAS
from tests.series.entsoe.built import points_of


def test_the_year_that_is_measured_is_read_whole() -> None:
    answer = read(series_parse.a_year(96).encode(), ASKED["load"], AREAS["NL"])

    assert len(points_of(answer, "NL/load")) == 96
    assert answer.unread == ()


def test_the_figures_of_each_contestant_are_told() -> None:
    [table] = series_parse.measure(series_parse.QUICK, rivals=None)

    assert [line[0] for line in table.lines] == [
        "floor: expat alone",
        "plantpulse",
        "a tree, nothing put back",
    ]
    assert all(float(line[4]) > 0 for line in table.lines)
