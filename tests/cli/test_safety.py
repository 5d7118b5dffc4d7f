"""`plantpulse safety`: which incidents there are, and signing them."""

import getpass

import pytest

from tests.cli.conftest import CommandLine
from tests.functions.conftest import Floor, World


@pytest.fixture
def incidents(world: World, floor: Floor) -> None:
    """Event 1 at 08:10, event 2 at 11:40."""
    floor.downtime("PRESS-01", "Safety Issue", 12, "08:10:00", "Guard open")
    floor.downtime("PAINT-01", "safety issue", 3, "11:40:00")
    world.tick()


def ids(cli: CommandLine, *filters: str) -> list[int]:
    return [one["id"] for one in cli("safety", "list", "--json", *filters).json["safety_events"]]


@pytest.mark.usefixtures("incidents")
def test_open_events_are_listed_with_the_latest_first(cli: CommandLine) -> None:
    lines = cli("safety").out.splitlines()

    assert [line.split()[:5] for line in lines[1:]] == [
        ["2", "2026-03-11", "11:40", "north", "Paint"],
        ["1", "2026-03-11", "08:10", "north", "Press"],
    ]
    assert lines[2].endswith("Guard open")


@pytest.mark.usefixtures("incidents")
def test_filters_leave_out_what_does_not_answer_to_them(cli: CommandLine) -> None:
    cli("safety", "ack", "1")
    cli("safety", "resolve", "2", "--resolution", "Floor cleaned")

    assert ids(cli) == [1]
    assert ids(cli, "--state", "all") == [2, 1]
    assert ids(cli, "--state", "resolved") == [2]
    assert ids(cli, "--state", "unacknowledged") == []
    assert ids(cli, "--state", "all", "--since", "2026-03-11T15:00:00") == [2]
    assert ids(cli, "--state", "all", "--severity", "low") == []
    assert ids(cli, "--state", "all", "--severity", "critical", "--limit", "1") == [2]


@pytest.mark.usefixtures("incidents")
def test_a_signature_is_the_users_of_this_machine_unless_a_name_is_given(cli: CommandLine) -> None:
    plain = cli("safety", "ack", "1", "--json").json["safety_events"]
    named = cli("safety", "ack", "2", "--by", "Ada Byron", "--json").json["safety_events"]

    assert [(one["is_changed"], one["acknowledged_by_name"]) for one in plain] == [(True, getpass.getuser())]
    assert [(one["is_changed"], one["acknowledged_by_name"]) for one in named] == [(True, "Ada Byron")]


@pytest.mark.usefixtures("incidents")
@pytest.mark.parametrize("name", [" ", "Ada\nByron", "A" * 201])
def test_a_signature_is_a_name_on_one_line(cli: CommandLine, name: str) -> None:
    result = cli("safety", "ack", "1", "--by", name)

    assert (result.exit_code, result.out) == (2, "")
    assert "by: " in result.err
    assert ids(cli, "--state", "unacknowledged") == [2, 1]


@pytest.mark.parametrize("command", [("safety", "ack"), ("runs", "show")])
@pytest.mark.parametrize("number", ["0", "9223372036854775808", "one"])
def test_what_cannot_be_an_id_is_a_wrong_argument(
    bare: CommandLine, command: tuple[str, str], number: str
) -> None:
    result = bare(*command, number)

    assert (result.exit_code, result.out) == (2, "")
    assert number in result.err


@pytest.mark.usefixtures("incidents")
def test_signing_twice_says_who_was_first(cli: CommandLine) -> None:
    cli("safety", "ack", "1", "--by", "Ada")

    again = cli("safety", "ack", "1", "2", "--by", "Bob")

    assert again.exit_code == 0
    first, second = again.out.splitlines()[1:]
    assert first.split()[-4:] == ["was", "acknowledged", "before", "Ada"]
    assert second.split()[-2:] == ["acknowledged", "Bob"]


@pytest.mark.usefixtures("incidents")
def test_an_unknown_event_leaves_the_others_unsigned_and_ends_with_2(cli: CommandLine, world: World) -> None:
    result = cli("safety", "resolve", "1", "77", "--resolution", "Guard fitted")

    assert (result.exit_code, result.out) == (2, "")
    assert "there is no safety event 77; nothing was signed" in result.err
    assert world.rows("select id from public.safety_events where is_acknowledged") == []


@pytest.mark.usefixtures("incidents")
def test_a_resolution_needs_words(cli: CommandLine) -> None:
    assert cli("safety", "resolve", "1").exit_code == 2
    assert cli("safety", "resolve", "1", "--resolution", "  ").exit_code == 2
    assert cli("safety", "ack", "1", "--by", " ").exit_code == 2
    assert ids(cli, "--state", "unacknowledged") == [2, 1]
