"""What a claim tells the Morning Report of a plant, and when two claims by hand are one."""

from typing import Any

import pytest

from tests.database.api import Api
from tests.database.conftest import Connection
from tests.database.protocol import (
    COMMITTED_AT,
    fence,
    manual_claim,
    report_claim,
    report_commit,
    summary,
)

DAY_BEFORE = {"window_start": "2026-11-20T06:00:00+00:00", "window_until": "2026-11-21T06:00:00+00:00"}


def told(service: Api, *wants: str, **changes: Any) -> dict[str, Any]:
    answer: dict[str, Any] = service.call(
        "claim_run", p_claim=report_claim(1, wants=list(wants), is_dry_run=True, **changes)
    )
    return answer


@pytest.fixture
def priced(database: Connection, assets: dict[str, int]) -> dict[str, int]:
    """The assets; PRESS-01 and OVEN-02 have cost centers, SAW-01 of the other plant has one too."""
    database.execute(
        """
        insert into public.cost_centers (plant, name, standard_hourly_rate, scrap_unit_cost)
        values
          ('northfield', 'Pressing', 120.5, 2),
          ('northfield', 'Spare', 1, 1),
          ('southfield', 'Sawing', 60, 0);
        update public.assets as a set cost_center_id = c.id
        from public.cost_centers as c
        where c.plant = a.plant and c.name in ('Pressing', 'Sawing');
        """
    )
    return assets


def test_a_cost_center_is_told_once_with_its_assets(service: Api, priced: dict[str, int]) -> None:
    centers = told(service, "cost_centers")["cost_centers"]

    assert [sorted(center.pop("asset_ids")) for center in centers] == [
        sorted([priced["PRESS-01"], priced["OVEN-02"]])
    ]
    assert centers == [{"standard_hourly_rate": 120.5, "scrap_unit_cost": 2}]


@pytest.mark.usefixtures("assets")
def test_a_plant_without_cost_centers_hears_of_none(service: Api) -> None:
    assert told(service, "cost_centers")["cost_centers"] == []


def test_assets_are_told_by_the_names_people_call_them(service: Api, assets: dict[str, int]) -> None:
    assert told(service, "asset_names")["asset_names"] == {
        str(assets["PRESS-01"]): "Press 1",
        str(assets["OVEN-02"]): "Oven 2",
    }


@pytest.mark.usefixtures("priced")
def test_who_does_not_ask_is_not_told(service: Api) -> None:
    assert told(service).keys().isdisjoint({"cost_centers", "asset_names", "report_dates"})


def test_the_closed_days_around_the_window_are_told(
    service: Api, database: Connection, priced: dict[str, int]
) -> None:
    database.execute(
        """
        insert into public.closed_days (plant, asset_id, date, name, is_closed)
        values
          ('northfield', null, '2026-11-17', 'Long ago', true),
          ('northfield', null, '2026-11-18', 'Penance Day', true),
          ('northfield', %(oven)s, '2026-11-18', 'Stays hot', false),
          ('northfield', null, '2026-11-24', 'Still to come', true),
          ('southfield', null, '2026-11-20', 'Elsewhere', true)
        """,
        {"oven": priced["OVEN-02"]},
    )

    assert told(service, "closed_days", **DAY_BEFORE)["closed_days"] == [
        {"asset_id": None, "date": "2026-11-18", "name": "Penance Day", "is_closed": True},
        {"asset_id": priced["OVEN-02"], "date": "2026-11-18", "name": "Stays hot", "is_closed": False},
    ]


def test_assets_that_ever_had_a_target_are_told(
    service: Api, database: Connection, priced: dict[str, int]
) -> None:
    database.execute(
        """
        insert into public.shift_targets (
          asset_id, shift_name, starts_at, ends_at, valid_from, valid_until, target_output
        )
        values
          (%(press)s, 'early', '06:00', '14:00', '2020-01-01', '2020-01-02', 1),
          (%(press)s, 'late', '14:00', '22:00', '2020-01-01', null, 1)
        """,
        {"press": priced["PRESS-01"]},
    )

    assert told(service, "planned_assets")["planned_assets"] == [priced["PRESS-01"]]


def report(database: Connection, asset_id: int, *dates: str) -> None:
    for day in dates:
        database.execute(
            "insert into public.daily_summaries (asset_id, report_date, target_output) values (%s, %s, 0)",
            (asset_id, day),
        )


def dates_told(service: Api, since: str) -> list[str]:
    dates: list[str] = told(service, "report_dates", report_dates_since=since)["report_dates"]
    return dates


def test_the_dates_with_a_report_are_told_from_the_day_asked_for(
    service: Api, assets: dict[str, int], database: Connection
) -> None:
    report(database, assets["PRESS-01"], "2026-11-18", "2026-11-20")
    report(database, assets["OVEN-02"], "2026-11-20", "2026-11-21")
    report(database, assets["SAW-01"], "2026-11-19")

    assert dates_told(service, "2026-11-18") == ["2026-11-18", "2026-11-20", "2026-11-21"]


def test_the_last_date_before_is_told_too_so_that_a_long_gap_is_seen(
    service: Api, assets: dict[str, int], database: Connection
) -> None:
    report(database, assets["PRESS-01"], "2026-10-01", "2026-10-02")

    assert dates_told(service, "2026-11-14") == ["2026-10-02"]


@pytest.mark.usefixtures("assets")
def test_a_plant_without_any_report_hears_of_none(service: Api) -> None:
    assert dates_told(service, "2026-11-14") == []


def by_hand(service: Api, number: int, **changes: Any) -> dict[str, Any]:
    claim = report_claim(number, trigger="manual", slot=None, is_window_named=True, **changes)
    answer: dict[str, Any] = service.call("claim_run", p_claim=claim, p_now=COMMITTED_AT)
    return answer


def test_a_double_click_is_one_report_but_another_day_is_another(
    service: Api, assets: dict[str, int]
) -> None:
    by_hand(service, 1)
    commit = report_commit(summary(assets["PRESS-01"]))
    service.call("commit_morning_report", p_fence=fence(1), p_commit=commit, p_now=COMMITTED_AT)

    again = by_hand(service, 2)
    other = by_hand(service, 3, **DAY_BEFORE)

    assert (again["answer"], other["answer"]) == ("duplicate", "claimed")


def test_a_span_of_polls_is_told_from_a_poll_of_now_and_from_another_span(service: Api) -> None:
    span = {"from": "2026-11-22T04:00:00+00:00", "until": "2026-11-22T05:00:00+00:00"}
    done = {"status": "succeeded", "report": {"span": span}}
    service.call("claim_run", p_claim=manual_claim(1, span=span), p_now=COMMITTED_AT)
    service.call("complete_run", p_fence=fence(1), p_completion=done, p_now=COMMITTED_AT)

    def asked(number: int, asked_for: dict[str, str] | None) -> str:
        claim = manual_claim(number, span=asked_for, is_dry_run=False)
        answer: str = service.call("claim_run", p_claim=claim, p_now=COMMITTED_AT)["answer"]
        return answer

    assert asked(2, span) == "duplicate"
    assert asked(3, None) == "claimed"
    assert asked(4, {**span, "from": "2026-11-22T03:00:00+00:00"}) == "busy"
