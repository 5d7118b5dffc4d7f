"""What a burst stores, says and hears in one call."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.database.api import Api
from tests.database.conftest import Connection
from tests.database.protocol import SLOT, completion, fence
from tests.database.tags.polled import at, burst_claim, group_claim, make_group, put, sample, seconds, state

Answer = dict[str, Any]
One = Callable[..., dict[str, Any]]


def claim(service: Api, number: int, now: float, **changes: Any) -> Answer:
    answer: Answer = service.call("claim_tag_groups", p_claim=group_claim(number, **changes), p_now=at(now))
    return answer


def flush(service: Api, number: int, now: float, *rows: dict[str, Any], **changes: Any) -> Answer:
    answer: Answer = service.call("put_tag_samples", p_put=put(number, *rows, **changes), p_now=at(now))
    return answer


def test_a_sample_is_stored_as_it_was_read(service: Api, database: Connection, one: One) -> None:
    group_id = make_group(database, "Press", "float32", "uint32", "string", "int64", "bool")
    claim(service, 1, 0)
    row = sample(
        group_id, 1, 12.3, None, None, None, 1,
        w=[None, 4294967295, None, 9007199254740993, None],
        t={"3": "Çelik 鋼", "4": "9007199254740993"}, q={"5": 7}, ms=12,
    )  # fmt: skip

    answer = flush(service, 1, 2, row, sample(group_id, 2, b=2, v=None, ms=99_999))

    assert (answer["stored"], answer["repeated"], answer["refused"], answer["later"]) == (2, 0, [], [])
    good = one("select s.*, s.slot::text from public.tag_samples as s where quality = 0")
    bad = one("select * from public.tag_samples where quality = 2")
    assert good == {
        "group_id": group_id, "read_ms": 12, "quality": 0, "slot": "2026-11-22 12:00:01+00",
        "values": [12.3, None, None, None, 1],
        "wide_values": [None, 4294967295, None, 9007199254740992, None],
        "texts": {"3": "Çelik 鋼", "4": "9007199254740993"}, "qualities": {"5": 7},
    }  # fmt: skip
    assert (bad["values"], bad["read_ms"], bad["texts"]) == (None, 32767, None)


def test_a_repeated_call_stores_and_counts_nothing_twice(
    service: Api, database: Connection, one: One
) -> None:
    group_id = make_group(database)
    claim(service, 1, 0)
    error = {"code": "device_timed_out", "message": "too slow", "at": at(1)}
    told = state(group_id, polls=3, errors=2, dropped=4, error=error)
    rows = [sample(group_id, slot, slot) for slot in (0, 1, 2)]

    first = flush(service, 1, 2, *rows, states=[told], sequence=7)
    again = flush(service, 1, 3, *rows, states=[told], sequence=7)
    overtaken = flush(service, 1, 3, *rows, states=[told], sequence=6)
    kept = one("select success_count, error_count, dropped_count from public.tag_states")
    further = flush(service, 1, 4, states=[told], sequence=8)

    assert [one["stored"] for one in (first, again, overtaken, further)] == [3, 0, 0, 0]
    assert [one["repeated"] for one in (first, again, overtaken, further)] == [0, 3, 3, 0]
    assert kept == {"success_count": 3, "error_count": 2, "dropped_count": 4}
    assert one("select success_count, error_count, dropped_count from public.tag_states") == {
        "success_count": 6, "error_count": 4, "dropped_count": 8,
    }  # fmt: skip


def test_what_a_holder_says_is_kept_and_what_its_predecessor_says_late_is_only_counted(
    service: Api, database: Connection, one: One
) -> None:
    group_id = make_group(database)
    error = {"code": "device_unavailable", "message": "no answer <b>", "at": at(2)}
    claim(service, 1, 0)
    flush(service, 1, 3, sample(group_id, 1, 1.5), states=[state(group_id, polls=1, queue=9)])
    failing = state(group_id, state="failing", errors=1, error=error, queue=9)
    flush(service, 1, 4, sample(group_id, 2, b=1), states=[failing], sequence=2)
    claim(service, 2, 4)
    flush(service, 2, 11, sample(group_id, 9, 1.5), states=[state(group_id, polls=1)])

    late = state(group_id, state="failing", errors=1, queue=5, error=error)
    flush(service, 1, 12, states=[late], sequence=3, ended=[group_id])

    kept = one("select * from public.tag_states")
    told = {name: kept[name] for name in ("state", "queue_length", "success_count", "error_count", "runner")}
    assert told == {
        "state": "polling", "queue_length": 0, "success_count": 2, "error_count": 2, "runner": "cloud",
    }  # fmt: skip
    assert (kept["last_error_code"], kept["last_error"]) == ("device_unavailable", "no answer <b>")
    assert kept["failing_since"] is None
    assert [seconds(kept[name].isoformat()) for name in ("last_poll_at", "last_good_at", "flushed_at")] == [
        12, 9, 11,
    ]  # fmt: skip


def test_a_group_that_fails_says_since_when(service: Api, database: Connection, one: One) -> None:
    group_id = make_group(database)
    claim(service, 1, 0)
    for number, slot in enumerate((1, 2), start=1):
        error = {"code": "device_unavailable", "message": "no answer", "at": at(slot)}
        failing = state(group_id, state="failing", errors=1, error=error)
        flush(service, 1, slot + 1, sample(group_id, slot, b=1), states=[failing], sequence=number)

    assert seconds(one("select failing_since from public.tag_states")["failing_since"].isoformat()) == 1
    flush(service, 1, 4, sample(group_id, 3, 1), states=[state(group_id, polls=1)], sequence=3)
    assert one("select failing_since from public.tag_states")["failing_since"] is None


def test_the_last_call_of_a_run_ends_it_together_with_its_samples(
    service: Api, database: Connection, one: One, count: Callable[[str], int]
) -> None:
    group_id = make_group(database)
    service.call("claim_run", p_claim=burst_claim(1, slot=SLOT), p_now=at(0))
    claim(service, 1, 0)
    last = {"ended": [group_id], "completion": completion()}

    first = flush(service, 1, 2, sample(group_id, 1, 1), **last)
    again = flush(service, 1, 3, sample(group_id, 1, 1), **last)

    assert (first["run"]["answer"], again["run"]["answer"]) == ("committed", "repeated")
    assert first["run"]["report"]["status"] == "succeeded"
    assert one("select status from public.pipeline_runs") == {"status": "succeeded"}
    assert one("select ended_at is not null as is_over from public.tag_leases") == {"is_over": True}
    assert count("tag_samples") == 1


def test_a_run_that_cannot_be_ended_stores_nothing(
    service: Api, database: Connection, count: Callable[[str], int]
) -> None:
    group_id = make_group(database)
    claim(service, 1, 0)

    body = put(1, sample(group_id, 1, 1), ended=[group_id], completion=completion())
    assert service.refusal("put_tag_samples", p_put=body, p_now=at(2)) == "P0001"

    assert count("tag_samples") == 0


def test_a_holder_hears_that_a_group_is_stopped_and_one_that_nobody_reads(
    service: Api, database: Connection
) -> None:
    ids = [make_group(database, name) for name in ("Press", "Oven", "Saw")]
    make_group(database, "On call", mode="handshake")
    make_group(database, "Elsewhere", plant="southfield")
    claim(service, 1, 0, groups=["Press", "Oven"])
    database.execute("update public.tag_groups set active = false where name = 'Press'")

    answer = flush(service, 1, 2)

    assert (answer["inactive"], answer["unclaimed"]) == ([ids[0]], [ids[2]])
    assert flush(service, 1, 3, most=2)["unclaimed"] == []
    assert flush(service, 2, 3)["unclaimed"] == []


def test_a_holder_hears_that_somebody_has_changed_a_group_until_it_claims_that_anew(
    service: Api, database: Connection
) -> None:
    press, oven = make_group(database, "Press"), make_group(database, "Oven")
    versions = {group["id"]: group["version"] for group in claim(service, 1, 0)["groups"]}
    told = [state(group, version=versions[group]) for group in (press, oven)]

    assert flush(service, 1, 2, states=told)["changed"] == []
    database.execute("update public.tags set address = 'hr:9' where group_id = %s", (press,))
    assert flush(service, 1, 4, states=told, sequence=2)["changed"] == [press]
    # One that says nothing of versions, and one that has no turn, hear nothing.
    assert flush(service, 1, 4, states=[state(press)], sequence=3)["changed"] == []
    assert flush(service, 2, 4, states=told)["changed"] == []
    ended = flush(service, 1, 5, states=told, ended=[press], sequence=4)
    assert (ended["changed"], ended["unclaimed"]) == ([], [press])

    anew = next(group for group in claim(service, 1, 6)["groups"] if group["id"] == press)

    assert (anew["version"], anew["tags"][0]["address"]) == (versions[press] + 1, "hr:9")
    told[0]["version"] = anew["version"]
    assert flush(service, 1, 7, states=told, sequence=5)["changed"] == []


@pytest.mark.parametrize(
    ("change", "is_raised"),
    [
        ("update public.tag_groups set address = 'modbus://10.20.0.99'", True),
        ("update public.tag_groups set interval_ms = 500", True),
        ("update public.tag_groups set mode = 'handshake'", True),
        ("update public.tag_groups set credentials = 'press'", True),
        ("update public.tag_groups set active = false", False),
        ("update public.tag_groups set address = address", False),
        ("update public.tags set removed_at = now() where name = 'T1'", True),
        (
            "insert into public.tags (group_id, name, address, data_type) values (1, 'T9', 'hr:9', 'int16')",
            True,
        ),
        ("delete from public.tags where name = 'T1'", True),
        ("update public.tags set scale = 2 where name = 'T9'", False),
    ],
)
def test_the_version_of_a_group_rises_with_each_change_of_what_is_read(
    database: Connection, change: str, *, is_raised: bool
) -> None:
    group_id = make_group(database, "Press", "int16", "int16")
    version = "select version from public.tag_groups where id = %s"
    before = database.execute(version, (group_id,)).fetchone()

    database.execute(change.replace("(1,", f"({group_id},").encode())

    after = database.execute(version, (group_id,)).fetchone()
    assert before is not None
    assert after is not None
    assert after["version"] - before["version"] == int(is_raised)


def test_a_stranger_to_a_group_is_told_that_it_is_lost(service: Api, database: Connection) -> None:
    group_id = make_group(database)

    answer = flush(service, 1, 2, sample(group_id, 1, 1), states=[state(group_id, polls=1)])

    assert (answer["stored"], answer["refused"], answer["lost"]) == (0, [group_id], [group_id])
    assert database.execute("select from public.tag_states where success_count > 0").fetchall() == []


def test_a_slot_of_the_future_is_refused(service: Api, database: Connection) -> None:
    group_id = make_group(database)
    claim(service, 1, 0)

    assert flush(service, 1, 2, sample(group_id, 30, 1))["stored"] == 1
    assert flush(service, 1, 2, sample(group_id, 7200, 1))["refused"] == [group_id]


def dropped(database: Connection) -> int:
    (row,) = database.execute(
        "select sum(dropped_count)::integer as number from public.tag_states"
    ).fetchall()
    number: int = row["number"]
    return number


def relieved_twice(service: Api, database: Connection) -> int:
    """Make a group whose first holder is not heard of between 2 and 120, when the third one reads it."""
    group_id = make_group(database)
    claim(service, 1, 0)
    flush(service, 1, 2, sample(group_id, 0, 1))
    for number, begins in ((2, 60), (3, 120)):
        claim(service, number, begins)
        flush(service, number, begins + 10, sample(group_id, begins + 7, number))
    return group_id


def test_samples_that_come_when_their_turn_is_lost_are_counted(service: Api, database: Connection) -> None:
    group_id = relieved_twice(service, database)

    # 1 and 70 are nobody's any more, 67 is stored, and 130 is the third holder's.
    rows = [sample(group_id, slot, 9) for slot in (1, 70, 67, 130)]
    answer = flush(service, 1, 131, *rows, is_final=True)

    assert (answer["stored"], answer["refused"], answer["dropped"]) == (0, [group_id], {str(group_id): 2})
    assert dropped(database) == 2
    (row,) = database.execute("select dropped_at from public.tag_states").fetchall()
    assert row["dropped_at"].isoformat() == at(131)


def test_samples_that_somebody_else_may_still_bring_are_not_counted(
    service: Api, database: Connection
) -> None:
    group_id = relieved_twice(service, database)

    answer = flush(service, 1, 131, sample(group_id, 1, 9))

    assert answer["dropped"] == {str(group_id): 1}
    assert dropped(database) == 0


def test_the_slots_of_a_successor_are_no_loss(service: Api, database: Connection) -> None:
    group_id = make_group(database)
    claim(service, 1, 0)
    flush(service, 1, 2)
    claim(service, 2, 4)

    answer = flush(service, 1, 11, sample(group_id, 9, 1), sample(group_id, 10, 1), sequence=2, is_final=True)

    assert (answer["refused"], answer["dropped"], dropped(database)) == ([group_id], {}, 0)


def test_samples_of_a_call_that_is_repeated_are_counted_once(service: Api, database: Connection) -> None:
    group_id = make_group(database)
    claim(service, 1, 0)

    for _ in range(2):
        answer = flush(service, 1, 2, sample(group_id, 7200, 1), is_final=True)

    assert (answer["dropped"], dropped(database)) == ({str(group_id): 1}, 1)


def test_samples_of_a_holder_without_a_turn_are_counted_once(service: Api, database: Connection) -> None:
    group_id = relieved_twice(service, database)

    for _ in range(3):
        answer = flush(service, 1, 131, sample(group_id, 1, 9), sequence=7, is_final=True)

    assert (answer["dropped"], dropped(database)) == ({str(group_id): 1}, 1)


def test_samples_from_a_disk_are_counted_once(service: Api, database: Connection) -> None:
    group_id = relieved_twice(service, database)

    for number in (1, 1, 2):
        rows = [sample(group_id, slot, 9) for slot in range(2, 2 + 2 * number, 2)]
        flush(service, 1, 131, *rows, sequence=None, is_final=True)

    assert dropped(database) == 2


def test_what_was_counted_is_forgotten_after_a_week(
    service: Api, database: Connection, count: Callable[[str], int]
) -> None:
    group_id, week_s = relieved_twice(service, database), 7 * 86_400

    for now, slot in ((131, 1), (132, 2), (131.5 + week_s, 3)):
        flush(service, 1, now, sample(group_id, slot, 9), is_final=True)

    assert (count("tag_lost_slots"), dropped(database)) == (2, 3)


def test_samples_of_a_group_that_is_gone_are_refused_and_harm_no_other(
    service: Api, database: Connection
) -> None:
    group_id = make_group(database)
    claim(service, 1, 0)

    answer = flush(service, 1, 2, sample(group_id, 1, 1), sample(99_999, 1, 1), is_final=True)

    assert (answer["stored"], answer["dropped"]) == (1, {"99999": 1})
    assert dropped(database) == 0


def rise(service: Api, database: Connection, **told: Any) -> int:
    """Make a group with a trigger whose successor begins at 8; its predecessor says this at 6."""
    group_id = make_group(database, "Press", "float32", mode="handshake")
    database.execute(
        "insert into public.tags (group_id, name, address, data_type, role)"
        " values (%s, 'Ready', 'co:1', 'bool', 'trigger')",
        (group_id,),
    )
    [group] = claim(service, 1, 0)["groups"]
    assert (group["level"], group["priming"]) == (None, True)
    flush(service, 1, 2, states=[state(group_id, level=False, level_slot=at(1))])
    [group] = claim(service, 2, 3)["groups"]
    assert (group["level"], group["priming"]) == (False, False)
    flush(service, 1, 6, states=[state(group_id, **told)], sequence=2)
    return group_id


def test_a_rise_in_the_first_slot_is_stored_if_the_bit_was_low_before(
    service: Api, database: Connection
) -> None:
    group_id = rise(service, database, level=False, level_slot=at(7))

    answer = flush(service, 2, 9, sample(group_id, 8, 1, doubtful=True))

    assert (answer["stored"], answer["later"]) == (1, [])


def test_a_bit_that_was_set_before_is_no_rise(service: Api, database: Connection) -> None:
    group_id = rise(service, database, level=True, level_slot=at(7))

    answer = flush(service, 2, 9, sample(group_id, 8, 1, doubtful=True))

    assert (answer["stored"], answer["repeated"], answer["later"]) == (0, 1, [])


def test_a_rise_waits_for_what_the_predecessor_saw_last(service: Api, database: Connection) -> None:
    group_id = rise(service, database, level=False, level_slot=at(5))
    doubtful = sample(group_id, 8, 1, doubtful=True)

    waiting = flush(service, 2, 9, doubtful)
    seen = state(group_id, level=True, level_slot=at(7))
    flush(service, 1, 10, states=[seen], sequence=3, ended=[group_id])
    known = flush(service, 2, 11, doubtful, sequence=2)

    assert (waiting["stored"], waiting["later"]) == (0, [[group_id, "2026-11-22T12:00:08+00:00"]])
    assert (known["stored"], known["later"]) == (0, [])


def test_a_rise_counts_when_nothing_more_is_heard_of_the_predecessor(
    service: Api, database: Connection
) -> None:
    group_id = rise(service, database, level=False, level_slot=at(5))

    answer = flush(service, 2, 27, sample(group_id, 8, 1, doubtful=True))

    assert (answer["stored"], answer["later"]) == (1, [])


def test_a_predecessor_that_went_on_does_not_speak_for_its_successors_slots(
    service: Api, database: Connection
) -> None:
    group_id = rise(service, database, level=True, level_slot=at(9))

    answer = flush(service, 2, 27, sample(group_id, 8, 1, doubtful=True))

    assert answer["stored"] == 1


def test_a_burst_is_alone_with_its_groups_if_nobody_had_them_before(
    service: Api, database: Connection
) -> None:
    group_id = make_group(database)
    claim(service, 1, 0)
    claim(service, 2, 3)

    assert flush(service, 1, 4)["alone"] == [group_id]


def test_a_successor_is_not_alone_before_its_predecessor_has_ended(
    service: Api, database: Connection
) -> None:
    group_id = make_group(database)
    claim(service, 1, 0)
    flush(service, 1, 2)
    claim(service, 2, 3)
    flush(service, 1, 8)

    assert flush(service, 2, 9)["alone"] == []  # its turn has begun, and the other may still write
    flush(service, 1, 10, ended=[group_id], sequence=2)
    assert flush(service, 2, 11, sequence=2)["alone"] == [group_id]


def test_a_successor_is_alone_when_nothing_more_is_heard_of_its_predecessor(
    service: Api, database: Connection
) -> None:
    group_id = make_group(database)
    claim(service, 1, 0)
    flush(service, 1, 2)
    claim(service, 2, 3)

    assert flush(service, 2, 21)["alone"] == []
    assert flush(service, 2, 23, sequence=2)["alone"] == [group_id]


def test_the_answer_names_nobodys_token(service: Api, database: Connection) -> None:
    make_group(database)
    claim(service, 1, 0)
    claim(service, 2, 1)

    assert fence(2) not in str(flush(service, 1, 2))
