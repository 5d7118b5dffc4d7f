"""Who reads a group, from which slot on."""

from typing import Any

import pytest

from tests.database.api import Api
from tests.database.conftest import Connection
from tests.database.protocol import fence
from tests.database.tags.polled import add_tag, at, group_claim, make_group, put, sample, seconds, state

Answer = dict[str, Any]


def claim(service: Api, number: int, now: float, **changes: Any) -> Answer:
    answer: Answer = service.call("claim_tag_groups", p_claim=group_claim(number, **changes), p_now=at(now))
    return answer


def flush(service: Api, number: int, now: float, *rows: dict[str, Any], **changes: Any) -> Answer:
    answer: Answer = service.call("put_tag_samples", p_put=put(number, *rows, **changes), p_now=at(now))
    return answer


def first_slots(answer: Answer) -> dict[str, float]:
    return {group["name"]: seconds(group["first_slot"]) for group in answer["groups"]}


def reasons(answer: Answer) -> dict[str, str]:
    return {refused["name"]: refused["reason"] for refused in answer["refused"]}


def test_a_group_that_nobody_reads_is_read_from_the_next_slot_on(service: Api, database: Connection) -> None:
    make_group(database, "Press", interval_ms=1000)
    make_group(database, "Oven", interval_ms=60_000)

    answer = claim(service, 1, 0.25)

    assert first_slots(answer) == {"Press": 1, "Oven": 60}
    assert (answer["refused"], answer["at"]) == ([], "2026-11-22T12:00:00.25+00:00")


def test_the_answer_has_what_a_group_and_its_tags_are(service: Api, database: Connection) -> None:
    group_id = make_group(database, "Press", "int16", credentials="press", mode="handshake")
    add_tag(database, group_id, "Ready", "bool", role="trigger")
    add_tag(database, group_id, "Taken", "bool", role="acknowledge")
    add_tag(database, group_id, "Gone", "bool", removed_at=at(-5))
    database.execute("update public.tags set scale = 0.1, shift_by = -40, unit = '°C' where position = 1")

    [group] = claim(service, 1, 0)["groups"]

    assert group | {"updated_at": None} == {
        "id": group_id, "plant": "northfield", "name": "Press", "mode": "handshake", "interval_ms": 1000,
        "address": "modbus://10.20.0.5", "driver": "modbus", "credentials": "press", "active": True,
        "version": 6, "updated_at": None, "first_slot": "2026-11-22T12:00:00+00:00",
        "level": None, "priming": True, "read_ms": None,
        "tags": [
            {
                "name": "T1", "address": "hr:1", "data_type": "int16", "position": 1, "length": 0,
                "order": None, "scale": 0.1, "offset": -40, "unit": "°C", "role": "value",
            }
        ],
        "trigger_tag": group["trigger_tag"], "acknowledge_tag": group["acknowledge_tag"],
    }  # fmt: skip
    assert (group["trigger_tag"]["name"], group["acknowledge_tag"]["name"]) == ("Ready", "Taken")


def test_a_successor_hears_how_long_a_read_takes(service: Api, database: Connection) -> None:
    group = make_group(database, "Press")
    claim(service, 1, 0)
    flush(service, 1, 1.5, states=[{**state(group), "read_ms": 640}])

    [successor] = claim(service, 2, 2)["groups"]

    assert successor["read_ms"] == 640


def test_a_claim_of_what_is_free_relieves_nobody(service: Api, database: Connection) -> None:
    make_group(database, "Press")
    claim(service, 1, 0, groups=["Press"])
    make_group(database, "Oven")

    answer = claim(service, 2, 1, is_free_only=True)

    assert (list(first_slots(answer)), reasons(answer)) == (["Oven"], {"Press": "polled_by_another"})
    [first] = database.execute("select * from public.tag_leases where holder = %s", (fence(1),)).fetchall()
    assert first["until_slot"] is None
    assert list(first_slots(claim(service, 2, 2, is_free_only=True))) == ["Oven"]
    assert list(first_slots(claim(service, 2, 21, is_free_only=True))) == ["Press", "Oven"]


