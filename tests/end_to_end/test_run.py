"""`make run` as a newcomer meets it: what it prints, how it ends, what it leaves behind."""

import re
import signal
from dataclasses import dataclass

import pytest

from tests.end_to_end.conftest import Finished, devstack, started


@dataclass(frozen=True)
class Shown:
    """A demonstration from start to end."""

    finished: Finished
    traces: list[str]
    still_listening: list[int]

    @property
    def lines(self) -> list[str]:
        return self.finished.output.splitlines()

    def part(self, number: int) -> str:
        """The text below one of the numbered headlines."""
        parts = re.split(r"^\d  ", self.finished.output, flags=re.MULTILINE)
        return parts[number]


@pytest.fixture(scope="module")
def shown() -> Shown:
    with started(*devstack("run")) as command:
        finished = command.finish()
        return Shown(finished, command.traces(), command.listening())


def test_everything_is_as_expected_and_the_exit_code_says_so(shown: Shown) -> None:
    assert shown.finished.exit_code == 0, shown.finished.output
    assert "All as expected." in shown.finished.output


def test_each_step_of_the_start_is_shown_with_its_seconds(shown: Shown) -> None:
    steps = [line for line in shown.lines if re.fullmatch(r"  ✓ \S.* \d+\.\d s", line)]

    assert len(steps) == 6


def test_every_line_fits_into_80_columns_and_no_sentence_is_wrapped(shown: Shown) -> None:
    # What is too long for a terminal goes on in its first column.
    first_column = [line for line in shown.lines if re.match(r"\S", line)]

    assert [line for line in shown.lines if len(line) > 80] == []
    assert [
        line
        for line in first_column
        if not re.match(r"plantpulse: |\d  [A-Z]|All as expected\.|Next: make up ", line)
    ] == []


def test_the_first_tick_polls_and_shows_a_snapshot_of_every_asset(shown: Shown) -> None:
    first = shown.part(1)

    assert re.search(r"outcome +(succeeded|partial)", first)
    assert re.search(r"snapshots +written 8, updated 0, unchanged 0", first)
    for asset in ("Press 1", "Press 2", "Weld cell 1", "Weld cell 2", "Paint line"):
        assert re.search(rf"^     {asset} .* (on target|below|above) ", first, re.MULTILINE), asset
    for asset in ("Assembly line 1", "Assembly line 2", "Packaging"):
        assert re.search(rf"^     {asset} .* (on target|below|above) ", first, re.MULTILINE), asset


def test_the_first_tick_shows_the_safety_incident_and_what_was_rejected(shown: Shown) -> None:
    first = shown.part(1)

    # Where the last column is wrapped depends on the longest name among today's incidents.
    assert re.search(r"Weld cell 2 +Safety Issue +critical +Sleeve\s+caught\s+in\s+the\s+clamp", first)
    assert re.search(r"output +the asset name is missing", first)
    assert re.search(r"output +a count, share or duration is", first)


def test_the_same_tick_again_is_a_duplicate_and_changes_nothing(shown: Shown) -> None:
    second = shown.part(2)

    assert "duplicate of run 1" in second
    for what in ("rows in Supabase", "connections to SQL Server"):
        counts = re.search(rf"{what} +([\d,]+) +([\d,]+)", second)
        assert counts
        assert counts[1] == counts[2] != "0"


def test_the_next_tick_shows_what_changed_and_the_incident_that_was_typed_in_late(shown: Shown) -> None:
    third = shown.part(3)

    assert re.search(r"snapshots +written 8, updated \d+, unchanged \d+", third)
    assert re.search(r"safety +recorded [1-9]", third)
    assert re.search(r"Press 1 +safety issue +critical +Emergency stop pulled", third)


def test_only_members_see_the_plant_and_only_managers_the_rejected_rows(shown: Shown) -> None:
    fourth = shown.part(4)

    assert re.search(r"stranger +- +- +- +-$", fourth, re.MULTILINE)
    assert re.search(r"viewer +9 +16 +[1-9]\d* +-$", fourth, re.MULTILINE)
    assert re.search(r"manager +9 +16 +[1-9]\d* +[1-9]\d*$", fourth, re.MULTILINE)


