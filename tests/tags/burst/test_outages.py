"""What becomes of samples when a burst is killed, or Supabase is away; the network between them is real."""

import math
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from devstack.fault_proxy import FaultProxy, Loss
from plantpulse import database
from plantpulse.runs import utc_now
from plantpulse.settings import Secret, SupabaseSettings
from plantpulse.settings.tags import TagsSettings
from plantpulse.tags.edge import Edge
from tests.tags.burst.conftest import WAIT_S, Claims, Plant, slots_in

ROOT = Path(__file__).parents[3]


@contextmanager
def in_a_process(plant: Plant) -> Iterator[subprocess.Popen[bytes]]:
    """Run a burst in a process of its own; it is killed at the end if it still runs."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.tags.burst.doomed_burst", plant.access.url],
        env=os.environ | {"SUPABASE_SECRET_KEY": plant.access.secret_key},
        cwd=ROOT,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def network(plant: Plant) -> Iterator[FaultProxy]:
    """The network between a burst and Supabase."""
    with FaultProxy("127.0.0.1", int(plant.access.url.rpartition(":")[2])) as proxy:
        yield proxy


def through(network: FaultProxy) -> str:
    return f"http://127.0.0.1:{network.port}"


@contextmanager
def edge_runner(
    plant: Plant, network: FaultProxy, folder: Path, fast: timedelta = timedelta(0)
) -> Iterator[threading.Thread]:
    """Run the edge runner in a thread, until the context ends; its computer's clock is fast by so much."""
    settings = SupabaseSettings(url=through(network), secret_key=Secret(plant.access.secret_key))
    with database.connect(settings, seconds_left=lambda: WAIT_S) as store:
        plant.claims.append(Claims(store))
        edge = Edge("north", plant.claims[-1], plant.floor, TagsSettings(), folder, 1 << 24)
        edge.wall = lambda: utc_now() + fast
        thread = threading.Thread(target=edge.run)
        thread.start()
        try:
            yield thread
        finally:
            edge.stop()
            thread.join(WAIT_S)


def attempts(network: FaultProxy) -> int:
    return network.requests(b"/rpc/put_tag_samples")


def test_a_burst_that_is_killed_is_relieved_by_the_next_delivery(plant: Plant) -> None:
    press = plant.add_group()
    with in_a_process(plant) as process:
        plant.wait_for_samples(press, 3)
        process.kill()
    before = plant.stored(press)

    running = plant.burst()
    plant.wait_for_samples(press, 3)
    running.stop()

    assert plant.stored(press)[: len(before)] == before


def test_a_burst_that_is_told_to_end_stores_what_it_read_and_frees_its_groups(plant: Plant) -> None:
    press = plant.add_group()
    with in_a_process(plant) as process:
        plant.wait_for_samples(press, 3)
        process.send_signal(signal.SIGTERM)
        assert process.wait(WAIT_S) == 0

    stored = plant.stored(press)
    (lease,) = plant.rows.execute("select ended_at from public.tag_leases").fetchall()
    assert lease["ended_at"] is not None
    assert len(stored) >= 3


@pytest.mark.parametrize("is_silent", [False, True])
def test_a_supabase_that_was_away_gets_every_sample_afterwards(
    plant: Plant, network: FaultProxy, *, is_silent: bool
) -> None:
    press = plant.add_group()
    running = plant.burst(url=through(network))
    plant.wait_for_samples(press, 3)

    network.be_silent() if is_silent else network.refuse()
    before = next(plant.floor.numbers["press"])
    plant.wait_for(lambda: next(plant.floor.numbers["press"]) > before + 200)
    network.heal()
    plant.wait_for_samples(press, 20)
    counts = running.stop().counts

    stored = plant.stored(press)
    assert len(slots_in(stored)) - len(stored) <= counts["missed"]
    assert counts["dropped"] == 0


