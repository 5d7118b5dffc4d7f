"""Three plants on one deployment: each by its own clock, tables and schedule, and none in another's way."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from devstack.access import SupabaseAccess
from plantpulse.source import sqlserver
from tests.functions.company import SLOT, ZONES, Company, Servers, running_servers
from tests.patience import ENDS_S

pytestmark = pytest.mark.stand_in  # several servers, and their switches

PLANTS = tuple(ZONES)
VIEWERS = {
    "chicago": "00000000-0000-4000-8000-00000000000a",
    "berlin": "00000000-0000-4000-8000-00000000000b",
}


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with running_servers(tmp_path_factory.mktemp("plants-logs")) as running:
        yield running


@pytest.fixture
def company(supabase: SupabaseAccess, servers: Servers, tmp_path: Path) -> Company:
    servers.empty()
    company = Company(supabase, servers, tmp_path)
    for plant, units in (("chicago", 12), ("berlin", 6), ("kolkata", 4)):
        company.add_press(plant)
        company.make(plant, units)
    company.have_incident("chicago", "Safety Issue", "Light curtain")
    company.have_incident("berlin", "ERSTE HILFE", "Finger")
    company.have_incident("kolkata", "Safety Issue", "Hoist")
    return company


def snapshots(company: Company) -> dict[str, tuple[Any, ...]]:
    """Return each plant's only snapshot: instant, actual, slot output, target."""
    rows = company.rows(
        """
        select a.plant, s.snapshot_timestamp, s.output_actual::float, s.slot_output::float,
               s.output_target::float
        from public.live_snapshots as s
        join public.assets as a on a.id = s.asset_id
        """
    )
    assert len({row["plant"] for row in rows}) == len(rows)
    return {row["plant"]: tuple(row.values())[1:] for row in rows}


