"""Bursts that come at the same moment, on connections of their own."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from tests.database.api import Api
from tests.database.conftest import Connection
from tests.database.tags.polled import at, group_claim, make_group, put, sample, seconds, state
from tests.patience import ENDS_S


def test_of_10_claims_at_once_one_holds_and_one_succeeds(service: Api, database: Connection) -> None:
    for number in range(11):
        make_group(database, f"G{number:02}")
    barrier = Barrier(10)

    def claim(number: int) -> dict[str, Any]:
        barrier.wait(timeout=ENDS_S)
        with service.alone() as own:
            answer: dict[str, Any] = own.call("claim_tag_groups", p_claim=group_claim(number), p_now=at(0.5))
        return answer

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(claim, range(1, 11)))

    claimed = Counter(
        (one["name"], one["first_slot"][14:19]) for answer in answers for one in answer["groups"]
    )
    refused = Counter((one["name"], one["reason"]) for answer in answers for one in answer["refused"])
    names = [f"G{number:02}" for number in range(10)]
    assert claimed == dict.fromkeys([(name, slot) for name in names for slot in ("00:01", "00:06")], 1)
    assert refused == dict.fromkeys([(name, "relieved_already") for name in names], 8) | {
        ("G10", "too_many_groups"): 10
    }


def test_bursts_that_claim_flush_and_end_at_once_never_deadlock(service: Api, database: Connection) -> None:
    ids = [make_group(database, f"G{number}") for number in range(6)]
    barrier = Barrier(6)

    def burst(number: int) -> int:
        barrier.wait(timeout=ENDS_S)
        stored = 0
        with service.alone() as own:
            for turn in range(8):
                names = [f"G{(number + place) % 6}" for place in range(6)]
                own.call("claim_tag_groups", p_claim=group_claim(number, groups=names))
                now = service_now(own, number)
                rows = [sample(group_id, now, number) for group_id in reversed(ids)]
                body = put(
                    number, *rows, sequence=turn + 1, states=[state(one, polls=1) for one in ids],
                    ended=ids if turn % 3 == 2 else [],
                )  # fmt: skip
                stored += own.call("put_tag_samples", p_put=body)["stored"]
        return stored

    def service_now(own: Api, number: int) -> int:
        told = own.call("put_tag_samples", p_put=put(number, sequence=0))["at"]
        return round(seconds(told)) + 1

    with ThreadPoolExecutor(6) as pool:
        stored = list(pool.map(burst, range(1, 7)))

    rows = database.execute("select count(*) as number from public.tag_samples").fetchone()
    assert rows == {"number": sum(stored)}
