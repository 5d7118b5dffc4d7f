"""Which questions a run puts to which publisher."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from plantpulse.entry.requests import parse
from plantpulse.errors import InvalidRequest
from plantpulse.series.asks import Stored, asks_again, asks_of, subjects_of, subjects_wanted
from plantpulse.series.publisher import Span
from plantpulse.series.request import EnergyRequest, PricesRequest, Wanted, wanted
from plantpulse.settings import SeriesSettings
from tests.series.jobs.conftest import NOW, settings_of, stored

BRUSSELS = ZoneInfo("Europe/Brussels")
INCREMENTAL = Wanted("incremental", None, None, None)


def series_of(**tree: object) -> SeriesSettings:
    return settings_of(series=tree).require_series()


def spans_of(
    series: SeriesSettings, *rows: dict[str, object], job: str = "energy_actuals"
) -> dict[str, Span]:
    known = [Stored.of(row) for row in rows]
    asks = asks_of(subjects_of(job, series), INCREMENTAL, known, series, NOW)  # type: ignore[arg-type] # a parameter
    return {f"{ask.subject}/{ask.kind}": ask.span for ask in asks}


def brussels(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BRUSSELS).astimezone(UTC)


def test_what_is_new_is_collected_for_the_last_thirty_days() -> None:
    spans = spans_of(series_of(areas={"DE": {}}))

    assert spans["DE/load"] == (brussels("2026-06-01"), brussels("2026-07-02"))


def test_what_is_there_is_read_again_from_three_days_before_its_newest_value() -> None:
    spans = spans_of(series_of(areas={"DE": {}}), stored("DE/load", NOW - timedelta(hours=1)))

    assert spans["DE/load"].start == brussels("2026-06-28")
    assert spans["DE/generation"].start == brussels("2026-06-01")


def test_a_type_that_was_given_up_does_not_hold_the_others_back() -> None:
    """Germany's last nuclear plants stopped in April 2023; nobody wants three years again each half hour."""
    gone = stored("DE/generation/B14", datetime(2023, 4, 15, 21, tzinfo=UTC))
    lively = stored("DE/pumping/B10", NOW - timedelta(hours=2))

    assert spans_of(series_of(areas={"DE": {}}), gone, lively)["DE/generation"].start == brussels(
        "2026-06-28"
    )


def test_values_of_the_future_do_not_move_the_start_beyond_now() -> None:
    """A publisher once sent zeros for tomorrow; the values until then are still wanted."""
    ahead = stored("DE/load", NOW + timedelta(days=2))

    assert spans_of(series_of(areas={"DE": {}}), ahead)["DE/load"].start == brussels("2026-06-28")


def test_forecasts_are_asked_for_days_ahead_and_weeks_for_a_year() -> None:
    spans = spans_of(
        series_of(areas={"NL": {"kinds": ["day_ahead_price", "weekly_load_forecast"]}}),
        job="energy_forecasts",
    )

    assert spans["NL/day_ahead_price"].until == brussels("2026-07-04")
    assert spans["NL/weekly_load_forecast"].until == brussels("2027-07-08")


def test_each_commodity_is_asked_of_each_publisher_that_has_it() -> None:
    series = series_of(commodities={"WTI": {}, "Coal": {"unit": "USD/t", "fred": "PCOAL"}})

    found = [(one.source, one.subject) for one in subjects_of("commodity_prices", series)]

    assert found == [("eia", "WTI"), ("fred", "WTI"), ("fred", "Coal")]


def test_an_area_has_its_own_kinds() -> None:
    series = series_of(areas={"DE": {}, "AT": {"kinds": ["imbalance_price"]}})

    found = [one.kind for one in subjects_of("energy_actuals", series) if one.subject == "AT"]

    assert found == ["imbalance_price"]


