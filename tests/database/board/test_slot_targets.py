"""What a snapshot says of its slot alone: target, downtime, shift and stops. Old code knows none of it."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.database.api import Api
from tests.database.protocol import CLAIMED_AT, NEXT_SLOT, SLOT, claim, commit, fence, snapshot

One = Callable[..., dict[str, Any]]

SHIFT = {"name": "early", "starts_at": "2026-11-22T05:00:00+00:00", "ends_at": "2026-11-22T13:00:00+00:00"}
NIGHT = {"name": "night", "starts_at": "2026-11-21T21:00:00+00:00", "ends_at": "2026-11-22T05:00:00+00:00"}
STOP = {"reason": "Jam", "since": "2026-11-22T05:50:00+00:00", "until": None}
STOPPED = {"minutes": 10, "stopped_since": "2026-11-22T05:50:00+00:00", "stops": [STOP]}
COLUMNS = (
    "slot_target::float, slot_downtime_minutes::float, shift_name, shift_starts_at, shift_ends_at,"
    " shift_target::float, stopped_since, stops"
)
NOTHING = dict.fromkeys(
    (
        "slot_target",
        "slot_downtime_minutes",
        "shift_name",
        "shift_starts_at",
        "shift_ends_at",
        "shift_target",
        "stopped_since",
        "stops",
    )
)


@pytest.fixture
def press(assets: dict[str, int]) -> int:
    return assets["PRESS-01"]


@pytest.fixture
def send(service: Api) -> Callable[..., dict[str, Any]]:
    """Commit a snapshot of SLOT in a run of its own."""
    numbers = iter(range(1, 60))

    def commit_slot(row: dict[str, Any], **slot: Any) -> dict[str, Any]:
        number = next(numbers)
        service.call(
            "claim_run", p_claim=claim(number, slot=f"2026-11-22T06:{number:02}:00Z"), p_now=CLAIMED_AT
        )
        body = commit(row)
        body["slots"][0] |= slot
        answer: dict[str, Any] = service.call("commit_live_pulse", p_fence=fence(number), p_commit=body)
        assert answer["answer"] == "committed"
        return answer

    return commit_slot


def slot_of(one: One) -> dict[str, Any]:
    row = one(f"select {COLUMNS} from public.live_snapshots where snapshot_timestamp = %s", SLOT)
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in row.items()}


WHOLE = {
    "slot_target": 26.5,
    "slot_downtime_minutes": 10,
    "shift_name": "early",
    "shift_starts_at": "2026-11-22T05:00:00+00:00",
    "shift_ends_at": "2026-11-22T13:00:00+00:00",
    "shift_target": 848,
    "stopped_since": "2026-11-22T05:50:00+00:00",
    "stops": [STOP],
}


def told(press: int, **changes: Any) -> dict[str, Any]:
    return snapshot(press, **{"slot_target": 26.5, "shift": 0, "shift_target": 848, **changes})


def write_whole(send: Callable[..., dict[str, Any]], press: int) -> None:
    send(told(press), shifts=[SHIFT], stops={str(press): STOPPED})


def test_a_commit_writes_what_a_slot_says_alone(send: Callable[..., Any], press: int, one: One) -> None:
    write_whole(send, press)

    assert slot_of(one) == WHOLE


def test_the_same_comes_in_lists_of_columns(
    send: Callable[..., Any], assets: dict[str, int], one: One
) -> None:
    press, oven = assets["PRESS-01"], assets["OVEN-02"]
    rows = [told(oven, shift=None, slot_target=0, shift_target=None), told(press, shift=1)]
    columns = {name: [row[name] for row in rows] for name in rows[0]}

    send(rows[0], snapshots=columns, shifts=[NIGHT, SHIFT], stops={str(press): STOPPED})

    found = one(f"select {COLUMNS} from public.live_snapshots where asset_id = %s", oven)
    assert found == {**NOTHING, "slot_target": 0, "slot_downtime_minutes": 0}
    found = one(f"select {COLUMNS} from public.live_snapshots where asset_id = %s", press)
    assert (found["shift_name"], found["stops"], found["slot_downtime_minutes"]) == ("early", [STOP], 10)


def test_what_old_code_sends_says_nothing_of_it(send: Callable[..., Any], press: int, one: One) -> None:
    send(snapshot(press))

    assert slot_of(one) == NOTHING


def test_what_old_code_writes_again_stays_as_newer_code_wrote_it(
    send: Callable[..., Any], press: int, one: One
) -> None:
    write_whole(send, press)

    answer = send(snapshot(press, output_actual=55))

    assert answer["snapshots"] == {"written": 0, "updated": 1, "unchanged": 0}
    assert slot_of(one) == WHOLE


def test_what_newer_code_writes_again_is_completed(send: Callable[..., Any], press: int, one: One) -> None:
    send(snapshot(press))

    write_whole(send, press)

    assert slot_of(one) == WHOLE


def test_an_equal_slot_is_left_alone(send: Callable[..., Any], press: int, one: One) -> None:
    write_whole(send, press)
    before = one("select xmin::text from public.live_snapshots")

    answer = send(told(press), shifts=[SHIFT], stops={str(press): STOPPED})

    assert answer["snapshots"] == {"written": 0, "updated": 0, "unchanged": 1}
    assert one("select xmin::text from public.live_snapshots") == before


@pytest.mark.parametrize(
    ("row", "slot", "changed"),
    [
        ({"slot_target": 27}, {}, {"slot_target": 27}),
        ({"shift_target": 900}, {}, {"shift_target": 900}),
        (
            {"shift": None, "shift_target": None, "slot_target": 0},
            {},
            {
                "slot_target": 0,
                "shift_name": None,
                "shift_starts_at": None,
                "shift_ends_at": None,
                "shift_target": None,
            },
        ),
        ({}, {"stops": {}}, {"slot_downtime_minutes": 0, "stopped_since": None, "stops": None}),
    ],
)
def test_what_changed_takes_the_place_of_what_was(
    send: Callable[..., Any], press: int, one: One, row: dict[str, Any], slot: Any, changed: dict[str, Any]
) -> None:
    write_whole(send, press)

    answer = send(told(press, **row), **{"shifts": [SHIFT], "stops": {str(press): STOPPED}, **slot})

    assert answer["snapshots"]["updated"] == 1
    assert slot_of(one) == {**WHOLE, **changed}


def test_a_reason_that_is_typed_in_later_arrives(send: Callable[..., Any], press: int, one: One) -> None:
    write_whole(send, press)
    named = {**STOPPED, "stops": [{**STOP, "reason": "Tip dressing"}]}

    send(told(press), shifts=[SHIFT], stops={str(press): named})

    assert slot_of(one)["stops"] == [{**STOP, "reason": "Tip dressing"}]


def test_stops_that_could_not_be_read_leave_those_that_were(
    send: Callable[..., Any], press: int, one: One
) -> None:
    write_whole(send, press)

    send(told(press, downtime_minutes=None, slot_target=27), shifts=[SHIFT])

    assert slot_of(one) == {**WHOLE, "slot_target": 27}


def test_a_poll_off_the_grid_has_a_shift_and_nothing_to_add_up(
    send: Callable[..., Any], press: int, one: One
) -> None:
    send(told(press, slot_target=None, slot_output=None), shifts=[SHIFT], stops={str(press): STOPPED})

    assert slot_of(one) == {**WHOLE, "slot_target": None, "slot_downtime_minutes": None}


def test_a_slot_that_belongs_to_no_shift_of_the_list_has_none(
    send: Callable[..., Any], press: int, one: One
) -> None:
    send(told(press, shift=7), shifts=[SHIFT])

    assert slot_of(one)["shift_name"] is None


@pytest.mark.parametrize(
    ("row", "shifts"),
    [
        ({"slot_target": -1}, [SHIFT]),
        ({"shift_target": -1}, [SHIFT]),
        ({}, [{**SHIFT, "ends_at": SHIFT["starts_at"]}]),
        ({}, [{"name": "early"}]),
    ],
)
def test_what_cannot_be_is_refused(
    service: Api, press: int, row: dict[str, Any], shifts: list[dict[str, Any]]
) -> None:
    service.call("claim_run", p_claim=claim(1, slot=NEXT_SLOT), p_now=CLAIMED_AT)
    body = commit(told(press, **row))
    body["slots"][0]["shifts"] = shifts

    assert service.refusal("commit_live_pulse", p_fence=fence(1), p_commit=body) == "23514"
