"""From a call of a function to rows: replies over HTTP, a real project, and what must not change."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from devstack.energy import Flaw, Plan, Publisher, Trouble
from devstack.energy.faults import TroubleKind
from tests.series.conftest import NOON, Market

SLOT = NOON
LOADS = {"areas": {"DE": {}, "FR": {}, "NL": {}}, "kinds": ["load"], "commodities": {}}


@pytest.fixture
def loads(market: Market) -> Market:
    """A project that collects the loads of three areas of the last three days."""
    market.series = LOADS | {"first_look_back_days": 3}
    return market


def published(market: Market, key: str, start: datetime, known_at: datetime) -> dict[datetime, Any]:
    """Return what the publisher has of a series by an instant."""
    found = market.stand_in.publisher.points(key, start, known_at + timedelta(days=9), known_at)
    return {one.at: one.value for one in found}


def trouble(market: Market, kind: TroubleKind, **more: Any) -> None:
    """Let ENTSO-E have a trouble for a day."""
    start = NOON - timedelta(hours=1)
    market.stand_in.trouble([Trouble("entsoe", kind, start, start + timedelta(days=1), **more)])


def test_a_first_run_stores_what_is_published(loads: Market) -> None:
    report = loads.run("energy_actuals", SLOT)

    assert (report["outcome"], report["warnings"]) == ("succeeded", [])
    stored = loads.points("DE/load")
    assert stored == published(loads, "DE/load", min(stored), NOON)
    assert report["counts"]["points_new"] == sum(
        len(loads.points(f"{area}/load")) for area in ("DE", "FR", "NL")
    )
    [run] = loads.rows("select * from public.pipeline_runs")
    assert (run["plant"], run["status"], run["counts"]) == ("(no plant)", "succeeded", report["counts"])
    collections = loads.rows("select subject, status, points_new from public.collections order by subject")
    assert [(one["subject"], one["status"]) for one in collections] == [
        ("DE", "succeeded"),
        ("FR", "succeeded"),
        ("NL", "succeeded"),
    ]


def test_a_delivery_that_is_repeated_changes_nothing(loads: Market) -> None:
    first = loads.run("energy_actuals", SLOT)
    before = loads.rows("select * from public.series_points order by series_id, at")
    asked = len(loads.stand_in.ledger.requests())

    again = loads.run("energy_actuals", SLOT)

    assert (again["outcome"], again["run_id"]) == ("duplicate", first["run_id"])
    assert loads.rows("select * from public.series_points order by series_id, at") == before
    assert len(loads.stand_in.ledger.requests()) == asked


def test_the_next_run_goes_on_and_keeps_what_was_corrected(loads: Market) -> None:
    loads.run("energy_actuals", SLOT)
    before = loads.points("DE/load")
    loads.pass_time(days=1)

    report = loads.run("energy_actuals", SLOT + timedelta(days=1))

    after = loads.points("DE/load")
    assert after == published(loads, "DE/load", min(before), NOON + timedelta(days=1))
    corrected = {at for at, value in before.items() if after[at] != value}
    assert corrected
    revisions = loads.rows(
        "select revision.at, revision.value from public.series_revisions as revision"
        " join public.series as known on known.id = revision.series_id where known.key = 'DE/load'"
    )
    assert {row["at"]: row["value"] for row in revisions} == {at: before[at] for at in corrected}
    assert report["counts"]["points_revised"] >= len(corrected)


def test_a_run_by_hand_collects_one_area_of_one_year(loads: Market) -> None:
    report = loads.run(
        "energy_actuals", mode="backfill", from_date="2025-10-25", until_date="2025-10-27", area="NL"
    )

    assert report["outcome"] == "succeeded"
    stored = loads.points("NL/load")
    assert len(stored) == 96 + 100 + 96
    assert loads.points("DE/load") == {}


def test_a_dry_run_fetches_and_stores_nothing(loads: Market) -> None:
    report = loads.run("energy_actuals", dry_run=True)

    assert (report["outcome"], report["run_id"]) == ("succeeded", None)
    assert len(loads.stand_in.ledger.requests("entsoe")) == 3
    for table in ("series", "series_points", "collections", "pipeline_runs"):
        assert loads.rows(f"select * from public.{table}") == []


def test_without_a_key_the_variable_is_named_and_the_others_are_asked(market: Market) -> None:
    market.keys = {"eia": market.keys["eia"]}

    report = market.run("commodity_prices", dry_run=True)

    assert report["outcome"] == "partial"
    assert {one["message"] for one in report["warnings"]} == {
        f"price of {name} from fred: FRED wants a key: set FRED_API_KEY" for name in ("WTI", "Brent")
    }
    assert len(market.stand_in.ledger.requests("eia")) == 3


def test_a_wrong_key_fails_the_run_and_is_never_shown(loads: Market) -> None:
    loads.keys["entsoe"] = "wrong-key-of-the-test"

    report = loads.run("energy_actuals", SLOT)

    assert report["outcome"] == "failed"
    assert report["error"]["code"] == "publisher_refused"
    assert "ENTSOE_TOKEN" in report["error"]["message"]
    kept = loads.rows("select * from public.pipeline_runs") + loads.rows("select * from public.collections")
    assert "wrong-key-of-the-test" not in str((report, kept))


def test_prices_of_commodities_come_from_several_publishers(market: Market) -> None:
    report = market.run("commodity_prices", datetime(2026, 7, 1, 10, 0, tzinfo=NOON.tzinfo))

    assert report["outcome"] == "succeeded"
    keys = {row["key"] for row in market.rows("select key from public.series")}
    assert keys == {
        f"{name}/price/{source}" for name in ("WTI", "Brent", "Henry Hub") for source in ("eia", "fred")
    }


def test_all_kinds_of_an_area_are_collected(market: Market) -> None:
    market.series = {"areas": {"DE": {}}, "commodities": {}, "first_look_back_days": 2}

    reports = [market.run(pipeline) for pipeline in ("energy_actuals", "energy_forecasts")]

    assert [report["outcome"] for report in reports] == ["succeeded", "succeeded"]
    kinds = {row["kind"] for row in market.rows("select distinct kind from public.series")}
    assert kinds == {
        *("day_ahead_price", "load", "load_forecast", "generation", "pumping"),
        *("generation_forecast", "wind_solar_forecast"),
    }
    for row in market.rows("select key from public.series"):
        stored = market.points(row["key"])
        assert stored == published(market, row["key"], min(stored), NOON), row["key"]


def test_a_gap_is_found_and_filled_by_the_same_run(loads: Market) -> None:
    loads.run("energy_actuals", SLOT)
    loads.store.execute(
        "delete from public.series_points where at >= %s and at < %s",
        (NOON - timedelta(hours=20), NOON - timedelta(hours=17)),
    )

    loads.pass_time(minutes=1)

    report = loads.run("series_gaps", SLOT)

    assert report["outcome"] == "succeeded"
    assert (report["counts"]["gaps_opened"], report["counts"]["gaps_filled"]) == (3, 3)
    stored = loads.points("DE/load")
    assert stored == published(loads, "DE/load", min(stored), NOON)
    states = loads.rows("select state, attempts from public.gaps")
    assert {(row["state"], row["attempts"]) for row in states} == {("filled", 0)}


def test_a_night_fills_collects_again_and_rates(loads: Market) -> None:
    loads.more = {"series_backfill": {"time_zone": "UTC"}}
    loads.series |= {"first_look_back_days": 10, "nightly_look_back_days": 8}
    loads.run("energy_actuals", SLOT)
    loads.pass_time(hours=14)
    loads.run("energy_actuals", SLOT + timedelta(hours=14))
    loads.pass_time(seconds=5)

    report = loads.run("series_backfill", NOON + timedelta(hours=14))

    assert (report["outcome"], report["warnings"]) == ("succeeded", [])
    assert report["counts"]["days_rated"] == 21
    reported = loads.rows("select subject, period, figures from public.series_reports order by subject")
    assert [(row["subject"], row["period"]) for row in reported] == [
        ("DE", "day"),
        ("FR", "day"),
        ("NL", "day"),
    ]
    assert reported[0]["figures"]["success_rate"] == 1
    rated = loads.rows("select * from public.series_quality where day = '2026-07-01'")
    assert [(row["completeness"], row["accuracy"]) for row in rated] == [(1, 1)] * 3


FRANCE = "10YFR-RTE------C"


@pytest.mark.parametrize(
    ("kind", "code", "is_kept"),
    [
        ("html", "unreadable_reply", True),
        ("truncated", "unreadable_reply", True),
        ("unavailable", "publisher_unavailable", False),
        ("reset", "publisher_unavailable", False),
        ("unauthorized", "publisher_refused", False),
    ],
)
def test_one_area_that_cannot_be_had_harms_no_other(
    loads: Market, kind: TroubleKind, code: str, is_kept: bool
) -> None:
    trouble(loads, kind, only=FRANCE)

    report = loads.run("energy_actuals", SLOT)

    assert report["outcome"] == "partial"
    assert [one["code"] for one in report["warnings"]] == [code]
    assert loads.points("FR/load") == {}
    assert loads.points("DE/load") and loads.points("NL/load")  # noqa: PT018 - neither was harmed
    failed = loads.rows("select subject, code from public.failed_batches")
    assert failed == ([{"subject": "FR", "code": code}] if is_kept else [])
    statuses = loads.rows("select status, error_code from public.collections where subject = 'FR'")
    assert statuses == [{"status": "failed", "error_code": code}]


def test_what_could_not_be_had_comes_with_the_next_run(loads: Market) -> None:
    trouble(loads, "html", only=FRANCE, times=1)
    loads.run("energy_actuals", SLOT)
    loads.pass_time(minutes=30)

    report = loads.run("energy_actuals", SLOT + timedelta(minutes=30))

    assert report["outcome"] == "succeeded"
    stored = loads.points("FR/load")
    assert stored == published(loads, "FR/load", min(stored), loads.clock())


def test_after_a_ban_nothing_more_is_asked_in_that_run(loads: Market) -> None:
    trouble(loads, "ban", only=FRANCE)

    report = loads.run("energy_actuals", SLOT)

    assert [one["code"] for one in report["warnings"]] == ["publisher_busy"]
    assert len(loads.stand_in.ledger.requests("entsoe")) == 2
    statuses = loads.rows("select subject, status from public.collections order by subject")
    assert [(row["subject"], row["status"]) for row in statuses] == [
        ("DE", "succeeded"),
        ("FR", "failed"),
        ("NL", "skipped"),
    ]


def test_a_value_that_cannot_be_true_is_flagged_or_held_back(loads: Market) -> None:
    start = NOON - timedelta(days=1)
    flaw = Flaw("DE/load", start, start + timedelta(hours=2), "times_1000")
    loads.replace_publishers(Publisher(plan=Plan(flaws=(flaw,))))
    wrong = "select value from public.series_points where value > 1000000"

    loads.series |= {"gate": "hold"}
    loads.run("energy_actuals", SLOT)
    held, flags = loads.rows(wrong), loads.rows("select reason, value from public.series_flags")
    loads.pass_time(minutes=1)
    loads.series |= {"gate": "flag"}
    loads.run("energy_actuals")

    assert held == []
    assert {row["reason"] for row in flags} == {"out_of_bounds"}
    assert min(row["value"] for row in flags) > 1_000_000
    assert len(loads.rows(wrong)) == 8


def test_a_series_that_changes_its_unit_holds_up_no_other(loads: Market) -> None:
    """Its values cannot be stored any more: somebody has to look, and the others go on."""
    loads.run("energy_actuals", SLOT)
    loads.rows("update public.series set unit = 'GW' where key = 'FR/load' returning key")
    before = len(loads.points("DE/load")), len(loads.points("FR/load"))
    loads.pass_time(hours=3)

    report = loads.run("energy_actuals", SLOT + timedelta(hours=3))

    assert report["outcome"] == "partial"
    assert [one["code"] for one in report["warnings"]] == ["store_refused"]
    assert (len(loads.points("DE/load")), len(loads.points("FR/load"))) == (before[0] + 12, before[1])
    [failed] = loads.rows("select subject, code, message from public.failed_batches")
    assert (failed["subject"], failed["code"]) == ("FR", "store_refused")
    assert failed["message"] == "FR/load is stored in GW and now comes in MW: its unit cannot change"
