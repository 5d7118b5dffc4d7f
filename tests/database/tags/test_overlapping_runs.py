"""Runs of one pipeline and plant that run at the same time."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from tests.database.alerting import Plant, firing, look
from tests.database.api import Api
from tests.database.conftest import Connection
from tests.database.protocol import CLAIMED_AT, NEXT_SLOT, claim, completion, failure, fence
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


ASKED = [{"pipeline": "tags", "plant": "northfield", "is_stopped": False}]
FIRST, SECOND, THIRD, NOW = (f"2026-11-22T06:0{minute}:00+00:00" for minute in range(4))


def bursts(service: Api, *slots: str) -> None:
    """Begin bursts that overlap, each at its slot."""
    for number, slot in enumerate(slots, start=1):
        service.call("claim_run", p_claim=burst_claim(number, slot=slot, lease_s=900), p_now=slot)


def end_well(service: Api, number: int, now: str, **changes: Any) -> None:
    body = completion(**changes)
    answer = service.call("complete_run", p_fence=fence(number), p_completion=body, p_now=now)
    assert answer["answer"] == "committed"


def seen_by_health(service: Api, now: str) -> dict[str, Any]:
    for name in ("pipeline_health", "pipeline_status"):
        [told] = service.call(name, p_pipelines=ASKED, p_now=now)["pipelines"]
    found: dict[str, Any] = told
    return found


def test_health_tells_of_the_newest_of_the_runs_that_run(service: Api) -> None:
    bursts(service, FIRST, SECOND, THIRD)
    end_well(service, 3, NOW)

    assert seen_by_health(service, NOW)["running"]["started_at"] == SECOND


def test_a_burst_that_ends_after_a_newer_one_has_failed_hides_nothing_from_health(service: Api) -> None:
    bursts(service, FIRST, SECOND)
    service.call("fail_run", p_fence=fence(2), p_failure=failure(is_retryable=False), p_now=SECOND)

    while_it_runs = seen_by_health(service, NOW)
    end_well(service, 1, NOW)
    afterwards = seen_by_health(service, NOW)

    for told in (while_it_runs, afterwards):
        assert told["last_run"] == {"status": "failed", "started_at": SECOND}
        assert told["consecutive_failures"] == 1
        assert told["last_error"]["code"] == "source_login_failed"
    assert while_it_runs["running"]["started_at"] == FIRST
    assert afterwards["running"] is None


def test_a_burst_that_fails_after_a_newer_one_has_ended_well_is_not_the_newest(service: Api) -> None:
    bursts(service, FIRST, SECOND)
    end_well(service, 2, NOW)
    service.call("fail_run", p_fence=fence(1), p_failure=failure(is_retryable=False), p_now=NOW)

    told = seen_by_health(service, NOW)

    assert told["last_run"] == {"status": "succeeded", "started_at": SECOND}
    assert told["consecutive_failures"] == 0


def test_a_burst_that_ends_well_after_a_newer_one_has_failed_does_not_end_its_alert(
    service: Api, database: Connection
) -> None:
    bursts(service, FIRST, SECOND, THIRD)
    fires = look(firing("run_failed"), scope="tags", slot=SECOND)
    failed = {**failure(is_retryable=False), "alerts": [fires]}
    service.call("fail_run", p_fence=fence(2), p_failure=failed, p_now=SECOND)

    end_well(service, 1, NOW, alerts=[look(scope="tags", slot=FIRST)])
    [still_open] = Plant(database).alerts()
    end_well(service, 3, NOW, alerts=[look(scope="tags", slot=THIRD)])
    [over] = Plant(database).alerts()

    assert (still_open["rule"], still_open["resolved_at"]) == ("run_failed", None)
    assert over["resolved_at"] is not None


def test_health_may_say_what_fires_because_the_newest_burst_has_failed(
    service: Api, database: Connection
) -> None:
    bursts(service, FIRST, SECOND)
    end_well(service, 1, SECOND)
    service.call("fail_run", p_fence=fence(2), p_failure=failure(is_retryable=False), p_now=SECOND)

    Plant(database).see(look(firing("overdue"), scope="tags", slot=FIRST, at=NOW))

    assert [one["rule"] for one in Plant(database).alerts()] == ["overdue"]
