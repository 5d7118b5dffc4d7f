"""Runs of one pipeline and plant that run at the same time."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from tests.database.api import Api
from tests.database.conftest import Connection
from tests.database.protocol import CLAIMED_AT, NEXT_SLOT, claim, completion, fence
from tests.database.tags.polled import burst_claim
from tests.patience import ENDS_S

LATER = "2026-11-22T06:05:00+00:00"


def statuses(database: Connection) -> list[str]:
    rows = database.execute("select status from public.pipeline_runs order by id").fetchall()
    return [row["status"] for row in rows]


def test_runs_that_overlap_run_at_the_same_time(service: Api, database: Connection) -> None:
    for number, slot in enumerate([CLAIMED_AT, NEXT_SLOT, LATER], start=1):
        answer = service.call("claim_run", p_claim=burst_claim(number, slot=slot), p_now=CLAIMED_AT)
        assert answer["answer"] == "claimed"

    assert statuses(database) == ["running"] * 3


def test_a_slot_that_is_delivered_twice_is_run_once_and_nobody_is_busy(service: Api) -> None:
    service.call("claim_run", p_claim=burst_claim(1), p_now=CLAIMED_AT)

    again = service.call("claim_run", p_claim=burst_claim(2), p_now=CLAIMED_AT)
    repeated = service.call("claim_run", p_claim=burst_claim(1), p_now=CLAIMED_AT)
    service.call("complete_run", p_fence=fence(1), p_completion=completion(), p_now=CLAIMED_AT)
    late = service.call("claim_run", p_claim=burst_claim(3), p_now=CLAIMED_AT)

    assert again["answer"] == "duplicate"
    assert again["report"]["status"] == "running"
    assert repeated["answer"] == "claimed"
    assert late["answer"] == "duplicate"
    assert late["report"]["status"] == "succeeded"


def test_a_key_that_is_used_twice_while_the_first_runs_is_one_run(service: Api, database: Connection) -> None:
    keyed = {"trigger": "manual", "slot": None, "idempotency_key": "k"}
    service.call("claim_run", p_claim=burst_claim(1, **keyed), p_now=CLAIMED_AT)

    assert (
        service.call("claim_run", p_claim=burst_claim(2, **keyed), p_now=CLAIMED_AT)["answer"] == "duplicate"
    )
    assert statuses(database) == ["running"]


def test_a_claim_abandons_all_that_have_expired_and_no_other(service: Api, database: Connection) -> None:
    for number, lease_s in ((1, 30), (2, 600), (3, 40)):
        body = burst_claim(number, slot=f"2026-11-22T06:0{number}:00Z", lease_s=lease_s)
        service.call("claim_run", p_claim=body, p_now=CLAIMED_AT)

    service.call("claim_run", p_claim=burst_claim(4, slot=LATER), p_now="2026-11-22T06:02:00Z")

    assert statuses(database) == ["abandoned", "running", "abandoned", "running"]
    assert service.call("complete_run", p_fence=fence(1), p_completion=completion())["answer"] == "fenced"
    assert service.call("complete_run", p_fence=fence(2), p_completion=completion())["answer"] == "committed"


def test_pipelines_that_do_not_overlap_still_exclude_each_other(service: Api) -> None:
    service.call("claim_run", p_claim=claim(1), p_now=CLAIMED_AT)

    assert service.call("claim_run", p_claim=claim(2), p_now=CLAIMED_AT)["answer"] == "busy"


def test_of_20_simultaneous_deliveries_of_a_slot_one_runs(service: Api, count: Callable[[str], int]) -> None:
    barrier = Barrier(20)

    def deliver(number: int) -> str:
        barrier.wait(timeout=ENDS_S)
        with service.alone() as own:
            answer: str = own.call("claim_run", p_claim=burst_claim(number), p_now=CLAIMED_AT)["answer"]
        return answer

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(deliver, range(1, 21)))

    assert sorted(answers) == ["claimed"] + ["duplicate"] * 19
    assert count("pipeline_runs") == 1


def test_of_20_simultaneous_bursts_all_run_and_end_what_has_expired_once(
    service: Api, database: Connection
) -> None:
    for number in range(1, 6):
        service.call(
            "claim_run", p_claim=burst_claim(number, slot=f"2026-11-22T05:0{number}:00Z"), p_now=CLAIMED_AT
        )
    barrier = Barrier(20)

    def deliver(number: int) -> str:
        barrier.wait(timeout=ENDS_S)
        body = burst_claim(number, slot=f"2026-11-22T06:{number}:00Z")
        with service.alone() as own:
            answer: str = own.call("claim_run", p_claim=body, p_now=LATER)["answer"]
        return answer

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(deliver, range(10, 30)))

    assert answers == ["claimed"] * 20
    assert statuses(database) == ["abandoned"] * 5 + ["running"] * 20
