"""What the edge runner kept on its disk from before its turn: it began while Supabase was away."""

from typing import Any

from tests.database.api import Api
from tests.database.conftest import Connection
from tests.database.tags.polled import at, group_claim, make_group, put, sample, seconds

Answer = dict[str, Any]
KEPT = 'select slot::text, "values"[1] as value from public.tag_samples order by slot'


def claim(service: Api, number: int, now: float, runner: str = "edge") -> None:
    body = group_claim(number, runner=runner)
    assert service.call("claim_tag_groups", p_claim=body, p_now=at(now))["refused"] == []


def flush(service: Api, number: int, now: float, *rows: dict[str, Any], **changes: Any) -> Answer:
    answer: Answer = service.call("put_tag_samples", p_put=put(number, *rows, **changes), p_now=at(now))
    return answer


def made(database: Connection) -> int:
    return make_group(database, created_at=at(-3600))


def kept(database: Connection) -> list[tuple[float, float]]:
    return [(seconds(row["slot"] + ":00"), row["value"]) for row in database.execute(KEPT)]


def test_a_holder_at_the_edge_brings_slots_of_before_its_turn(service: Api, database: Connection) -> None:
    group_id = made(database)
    claim(service, 1, 10)

    answer = flush(service, 1, 12, *(sample(group_id, slot, slot) for slot in (-300, 8, 10)))

    assert (answer["stored"], answer["refused"], answer["later"]) == (3, [], [])
    assert kept(database) == [(-300, -300), (8, 8), (10, 10)]


def test_a_holder_in_the_cloud_does_not(service: Api, database: Connection) -> None:
    group_id = made(database)
    claim(service, 1, 10, "cloud")

    answer = flush(service, 1, 12, sample(group_id, 8, 1))

    assert (answer["stored"], answer["refused"]) == (0, [group_id])
    assert kept(database) == []


def test_nobody_else_at_the_edge_does(service: Api, database: Connection) -> None:
    group_id = made(database)
    claim(service, 1, 10)

    answer = flush(service, 2, 12, sample(group_id, 8, 1))

    assert (answer["stored"], answer["refused"], answer["lost"]) == (0, [group_id], [group_id])


def test_what_is_stored_stays_as_it_is(service: Api, database: Connection) -> None:
    group_id = made(database)
    claim(service, 1, 0)
    flush(service, 1, 2, sample(group_id, 1, 1.5))
    claim(service, 2, 60)

    answer = flush(service, 2, 62, sample(group_id, 1, 99), sample(group_id, 40, 4))

    assert (answer["stored"], answer["repeated"], answer["refused"]) == (1, 1, [])
    assert kept(database) == [(1, 1.5), (40, 4)]


def test_a_slot_waits_while_its_holder_may_still_bring_it(service: Api, database: Connection) -> None:
    group_id = made(database)
    claim(service, 1, 0)
    flush(service, 1, 2, sample(group_id, 1, 1))
    claim(service, 2, 4)  # its turn begins at 9

    early = flush(service, 2, 10, sample(group_id, 3, 33), sample(group_id, -5, 55), sample(group_id, 9, 9))
    flush(service, 1, 11, sample(group_id, 3, 3), sequence=2, ended=[group_id])
    again = flush(service, 2, 12, sample(group_id, 3, 33), sample(group_id, 4, 44), sequence=2)

    assert (early["stored"], early["later"]) == (2, [[group_id, "2026-11-22T12:00:03+00:00"]])
    assert (again["stored"], again["repeated"], again["later"]) == (1, 1, [])
    assert kept(database) == [(-5, 55), (1, 1), (3, 3), (4, 44), (9, 9)]


def test_a_slot_of_a_holder_that_is_not_heard_of_any_more_is_taken(
    service: Api, database: Connection
) -> None:
    group_id = made(database)
    claim(service, 1, 0)
    claim(service, 2, 30)  # the lease of 20 s has run out

    answer = flush(service, 2, 32, sample(group_id, 25, 25))

    assert (answer["stored"], answer["later"]) == (1, [])


def test_a_slot_of_before_the_group_was_made_comes_of_a_wrong_clock(
    service: Api, database: Connection
) -> None:
    group_id = made(database)
    claim(service, 1, 0)

    answer = flush(service, 1, 2, sample(group_id, -3601, 1), sample(group_id, -3600, 2))

    assert (answer["stored"], answer["refused"]) == (1, [group_id])
    assert kept(database) == [(-3600, 2)]


def test_a_slot_of_a_successor_is_not_earlier(service: Api, database: Connection) -> None:
    group_id = made(database)
    claim(service, 1, 0)
    flush(service, 1, 2)
    claim(service, 2, 4)

    answer = flush(service, 1, 10, sample(group_id, 9, 1), sequence=2)

    assert (answer["stored"], answer["refused"]) == (0, [group_id])


def test_the_minutes_of_earlier_slots_are_worked_out_anew(service: Api, database: Connection) -> None:
    group_id = made(database)
    claim(service, 1, 0)
    flush(service, 1, 2, sample(group_id, 1, 10))
    claim(service, 2, 120)
    flush(service, 2, 135, sample(group_id, 121, 0))

    flush(service, 2, 137, sample(group_id, 30, 20), sample(group_id, 70, 5), sequence=2)

    minutes = database.execute(
        'select minute::text, "rows", means[1] as mean from public.tag_minutes order by minute'
    ).fetchall()
    assert [(seconds(row["minute"] + ":00"), row["rows"], row["mean"]) for row in minutes] == [
        (0, 2, 15),
        (60, 1, 5),
    ]