def test_who_comes_second_succeeds_and_who_comes_third_is_refused(service: Api, database: Connection) -> None:
    make_group(database)

    answers = [claim(service, number, number / 10) for number in (1, 2, 3)]

    assert [first_slots(answer) for answer in answers] == [{"Press": 1}, {"Press": 6}, {}]
    assert reasons(answers[2]) == {"Press": "relieved_already"}


def test_a_repeated_claim_answers_the_same(service: Api, database: Connection) -> None:
    make_group(database)
    first = claim(service, 1, 0.5)
    second = claim(service, 2, 1)

    assert first_slots(claim(service, 1, 3)) == first_slots(first)
    assert first_slots(claim(service, 2, 3)) == first_slots(second)


def test_a_successor_never_begins_before_its_predecessor(service: Api, database: Connection) -> None:
    make_group(database, interval_ms=3_600_000)

    assert first_slots(claim(service, 1, 1)) == {"Press": 3600}
    assert first_slots(claim(service, 2, 2)) == {"Press": 3600}
    assert flush(service, 1, 3)["stops"] == {"1": "2026-11-22T13:00:00+00:00"}


def test_the_holder_hears_where_it_stops_and_the_successor_goes_on(
    service: Api, database: Connection
) -> None:
    group_id = make_group(database)
    claim(service, 1, 0)
    assert flush(service, 1, 2, sample(group_id, 0, 1.5), sample(group_id, 1, 2.5))["stops"] == {}
    claim(service, 2, 2.5)

    heard = flush(service, 1, 4, sample(group_id, 2, 3.5))
    late = flush(service, 1, 9, sample(group_id, 7, 4.5), sample(group_id, 8, 5.5), ended=[group_id])
    went_on = flush(service, 2, 10, sample(group_id, 8, 6.5))

    assert heard["stops"] == {str(group_id): "2026-11-22T12:00:08+00:00"}
    assert (late["stored"], late["refused"], late["stops"]) == (1, [group_id], {})
    assert (went_on["stored"], went_on["refused"]) == (1, [])
    rows = database.execute(
        'select slot, "values"[1] as value from public.tag_samples order by slot'
    ).fetchall()
    assert [(seconds(row["slot"].isoformat()), row["value"]) for row in rows] == [
        (0, 1.5), (1, 2.5), (2, 3.5), (7, 4.5), (8, 6.5),
    ]  # fmt: skip


def test_a_lease_that_runs_out_frees_the_group_and_what_was_read_before_still_counts(
    service: Api, database: Connection
) -> None:
    group_id = make_group(database)
    claim(service, 1, 0)
    claim(service, 2, 1)

    assert reasons(claim(service, 3, 5)) == {"Press": "relieved_already"}
    free = claim(service, 3, 40.5)
    holder = flush(service, 1, 41, sample(group_id, 5, 1), sample(group_id, 6, 2), sample(group_id, 41, 3))
    successor = flush(
        service, 2, 41, sample(group_id, 5, 1), sample(group_id, 40, 4), sample(group_id, 41, 5)
    )

    assert first_slots(free) == {"Press": 41}
    assert (holder["stored"], holder["refused"]) == (1, [group_id])
    assert (successor["stored"], successor["refused"]) == (1, [group_id])
    assert flush(service, 3, 43, sample(group_id, 41, 6))["stored"] == 1


def test_a_holder_whose_successor_is_gone_is_relieved_where_it_stops(
    service: Api, database: Connection
) -> None:
    group_id = make_group(database)
    claim(service, 1, 0)
    flush(service, 1, 2)
    claim(service, 2, 3)
    flush(service, 2, 4, ended=[group_id])

    assert first_slots(claim(service, 3, 5)) == {"Press": 8}