def test_the_last_weeks_are_asked_for_again_as_whole_days() -> None:
    subjects = subjects_of("energy_actuals", series_of(areas={"FR": {"kinds": ["load"]}}))

    assert [ask.span for ask in asks_again(subjects, 35, NOW)] == [
        Span(brussels("2026-05-27"), brussels("2026-07-02"))
    ]


def test_a_backfill_is_of_local_days_both_included() -> None:
    request = parse(
        EnergyRequest, {"mode": "backfill", "from_date": "2026-03-29", "until_date": "2026-03-29"}
    )

    span = wanted(request, BRUSSELS, NOW).span

    assert span is not None
    assert span.until - span.start == timedelta(hours=23)


def test_a_full_refresh_is_of_ten_years() -> None:
    span = wanted(parse(EnergyRequest, {"mode": "full-refresh"}), BRUSSELS, NOW).span

    assert span is not None
    assert span.start == datetime(2016, 6, 30, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("asked", "field", "told"),
    [
        ({"from_date": "2026-01-01"}, "from_date", "a span of days needs mode backfill"),
        ({"mode": "full_refresh", "until_date": "2026-01-01"}, "until_date", "needs mode backfill"),
        ({"mode": "backfill"}, "from_date", "needs its first and its last day"),
        ({"mode": "backfill", "from_date": "2026-01-01"}, "until_date", "needs its first and its last"),
        (
            {"mode": "backfill", "from_date": "2026-01-02", "until_date": "2026-01-01"},
            "until_date",
            "must not be before the first day",
        ),
        (
            {"mode": "backfill", "from_date": "2026-01-02", "until_date": "2029-01-01"},
            "until_date",
            "is too far in the future",
        ),
        (
            {"mode": "backfill", "from_date": "1815-01-02", "until_date": "2026-01-01"},
            "from_date",
            "must not be before 1900-01-01",
        ),
    ],
)
def test_a_span_that_cannot_be_is_refused(asked: dict[str, str], field: str, told: str) -> None:
    with pytest.raises(InvalidRequest, match=told) as refused:
        wanted(parse(EnergyRequest, asked), BRUSSELS, NOW)

    assert refused.value.field == field


@pytest.mark.parametrize(
    ("job", "request_", "field", "told"),
    [
        (
            "energy_actuals",
            EnergyRequest(area="XX"),
            "area",
            "there is no collected area XX; there are: DE, FR, NL",
        ),
        (
            "energy_actuals",
            EnergyRequest(kind="price"),
            "kind",
            "there is no collected kind price; there are: generation, load",
        ),
        (
            "commodity_prices",
            PricesRequest(commodity="Tin"),
            "commodity",
            "there is no collected commodity Tin",
        ),
    ],
)
def test_what_is_not_collected_is_refused_with_what_there_is(
    job: str, request_: EnergyRequest | PricesRequest, field: str, told: str
) -> None:
    with pytest.raises(InvalidRequest, match=told) as refused:
        subjects_wanted(subjects_of(job, series_of()), wanted(request_, BRUSSELS, NOW))  # type: ignore[arg-type] # a parameter

    assert refused.value.field == field


def test_what_is_furthest_behind_is_asked_for_first() -> None:
    """A run that is too short for all areas would never reach the last ones."""
    rows = [stored("DE/load", NOW), stored("FR/load", NOW - timedelta(days=5)), stored("NL/load", NOW)]

    asked = spans_of(series_of(kinds=["load"]), *rows)

    assert list(asked) == ["FR/load", "DE/load", "NL/load"]


@pytest.mark.parametrize(("silent_days", "start"), [(59, "2026-04-30"), (61, "2026-06-01")])
def test_a_series_that_was_given_up_is_not_asked_for_since_then(silent_days: int, start: str) -> None:
    """An area that left the platform years ago would cost years of questions each half hour."""
    gone = stored("GB/load", NOW - timedelta(days=silent_days))

    assert spans_of(series_of(areas={"GB": {}}), gone)["GB/load"].start == brussels(start)
