"""Committing a poll: everything or nothing, once, and only by the run that holds the fence."""

from collections.abc import Callable
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from tests.database.api import Api
from tests.database.conftest import Connection
from tests.database.protocol import (
    CLAIMED_AT,
    COMMITTED_AT,
    LEASE_EXPIRES_AT,
    NEXT_SLOT,
    SLOT,
    WINDOW_START,
    claim,
    commit,
    failure,
    fence,
    snapshot,
    whole_report,
)

One = Callable[..., dict[str, Any]]
Count = Callable[[str], int]

NOTHING_WRITTEN = {"written": 0, "updated": 0, "unchanged": 0}


@pytest.fixture
def press(assets: dict[str, int]) -> int:
    return assets["PRESS-01"]


@pytest.fixture
def claimed(service: Api) -> None:
    """A running run of SLOT with fence 1."""
    service.call("claim_run", p_claim=claim(1), p_now=CLAIMED_AT)


def send(service: Api, number: int, body: dict[str, Any], now: str = COMMITTED_AT) -> dict[str, Any]:
    answer: dict[str, Any] = service.call(
        "commit_live_pulse", p_fence=fence(number), p_commit=body, p_now=now
    )
    return answer


def send_next(service: Api, number: int, body: dict[str, Any]) -> dict[str, Any]:
    """Commit a further run, claimed for a slot of its own."""
    service.call("claim_run", p_claim=claim(number, slot=f"2026-11-22T07:{number:02}:00Z"))
    return send(service, number, body)


@pytest.mark.usefixtures("claimed")
def test_a_commit_writes_the_snapshots(service: Api, press: int, one: One) -> None:
    answer = send(
        service, 1, commit(snapshot(press, output_actual=60, variance_percent=20, status="above_target"))
    )

    assert answer["answer"] == "committed"
    assert answer["snapshots"] == {"written": 1, "updated": 0, "unchanged": 0}
    row = one("select * from public.live_snapshots")
    assert row["asset_id"] == press
    assert row["snapshot_timestamp"].isoformat() == SLOT
    assert row["window_start"].isoformat() == WINDOW_START
    assert (row["output_actual"], row["slot_output"], row["output_target"]) == (60, 25, 50)
    assert (row["output_variance"], row["variance_percent"], row["status"]) == (10, 20, "above_target")
    assert (row["downtime_minutes"], row["good_count"], row["reject_count"]) == (1.5, 48, 2)
    assert (row["labor_headcount"], row["oee_source"]) == (3, "reported")
    assert (row["is_catch_up"], row["is_time_ambiguous"], row["run_id"]) == (False, False, 1)


@pytest.mark.usefixtures("claimed")
def test_a_commit_ends_the_run_and_keeps_its_report(service: Api, press: int, one: One) -> None:
    answer = send(
        service, 1, commit(snapshot(press), status="partial", safety_until="2026-11-22T05:00:00+00:00")
    )

    assert answer["report"] == {
        "pipeline": "live_pulse",
        "status": "partial",
        "outcome": "partial",
        "finished_at": COMMITTED_AT,
        "duration_ms": 10000,
        "counts": {
            "output_rows": 3,
            "snapshots_written": 1,
            "snapshots_updated": 0,
            "snapshots_unchanged": 0,
        },
        "timings_ms": {"read": 12},
    }
    row = one("select * from public.pipeline_runs")
    assert set(row["report"]) == {"pipeline", "status", "outcome", "finished_at", "duration_ms"}
    assert whole_report(row) == answer["report"]
    assert (row["status"], row["finished_at"].isoformat()) == ("partial", COMMITTED_AT)
    assert row["counts"] == answer["report"]["counts"]
    assert row["timings_ms"] == {"read": 12}
    assert row["snapshots_until"].isoformat() == SLOT
    assert row["safety_until"].isoformat() == "2026-11-22T05:00:00+00:00"
    assert row["error_code"] is None


@pytest.mark.usefixtures("claimed")
def test_the_end_of_a_poll_writes_its_run_once(database: Connection, press: int) -> None:
    def updated() -> int:
        row = database.execute(
            "select pg_stat_get_xact_tuples_updated('public.pipeline_runs'::regclass) as times"
        ).fetchone()
        assert row
        return int(row["times"])

    with database.transaction():
        before = updated()  # what earlier transactions did may still be counted here
        database.execute(
            "select public.commit_live_pulse(%s, %s, %s)",
            (fence(1), Jsonb(commit(snapshot(press))), COMMITTED_AT),
        )
        after = updated()

    assert after - before == 1