def test_whoever_was_relieved_twice_and_is_not_heard_of_writes_nothing(
    service: Api, database: Connection
) -> None:
    group_id = make_group(database)
    claim(service, 1, 0)
    flush(service, 1, 2, sample(group_id, 0, 1))
    for number, begins in ((2, 60), (3, 120)):
        claim(service, number, begins)
        flush(service, number, begins + 10, sample(group_id, begins + 7, number))

    zombie = flush(service, 1, 131, sample(group_id, 1, 9), sample(group_id, 130, 9), states=[])

    assert (zombie["stored"], zombie["refused"], zombie["lost"]) == (0, [group_id], [group_id])
    assert zombie["stops"] == {}
    assert flush(service, 3, 132, sample(group_id, 130, 3))["stored"] == 1


def test_the_edge_and_the_cloud_never_read_a_group_at_once(service: Api, database: Connection) -> None:
    group_id = make_group(database)
    claim(service, 1, 0, runner="edge")

    assert reasons(claim(service, 2, 1)) == {"Press": "held_by_edge"}
    flush(service, 1, 2, ended=[group_id])
    assert first_slots(claim(service, 2, 3)) == {"Press": 3}
    assert reasons(claim(service, 1, 4, runner="edge")) == {"Press": "held_by_cloud"}


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"active": False}, "stopped_group"),
        ({"removed_at": at(-5)}, "unknown_group"),
        ({"mode": "handshake"}, "handshake_group"),
        ({"plant": "southfield"}, "unknown_group"),
    ],
)
def test_only_what_is_to_be_polled_is_claimed(
    service: Api, database: Connection, columns: dict[str, Any], reason: str
) -> None:
    make_group(database, **columns)

    assert claim(service, 1, 0) == {"at": "2026-11-22T12:00:00+00:00", "groups": [], "refused": []}
    assert reasons(claim(service, 1, 0, groups=["Press", "Nobody's"])) == {
        "Press": reason,
        "Nobody's": "unknown_group",
    }


def test_a_group_without_tags_is_refused(service: Api, database: Connection) -> None:
    make_group(database)
    database.execute("update public.tags set removed_at = now()")

    assert reasons(claim(service, 1, 0, groups=["Press"])) == {"Press": "no_tags"}


def test_an_eleventh_group_is_refused_and_a_relief_is_none(service: Api, database: Connection) -> None:
    for number in range(11):
        make_group(database, f"G{number:02}")
    make_group(database, "Other", plant="southfield")

    first = claim(service, 1, 0)
    relief = claim(service, 2, 1)
    other = claim(service, 3, 1, plant="southfield")

    assert len(first["groups"]) == len(relief["groups"]) == 10
    assert reasons(first) == reasons(relief) == {"G10": "too_many_groups"}
    assert len(other["groups"]) == 1


def test_who_has_stopped_a_group_may_claim_it_again(service: Api, database: Connection) -> None:
    group_id = make_group(database)
    claim(service, 1, 0)
    flush(service, 1, 2, sample(group_id, 0, 1), ended=[group_id])

    again = claim(service, 1, 10, groups=["Press"])
    stored = flush(service, 1, 12, sample(group_id, 5, 2), sample(group_id, 10, 3), sequence=2)

    assert first_slots(again) == {"Press": 10}
    assert (stored["stored"], stored["refused"]) == (1, [group_id])


@pytest.mark.parametrize("missing", [{"holder": None}, {"lease_s": None}, {"lease_s": 0}])
def test_a_claim_without_a_holder_or_a_lease_is_refused(service: Api, missing: dict[str, Any]) -> None:
    assert service.refusal("claim_tag_groups", p_claim=group_claim(1, **missing)) == "P0001"


def test_nothing_is_claimed_in_a_plant_without_groups(service: Api) -> None:
    answer = claim(service, 1, 0)

    assert (answer["groups"], answer["refused"]) == ([], [])
    assert fence(1) not in str(answer)
