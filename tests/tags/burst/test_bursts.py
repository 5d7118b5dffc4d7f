"""Bursts over a real project: they poll, relieve each other, hear what is asked, and end."""

from itertools import cycle

import pytest

from tests.tags.burst.conftest import Plant, slots_in


def test_a_burst_polls_its_groups_until_it_is_told_to_stop(plant: Plant) -> None:
    press, oven = plant.add_group("press"), plant.add_group("oven", types=("float32", "int64"))
    running = plant.burst()
    plant.wait_for_samples(press, 5)
    plant.wait_for_samples(oven, 5)

    ended = running.stop()

    assert ended.groups == ["press", "oven"]
    assert ended.counts["samples"] == len(plant.stored(press)) + len(plant.stored(oven))
    assert ended.counts["dropped"] == 0


def test_no_sample_is_lost_or_doubled_however_bursts_relieve_each_other(plant: Plant) -> None:
    groups = [plant.add_group(f"press {number}") for number in range(3)]
    waits = cycle((1, 5, 2, 7, 3, 1, 6, 4))
    for _ in range(10):
        plant.burst()
        for group in groups:
            plant.wait_for_samples(group, next(waits))
    plant.bursts[-1].burst.stop()

    counts = plant.counts()

    lost = sum(len(slots_in(plant.stored(group))) - len(plant.stored(group)) for group in groups)
    assert lost <= counts["missed"]  # each of them was counted: none was lost in silence
    assert all(running.wait().groups for running in plant.bursts)
    assert counts["dropped"] == 0


def test_a_burst_that_is_relieved_ends_by_itself(plant: Plant) -> None:
    press = plant.add_group()
    first = plant.burst()
    plant.wait_for_samples(press, 3)

    second = plant.burst()

    assert first.wait().groups == ["press"]
    plant.wait_for_samples(press, 3)
    second.stop()


def test_a_third_burst_is_refused_while_two_are_there(plant: Plant) -> None:
    plant.add_group()
    plant.burst(lead_s=3600)
    plant.wait_for_turns(1)
    plant.burst(lead_s=3600)
    plant.wait_for_turns(2)

    third = plant.burst().wait()

    assert (third.groups, third.refused) == ([], {"press": "relieved_already"})


def test_a_burst_ends_at_its_time_and_leaves_its_groups_to_whoever_comes(plant: Plant) -> None:
    press = plant.add_group()

    ended = plant.burst(ends_after_s=0.0).wait()
    plant.burst()
    plant.wait_for_samples(press, 3)

    assert ended.groups == ["press"]


def test_a_group_that_is_stopped_ends_within_its_burst_and_the_others_go_on(plant: Plant) -> None:
    press, oven = plant.add_group("press"), plant.add_group("oven")
    running = plant.burst()
    plant.wait_for_samples(press, 2)

    plant.rows.execute("update public.tag_groups set active = false where id = %s", (press,))
    has_ended = "select 1 from public.tag_leases where group_id = %s and ended_at is not null"
    plant.wait_for(lambda: bool(plant.rows.execute(has_ended, (press,)).fetchall()))
    before = plant.stored(press)
    plant.wait_for_samples(oven, 10)

    assert plant.stored(press) == before
    running.stop()


def test_a_group_that_is_started_joins_the_burst_that_is_there(plant: Plant) -> None:
    press, oven = plant.add_group("press"), plant.add_group("oven", active=False)
    running = plant.burst()
    plant.wait_for_samples(press, 2)
    assert plant.stored(oven) == []

    plant.rows.execute("update public.tag_groups set active = true where id = %s", (oven,))

    plant.wait_for_samples(oven, 3)
    assert running.stop().groups == ["press", "oven"]


@pytest.mark.parametrize(("others", "has_run"), [(0, True), (0, False), (1, True)])
def test_a_group_that_somebody_changes_is_claimed_anew_by_the_burst_that_is_there(
    plant: Plant, others: int, *, has_run: bool
) -> None:
    press, *ovens = [plant.add_group(name) for name in ("press", "oven")[: others + 1]]
    running = plant.burst((lambda counts: pytest.fail("the run is over")) if has_run else None)
    plant.wait_for_samples(press, 3)

    plant.change(press)

    plant.wait_for(lambda: plant.stored_as_changed(press) >= 3)
    for oven in ovens:
        plant.wait_for_samples(oven, 3)
        assert plant.floor.opened["oven"] == ["modbus://10.20.0.5"]
    assert plant.floor.opened["press"] == ["modbus://10.20.0.5", "modbus://10.20.0.99"]
    assert (running.error, running.ended) == (None, None)
    plant.rows.execute("update public.tag_groups set active = false")
    if has_run:
        return
    counts, stored = running.wait().counts, [plant.stored(group) for group in (press, *ovens)]
    assert counts["samples"] == sum(map(len, stored))  # none was read twice
    assert sum(len(slots_in(slots)) - len(slots) for slots in stored) <= counts["missed"]


@pytest.mark.parametrize(("others", "has_run"), [(0, True), (0, False), (1, False)])
def test_a_changed_group_goes_on_as_it_was_until_its_claim_is_answered(
    plant: Plant, others: int, *, has_run: bool
) -> None:
    press, *_ = [plant.add_group(name) for name in ("press", "oven")[: others + 1]]
    running = plant.burst((lambda counts: pytest.fail("the run is over")) if has_run else None)
    plant.wait_for_samples(press, 3)
    plant.claims[0].fails = True
    plant.change(press)
    plant.wait_for(lambda: plant.claims[0].failed >= 2)

    plant.wait_for_samples(press, 10)
    assert plant.stored_as_changed(press) == 0
    plant.claims[0].fails = False

    plant.wait_for(lambda: plant.stored_as_changed(press) >= 3)
    assert plant.floor.opened["press"] == ["modbus://10.20.0.5", "modbus://10.20.0.99"]
    assert (running.error, running.ended) == (None, None)
    assert max(plant.claims[0].allowed_s[1:]) <= 6