def test_a_reply_that_was_lost_stores_and_counts_nothing_twice(plant: Plant, network: FaultProxy) -> None:
    press = plant.add_group()
    running = plant.burst(url=through(network))
    plant.wait_for_samples(press, 3)

    network.lose_replies(b"/rpc/put_tag_samples", times=3, loss=Loss.DROPPED)
    plant.wait_for_samples(press, 10)
    ended = running.stop()

    stored = plant.stored(press)
    state = plant.rows.execute("select * from public.tag_states").fetchone()
    assert state is not None
    assert ended.counts["samples"] == len(stored)
    assert (state["success_count"], state["error_count"]) == (
        ended.counts["good"],
        ended.counts["bad"] + ended.counts["missed"],
    )


def test_what_a_long_outage_costs_is_counted_and_told(plant: Plant, network: FaultProxy) -> None:
    press = plant.add_group()
    running = plant.burst(url=through(network), settings=TagsSettings(buffer_s=1))
    plant.wait_for_samples(press, 3)

    network.refuse()
    before = next(plant.floor.numbers["press"])
    plant.wait_for(lambda: next(plant.floor.numbers["press"]) > before + 200)
    network.heal()
    plant.wait_for_samples(press, 5)
    counts = running.stop().counts

    stored = plant.stored(press)
    state = plant.rows.execute("select * from public.tag_states").fetchone()
    assert state is not None
    assert counts["dropped"] > 0
    assert state["dropped_count"] == counts["dropped"]
    assert len(slots_in(stored)) - len(stored) <= counts["dropped"] + counts["missed"]


def test_a_burst_goes_on_past_its_end_while_samples_wait(plant: Plant, network: FaultProxy) -> None:
    press = plant.add_group()
    running = plant.burst(url=through(network))
    plant.wait_for_samples(press, 3)
    network.refuse()
    plant.wait_for(lambda: running.burst._exchange.is_away)
    running.burst.waits_until_s, running.burst.ends_after_s = math.inf, 0.0
    until = utc_now() + timedelta(seconds=6)
    plant.wait_for(lambda: utc_now() > until)

    network.heal()
    counts = running.wait().counts

    stored = plant.stored(press)
    assert stored[-1] > until - timedelta(seconds=3)
    assert len(slots_in(stored)) - len(stored) <= counts["missed"]
    assert counts["dropped"] == 0


def test_a_burst_that_has_no_more_time_to_wait_ends(plant: Plant, network: FaultProxy) -> None:
    press = plant.add_group()
    running = plant.burst(url=through(network))
    plant.wait_for_samples(press, 3)
    network.refuse()
    plant.wait_for(lambda: running.burst._exchange.is_away)
    running.burst.waits_until_s = running.burst.ends_after_s = 0.0
    plant.wait_for(lambda: running.burst._exchange.gives_up_s is not None)

    network.heal()

    assert running.wait().counts["dropped"] == 0


def test_a_burst_without_supabase_at_its_end_says_what_is_lost_and_ends(
    plant: Plant, network: FaultProxy, capsys: pytest.CaptureFixture[str]
) -> None:
    press = plant.add_group()
    running = plant.burst(url=through(network))
    plant.wait_for_samples(press, 3)

    network.refuse()
    running.burst.stop()
    running.thread.join(WAIT_S)

    assert running.error is not None
    assert "samples are lost" in capsys.readouterr().out


