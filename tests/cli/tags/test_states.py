"""`plantpulse tags list`, `status`, `start`, `stop` and `history`: what is polled, and how that goes."""

import os
import signal
import subprocess
from collections.abc import Sequence

import pytest

from tests.cli.conftest import CommandLine
from tests.cli.tags.conftest import TABLE, Project, slot, state

WIDTHS = pytest.mark.parametrize("columns", [120, 80, 60])
HOSTILE = "Pr\x1b[2Je\x9bss\u202e"


@pytest.fixture
def polled(floor: CommandLine, project: Project) -> CommandLine:
    """Press is polled and Oven fails; the last two samples of Press were good."""
    groups = project.claim()
    project.begin_earlier(30)
    press, oven = groups["Press"], groups["Oven"]
    failure = {"code": "device_timed_out", "message": "the device did not answer", "at": slot(3)}
    project.flush(
        {"g": press, "s": slot(2), "v": [21.5, 1], "b": 0, "ms": 4},
        {"g": press, "s": slot(1), "v": [None, 0], "q": {"1": 3}, "b": 0, "ms": 4},
        {"g": oven, "s": slot(1), "b": 2, "ms": 400},
        states=[
            state(press, polls=1234),
            state(oven, state="failing", errors=9, error=failure, dropped=17, queue=290, queue_highest=300),
        ],
    )
    return floor


def shown(cli: CommandLine, columns: int, *arguments: str) -> str:
    """Return what is on a terminal of a width as one text."""
    out = cli.terminal(*arguments, columns=columns).out
    assert [line for line in out.splitlines() if len(line) > columns] == []
    return " ".join(out.split())


def test_before_the_first_import_the_lists_say_what_to_do(shop: CommandLine) -> None:
    listed, stated = shop("tags"), shop("tags", "status")

    assert listed.out == "north has no groups of tags yet: `plantpulse tags import`\n"
    assert "north has no groups of tags yet" in stated.out
    assert (listed.exit_code, stated.exit_code) == (0, 0)


@WIDTHS
def test_groups_are_listed_with_state_mode_interval_and_device(floor: CommandLine, columns: int) -> None:
    text = shown(floor, columns, "tags", "list")

    for word in (
        "Press",
        "active",
        "fixed",
        "1 s",
        "Oven",
        "handshake",
        "500 ms",
        "modbus://127.0.0.1:5020/2",
    ):
        assert word in text


@WIDTHS
def test_the_tags_of_a_group_have_their_newest_values(polled: CommandLine, columns: int) -> None:
    text = shown(polled, columns, "tags", "list", "Press")

    for word in ("Pressure", "bar", "Running", "off", "fixed, 1 s"):
        assert word in text
    if columns > 60:
        assert "no such address" in text


@WIDTHS
def test_status_keeps_state_counts_queue_drops_and_the_last_error(polled: CommandLine, columns: int) -> None:
    text = shown(polled, columns, "tags", "status")

    assert "2 groups: 1 failing, 1 polling" in text
    for word in ("Press", "Oven", "1,234", "290/300/300", "17", "ago"):
        assert word in text
    assert "Oven: failing for" in text
    assert "device_timed_out: the device did not answer" in text


def test_status_ends_with_1_when_a_group_fails_and_json_has_everything(polled: CommandLine) -> None:
    result = polled("tags", "status", "--json")

    oven, press = result.json["groups"]
    assert result.exit_code == 1
    assert (press["state"], press["queue_highest"], press["jitter_ms"], press["runner"]) == (
        "polling",
        7,
        1.5,
        "cloud",
    )
    assert (oven["state"], oven["dropped_count"]) == ("failing", 17)


def test_a_live_view_needs_a_terminal_and_no_json(floor: CommandLine) -> None:
    results = floor("tags", "status", "--watch"), floor("tags", "status", "--watch", "--json")

    assert [result.exit_code for result in results] == [2, 2]
    assert "a live view needs a terminal" in results[0].err


@pytest.mark.parametrize("columns", [80, 60])
def test_a_live_view_is_drawn_until_control_c(polled: CommandLine, columns: int) -> None:
    screen, terminal = os.openpty()
    process = subprocess.Popen(
        [polled.script, "tags", "status", "--watch"],
        cwd=polled.folder,
        env={"TERM": "xterm", "NO_COLOR": "1", **polled.environ, "COLUMNS": str(columns)},
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    )
    os.close(terminal)
    text = _read_until(screen, "Ctrl-C ends this view")
    process.send_signal(signal.SIGINT)
    text += _read_until(screen, "")

    os.close(screen)
    assert process.wait() == 0
    assert "2 groups: 1 failing, 1 polling" in text
    assert "Traceback" not in text


def _read_until(screen: int, words: str) -> str:
    """Return what is on the terminal up to the words, or to its end without any."""
    text = ""
    while not words or words not in text:
        try:
            part = os.read(screen, 4096)
        except OSError:  # Linux: the other end is closed
            return text
        text += part.decode()
    return text


def test_a_stop_that_nobody_has_to_hear_is_done_at_once(floor: CommandLine) -> None:
    result = floor("tags", "stop", "Press", "--by", "Ada", "--json")

    assert result.exit_code == 0
    assert result.json["command"]["requested_by_name"] == "Ada"
    assert result.json["command"]["done_at"]
    assert floor("tags", "status", "--json").json["groups"][1]["state"] == "stopped"