@pytest.mark.usefixtures("claimed")
def test_a_commit_retried_after_a_lost_reply_writes_nothing(service: Api, press: int, one: One) -> None:
    first = send(service, 1, commit(snapshot(press)))
    before = one("select xmin::text, * from public.live_snapshots")

    second = send(
        service, 1, commit(snapshot(press, output_actual=99), unknown_assets=["NEW"]), LEASE_EXPIRES_AT
    )

    assert second["answer"] == "repeated"
    assert second["report"] == first["report"]
    assert second["snapshots"] == NOTHING_WRITTEN
    assert second["assets_registered"] == 0
    assert one("select xmin::text, * from public.live_snapshots") == before


@pytest.mark.usefixtures("claimed")
def test_a_run_that_was_taken_over_writes_nothing(
    service: Api, press: int, count: Count, database: Connection
) -> None:
    service.call("claim_run", p_claim=claim(2), p_now=LEASE_EXPIRES_AT)

    answer = send(
        service,
        1,
        commit(
            snapshot(press),
            unknown_assets=["NEW"],
            rejected_records=[{"query": "oee", "reason": "x", "row": {}}],
        ),
        LEASE_EXPIRES_AT,
    )

    assert answer == {
        "answer": "fenced",
        "report": None,
        "snapshots": NOTHING_WRITTEN,
        "assets_registered": 0,
    }
    assert count("live_snapshots") == 0
    assert count("rejected_records") == 0
    assert count("assets") == 3
    rows = database.execute("select status, report from public.pipeline_runs order by id").fetchall()
    assert rows == [{"status": "abandoned", "report": None}, {"status": "running", "report": None}]


@pytest.mark.usefixtures("claimed")
def test_a_run_that_failed_writes_nothing(service: Api, press: int, count: Count) -> None:
    service.call("fail_run", p_fence=fence(1), p_failure=failure(is_retryable=True))

    answer = send(service, 1, commit(snapshot(press)))

    assert answer["answer"] == "fenced"
    assert count("live_snapshots") == 0


@pytest.mark.usefixtures("claimed")
def test_a_late_run_that_nobody_took_over_still_commits(service: Api, press: int, count: Count) -> None:
    answer = send(service, 1, commit(snapshot(press)), "2026-11-22T06:10:00Z")

    assert answer["answer"] == "committed"
    assert count("live_snapshots") == 1


@pytest.mark.usefixtures("press")
def test_an_unknown_fence_is_an_error(service: Api, count: Count) -> None:
    assert service.refusal("commit_live_pulse", p_fence=fence(1), p_commit=commit()) == "P0001"
    assert count("pipeline_runs") == 0


@pytest.mark.usefixtures("claimed")
def test_equal_rows_are_left_alone_and_changed_ones_updated(
    service: Api, assets: dict[str, int], database: Connection
) -> None:
    press, oven = assets["PRESS-01"], assets["OVEN-02"]
    send(service, 1, commit(snapshot(press), snapshot(oven)))

    answer = send_next(
        service, 2, commit(snapshot(press), snapshot(oven, output_actual=51, variance_percent=2))
    )

    assert answer["snapshots"] == {"written": 0, "updated": 1, "unchanged": 1}
    assert answer["report"]["counts"]["snapshots_unchanged"] == 1
    rows = database.execute(
        "select asset_id, output_actual, run_id from public.live_snapshots order by asset_id"
    ).fetchall()
    assert rows == [
        {"asset_id": press, "output_actual": 50, "run_id": 1},
        {"asset_id": oven, "output_actual": 51, "run_id": 2},
    ]


@pytest.mark.usefixtures("claimed")
@pytest.mark.parametrize(
    "column",
    [
        "output_actual",
        "slot_output",
        "output_target",
        "variance_percent",
        "oee_current",
        "downtime_minutes",
        "good_count",
        "reject_count",
        "labor_headcount",
        "unplanned_output",
    ],
)
def test_a_change_of_any_figure_is_noticed(service: Api, press: int, one: One, column: str) -> None:
    send(service, 1, commit(snapshot(press)))

    answer = send_next(service, 2, commit(snapshot(press, **{column: 77})))

    assert answer["snapshots"] == {"written": 0, "updated": 1, "unchanged": 0}
    assert one(f"select {column} as figure from public.live_snapshots")["figure"] == 77


