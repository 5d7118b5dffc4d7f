"""The benchmark runs and prints its ratios; how large they are is not a test's business."""

import re
import sys

import pytest

from tests.end_to_end.conftest import Finished, started


@pytest.fixture(scope="module")
def quick() -> Finished:
    with started(sys.executable, "-m", "bench", "--quick") as command:
        finished = command.finish()
        assert command.traces() == []
        return finished


@pytest.fixture(scope="module")
def quick_health() -> Finished:
    with started(sys.executable, "-m", "bench", "health", "--quick") as command:
        finished = command.finish()
        assert command.traces() == []
        return finished


def lines_below(finished: Finished, headline: str) -> list[str]:
    """Return the table's lines below a headline, without its own head."""
    _, _, rest = finished.output.partition(f"### {headline}")
    table = rest.partition("###")[0]
    return [line for line in table.splitlines() if line.startswith("|")][2:]


def test_it_ends_well(quick: Finished) -> None:
    assert quick.exit_code == 0, quick.output


@pytest.mark.parametrize(
    ("headline", "lines"),
    [("Cold start", 5), ("A poll in a warm process", 2), ("A poll in a new process", 2)],
)
def test_ratios_to_the_floor_are_printed(quick: Finished, headline: str, lines: int) -> None:
    found = lines_below(quick, headline)

    assert len(found) == lines
    assert re.search(r" \d+\.\d\d \(\d+\.\d\d\) ", found[-1])


def test_memory_is_told_for_each_size(quick: Finished) -> None:
    assert len(lines_below(quick, "Peak memory")) == 2


def test_a_poll_makes_two_requests_to_supabase_and_a_third_for_an_incident(quick: Finished) -> None:
    requests = [line.split("|")[2].strip() for line in lines_below(quick, "Calls of a poll")]

    assert requests == ["2", "3", "2", "3"]


@pytest.fixture(scope="module")
def quick_cleanup() -> Finished:
    with started(sys.executable, "-m", "bench", "cleanup", "--quick") as command:
        finished = command.finish()
        assert command.traces() == []
        return finished


def test_the_removal_of_old_snapshots_is_measured_alone_and_beside_polls(quick_cleanup: Finished) -> None:
    assert quick_cleanup.exit_code == 0, quick_cleanup.output
    removals = lines_below(quick_cleanup, "Cleanup: removing snapshots")
    assert [line.split("|")[2].strip() for line in removals] == ["30,000", "20,000"]
    polls = lines_below(quick_cleanup, "Cleanup: a poll without it and beside it")
    assert [line.split("|")[1].split()[0] for line in polls] == ["claims", "commits", "polls"]
    assert re.search(r" \d+\.\d\d \(\d+\.\d\d\) ", polls[-1])


def test_health_is_set_beside_a_call_that_does_nothing(quick_health: Finished) -> None:
    found = lines_below(quick_health, "Health with 2,000 runs stored")

    assert quick_health.exit_code == 0, quick_health.output
    plants = [line.split("|")[1].strip() for line in found]
    assert plants == ["100, every 15 min", "1,000, every 15 min", "10, every 1 min"]
    assert all(len(re.findall(r" \d+\.\d\d \(\d+\.\d\d\) ", line)) == 2 for line in found)
    assert len(lines_below(quick_health, "Processor time of `plantpulse status`")) == 3


def test_commits_with_alerts_and_sweeps_are_measured() -> None:
    with started(sys.executable, "-m", "bench", "alerts", "--quick") as command:
        finished = command.finish()
        assert command.traces() == []

    assert finished.exit_code == 0, finished.output
    commits = lines_below(finished, "Alerts: a commit of 20 assets")
    assert [line.split("|")[1].split()[0] for line in commits] == ["without", "evaluated,", "20"]
    assert len(lines_below(finished, "Alerts: a sweep of 100 due")) == 1