def test_a_stop_waits_until_the_burst_has_ended_the_group(polled: CommandLine, project: Project) -> None:
    waiting = polled("tags", "stop", "Press", "--wait", "0")
    project.flush(ended=[press_of(project)])

    assert waiting.exit_code == 75
    assert "nobody has heard it yet. It stands" in waiting.out
    [command] = project.store.execute("select heard_at, done_at from public.tag_commands").fetchall()
    assert command["done_at"] is not None


def press_of(project: Project) -> int:
    [row] = project.store.execute("select id from public.tag_groups where name = 'Press'").fetchall()
    return int(row["id"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["start", "Press"], "the group Press of north is active already"),
        (["start", "--all"], "all groups of north are active already"),
        (["stop", "Pres"], "there is no group Pres; did you mean Press?"),
        (["stop"], "name one group, or --all"),
        (["stop", "Press", "--all"], "name one group, or --all"),
        (["stop", "Press", "--by", " "], "a signature needs a name"),
    ],
)
def test_what_cannot_be_started_or_stopped_is_refused_with_the_reason(
    floor: CommandLine, arguments: Sequence[str], words: str
) -> None:
    result = floor("tags", *arguments)

    assert result.exit_code == 2
    assert words in result.err


def test_an_eleventh_group_is_refused_with_the_reason(floor: CommandLine) -> None:
    rows = [f"G{one},modbus://127.0.0.1,fixed,1000,no,T,hr:0,int16" for one in range(10)]
    head = "group,device,mode,interval_ms,is_active,tag,address,data_type"
    floor.write("more.csv", "\n".join([head, *rows]))
    floor("tags", "import", "more.csv", "--yes")

    result = floor("tags", "start", "--all")

    assert result.exit_code == 2
    assert "north would poll 12 groups and can poll 10: stop another group first" in result.err


def test_the_history_has_values_qualities_and_the_plants_time(polled: CommandLine) -> None:
    page, data = polled("tags", "history", "Pressure"), polled("tags", "history", "Pressure", "--json")

    assert page.out.splitlines()[0] == "Pressure: 2 samples"
    assert "21.5" in page.out
    assert "no such address" in page.out
    history = data.json["history"]
    assert (history["resolution"], history["values"], history["qualities"]) == ("raw", [21.5, None], [0, 3])
    assert history["unit"] == "bar"


def test_the_history_of_minutes_and_its_file(polled: CommandLine, project: Project) -> None:
    press = press_of(project)
    project.flush(*({"g": press, "s": slot(600 + n), "v": [n, 1], "b": 0, "ms": 4} for n in range(3)))

    page = polled("tags", "history", "Pressure", "--resolution", "minute")
    told = polled("tags", "history", "Pressure", "--resolution", "minute", "--csv", "out.csv")

    assert page.exit_code == 0, page.err
    lines = (polled.folder / "out.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "at,local_at,mean,low,high,count,bad,unit"
    assert lines[1].split(",")[0].endswith("Z")
    assert lines[1].split(",")[-1] == "bar"
    assert told.out == f"out.csv has {len(lines) - 1} point{'' if len(lines) == 2 else 's'} of Pressure\n"


def test_a_history_that_there_is_not_is_told(floor: CommandLine) -> None:
    unknown = floor("tags", "history", "Presure")
    reversed_ = floor("tags", "history", "Pressure", "--from", "2026-11-30", "--until", "2026-11-01")
    empty = floor("tags", "history", "Pressure")

    assert "there is no tag Presure; did you mean Pressure?" in unknown.err
    assert "until: must not be before --from" in reversed_.err
    assert empty.out == "nothing of Pressure is stored in this span\n"
    assert [one.exit_code for one in (unknown, reversed_, empty)] == [2, 2, 0]


def test_a_tag_that_several_groups_have_needs_its_group(floor: CommandLine) -> None:
    floor.write("tags.csv", TABLE.replace("Heat", "Pressure"))
    floor("tags", "import", "tags.csv", "--yes")

    refused = floor("tags", "history", "Pressure")
    named = floor("tags", "history", "Pressure", "--group", "Oven", "--json")
    unknown = floor("tags", "history", "Pressure", "--group", "Ovn")

    assert "several groups have a tag Pressure: use --group Oven or Press" in refused.err
    assert named.json["history"]["group"] == "Oven"
    assert "there is no group Ovn in north" in unknown.err


def test_names_of_the_database_do_nothing_to_the_terminal(floor: CommandLine, project: Project) -> None:
    project.store.execute("alter table public.tag_groups drop constraint tag_groups_name_check")
    try:
        project.store.execute("update public.tag_groups set name = %s where name = 'Press'", [HOSTILE])

        out = floor("tags", "list").out + floor("tags", "status").out + floor("tags", "list", HOSTILE).out
    finally:
        project.store.execute("update public.tag_groups set name = 'Press' where name = %s", [HOSTILE])
        project.store.execute(
            r"alter table public.tag_groups add constraint tag_groups_name_check check (name ~ '^\S(.*\S)?$' "
            "and name !~ '[[:cntrl:]]' and length(name) <= 80 and name is nfc normalized)"
        )

    assert "Pr\u241b[2Je\ufffdss" in out
    assert not set("\x1b\x9b\u202e") & set(out)


def test_a_plant_without_a_project_is_told_in_json(bare: CommandLine) -> None:
    bare.write("plantpulse.yaml", "plants: {north: {time_zone: UTC, tags: {}}}")

    result = bare("tags", "status", "--json")

    assert result.exit_code == 3
    assert result.json["error"]["code"] == "configuration_error"