def test_a_changed_group_that_is_not_for_bursts_any_more_is_given_back(plant: Plant) -> None:
    press, oven = plant.add_group("press"), plant.add_group("oven")
    plant.burst()
    plant.wait_for_samples(press, 3)

    plant.rows.execute("update public.tag_groups set mode = 'handshake' where id = %s", (press,))

    has_ended = "select 1 from public.tag_leases where group_id = %s and ended_at is not null"
    plant.wait_for(lambda: bool(plant.rows.execute(has_ended, (press,)).fetchall()))
    plant.wait_for_samples(oven, 3)


def test_a_group_whose_claim_was_carried_out_and_not_answered_is_polled(plant: Plant) -> None:
    press, oven = plant.add_group("press"), plant.add_group("oven", active=False)
    plant.burst()
    plant.wait_for_samples(press, 2)
    plant.claims[0].fails = plant.claims[0].carries_out = True
    plant.rows.execute("update public.tag_groups set active = true where id = %s", (oven,))
    plant.wait_for(lambda: plant.claims[0].failed == 1)

    plant.claims[0].fails = False

    plant.wait_for_samples(oven, 3)


def test_what_a_changed_group_has_read_is_not_acknowledged_before_it_is_claimed_anew(plant: Plant) -> None:
    press, oven = plant.add_group("press", mode="handshake"), plant.add_group("oven")
    plant.add_tag(press, "ready", "bool", "trigger")
    plant.add_tag(press, "taken", "bool", "acknowledge")
    plant.burst()
    plant.wait_for_samples(oven, 3)
    plant.claims[0].fails = True
    plant.change(press)
    plant.wait_for(lambda: plant.claims[0].failed >= 1)

    plant.floor.bits["press"] = True
    plant.wait_for_samples(press, 1)
    plant.wait_for_samples(oven, 10)
    assert plant.floor.written["press"] == []
    plant.claims[0].fails = False

    plant.wait_for(lambda: plant.floor.written["press"] == [True])
    assert plant.stored_as_changed(press) == 1


def test_a_dead_controller_disturbs_no_other_group(plant: Plant) -> None:
    press, oven = plant.add_group("press"), plant.add_group("oven")
    plant.floor.dead.add("oven")
    running = plant.burst()
    plant.wait_for_samples(press, 5)
    plant.wait_for_samples(oven, 5)
    running.stop()

    qualities = plant.rows.execute(
        "select group_id, array_agg(distinct quality) as found from public.tag_samples group by group_id"
    ).fetchall()
    found = {row["group_id"]: row["found"] for row in qualities}
    assert (found[oven], 0 in found[press]) == ([1], True)
    state = plant.rows.execute("select * from public.tag_states where group_id = %s", (oven,)).fetchone()
    assert state is not None
    assert (state["state"], state["last_error_code"]) == ("failing", "device_unavailable")


def test_values_are_stored_as_they_were_read(plant: Plant) -> None:
    plant.add_group(types=("int16", "int32"))
    running = plant.burst()
    plant.wait_for_samples(1, 2)
    running.stop()

    rows = plant.rows.execute(
        'select "values" as narrow, wide_values as wide from public.tag_samples'
        " where quality = 0 order by slot"
    ).fetchall()
    assert all(row["narrow"][0] == row["wide"][1] for row in rows)
    numbers = [row["narrow"][0] for row in rows]
    assert len(numbers) > 0
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize("acknowledges", [True, False])
def test_a_rise_is_read_stored_and_then_acknowledged_where_the_group_says_so(
    plant: Plant, *, acknowledges: bool
) -> None:
    press = plant.add_group("press", mode="handshake")
    plant.add_tag(press, "ready", "bool", "trigger")
    if acknowledges:
        plant.add_tag(press, "taken", "bool", "acknowledge")
    oven = plant.add_group("oven")
    running = plant.burst()
    plant.wait_for_samples(oven, 3)
    assert plant.stored(press) == []

    plant.floor.bits["press"] = True
    plant.wait_for_samples(press, 1)
    plant.wait_for_samples(oven, 10)
    plant.floor.bits["press"] = False
    plant.wait_for_samples(oven, 10)
    running.stop()

    assert 1 <= len(plant.stored(press)) <= 1 + running.missed
    assert plant.floor.written["press"] == ([True] if acknowledges else [])


def test_a_bit_that_stays_high_over_a_hand_over_is_one_rise(plant: Plant) -> None:
    press, oven = plant.add_group("press", mode="handshake"), plant.add_group("oven")
    plant.add_tag(press, "ready", "bool", "trigger")
    plant.burst()
    plant.wait_for_samples(oven, 3)
    plant.floor.bits["press"] = True
    plant.wait_for_samples(press, 1)

    plant.burst()
    plant.bursts[0].wait()
    plant.wait_for_samples(oven, 10)
    plant.bursts[1].stop()

    assert 1 <= len(plant.stored(press)) <= 1 + sum(burst.missed for burst in plant.bursts)