def test_an_edge_runner_that_begins_while_supabase_is_away_gets_every_sample_stored(
    plant: Plant, network: FaultProxy, tmp_path: Path
) -> None:
    press = plant.add_group()
    with edge_runner(plant, network, tmp_path):
        plant.wait_for_samples(press, 3)
    before = plant.stored(press)
    network.refuse()

    with edge_runner(plant, network, tmp_path) as thread:
        number = next(plant.floor.numbers["press"])
        plant.wait_for(lambda: next(plant.floor.numbers["press"]) > number + 200)
        network.heal()
        plant.wait_for(lambda: len(plant.stored(press)) > len(before) and not list(tmp_path.glob("*/*.rows")))
        assert thread.is_alive()

    stored = plant.stored(press)
    assert stored[: len(before)] == before
    (first_of_turn,) = plant.rows.execute(
        "select max(first_slot) as first_slot from public.tag_leases"
    ).fetchall()
    earlier = [slot for slot in stored[len(before) :] if slot < first_of_turn["first_slot"]]
    state = plant.rows.execute("select * from public.tag_states").fetchone()
    assert state is not None
    assert len(earlier) >= 20
    assert state["dropped_count"] == 0
    assert state["success_count"] == len(stored)


@pytest.mark.parametrize("fast", [timedelta(minutes=10), timedelta(days=-20_000)])
def test_an_edge_runner_that_begins_in_an_outage_with_a_wrong_clock_loses_nothing(
    plant: Plant, network: FaultProxy, tmp_path: Path, fast: timedelta
) -> None:
    press = plant.add_group()
    with edge_runner(plant, network, tmp_path):
        plant.wait_for_samples(press, 3)
    begun, read = plant.stored(press), next(plant.floor.numbers["press"])
    network.refuse()

    with edge_runner(plant, network, tmp_path, fast):
        plant.wait_for(lambda: next(plant.floor.numbers["press"]) > read + 100)
        network.heal()
        plant.wait_for_turns(3)
        plant.wait_for(lambda: not list(tmp_path.glob("*/*.rows")))
        plant.wait_for_samples(press, 3)

    stored = plant.stored(press)
    state = plant.rows.execute("select * from public.tag_states").fetchone()
    assert state is not None
    assert begun[-1] < stored[len(begun)]
    assert stored[-1] < utc_now() + timedelta(seconds=1)
    assert (state["dropped_count"], state["success_count"]) == (0, len(stored))


def test_of_two_edge_runners_the_relieved_one_waits_until_the_other_has_gone(
    plant: Plant,
    network: FaultProxy,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("plantpulse.tags.edge.AGAIN_S", 0.2)
    press = plant.add_group()
    with edge_runner(plant, network, tmp_path / "first"):
        plant.wait_for_samples(press, 3)
        with edge_runner(plant, network, tmp_path / "second"):
            plant.wait_for(lambda: len(plant.claims[0].allowed_s) > 5)
            assert len(plant.claims[1].allowed_s) == 1
            read = len(plant.stored(press))
        plant.wait_for(lambda: len(plant.stored(press)) > read + 3)

    said = [line for line in capsys.readouterr().out.splitlines() if "this runner waits" in line]
    assert len(said) == 1


def test_an_edge_runner_goes_on_with_a_changed_group_while_it_cannot_be_claimed_anew(
    plant: Plant, network: FaultProxy, tmp_path: Path
) -> None:
    press = plant.add_group()
    with edge_runner(plant, network, tmp_path) as thread:
        plant.wait_for_samples(press, 3)
        plant.claims[0].fails = True
        plant.change(press)
        plant.wait_for(lambda: plant.claims[0].failed > 0)
        network.refuse()
        asked, number = plant.claims[0].failed, next(plant.floor.numbers["press"])

        plant.wait_for(lambda: next(plant.floor.numbers["press"]) > number + 200)
        assert plant.claims[0].failed <= asked + 1
        plant.claims[0].fails = False
        network.heal()

        plant.wait_for(lambda: plant.stored_as_changed(press) >= 3)
        plant.wait_for(lambda: not list(tmp_path.glob("*/*.rows")))
        assert thread.is_alive()

    state = plant.rows.execute("select * from public.tag_states").fetchone()
    stored = plant.stored(press)
    assert state is not None
    assert (state["dropped_count"], state["success_count"]) == (0, len(stored))
    assert len(slots_in(stored)) - len(stored) <= state["error_count"]