def at_once(*calls: Callable[[], tuple[int, dict[str, Any]]]) -> list[tuple[int, dict[str, Any]]]:
    """Return the answers of calls that begin together."""
    barrier = threading.Barrier(len(calls))
    answers: dict[int, tuple[int, dict[str, Any]]] = {}

    def call_one(number: int) -> None:
        barrier.wait(ENDS_S)
        answers[number] = calls[number]()

    threads = [threading.Thread(target=call_one, args=(number,)) for number in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(ENDS_S)
    return [answers[number] for number in range(len(calls))]


def test_each_plant_is_read_by_its_own_clock_tables_and_codes(company: Company) -> None:
    answers = [company.tick(plant) for plant in PLANTS]

    assert [(status, report["outcome"]) for status, report in answers] == [(200, "succeeded")] * 3
    assert [report["plant"] for _, report in answers] == ["chicago", "berlin", "kolkata"]
    assert snapshots(company) == {
        "chicago": (SLOT, 12.0, 12.0, 12.0),
        "berlin": (SLOT, 6.0, 6.0, 12.0),
        "kolkata": (SLOT, 4.0, 4.0, 4.0),
    }
    events = company.rows(
        "select plant, event_timestamp, severity, details from public.safety_events order by id"
    )
    assert [tuple(event.values()) for event in events] == [
        ("chicago", datetime(2026, 3, 11, 16, 50, tzinfo=UTC), "critical", "Light curtain"),
        ("berlin", datetime(2026, 3, 11, 16, 50, tzinfo=UTC), "high", "Finger"),
        ("kolkata", datetime(2026, 3, 11, 16, 58, tzinfo=UTC), "critical", "Hoist"),
    ]


def test_one_name_in_three_plants_is_three_assets(company: Company) -> None:
    for plant in PLANTS:
        company.tick(plant)

    assets = company.rows("select plant, source_name from public.assets order by plant")
    assert [tuple(asset.values()) for asset in assets] == [
        ("berlin", "PRESS-01"),
        ("chicago", "PRESS-01"),
        ("kolkata", "PRESS-01"),
    ]
    named = company.rows(
        "select distinct e.plant, a.plant as of_asset from public.safety_events as e"
        " join public.assets as a on a.id = e.asset_id where e.plant <> a.plant"
    )
    assert named == []


def wrong_password(company: Company) -> None:
    company.environ["MSSQL_PASSWORD__CHICAGO"] = "another-plants-password"


def no_password(company: Company) -> None:
    del company.environ["MSSQL_PASSWORD__CHICAGO"]


def server_down(company: Company) -> None:
    company.change_file(f"port: {company.servers.stand_ins['chicago'].port}", "port: 9")


def server_silent(company: Company) -> None:
    company.servers.stand_ins["chicago"].faults.is_silent = True
    company.change_file("port: ", "login_timeout_s: 1, port: ")


def malformed_model(company: Company) -> None:
    with company.supabase.connect() as store:
        store.execute(
            "update public.shift_targets set valid_from = '-infinity'"
            " where asset_id = (select id from public.assets where plant = 'chicago')"
        )


def no_query_files(company: Company) -> None:
    company.change_file("America/Chicago\n", "America/Chicago\n    queries_dir: /nowhere\n")


@pytest.mark.parametrize(
    ("fail", "status", "code"),
    [
        (wrong_password, 200, "source_login_failed"),
        (no_password, 200, "not_configured"),
        (server_down, 503, "source_unavailable"),
        (server_silent, 503, "source_unavailable"),
        (malformed_model, 200, "configuration_error"),
        (no_query_files, 200, "configuration_error"),
    ],
)
def test_a_plant_that_fails_at_the_same_slot_and_time_touches_no_other(
    company: Company, fail: Callable[[Company], None], status: int, code: str
) -> None:
    fail(company)

    failed, *others = at_once(*[lambda plant=plant: company.tick(plant) for plant in PLANTS])

    assert (failed[0], failed[1]["error"]["code"]) == (status, code)
    assert [(one_status, report["outcome"]) for one_status, report in others] == [(200, "succeeded")] * 2
    assert snapshots(company) == {"berlin": (SLOT, 6.0, 6.0, 12.0), "kolkata": (SLOT, 4.0, 4.0, 4.0)}
    touched = company.servers.stand_ins
    assert {plant: len(touched[plant].traffic.logins) for plant in ("berlin", "kolkata")} == {
        "berlin": 1,
        "kolkata": 1,
    }


def test_a_plant_that_failed_catches_up_alone(company: Company) -> None:
    for plant in PLANTS:
        company.tick(plant)
    later = SLOT + timedelta(minutes=30)
    company.now = later + timedelta(seconds=40)
    before = company.rows("select * from public.live_snapshots where asset_id <> 1 order by id")

    _, report = company.tick("chicago", later)

    assert report["outcome"] == "succeeded"
    at = company.rows("select snapshot_timestamp from public.live_snapshots where asset_id = 1 order by 1")
    assert [row["snapshot_timestamp"].strftime("%H:%M") for row in at] == ["16:45", "17:00", "17:15", "17:30"]
    assert company.rows("select * from public.live_snapshots where asset_id <> 1 order by id") == before


def test_a_span_is_read_by_the_plants_own_clock_and_grid_and_touches_no_other(company: Company) -> None:
    company.make("kolkata", 1, "2026-03-11T21:30:00")
    company.make("kolkata", 4, "2026-03-11T22:03:00")
    for plant in PLANTS:
        company.tick(plant)
    before = company.rows("select * from public.live_snapshots order by id")

    status, report = company.ask(plant="kolkata", **{"from": "2026-03-11T22:05", "until": "2026-03-11T22:15"})

    assert (status, report["outcome"]) == (200, "succeeded")
    assert report["span"] == {"from": "2026-03-11T16:35:00+00:00", "until": "2026-03-11T16:45:00+00:00"}
    after = company.rows("select * from public.live_snapshots order by id")
    assert after[: len(before)] == before
    assert [
        (row["snapshot_timestamp"].strftime("%H:%M"), float(row["slot_output"])) for row in after[3:]
    ] == [
        ("16:35", 4.0),
        ("16:40", 0.0),
        ("16:45", 0.0),
    ]


def test_busy_and_duplicate_are_per_plant(company: Company) -> None:
    heard: list[tuple[int, dict[str, Any]]] = []

    @contextmanager
    def connect_while_others_call(settings: Any, **arguments: Any) -> Iterator[Any]:
        company.connect_source = sqlserver.connect
        heard.extend([company.tick("chicago"), company.tick("berlin"), company.ask(plant="kolkata")])
        with sqlserver.connect(settings, **arguments) as source:
            yield source

    company.connect_source = connect_while_others_call

    _, own = company.tick("chicago")
    again = [company.tick(plant)[1]["outcome"] for plant in PLANTS]

    assert own["outcome"] == "succeeded"
    assert [(status, report["outcome"]) for status, report in heard] == [
        (200, "busy"),
        (200, "succeeded"),
        (200, "succeeded"),
    ]
    assert again == ["duplicate", "duplicate", "succeeded"]  # a poll by hand covers no slot


def test_one_idempotency_key_in_two_plants_is_two_polls(company: Company) -> None:
    first, second = company.ask(plant="chicago"), company.ask(plant="berlin")

    assert (first[1]["outcome"], second[1]["outcome"]) == ("succeeded", "succeeded")
    assert first[1]["run_id"] != second[1]["run_id"]


@pytest.mark.parametrize("parameters", [{}, {"plant": "dallas"}, {"plant": "Chicago"}])
def test_a_request_that_names_no_plant_is_refused(company: Company, parameters: dict[str, str]) -> None:
    status, body = company.ask(**parameters)

    assert (status, body["error"]["code"], body["error"]["field"]) == (400, "invalid_request", "plant")
    assert company.rows("select id from public.pipeline_runs") == []
    assert all(server.traffic.connections == 0 for server in company.servers.stand_ins.values())


def test_a_plants_own_schedule_decides_what_a_slot_is(company: Company) -> None:
    five_past = SLOT + timedelta(minutes=5)
    company.now = five_past + timedelta(seconds=40)

    _, of_chicago = company.tick("chicago", five_past)
    _, of_kolkata = company.tick("kolkata", five_past)

    assert (of_chicago["trigger"], of_chicago["slot"]) == ("manual", None)
    assert (of_kolkata["trigger"], of_kolkata["slot"]) == ("schedule", "2026-03-11T17:05:00+00:00")
    assert of_kolkata["window"] == {
        "start": "2026-03-11T16:55:00+00:00",
        "until": "2026-03-11T17:05:00+00:00",
    }
    leases = company.rows("select plant, lease_expires_at - started_at as lease from public.pipeline_runs")
    assert {row["plant"]: row["lease"].total_seconds() for row in leases} == {"chicago": 90, "kolkata": 70}


def test_a_plants_members_see_nothing_of_another(company: Company) -> None:
    company.make("chicago", -1)
    for plant in PLANTS:
        company.tick(plant)
    with company.supabase.connect() as store:
        for plant, user in VIEWERS.items():
            store.execute("insert into auth.users (id, email) values (%s, %s)", (user, f"{plant}@x.example"))
            store.execute(
                "insert into public.plant_members (user_id, plant, role) values (%s, %s, 'manager')",
                (user, plant),
            )

    seen = {plant: _seen_by(company.supabase, user) for plant, user in VIEWERS.items()}

    assert seen["chicago"] == {
        "assets": {"chicago"},
        "pipeline_runs": {"chicago"},
        "safety_events": {"chicago"},
        "live_snapshots": 1,
        "rejected_records": 1,
        "shift_targets": 2,
    }
    assert seen["berlin"] == {
        "assets": {"berlin"},
        "pipeline_runs": {"berlin"},
        "safety_events": {"berlin"},
        "live_snapshots": 1,
        "rejected_records": 0,
        "shift_targets": 2,
    }


def _seen_by(supabase: SupabaseAccess, user: str) -> dict[str, set[str] | int]:
    """Return the plants whose rows a user sees, or how many rows where they name no plant."""
    headers = {"apikey": supabase.publishable_key, "Authorization": f"Bearer {supabase.user_token(user)}"}
    with httpx.Client(base_url=supabase.rest_url, headers=headers, timeout=ENDS_S) as client:
        tables = ("assets", "pipeline_runs", "safety_events")
        seen: dict[str, set[str] | int] = {
            table: {row["plant"] for row in client.get(f"/{table}?select=plant").json()} for table in tables
        }
        for table in ("live_snapshots", "rejected_records", "shift_targets"):
            seen[table] = len(client.get(f"/{table}?select=*").json())
    return seen


def test_a_short_time_out_of_one_plant_does_not_cut_anothers_long_query(company: Company) -> None:
    company.change_file("port: ", "query_timeout_s: 1, port: ")
    slow = company.servers.stand_ins["berlin"]
    slow.faults.delay_s = 2.5

    def chicago_after_berlin_began() -> tuple[int, dict[str, Any]]:
        deadline = datetime.now(UTC) + timedelta(seconds=ENDS_S)
        while not slow.traffic.logins and datetime.now(UTC) < deadline:
            threading.Event().wait(0.01)
        return company.tick("chicago")

    berlin, chicago = at_once(lambda: company.tick("berlin"), chicago_after_berlin_began)

    assert (chicago[0], chicago[1]["outcome"]) == (200, "succeeded")
    assert (berlin[0], berlin[1]["outcome"]) == (200, "succeeded")


def test_each_plant_reports_its_own_day_at_its_own_six_in_the_morning(company: Company) -> None:
    mornings = {
        "chicago": datetime(2026, 3, 12, 11, 0, tzinfo=UTC),
        "berlin": datetime(2026, 3, 12, 5, 0, tzinfo=UTC),
        "kolkata": datetime(2026, 3, 12, 0, 30, tzinfo=UTC),
    }

    for plant, slot in mornings.items():
        company.now = slot + timedelta(seconds=20)
        status, report = company.report(plant, slot)
        assert (status, report["error"], report["trigger"]) == (200, None, "schedule")

    rows = company.rows(
        """
        select a.plant, s.report_date::text as day, s.actual_output::float, s.target_output::float,
               s.downtime_minutes::float
        from public.daily_summaries as s
        join public.assets as a on a.id = s.asset_id
        where s.report_date = '2026-03-11'
        order by a.plant
        """
    )
    assert [tuple(row.values()) for row in rows] == [
        ("berlin", "2026-03-11", 6, 576, 3),
        ("chicago", "2026-03-11", 12, 576, 3),
        ("kolkata", "2026-03-11", 4, 576, 3),
    ]


def test_a_plant_whose_server_is_down_keeps_no_other_from_its_report(company: Company) -> None:
    company.change_file("port: {}".format(company.servers.stand_ins["berlin"].port), "port: 9")
    morning = datetime(2026, 3, 12, 11, 0, tzinfo=UTC)
    company.now = morning + timedelta(seconds=20)

    down_status, down = company.report("berlin", datetime(2026, 3, 12, 5, 0, tzinfo=UTC))
    status, report = company.report("chicago", morning)

    assert (down_status, down["error"]["code"]) == (503, "source_unavailable")
    assert (status, report["outcome"]) == (200, "partial")  # the day before has no data
    assert {row["plant"] for row in company.rows("select plant from public.pipeline_runs")} == {
        "berlin",
        "chicago",
    }
