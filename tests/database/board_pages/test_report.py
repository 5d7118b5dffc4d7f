"""The page of the morning report: the sums of the mail, what cost most, two weeks, every machine in words."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from plantpulse.live_pulse.snapshots import output_status, variance_percent
from plantpulse.report_mail.days import parse_day
from plantpulse.report_mail.figures import total
from plantpulse.report_mail.ranking import largest_losses, reasons
from tests.database.api import Api
from tests.database.conftest import Connection

ApiOf = Callable[[str], Api]

DAY = "2026-11-21"
MARKUP = "<svg onload=alert(1)>\u202e" + "x" * 1_000_000

pytestmark = pytest.mark.usefixtures("members")


def add_summary(database: Connection, asset_id: int, day: str = DAY, **columns: Any) -> None:
    row = {
        "asset_id": asset_id,
        "report_date": day,
        "target_output": 960,
        "created_at": "2026-11-22T12:00:00Z",
        "updated_at": "2026-11-22T12:00:00Z",
        **columns,
    }
    row = {name: json.dumps(value) if isinstance(value, list) else value for name, value in row.items()}
    names = ", ".join(row)
    values = ", ".join(f"%({name})s" for name in row)
    database.execute(f"insert into public.daily_summaries ({names}) values ({values})".encode(), row)


def page(api: Api, day: str | None = DAY, plant: str = "northfield") -> dict[str, Any]:
    found: dict[str, Any] = api.call("board_report", p_plant=plant, p_day=day, p_now="2026-11-22T13:00:00Z")
    return found


@pytest.fixture
def two_machines(database: Connection, assets: dict[str, int]) -> dict[str, int]:
    """The press lost more than the oven, of which less is known."""
    add_summary(
        database,
        assets["PRESS-01"],
        oee_percentage=61,
        availability_percentage=84,
        performance_percentage=74,
        quality_percentage=98,
        actual_output=1214,
        target_output=1440,
        unplanned_output=14,
        planned_minutes=900,
        downtime_minutes=71,
        planned_stop_minutes=20,
        unexplained_minutes=31,
        waste_count=12,
        downtime_loss=4310,
        scrap_loss=120,
        speed_loss=0,
        financial_loss=4430,
        top_downtime_reason="Tip dressing",
        downtime_reasons=[
            {"reason": "Tip dressing", "minutes": 51},
            {"reason": "Cleaning", "minutes": 20, "is_planned": True},
        ],
        summary_text="Press 1 made 1,214 of 1,440 units.",
        updated_at="2026-11-22T15:14:00Z",
    )
    add_summary(
        database,
        assets["OVEN-02"],
        oee_percentage=83,
        actual_output=1452,
        target_output=1440,
        planned_minutes=100,
        downtime_minutes=14,
        unexplained_minutes=0.5,
        downtime_loss=610,
        downtime_reasons=[{"reason": None, "minutes": 9}, {"reason": "TIP  dressing", "minutes": 5}],
        summary_text="Oven 2 made 1,452 of 1,440 units.",
    )
    add_summary(database, assets["SAW-01"], actual_output=1, downtime_loss=99999, downtime_minutes=7)
    return assets


def test_a_day_is_told_whole(api_of: ApiOf, two_machines: dict[str, int]) -> None:
    found = page(api_of("viewer"))

    machines = found.pop("machines")
    days = found.pop("days")
    assert found.pop("plant")["plant"] == "northfield"
    assert found == {
        "now": "2026-11-22T13:00:00+00:00",
        "day": "2026-11-21",
        "before": None,
        "after": None,
        "newest": "2026-11-21",
        "stale_after": None,
        "made_at": "2026-11-22T12:00:00+00:00",
        "corrected_at": "2026-11-22T15:14:00+00:00",
        "currency": "USD",
        "total": {
            "units": 2666,
            "planned_units": 2652,
            "target": 2880,
            "reached": pytest.approx(2652 / 2880),
            "oee": pytest.approx(0.632),
            "planned_minutes": 1000,
            "downtime_minutes": 85,
            "planned_stop_minutes": 20,
            "unexplained_minutes": 31.5,
            "scrap": 12,
            "downtime_loss": 4920,
            "scrap_loss": 120,
            "speed_loss": 0,
            "loss": 5040,
        },
        "day_before": None,
        "week_before": None,
        "costs": {
            "is_by_cost": True,
            "losses": [
                {
                    "asset_id": two_machines["PRESS-01"],
                    "asset": "Press 1",
                    "kind": "stops",
                    "amount": 71,
                    "cost": 4310,
                    "reason": "Tip dressing",
                },
                {
                    "asset_id": two_machines["OVEN-02"],
                    "asset": "Oven 2",
                    "kind": "stops",
                    "amount": 14,
                    "cost": 610,
                    "reason": None,
                },
                {
                    "asset_id": two_machines["PRESS-01"],
                    "asset": "Press 1",
                    "kind": "scrap",
                    "amount": 12,
                    "cost": 120,
                    "reason": None,
                },
            ],
        },
        "reasons": [
            {"reason": "Tip dressing", "minutes": 56, "is_planned": False},
            {"reason": "Cleaning", "minutes": 20, "is_planned": True},
            {"reason": None, "minutes": 9, "is_planned": False},
        ],
        "unmapped": [],
    }
    assert [one["asset"] for one in machines] == ["Press 1", "Oven 2"]
    assert machines[0] == {
        "asset_id": two_machines["PRESS-01"],
        "asset": "Press 1",
        "area": None,
        "units": 1214,
        "target": 1440,
        "is_below": True,
        "oee": 0.61,
        "availability": 0.84,
        "performance": 0.74,
        "quality": 0.98,
        "planned_minutes": 900,
        "downtime_minutes": 71,
        "planned_stop_minutes": 20,
        "unexplained_minutes": 31,
        "scrap": 12,
        "loss": 4430,
        "downtime_loss": 4310,
        "scrap_loss": 120,
        "speed_loss": 0,
        "reason": "Tip dressing",
        "is_planned_in_part": False,
        "text": "Press 1 made 1,214 of 1,440 units.",
    }
    assert (machines[1]["availability"], machines[1]["scrap"], machines[1]["loss"]) == (None, None, 610)
    assert [one["has_report"] for one in days] == [False] * 13 + [True]
    assert days[-1]["loss"] == 5040


@pytest.mark.usefixtures("two_machines")
def test_the_page_says_what_the_mail_says(api_of: ApiOf, service: Api) -> None:
    day = parse_day(service.call("report_day", p_plant="northfield", p_date=DAY))
    sums, ranking = total(day.rows), largest_losses(day.rows)

    found = page(api_of("viewer"))

    assert found["total"] == {
        "units": sums.actual_output,
        "planned_units": sums.planned_output,
        "target": sums.target_output,
        "reached": pytest.approx(sums.reached_percentage / 100) if sums.reached_percentage else None,
        "oee": pytest.approx(sums.oee_percentage / 100) if sums.oee_percentage else None,
        "planned_minutes": sums.planned_minutes,
        "downtime_minutes": sums.downtime_minutes,
        "planned_stop_minutes": sums.planned_stop_minutes,
        "unexplained_minutes": sums.unexplained_minutes,
        "scrap": sums.waste_count,
        "downtime_loss": sums.downtime_loss,
        "scrap_loss": sums.scrap_loss,
        "speed_loss": sums.speed_loss,
        "loss": sums.total_loss,
    }
    told = [
        (one["asset"], one["kind"], one["amount"], one["cost"], one["reason"])
        for one in found["costs"]["losses"]
    ]
    assert told == [tuple(one) for one in _fields(ranking.losses)]
    assert [one["minutes"] for one in found["reasons"] if not one["is_planned"]] == [
        one.minutes for one in reasons(day.rows, is_planned=False)
    ]


def _fields(losses: Any) -> list[tuple[Any, ...]]:
    return [(one.asset, one.kind, one.amount, one.cost, one.reason) for one in losses]


def test_without_a_price_losses_are_ranked_by_minutes(
    api_of: ApiOf, service: Api, database: Connection, assets: dict[str, int]
) -> None:
    add_summary(database, assets["PRESS-01"], downtime_minutes=5, unexplained_minutes=40, waste_count=500)
    add_summary(database, assets["OVEN-02"], downtime_minutes=9)

    found = page(api_of("viewer"))["costs"]
    mail = largest_losses(parse_day(service.call("report_day", p_plant="northfield", p_date=DAY)).rows)

    assert (found["is_by_cost"], [(one["kind"], one["amount"]) for one in found["losses"]]) == (
        False,
        [("unexplained", 40), ("stops", 9), ("stops", 5)],
    )
    assert [(one.kind, one.amount) for one in mail.losses] == [
        ("unexplained", 40),
        ("stops", 9),
        ("stops", 5),
    ]


def test_two_weeks_have_their_holes_and_their_neighbours(
    api_of: ApiOf, database: Connection, assets: dict[str, int]
) -> None:
    for day in ("2026-11-01", "2026-11-14", "2026-11-20", "2026-11-21", "2026-11-23"):
        add_summary(database, assets["PRESS-01"], day, actual_output=int(day[-2:]), target_output=100)

    found = page(api_of("viewer"))
    newest = page(api_of("viewer"), None)

    assert (found["before"], found["after"], found["newest"]) == ("2026-11-20", "2026-11-23", "2026-11-23")
    assert (found["day_before"]["units"], found["week_before"]["units"]) == (20, 14)
    assert [(one["day"], one["units"]) for one in found["days"] if one["has_report"]] == [
        ("2026-11-14", 14),
        ("2026-11-20", 20),
        ("2026-11-21", 21),
    ]
    assert (found["days"][0]["day"], len(found["days"])) == ("2026-11-08", 14)
    assert found["corrected_at"] is None
    assert (newest["day"], newest["before"], newest["after"]) == ("2026-11-23", "2026-11-21", None)


def test_a_day_without_a_report_is_empty_and_a_plant_without_one_too(
    api_of: ApiOf, database: Connection, assets: dict[str, int]
) -> None:
    nothing = page(api_of("viewer"), None)
    add_summary(database, assets["PRESS-01"])
    other_day = page(api_of("viewer"), "2026-11-22")

    assert (nothing["day"], nothing["days"], nothing["machines"], nothing["total"]) == (None, [], [], None)
    assert (other_day["day"], other_day["machines"], other_day["total"], other_day["made_at"]) == (
        "2026-11-22",
        [],
        None,
        None,
    )
    assert other_day["before"] == "2026-11-21"


def test_more_than_a_thousand_machines_are_not_cut_and_hostile_texts_stay_texts(
    api_of: ApiOf, database: Connection, assets: dict[str, int]
) -> None:
    database.execute(
        """
        insert into public.assets (plant, name, source_name, is_mapped)
        select 'northfield', 'M' || n, 'M' || n, n > 200 from generate_series(1, 1200) as n
        """
    )
    database.execute(
        """
        insert into public.daily_summaries
          (asset_id, report_date, target_output, actual_output, downtime_loss)
        select id, %s, 10, 9, id from public.assets where source_name like 'M%%'
        """,
        (DAY,),
    )
    add_summary(
        database,
        assets["PRESS-01"],
        downtime_loss=10**9,
        downtime_minutes=1,
        summary_text=MARKUP,
        downtime_reasons=[{"reason": MARKUP, "minutes": 1}],
    )

    found = page(api_of("viewer"))

    assert len(found["machines"]) == 1201
    assert found["machines"][0]["text"] == MARKUP[:4000] + " […]"
    assert found["reasons"] == [{"reason": MARKUP[:400] + " […]", "minutes": 1, "is_planned": False}]
    assert found["costs"]["losses"][0]["reason"] == MARKUP[:400] + " […]"
    assert found["total"]["units"] == 9 * 1200
    assert len(found["unmapped"]) == 100


def test_a_name_of_a_megabyte_is_told_in_part(
    api_of: ApiOf, database: Connection, two_machines: dict[str, int]
) -> None:
    long, shown = "N" * 1_000_000, "N" * 200 + " […]"
    database.execute(
        "update public.assets set name = %s, area = %s where id = %s", (long, long, two_machines["PRESS-01"])
    )

    found = page(api_of("viewer"))

    assert (found["machines"][0]["asset"], found["machines"][0]["area"]) == (shown, shown)
    assert found["costs"]["losses"][0]["asset"] == shown


@pytest.mark.usefixtures("two_machines")
@pytest.mark.parametrize("role", ["stranger", "neighbour"])
def test_others_learn_nothing(api_of: ApiOf, role: str) -> None:
    assert page(api_of(role)) == {"now": "2026-11-22T13:00:00+00:00", "plant": None}


@pytest.mark.usefixtures("two_machines")
@pytest.mark.parametrize("function", ["report_totals", "report_losses"])
def test_the_parts_of_the_page_tell_a_neighbour_nothing_either(api_of: ApiOf, function: str) -> None:
    arguments = {"p_days": [DAY]} if function == "report_totals" else {"p_day": DAY}

    assert api_of("neighbour").call(function, p_plant="northfield", **arguments) in (
        [],
        {"is_by_cost": False, "losses": []},
    )


def test_a_day_of_the_calendar_is_asked_for(api_of: ApiOf) -> None:
    assert api_of("viewer").refusal("board_report", p_plant="northfield", p_day="2026-02-30") == "22008"


@pytest.mark.parametrize(
    ("made", "unplanned", "target", "is_below"),
    [
        (95, None, 100, False),
        (94, None, 100, True),
        (96, 2, 100, True),
        (0, None, 0, False),
        (None, None, 100, None),
    ],
)
def test_a_machine_is_below_its_target_by_the_band_of_polls(
    api_of: ApiOf,
    database: Connection,
    assets: dict[str, int],
    made: int | None,
    unplanned: int | None,
    target: int,
    is_below: bool | None,
) -> None:
    add_summary(
        database, assets["PRESS-01"], actual_output=made, unplanned_output=unplanned, target_output=target
    )

    [machine] = page(api_of("viewer"))["machines"]

    assert machine["is_below"] is is_below
    if made is not None and target:
        planned = made - (unplanned or 0)
        status = output_status(planned, variance_percent(planned, target))
        assert (status == "below_target") is is_below


@pytest.mark.usefixtures("two_machines")
def test_a_report_is_old_when_the_next_one_is_late_by_healths_judgement(
    api_of: ApiOf, service: Api, database: Connection
) -> None:
    state = {"pipeline": "morning_report", "plant": "northfield", "state": "running", "is_data_behind": False}
    due = {"due_at": "2026-11-23T05:00:00Z", "late_at": "2026-11-23T05:30:00Z", "interval_minutes": 1440}
    service.call("keep_pipeline_states", p_states=[state | due], p_now="2026-11-22T13:00:00Z")
    assert page(api_of("viewer"))["stale_after"] == "2026-11-23T05:30:00+00:00"

    # It came, and health has not looked since.
    database.execute(
        """
        insert into public.pipeline_runs
          (pipeline, plant, trigger, status, started_at, finished_at, fence, lease_expires_at)
        values ('morning_report', 'northfield', 'manual', 'succeeded', '2026-11-23 05:00:02Z',
                '2026-11-23 05:00:09Z', gen_random_uuid(), '2026-11-23 05:02Z')
        """
    )
    assert page(api_of("viewer"))["stale_after"] is None