def test_a_soak_of_bursts_loses_no_slot_and_prints_what_the_process_holds() -> None:
    with started(sys.executable, "-m", "bench", "tags_soak", "--quick") as command:
        finished = command.finish()
        assert command.traces() == []

    assert finished.exit_code == 0, finished.output
    looks = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in lines_below(finished, "Tags: 4 hand-overs")
    ]
    assert [look[0] for look in looks] == ["2", "4"]
    assert [look[5] for look in looks] == ["0", "0"]
    assert [look[8] for look in looks] == ["0", "0"]  # a busy machine misses slots, and counts them
    assert all(int(look[6].replace(",", "")) > 0 for look in looks)


def test_minutes_of_bursts_beside_a_silent_controller_double_no_read_and_print_how_even_they_were() -> None:
    with started(sys.executable, "-m", "bench", "tags_minutes", "--quick") as command:
        finished = command.finish()
        assert command.traces() == []

    assert finished.exit_code == 0, finished.output
    [line] = lines_below(finished, "Tags: 1 groups x 5 tags x 1 s for 8 s, beside a silent controller")
    cells = [cell.strip() for cell in line.split("|")[1:-1]]
    assert cells[0] == "1"
    assert re.fullmatch(r"\d+ of \d+ \(\d+\.\d\d %\)", cells[2])
    assert cells[7] == "0"


def test_a_read_on_request_is_measured_for_each_protocol_warm_and_cold() -> None:
    with started(sys.executable, "-m", "bench", "tags_trigger", "--quick") as command:
        finished = command.finish()
        assert command.traces() == []

    assert finished.exit_code == 0, finished.output
    lines = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in lines_below(finished, "Tags: a read on request")
    ]
    assert [line[:2] for line in lines] == [
        ["Modbus TCP", "4"],
        ["OPC UA", "7"],
        ["S7", "4"],
        ["SLMP", "4"],
        ["EtherNet/IP", "4"],
    ]
    assert all(re.fullmatch(r"[\d,]+ \([\d,]+\)", line[2]) for line in lines)


def test_what_machine_tags_take_to_store_is_measured_with_wide_ones_and_without() -> None:
    with started(sys.executable, "-m", "bench", "tags_store", "--quick") as command:
        finished = command.finish()
        assert command.traces() == []

    assert finished.exit_code == 0, finished.output
    lines = [
        [cell.strip() for cell in line.split("|")] for line in lines_below(finished, "Tags: 20 values/s")
    ]
    assert [line[1] for line in lines] == ["all of 32 bits", "a tenth of 64 bits"]
    assert all(float(line[6]) > 4 for line in lines)


def test_a_board_is_set_beside_its_rows() -> None:
    with started(sys.executable, "-m", "bench", "board", "--quick") as command:
        finished = command.finish()

    assert finished.exit_code == 0, finished.output
    found = lines_below(finished, "Board: 20 machines")
    assert [line.split("|")[1].strip() for line in found][2:] == [
        "the newest row of each machine",
        "`board`",
        "`board_day`",
        "`board_asset`",
        "`board_plants`",
        "`board_alerts`",
        "`board_safety`",
    ]


def test_a_day_of_many_plants_prints_what_each_call_takes_and_what_is_stored() -> None:
    with started(sys.executable, "-m", "bench", "scale", "--quick") as command:
        finished = command.finish()
        assert command.traces() == []

    assert finished.exit_code == 0, finished.output
    headline = "Scale: calls of 6 plants of 100 assets, processor time of each call, ms"
    calls = [line.split("|")[1].strip() for line in lines_below(finished, headline)]
    assert calls == [
        "polls of slots 1 to 1",
        "polls of slots 2 to 2",
        "morning reports",
        "rows removed by one clean-up",
    ]
    stored = dict(
        [cell.strip() for cell in line.split("|")[1:3]]
        for line in lines_below(finished, "Scale: stored after 2 slots and a report")
    )
    assert stored["live_snapshots"] == "1,200"
