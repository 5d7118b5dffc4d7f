from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from plantpulse.series.publisher import Span
from plantpulse.series.sources.entsoe.windows import first_part, parameters

BERLIN = ZoneInfo("Europe/Berlin")


def span(start: str, until: str) -> Span:
    return Span(datetime.fromisoformat(start), datetime.fromisoformat(until))


def parts(whole: Span, days: int) -> list[Span]:
    found = []
    while whole.start < whole.until:
        found.append(first_part(whole, days, BERLIN))
        whole = whole._replace(start=found[-1].until)
    return found


def test_a_short_span_is_one_part() -> None:
    day = span("2024-05-01T22:00Z", "2024-05-02T22:00Z")

    assert parts(day, 365) == [day]


def test_ten_years_are_parts_of_at_most_a_year_at_local_midnights() -> None:
    found = parts(span("2015-12-31T23:00Z", "2025-12-31T23:00Z"), 365)

    assert len(found) == 11
    assert {part.start.astimezone(BERLIN).hour for part in found} == {0}
    assert [f"{part.start:%Y-%m-%dT%H}" for part in found[:2]] == ["2015-12-31T23", "2016-12-30T23"]
    assert all(part.until.year - part.start.year <= 1 for part in found)


def test_parts_follow_the_clock_over_its_changes() -> None:
    assert parts(span("2024-03-30T23:00Z", "2024-04-01T22:00Z"), 1) == [
        span("2024-03-30T23:00Z", "2024-03-31T22:00Z"),
        span("2024-03-31T22:00Z", "2024-04-01T22:00Z"),
    ]


def test_a_span_that_begins_within_a_day_goes_on_at_midnight() -> None:
    assert parts(span("2024-05-01T10:30Z", "2024-05-03T10:30Z"), 1) == [
        span("2024-05-01T10:30Z", "2024-05-01T22:00Z"),
        span("2024-05-01T22:00Z", "2024-05-02T22:00Z"),
        span("2024-05-02T22:00Z", "2024-05-03T10:30Z"),
    ]


@given(
    st.datetimes(datetime(2015, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis adds the zone
    st.integers(1, 3 * 365 * 24 * 60),
    st.sampled_from([1, 28, 49, 92, 365]),
)
def test_parts_cover_the_span_once_and_none_is_too_long(start: datetime, minutes: int, days: int) -> None:
    until = datetime.fromtimestamp(start.timestamp() + 60 * minutes, UTC)

    found = parts(Span(start, until), days)

    assert (found[0].start, found[-1].until) == (start, until)
    assert all(earlier.until == later.start for earlier, later in pairwise(found))
    for part in found:
        local = (
            part.start.astimezone(BERLIN).replace(tzinfo=None),
            part.until.astimezone(BERLIN).replace(tzinfo=None),
        )
        assert (local[1] - local[0]).total_seconds() <= days * 86_400


def test_the_parameters_are_whole_hours_around_the_span_in_utc() -> None:
    assert parameters(span("2024-05-01T10:30+02:00", "2024-05-02T10:00:01+02:00")) == {
        "periodStart": "202405010800",
        "periodEnd": "202405020900",
    }


def test_whole_hours_stay_as_they_are() -> None:
    assert parameters(span("2024-05-01T22:00Z", "2024-05-02T22:00Z")) == {
        "periodStart": "202405012200",
        "periodEnd": "202405022200",
    }