@pytest.mark.usefixtures("claimed")
def test_a_mark_that_output_is_shared_out_comes_and_goes(service: Api, press: int, one: One) -> None:
    mark = "select is_planned_in_part from public.live_snapshots"
    send(service, 1, commit(snapshot(press)))

    answer = send_next(service, 2, commit(snapshot(press, is_planned_in_part=True)))
    marked = one(mark)
    send_next(service, 3, commit(snapshot(press)))

    assert answer["snapshots"] == {"written": 0, "updated": 1, "unchanged": 0}
    assert (marked, one(mark)) == ({"is_planned_in_part": True}, {"is_planned_in_part": False})


@pytest.mark.usefixtures("claimed")
@pytest.mark.parametrize("is_in_lists", [True, False])
def test_code_that_knows_nothing_of_planned_output_says_nothing_of_it(
    service: Api, press: int, one: One, is_in_lists: bool
) -> None:
    old = {
        name: value
        for name, value in snapshot(press).items()
        if name not in {"unplanned_output", "is_planned_in_part"}
    }
    body = commit()

    snapshots = columns(old) if is_in_lists else [old]
    send(service, 1, body | {"slots": [body["slots"][0] | {"snapshots": snapshots}]})

    assert one("select unplanned_output, is_planned_in_part from public.live_snapshots") == {
        "unplanned_output": None,
        "is_planned_in_part": False,
    }


@pytest.mark.usefixtures("claimed")
def test_a_manual_poll_does_not_erase_the_intervals_own_output(service: Api, press: int, one: One) -> None:
    send(service, 1, commit(snapshot(press, slot_output=25)))

    equal = send_next(service, 2, commit(snapshot(press, slot_output=None)))
    changed = send_next(service, 3, commit(snapshot(press, slot_output=None, good_count=49)))

    assert equal["snapshots"] == {"written": 0, "updated": 0, "unchanged": 1}
    assert changed["snapshots"] == {"written": 0, "updated": 1, "unchanged": 0}
    assert one("select slot_output, good_count from public.live_snapshots") == {
        "slot_output": 25,
        "good_count": 49,
    }


@pytest.mark.usefixtures("claimed")
def test_an_asset_that_comes_twice_is_written_once_as_it_came_last(
    service: Api, press: int, one: One
) -> None:
    answer = send(service, 1, commit(snapshot(press, output_actual=1), snapshot(press, output_actual=2)))

    assert answer["snapshots"] == {"written": 1, "updated": 0, "unchanged": 0}
    assert one("select output_actual from public.live_snapshots") == {"output_actual": 2}


def columns(*snapshots: dict[str, Any]) -> dict[str, list[Any]]:
    """Return the snapshots as a poll sends them: a list for each column."""
    return {name: [one[name] for one in snapshots] for name in snapshots[0]}


@pytest.mark.usefixtures("claimed")
def test_downtime_that_nobody_knows_is_null_and_takes_the_place_of_none(
    service: Api, assets: dict[str, int], database: Connection
) -> None:
    press, oven = assets["PRESS-01"], assets["OVEN-02"]
    send(service, 1, commit(snapshot(press), snapshot(oven, downtime_minutes=None)))

    equal = send_next(
        service, 2, commit(snapshot(press, downtime_minutes=None), snapshot(oven, downtime_minutes=None))
    )
    told = send_next(
        service,
        3,
        commit(snapshot(press, good_count=49, downtime_minutes=None), snapshot(oven, downtime_minutes=3)),
    )

    assert equal["snapshots"] == {"written": 0, "updated": 0, "unchanged": 2}
    assert told["snapshots"] == {"written": 0, "updated": 2, "unchanged": 0}
    rows = database.execute(
        "select downtime_minutes::float as minutes, good_count::int"
        " from public.live_snapshots order by asset_id"
    ).fetchall()
    assert [tuple(row.values()) for row in rows] == [(1.5, 49), (3, 48)]


@pytest.mark.usefixtures("claimed")
def test_snapshots_may_come_as_a_list_for_each_column(
    service: Api, assets: dict[str, int], database: Connection
) -> None:
    press, oven = assets["PRESS-01"], assets["OVEN-02"]
    sent = [
        snapshot(press, output_actual=61.25, variance_percent=22.5, status="above_target"),
        snapshot(oven, oee_current=None, oee_source=None, good_count=None, slot_output=None)
        | {"unplanned_output": 12.5, "is_planned_in_part": True},
        snapshot(press, output_actual=60, variance_percent=20, status="above_target"),
    ]
    body = commit()

    answer = send(service, 1, body | {"slots": [body["slots"][0] | {"snapshots": columns(*sent)}]})

    assert answer["snapshots"] == {"written": 2, "updated": 0, "unchanged": 0}
    rows = database.execute(
        "select asset_id, output_actual, slot_output, variance_percent, status, oee_current, oee_source,"
        " downtime_minutes, good_count, reject_count, labor_headcount, unplanned_output, is_planned_in_part"
        " from public.live_snapshots order by status, asset_id"
    ).fetchall()
    assert [list(row.values()) for row in rows] == [
        [press, 60, 25, 20, "above_target", 81.5, "reported", 1.5, 48, 2, 3, 0, False],
        [oven, 50, None, 0, "on_target", None, None, 1.5, None, 2, 3, 12.5, True],
    ]


