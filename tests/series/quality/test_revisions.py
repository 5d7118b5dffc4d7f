"""What counts as a change of a stored value."""

from decimal import Decimal

from plantpulse.series.quality.revisions import revision
from tests.series.quality.made import WEDNESDAY, hours_of


def test_changed_values_are_told_with_the_largest_change() -> None:
    points = hours_of(WEDNESDAY, ["70.00", "68.5", "66", "60"])
    stored = {
        points[0].at: Decimal("70"),
        points[1].at: Decimal("68"),
        points[2].at: Decimal("70.25"),
    }

    found = revision(stored, points)

    assert found
    assert found.at == (points[1].at, points[2].at)
    assert found.facts == {"points": 2, "largest": "4.25"}
    assert found.verdict == "note"


def test_more_digits_and_new_points_are_no_revision() -> None:
    points = hours_of(WEDNESDAY, ["1.0", "2"])

    assert revision({points[0].at: Decimal("1.00")}, points) is None


def test_a_value_that_appears_or_goes_is_a_revision_without_a_size() -> None:
    points = hours_of(WEDNESDAY, [None, "2", "NaN", None])
    stored = {points[0].at: Decimal(1), points[1].at: None, points[2].at: Decimal("NaN"), points[3].at: None}

    found = revision(stored, points)

    assert found
    assert found.at == (points[0].at, points[1].at)
    assert found.facts == {"points": 2, "largest": "-"}
