"""Claiming a run: what each claim hears, and that at most one may run."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.database.api import Api
from tests.database.conftest import Connection
from tests.database.protocol import (
    BEFORE_EXPIRY,
    CLAIMED_AT,
    COMMITTED_AT,
    LEASE_EXPIRES_AT,
    NEXT_SLOT,
    SLOT,
    claim,
    commit,
    failure,
    fence,
    manual_claim,
)

One = Callable[..., dict[str, Any]]
Count = Callable[[str], int]


def test_the_first_claim_of_a_slot_is_claimed(service: Api, one: One) -> None:
    answer = service.call("claim_run", p_claim=claim(1), p_now=CLAIMED_AT)

    assert answer["answer"] == "claimed"
    assert answer["run"] == {
        "run_id": 1,
        "attempt": 1,
        "started_at": CLAIMED_AT,
        "lease_expires_at": LEASE_EXPIRES_AT,
    }
    assert answer["snapshots_until"] is None
    assert answer["safety_until"] is None
    row = one("select * from public.pipeline_runs")
    assert (row["pipeline"], row["plant"], row["status"]) == ("live_pulse", "northfield", "running")
    assert (row["trigger"], row["slot"].isoformat()) == ("schedule", SLOT)
    assert row["finished_at"] is None


def test_the_clock_is_used_when_none_is_given(service: Api, one: One) -> None:
    service.call("claim_run", p_claim=claim(1))

    row = one(
        "select abs(extract(epoch from clock_timestamp() - started_at)) as age_s from public.pipeline_runs"
    )
    assert row["age_s"] < 60


def test_the_answer_carries_the_wanted_parts_of_the_plant(
    service: Api, database: Connection, assets: dict[str, int]
) -> None:
    database.execute("update public.assets set is_active = false where source_name = 'OVEN-02'")
    database.execute(
        """
        insert into public.shift_targets (
          asset_id, shift_name, starts_at, ends_at,
          days_of_week, valid_from, valid_until, target_output, breaks
        )
        values (
          %s, 'night', '22:00', '06:00', '{5,6,7}', '2026-01-01', '2027-01-01', 812.5,
          '[{"starts_at": "01:00", "ends_at": "01:15"}]'
        )
        """,
        (assets["PRESS-01"],),
    )

    answer = service.call("claim_run", p_claim=claim(1, wants=["assets", "shift_targets"]))

    assert answer["assets"] == [
        {
            "asset_id": assets["PRESS-01"],
            "source_name": "PRESS-01",
            "ideal_units_per_hour": 120,
            "is_active": True,
            "is_mapped": True,
            "product_rates": None,
        },
        {
            "asset_id": assets["OVEN-02"],
            "source_name": "OVEN-02",
            "ideal_units_per_hour": None,
            "is_active": False,
            "is_mapped": True,
            "product_rates": None,
        },
    ]
    assert answer["shift_targets"] == [
        {
            "asset_id": assets["PRESS-01"],
            "shift_name": "night",
            "starts_at": "22:00",
            "ends_at": "06:00",
            "days_of_week": [5, 6, 7],
            "valid_from": "2026-01-01",
            "valid_until": "2027-01-01",
            "target_output": 812.5,
            "breaks": [{"starts_at": "01:00", "ends_at": "01:15"}],
        }
    ]


@pytest.mark.usefixtures("assets")
def test_the_answer_carries_nothing_that_was_not_asked_for(service: Api) -> None:
    answer = service.call("claim_run", p_claim=claim(1, wants=["shift_targets"]))

    assert sorted(answer) == [
        "answer",
        "catch_up_from",
        "catch_up_until",
        "run",
        "safety_until",
        "shift_targets",
        "slot_seals",
        "snapshots_until",
    ]
    assert answer["shift_targets"] == []


def test_targets_that_ended_long_before_the_window_are_left_out(
    service: Api, database: Connection, assets: dict[str, int]
) -> None:
    database.execute(
        """
        insert into public.shift_targets (
          asset_id, shift_name, starts_at, ends_at, valid_from, valid_until, target_output
        )
        values
          (%(press)s, 'old', '06:00', '14:00', '2025-01-01', '2026-11-19', 100),
          (%(press)s, 'recent', '06:00', '14:00', '2025-01-01', '2026-11-20', 100),
          (%(press)s, 'open', '06:00', '14:00', '2025-01-01', null, 100)
        """,
        {"press": assets["PRESS-01"]},
    )

    answer = service.call("claim_run", p_claim=claim(1, wants=["shift_targets"]))

    assert [target["shift_name"] for target in answer["shift_targets"]] == ["recent", "open"]


def test_shift_patterns_tell_the_times_once_and_each_assets_target(
    service: Api, database: Connection, assets: dict[str, int]
) -> None:
    breaks = '[{"starts_at": "01:00", "ends_at": "01:15"}]'
    database.execute(
        """
        insert into public.shift_targets (
          asset_id, shift_name, starts_at, ends_at,
          days_of_week, valid_from, valid_until, target_output, breaks
        )
        values
          (%(press)s, 'old', '22:00', '06:00', '{5}', '2025-01-01', '2026-11-19', 1, '[]'),
          (%(oven)s, 'night', '22:00', '06:00', '{5}', '2026-01-01', null, 812.5, %(breaks)s),
          (%(press)s, 'night', '22:00', '06:00', '{5}', '2026-01-01', null, 90, %(breaks)s),
          (%(press)s, 'night', '22:00', '06:00', '{6}', '2026-02-01', null, 45, '[]')
        """,
        {"press": assets["PRESS-01"], "oven": assets["OVEN-02"], "breaks": breaks},
    )

    answer = service.call("claim_run", p_claim=claim(1, wants=["shift_patterns"]))

    targets = [
        dict(zip(pattern.pop("asset_ids"), pattern.pop("target_outputs"), strict=True))
        for pattern in answer["shift_patterns"]
    ]
    assert targets == [{assets["OVEN-02"]: 812.5, assets["PRESS-01"]: 90}, {assets["PRESS-01"]: 45}]
    night = {"shift_name": "night", "starts_at": "22:00", "ends_at": "06:00", "valid_until": None}
    assert answer["shift_patterns"] == [
        night
        | {
            "days_of_week": [5],
            "valid_from": "2026-01-01",
            "breaks": [{"starts_at": "01:00", "ends_at": "01:15"}],
        },
        night
        | {
            "days_of_week": [6],
            "valid_from": "2026-02-01",
            "breaks": [],
        },
    ]
    assert "shift_targets" not in answer


def test_a_plant_model_is_lists_side_by_side_with_a_version(
    service: Api, database: Connection, assets: dict[str, int]
) -> None:
    database.execute("update public.assets set is_active = false where source_name = 'OVEN-02'")
    database.execute(
        """
        insert into public.product_rates (asset_id, product, product_key, ideal_units_per_hour)
        values (%(press)s, 'Bolt', 'bolt', 90)
        """,
        {"press": assets["PRESS-01"]},
    )

    model = service.call("claim_run", p_claim=claim(1, wants=["plant_model"]))["plant_model"]

    assert model["parts"] == {
        "assets": {
            "asset_id": [assets["PRESS-01"], assets["OVEN-02"]],
            "source_name": ["PRESS-01", "OVEN-02"],
            "ideal_units_per_hour": [120, None],
            "is_active": [True, False],
            "is_mapped": [True, True],
            "product_rates": {str(assets["PRESS-01"]): {"bolt": 90}},
        },
        "shift_patterns": [],
        "closed_days": [],
    }
    assert re.fullmatch("[0-9a-f]{64}", model["version"])


@pytest.mark.usefixtures("assets")
def test_a_plant_model_that_is_known_is_not_sent(service: Api) -> None:
    first = service.call("claim_run", p_claim=claim(1, wants=["plant_model"]), p_now=CLAIMED_AT)
    version = first["plant_model"]["version"]

    again = service.call(
        "claim_run", p_claim=claim(1, wants=["plant_model"], known_model=version), p_now=CLAIMED_AT
    )
    other = service.call(
        "claim_run", p_claim=claim(1, wants=["plant_model"], known_model="another"), p_now=CLAIMED_AT
    )

    assert again["plant_model"] == {"version": version}
    assert other["plant_model"] == first["plant_model"]


@pytest.mark.usefixtures("assets")
def test_a_plant_without_assets_has_a_model(service: Api) -> None:
    answer = service.call("claim_run", p_claim=claim(1, plant="elsewhere", wants=["plant_model"]))

    assert answer["plant_model"]["parts"] == {
        "assets": {
            "asset_id": [],
            "source_name": [],
            "ideal_units_per_hour": [],
            "is_active": [],
            "is_mapped": [],
            "product_rates": {},
        },
        "shift_patterns": [],
        "closed_days": [],
    }


@pytest.mark.usefixtures("assets")
@pytest.mark.parametrize(
    "difference",
    [
        "shift_name = 'late'",
        "starts_at = '22:15'",
        "ends_at = '06:15'",
        "days_of_week = '{5, 6}'",
        "valid_from = '2026-01-02'",
        "valid_until = '2027-01-01'",
        """breaks = '[{"starts_at": "01:00", "ends_at": "01:15"}]'""",
    ],
)
def test_shift_patterns_that_differ_in_one_thing_are_told_apart(
    service: Api, database: Connection, assets: dict[str, int], difference: str
) -> None:
    database.execute(
        """
        insert into public.shift_targets (
          asset_id, shift_name, starts_at, ends_at,
          days_of_week, valid_from, valid_until, target_output, breaks
        )
        select asset.id, 'night', '22:00', '06:00', '{5}', '2026-01-01', null, 90, '[]'
        from unnest(%s::bigint[]) as asset (id)
        """,
        [[assets["PRESS-01"], assets["OVEN-02"]]],
    )
    alike = service.call("claim_run", p_claim=claim(1, wants=["shift_patterns"]), p_now=CLAIMED_AT)
    database.execute(
        f"update public.shift_targets set {difference} where asset_id = %s",
        [assets["OVEN-02"]],
    )

    answer = service.call("claim_run", p_claim=claim(1, wants=["shift_patterns"]), p_now=CLAIMED_AT)

    assert [len(pattern["asset_ids"]) for pattern in alike["shift_patterns"]] == [2]
    assert [pattern["asset_ids"] for pattern in answer["shift_patterns"]] == [
        [assets["PRESS-01"]], [assets["OVEN-02"]],
    ]  # fmt: skip


def test_another_plants_shift_patterns_are_not_told(service: Api) -> None:
    answer = service.call("claim_run", p_claim=claim(1, plant="elsewhere", wants=["shift_patterns"]))

    assert answer["shift_patterns"] == []


def test_a_claim_retried_after_a_lost_reply_gets_the_same_run(service: Api, count: Count) -> None:
    first = service.call("claim_run", p_claim=claim(1, wants=["assets"]), p_now=CLAIMED_AT)

    second = service.call("claim_run", p_claim=claim(1, wants=["assets"]), p_now=BEFORE_EXPIRY)

    assert second == first
    assert count("pipeline_runs") == 1


def test_another_claim_is_busy_while_a_run_runs(service: Api, count: Count) -> None:
    first = service.call("claim_run", p_claim=claim(1), p_now=CLAIMED_AT)

    same_slot = service.call("claim_run", p_claim=claim(2), p_now=BEFORE_EXPIRY)
    next_slot = service.call("claim_run", p_claim=claim(3, slot=NEXT_SLOT), p_now=BEFORE_EXPIRY)
    by_hand = service.call("claim_run", p_claim=manual_claim(4), p_now=BEFORE_EXPIRY)

    assert same_slot == next_slot == by_hand == {"answer": "busy", "run": first["run"]}
    assert count("pipeline_runs") == 1


def test_other_plants_and_pipelines_are_not_held_up(service: Api) -> None:
    service.call("claim_run", p_claim=claim(1))

    other_plant = service.call("claim_run", p_claim=claim(2, plant="southfield"))
    other_pipeline = service.call("claim_run", p_claim=claim(3, pipeline="morning_report"))

    assert other_plant["answer"] == "claimed"
    assert other_pipeline["answer"] == "claimed"


def test_a_slot_that_was_run_is_a_duplicate_with_its_report(service: Api, count: Count) -> None:
    service.call("claim_run", p_claim=claim(1), p_now=CLAIMED_AT)
    committed = service.call("commit_live_pulse", p_fence=fence(1), p_commit=commit(), p_now=COMMITTED_AT)

    again = service.call("claim_run", p_claim=claim(2), p_now=LEASE_EXPIRES_AT)

    assert again == {"answer": "duplicate", "report": committed["report"]}
    assert count("pipeline_runs") == 1


def test_a_slot_that_was_run_is_a_duplicate_even_while_the_next_one_runs(service: Api) -> None:
    service.call("claim_run", p_claim=claim(1))
    service.call("commit_live_pulse", p_fence=fence(1), p_commit=commit(status="partial"))
    service.call("claim_run", p_claim=claim(2, slot=NEXT_SLOT))

    late_delivery = service.call("claim_run", p_claim=claim(3))

    assert late_delivery["answer"] == "duplicate"
    assert late_delivery["report"]["status"] == "partial"


def test_a_fence_that_has_committed_is_a_duplicate(service: Api) -> None:
    service.call("claim_run", p_claim=claim(1))
    committed = service.call("commit_live_pulse", p_fence=fence(1), p_commit=commit())

    again = service.call("claim_run", p_claim=claim(1))

    assert again == {"answer": "duplicate", "report": committed["report"]}


def test_the_next_slot_hears_how_far_the_earlier_ones_covered(service: Api) -> None:
    service.call("claim_run", p_claim=claim(1))
    service.call(
        "commit_live_pulse",
        p_fence=fence(1),
        p_commit=commit(snapshots_until=SLOT, safety_until="2026-11-22T05:50:00+00:00"),
    )
    service.call("claim_run", p_claim=manual_claim(2))
    service.call(
        "commit_live_pulse", p_fence=fence(2), p_commit=commit(snapshots_until=None, safety_until=None)
    )

    answer = service.call("claim_run", p_claim=claim(3, slot=NEXT_SLOT))

    assert answer["answer"] == "claimed"
    assert answer["snapshots_until"] == SLOT
    assert answer["safety_until"] == "2026-11-22T05:50:00+00:00"


def test_a_lease_that_ran_out_is_taken_over(service: Api, database: Connection) -> None:
    service.call("claim_run", p_claim=claim(1), p_now=CLAIMED_AT)

    answer = service.call("claim_run", p_claim=claim(2), p_now=LEASE_EXPIRES_AT)

    assert answer["answer"] == "claimed"
    assert answer["run"]["run_id"] != 1
    assert answer["run"]["attempt"] == 2
    rows = database.execute("select status, finished_at from public.pipeline_runs order by id").fetchall()
    assert [row["status"] for row in rows] == ["abandoned", "running"]
    assert rows[0]["finished_at"].isoformat() == LEASE_EXPIRES_AT


def test_the_claim_of_a_run_that_was_taken_over_is_refused(service: Api) -> None:
    service.call("claim_run", p_claim=claim(1), p_now=CLAIMED_AT)
    service.call("claim_run", p_claim=claim(2), p_now=LEASE_EXPIRES_AT)

    answer = service.call("claim_run", p_claim=claim(1), p_now=LEASE_EXPIRES_AT)

    assert answer["answer"] == "refused"
    assert answer["report"]["run_id"] == 1
    assert answer["report"]["outcome"] == "abandoned"
    assert answer["report"]["duration_ms"] == 90000


def test_a_slot_that_failed_transiently_may_be_tried_again(service: Api) -> None:
    service.call("claim_run", p_claim=claim(1))
    service.call("fail_run", p_fence=fence(1), p_failure=failure(is_retryable=True))

    answer = service.call("claim_run", p_claim=claim(2))

    assert answer["answer"] == "claimed"
    assert answer["run"]["attempt"] == 2


def test_a_slot_that_failed_for_good_is_refused_and_the_next_one_is_free(service: Api, count: Count) -> None:
    service.call("claim_run", p_claim=claim(1))
    failed = service.call("fail_run", p_fence=fence(1), p_failure=failure(is_retryable=False))

    same_slot = service.call("claim_run", p_claim=claim(2))
    next_slot = service.call("claim_run", p_claim=claim(3, slot=NEXT_SLOT))

    assert same_slot == {"answer": "refused", "report": failed["report"]}
    assert same_slot["report"]["error"]["code"] == "source_login_failed"
    assert next_slot["answer"] == "claimed"
    assert count("pipeline_runs") == 2


def test_a_fence_that_failed_is_refused(service: Api) -> None:
    service.call("claim_run", p_claim=claim(1))
    failed = service.call("fail_run", p_fence=fence(1), p_failure=failure(is_retryable=True))

    answer = service.call("claim_run", p_claim=claim(1))

    assert answer == {"answer": "refused", "report": failed["report"]}


def test_an_idempotency_key_is_run_once(service: Api) -> None:
    service.call("claim_run", p_claim=manual_claim(1, idempotency_key="k"), p_now=CLAIMED_AT)
    committed = service.call("commit_live_pulse", p_fence=fence(1), p_commit=commit(), p_now=COMMITTED_AT)

    much_later = service.call(
        "claim_run", p_claim=manual_claim(2, idempotency_key="k"), p_now="2026-11-23T06:00:00Z"
    )
    other_key = service.call("claim_run", p_claim=manual_claim(3, idempotency_key="l"), p_now=COMMITTED_AT)

    assert much_later == {"answer": "duplicate", "report": committed["report"]}
    assert other_key["answer"] == "claimed"


def test_an_idempotency_key_may_be_used_again_after_a_failure(service: Api) -> None:
    service.call("claim_run", p_claim=manual_claim(1, idempotency_key="k"))
    service.call("fail_run", p_fence=fence(1), p_failure=failure(is_retryable=False))

    answer = service.call("claim_run", p_claim=manual_claim(2, idempotency_key="k"))

    assert answer["answer"] == "claimed"


def test_a_second_click_within_a_second_gets_the_first_ones_report(service: Api, count: Count) -> None:
    service.call("claim_run", p_claim=manual_claim(1), p_now=CLAIMED_AT)
    committed = service.call(
        "commit_live_pulse", p_fence=fence(1), p_commit=commit(), p_now="2026-11-22T06:00:15Z"
    )

    within = service.call("claim_run", p_claim=manual_claim(2), p_now="2026-11-22T06:00:16Z")
    with_key = service.call(
        "claim_run", p_claim=manual_claim(3, idempotency_key="k"), p_now="2026-11-22T06:00:16Z"
    )

    assert within == {"answer": "duplicate", "report": committed["report"]}
    assert with_key["answer"] == "claimed"
    assert count("pipeline_runs") == 2


def test_a_manual_run_after_more_than_a_second_is_a_new_one(service: Api) -> None:
    service.call("claim_run", p_claim=manual_claim(1), p_now=CLAIMED_AT)
    service.call("commit_live_pulse", p_fence=fence(1), p_commit=commit(), p_now="2026-11-22T06:00:15Z")

    answer = service.call("claim_run", p_claim=manual_claim(2), p_now="2026-11-22T06:00:16.001Z")

    assert answer["answer"] == "claimed"
    assert answer["run"]["attempt"] == 1


def test_a_scheduled_run_is_no_duplicate_of_a_manual_one(service: Api) -> None:
    service.call("claim_run", p_claim=manual_claim(1), p_now=CLAIMED_AT)
    service.call("commit_live_pulse", p_fence=fence(1), p_commit=commit(), p_now=COMMITTED_AT)

    answer = service.call("claim_run", p_claim=claim(2), p_now=COMMITTED_AT)

    assert answer["answer"] == "claimed"


@pytest.mark.usefixtures("assets")
def test_a_dry_run_is_claimed_beside_a_real_run_and_writes_nothing_of_the_plant(
    service: Api, count: Count, one: One
) -> None:
    service.call("claim_run", p_claim=claim(1), p_now=CLAIMED_AT)

    answer = service.call("claim_run", p_claim=claim(2, is_dry_run=True, wants=["assets"]), p_now=CLAIMED_AT)

    assert answer["answer"] == "claimed"
    assert answer["run"] == {
        "run_id": None,
        "attempt": 0,
        "started_at": CLAIMED_AT,
        "lease_expires_at": LEASE_EXPIRES_AT,
    }
    assert len(answer["assets"]) == 2
    assert count("pipeline_runs") == 1
    assert one("select status from public.pipeline_runs") == {"status": "running"}


def dry(service: Api, number: int, now: str = CLAIMED_AT, **changes: Any) -> Any:
    return service.call("claim_run", p_claim=claim(number, is_dry_run=True, **changes), p_now=now)


def test_a_second_dry_run_is_busy_until_the_first_one_ends(service: Api) -> None:
    first = dry(service, 1)

    assert dry(service, 2, BEFORE_EXPIRY) == {"answer": "busy", "run": first["run"]}
    assert service.call("end_dry_run", p_fence=fence(2)) == {"answer": "repeated"}
    assert dry(service, 2, BEFORE_EXPIRY)["answer"] == "busy"
    assert service.call("end_dry_run", p_fence=fence(1)) == {"answer": "ended"}
    assert service.call("end_dry_run", p_fence=fence(1)) == {"answer": "repeated"}
    assert dry(service, 2, BEFORE_EXPIRY)["answer"] == "claimed"


def test_a_dry_run_that_died_is_taken_over_when_its_lease_has_run_out(service: Api, count: Count) -> None:
    dry(service, 1)

    assert dry(service, 2, LEASE_EXPIRES_AT)["answer"] == "claimed"
    assert service.call("end_dry_run", p_fence=fence(1)) == {"answer": "repeated"}
    assert dry(service, 3, LEASE_EXPIRES_AT)["answer"] == "busy"
    assert count("dry_runs") == 1


def test_a_dry_claim_that_is_repeated_after_a_lost_reply_is_claimed(service: Api) -> None:
    assert dry(service, 1)["answer"] == dry(service, 1, BEFORE_EXPIRY)["answer"] == "claimed"


def test_dry_runs_of_other_plants_and_pipelines_are_not_held_up(service: Api) -> None:
    dry(service, 1)

    assert dry(service, 2, plant="southfield")["answer"] == "claimed"
    assert dry(service, 3, pipeline="morning_report")["answer"] == "claimed"


def test_a_real_run_does_not_look_at_a_dry_run(service: Api, count: Count) -> None:
    dry(service, 1)

    assert service.call("claim_run", p_claim=claim(2), p_now=BEFORE_EXPIRY)["answer"] == "claimed"
    assert (count("pipeline_runs"), count("dry_runs")) == (1, 1)


@pytest.mark.parametrize(
    ("changes", "sqlstate"),
    [
        ({"pipeline": None}, "23502"),
        ({"plant": "*"}, "23514"),
        ({"plant": " "}, "23514"),
        ({"fence": None}, "23502"),
        ({"fence": "7"}, "22P02"),
        ({"trigger": "cron"}, "23514"),
        ({"slot": None}, "23514"),
        ({"slot": "soon"}, "22007"),
        ({"lease_s": None}, "23502"),
        ({"lease_s": 0}, "23514"),
        ({"lease_s": 1e300}, "22008"),
        ({"window_start": SLOT}, "23514"),
        ({"is_dry_run": "perhaps"}, "22P02"),
    ],
)
def test_a_bad_claim_is_refused_and_leaves_no_trace(
    service: Api, count: Count, changes: dict[str, Any], sqlstate: str
) -> None:
    assert service.refusal("claim_run", p_claim=claim(1, **changes)) == sqlstate
    assert count("pipeline_runs") == 0