@pytest.mark.usefixtures("claimed")
def test_a_list_that_is_too_short_is_refused_and_nothing_is_written(
    service: Api, assets: dict[str, int], count: Count
) -> None:
    lists = columns(snapshot(assets["PRESS-01"]), snapshot(assets["OVEN-02"]))
    lists["output_actual"].pop()
    body = commit()

    refused = service.refusal(
        "commit_live_pulse",
        p_fence=fence(1),
        p_commit=body | {"slots": [body["slots"][0] | {"snapshots": lists}]},
    )

    assert refused == "23502"
    assert count("live_snapshots") == 0


@pytest.mark.usefixtures("claimed")
def test_one_commit_may_write_several_slots(service: Api, press: int, database: Connection) -> None:
    body = commit(snapshot(press))
    earlier = {
        **body["slots"][0],
        "snapshot_timestamp": "2026-11-22T05:45:00Z",
        "window_start": "2026-11-22T05:15:00Z",
        "is_catch_up": True,
        "is_time_ambiguous": True,
    }

    answer = send(service, 1, {**body, "slots": [*body["slots"], earlier]})

    assert answer["snapshots"]["written"] == 2
    rows = database.execute(
        "select is_catch_up, is_time_ambiguous from public.live_snapshots order by snapshot_timestamp"
    ).fetchall()
    assert rows == [
        {"is_catch_up": True, "is_time_ambiguous": True},
        {"is_catch_up": False, "is_time_ambiguous": False},
    ]


@pytest.mark.usefixtures("claimed")
def test_a_huge_overshoot_does_not_overflow(service: Api, press: int, one: One) -> None:
    send(
        service,
        1,
        commit(
            snapshot(press, output_actual=10**18, variance_percent=999999.123456789, status="above_target")
        ),
    )

    row = one("select output_actual, variance_percent::text as percent from public.live_snapshots")
    assert row == {"output_actual": 10**18, "percent": "999999.123456789"}


@pytest.mark.usefixtures("claimed", "press")
def test_unknown_names_are_registered_once_without_snapshots(
    service: Api, count: Count, database: Connection
) -> None:
    answer = send(service, 1, commit(unknown_assets=["FOO", " foo ", "Press-01", "", "B  AR"]))

    assert answer["assets_registered"] == 2
    rows = database.execute(
        "select plant, name, source_key from public.assets where not is_mapped order by source_key"
    ).fetchall()
    assert [(row["plant"], row["name"], row["source_key"]) for row in rows] == [
        ("northfield", "B  AR", "b ar"),
        ("northfield", "FOO", "foo"),
    ]
    assert count("live_snapshots") == 0


@pytest.mark.usefixtures("claimed")
def test_at_most_200_unmapped_assets_are_registered(service: Api, one: One) -> None:
    names = [f"DIRT-{number:03}" for number in range(250)]

    first = send(service, 1, commit(unknown_assets=names))
    second = send_next(service, 2, commit(unknown_assets=names))

    assert first["assets_registered"] == 200
    assert second["assets_registered"] == 0
    assert one("select count(*) as number from public.assets where not is_mapped") == {"number": 200}


@pytest.mark.usefixtures("claimed")
def test_rejected_rows_are_kept_up_to_100(service: Api, one: One, count: Count) -> None:
    record = {"query": "output", "reason": "negative count", "row": {"asset": "PRESS-01", "units": -5}}

    send(service, 1, commit(rejected_records=[record] * 101))

    assert count("rejected_records") == 100
    row = one('select run_id, plant, query, reason, "row" from public.rejected_records limit 1')
    assert row == {"run_id": 1, "plant": "northfield", **record}


