"""`plantpulse safety`: which incidents there are, and signing them."""

import getpass
from dataclasses import dataclass

import pytest

from tests.cli.conftest import CommandLine
from tests.functions.conftest import Floor, World


@dataclass(frozen=True)
class Incidents:
    """The numbers of two events, one at 08:10 and one at 11:40; which is the lower one, nothing says."""

    early: int
    late: int


@pytest.fixture
def incidents(world: World, floor: Floor) -> Incidents:
    floor.downtime("PRESS-01", "Safety Issue", 12, "08:10:00", "Guard open")
    floor.downtime("PAINT-01", "safety issue", 3, "11:40:00")
    world.tick()
    events = world.rows("select id from public.safety_events order by event_timestamp")
    return Incidents(*(event["id"] for event in events))


def ids(cli: CommandLine, *filters: str) -> list[int]:
    return [one["id"] for one in cli("safety", "list", "--json", *filters).json["safety_events"]]


def test_open_events_are_listed_with_the_latest_first(cli: CommandLine, incidents: Incidents) -> None:
    lines = cli("safety").out.splitlines()

    assert [line.split()[:5] for line in lines[1:]] == [
        [str(incidents.late), "2026-03-11", "11:40", "north", "Paint"],
        [str(incidents.early), "2026-03-11", "08:10", "north", "Press"],
    ]
    assert lines[2].endswith("Guard open")


def test_filters_leave_out_what_does_not_answer_to_them(cli: CommandLine, incidents: Incidents) -> None:
    cli("safety", "ack", str(incidents.early))
    cli("safety", "resolve", str(incidents.late), "--resolution", "Floor cleaned")

    assert ids(cli) == [incidents.early]
    assert ids(cli, "--state", "all") == [incidents.late, incidents.early]
    assert ids(cli, "--state", "resolved") == [incidents.late]
    assert ids(cli, "--state", "unacknowledged") == []
    assert ids(cli, "--state", "all", "--since", "2026-03-11T15:00:00") == [incidents.late]
    assert ids(cli, "--state", "all", "--severity", "low") == []
    assert ids(cli, "--state", "all", "--severity", "critical", "--limit", "1") == [incidents.late]


def test_a_signature_is_the_users_of_this_machine_unless_a_name_is_given(
    cli: CommandLine, incidents: Incidents
) -> None:
    plain = cli("safety", "ack", str(incidents.early), "--json").json["safety_events"]
    named = cli("safety", "ack", str(incidents.late), "--by", "Ada Byron", "--json").json["safety_events"]

    assert [(one["is_changed"], one["acknowledged_by_name"]) for one in plain] == [(True, getpass.getuser())]
    assert [(one["is_changed"], one["acknowledged_by_name"]) for one in named] == [(True, "Ada Byron")]


@pytest.mark.parametrize("name", [" ", "Ada\nByron", "A" * 201])
def test_a_signature_is_a_name_on_one_line(cli: CommandLine, incidents: Incidents, name: str) -> None:
    result = cli("safety", "ack", str(incidents.early), "--by", name)

    assert (result.exit_code, result.out) == (2, "")
    assert "by: " in result.err
    assert ids(cli, "--state", "unacknowledged") == [incidents.late, incidents.early]


@pytest.mark.parametrize("command", [("safety", "ack"), ("runs", "show")])
@pytest.mark.parametrize("number", ["0", "9223372036854775808", "one"])
def test_what_cannot_be_an_id_is_a_wrong_argument(
    bare: CommandLine, command: tuple[str, str], number: str
) -> None:
    result = bare(*command, number)

    assert (result.exit_code, result.out) == (2, "")
    assert number in result.err


def test_signing_twice_says_who_was_first(cli: CommandLine, incidents: Incidents) -> None:
    cli("safety", "ack", str(incidents.early), "--by", "Ada")

    again = cli("safety", "ack", str(incidents.early), str(incidents.late), "--by", "Bob")

    assert again.exit_code == 0
    told = {int(line.split()[0]): line.split() for line in again.out.splitlines()[1:]}
    assert told[incidents.early][-4:] == ["was", "acknowledged", "before", "Ada"]
    assert told[incidents.late][-2:] == ["acknowledged", "Bob"]


def test_an_unknown_event_leaves_the_others_unsigned_and_ends_with_2(
    cli: CommandLine, incidents: Incidents, world: World
) -> None:
    result = cli("safety", "resolve", str(incidents.early), "77", "--resolution", "Guard fitted")

    assert (result.exit_code, result.out) == (2, "")
    assert "there is no safety event 77; nothing was signed" in result.err
    assert world.rows("select id from public.safety_events where is_acknowledged") == []


def test_a_resolution_needs_words(cli: CommandLine, incidents: Incidents) -> None:
    assert cli("safety", "resolve", str(incidents.early)).exit_code == 2
    assert cli("safety", "resolve", str(incidents.early), "--resolution", "  ").exit_code == 2
    assert cli("safety", "ack", str(incidents.early), "--by", " ").exit_code == 2
    assert ids(cli, "--state", "unacknowledged") == [incidents.late, incidents.early]