def test_the_morning_report_shows_a_day_of_every_asset_and_puts_the_dearest_into_words(shown: Shown) -> None:
    fifth = shown.part(5)

    for asset in ("Press 1", "Press 2", "Weld cell 1", "Weld cell 2", "Paint line", "Packaging"):
        assert re.search(rf"^     {asset} +[\d,]+ +[\d,]+ .*[\d,]+$", fifth, re.MULTILINE), asset
    words = " ".join(fifth.split())
    assert re.search(
        r"\w made [\d,]+ of [\d,.]+ planned units on \w+day, .* at a cost of \$[\d,]+\.\d\d[.;]", words
    )


def test_the_incident_arrives_as_a_mail_and_what_can_wait_in_mails_of_health(shown: Shown) -> None:
    sixth = shown.part(6)

    at_once, _, later = sixth.partition("Health, which is called every minute")
    assert re.search(r"│ To: shift-leader@northfield\.example +│", at_once)
    # Alone it is the subject; beside another incident of that poll it is a line of the list.
    assert re.search(r"│ (- )?Safety incident at Press 1: safety issue[,:] northfield, since", at_once)
    # In the plant's breaks nobody reports the unknown asset; the day before always has something.
    assert re.search(r"│ To: shift-leader@northfield\.example +│", later)
    assert "ncident" not in later.partition("All as expected")[0]


def test_energy_is_collected_and_a_gap_is_found_and_filled(shown: Shown) -> None:
    seventh = shown.part(7)

    assert re.search(r"Series +From \(plant time\) +Until +State", seventh)
    assert re.search(r"DE/load +[\d,]+\.\d\d +MW +\d\d-\d\dT\d\d:\d\d", seventh)
    assert re.search(r"and \d+ more", seventh)
    assert re.search(r"DE/load +\w+ \d\d:00 +\w+ \d\d:00 +filled", seventh)


def test_a_burst_of_machine_tags_relieves_another_without_a_sample_missed_or_doubled(shown: Shown) -> None:
    eighth = shown.part(8)

    assert re.search(r"Weight: 2[345]\d\.\d g", eighth)
    for group in ("Filler", "Moulder", "Oven", "Packer", "Press 1"):
        (samples, missed, twice, newest) = re.findall(rf"{group} +(\d+) +(\d+) +(\d+) +(\w+)", eighth)[0]
        assert int(samples) >= 5
        assert (missed, twice, newest) == ("0", "0", "good")


def test_a_log_gets_plain_text_of_at_most_80_columns(shown: Shown) -> None:
    assert "\x1b" not in shown.finished.output
    assert "\r" not in shown.finished.output
    assert max(len(line) for line in shown.lines) <= 80


def test_it_leaves_no_process_no_listener_and_no_file(shown: Shown) -> None:
    assert re.search(r"POST http://127\.0\.0\.1:\d+/", shown.finished.output)
    assert shown.still_listening == []
    assert shown.traces == []


@pytest.mark.parametrize(
    ("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "SIGTERM"]
)
@pytest.mark.parametrize("moment", ["plantpulse", "✓ Supabase", "Snapshots"])
def test_stopping_it_in_the_middle_leaves_nothing(
    moment: str, number: signal.Signals, exit_code: int
) -> None:
    with started(*devstack("run")) as command:
        command.read_until(moment)

        command.send(number)
        finished = command.finish()

        assert finished.exit_code == exit_code
        assert "Stopped" in finished.output.splitlines()[-1]
        assert "Traceback" not in finished.output
        assert command.traces() == []
        assert command.listening() == []


def test_killing_it_leaves_nothing_either() -> None:
    with started(*devstack("run")) as command:
        command.read_until("1  The scheduler calls")

        command.send(signal.SIGKILL)
        finished = command.finish()  # its output ends with the last process that holds it, the leash

        assert finished.exit_code == -signal.SIGKILL
        assert command.traces() == []
        assert command.listening() == []