@pytest.mark.usefixtures("claimed")
@pytest.mark.parametrize(
    ("changes", "sqlstate"),
    [
        ({"status": "running"}, "22023"),
        ({"status": None}, "22023"),
        ({"slots": {}}, "22023"),
        ({"slots": [{"snapshots": [{"asset_id": 1}]}]}, "23502"),
        ({"rejected_records": [{"query": "output", "row": {}}]}, "23502"),
        ({"unknown_assets": "FOO"}, "22023"),
        ({"snapshots_until": "later"}, "22007"),
        ({"report": {"counts": [1]}}, "23514"),
        ({"report": "all well"}, "23514"),
    ],
)
def test_a_bad_commit_writes_nothing_and_the_run_goes_on(
    service: Api, press: int, count: Count, one: One, changes: dict[str, Any], sqlstate: str
) -> None:
    body = commit(
        snapshot(press), unknown_assets=["NEW"], rejected_records=[{"query": "oee", "reason": "x", "row": {}}]
    )

    assert service.refusal("commit_live_pulse", p_fence=fence(1), p_commit={**body, **changes}) == sqlstate

    assert count("live_snapshots") == 0
    assert count("rejected_records") == 0
    assert count("assets") == 3
    assert one("select status, snapshots_until from public.pipeline_runs") == {
        "status": "running",
        "snapshots_until": None,
    }


@pytest.mark.usefixtures("claimed")
@pytest.mark.parametrize(
    ("changes", "sqlstate"),
    [
        ({"asset_id": None}, "23502"),
        ({"asset_id": "PRESS-01"}, "22P02"),
        ({"asset_id": 10**30}, "22003"),
        ({"output_actual": None}, "23502"),
        ({"output_actual": -1}, "23514"),
        ({"output_actual": "many"}, "22P02"),
        ({"output_actual": "NaN"}, "23514"),
        ({"output_actual": "Infinity"}, "23514"),
        ({"slot_output": -1}, "23514"),
        ({"output_target": -1}, "23514"),
        ({"variance_percent": -101}, "23514"),
        ({"status": "behind"}, "23514"),
        ({"oee_current": None}, "23514"),
        ({"oee_source": "guessed"}, "23514"),
        ({"downtime_minutes": -1}, "23514"),
        ({"good_count": -1}, "23514"),
        ({"reject_count": -1}, "23514"),
        ({"labor_headcount": -1}, "23514"),
        ({"unplanned_output": -1}, "23514"),
    ],
)
def test_one_bad_snapshot_takes_the_whole_commit_with_it(
    service: Api, assets: dict[str, int], count: Count, one: One, changes: dict[str, Any], sqlstate: str
) -> None:
    good, bad = snapshot(assets["OVEN-02"]), {**snapshot(assets["PRESS-01"]), **changes}

    assert service.refusal("commit_live_pulse", p_fence=fence(1), p_commit=commit(good, bad)) == sqlstate

    assert count("live_snapshots") == 0
    assert one("select status from public.pipeline_runs") == {"status": "running"}


@pytest.mark.usefixtures("claimed")
def test_an_asset_deleted_during_the_poll_is_left_out(service: Api, assets: dict[str, int], one: One) -> None:
    answer = send(service, 1, commit(snapshot(999), snapshot(assets["PRESS-01"])))

    assert answer["answer"] == "committed"
    assert answer["snapshots"] == {"written": 1, "updated": 0, "unchanged": 0}
    assert one("select asset_id from public.live_snapshots") == {"asset_id": assets["PRESS-01"]}


@pytest.mark.usefixtures("claimed")
def test_a_poll_cannot_write_another_plants_asset(service: Api, assets: dict[str, int], count: Count) -> None:
    body = commit(snapshot(assets["SAW-01"]))

    assert service.refusal("commit_live_pulse", p_fence=fence(1), p_commit=body) == "23502"
    assert count("live_snapshots") == 0


@pytest.mark.usefixtures("claimed")
def test_the_next_slot_may_be_claimed_after_the_commit(service: Api) -> None:
    send(service, 1, commit())

    assert service.call("claim_run", p_claim=claim(2, slot=NEXT_SLOT))["answer"] == "claimed"


def test_what_writes_much_may_take_longer_than_the_api_roles_eight_seconds(database: Connection) -> None:
    rows = database.execute(
        """
        select proname from pg_proc
        where pronamespace = 'public'::regnamespace and proconfig @> array['statement_timeout=30s']
        order by proname
        """
    ).fetchall()

    assert [row["proname"] for row in rows] == [
        "commit_live_pulse",
        "commit_morning_report",
        "commit_series",
        "import_assets",
        "import_closed_days",
        "import_cost_centers",
        "import_product_rates",
        "import_shift_targets",
        "import_tags",
        "record_safety_events",
        "watch_series_gaps",
    ]
