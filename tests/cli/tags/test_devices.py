"""`plantpulse tags check`, `trigger`, `history` and `run` beside a Modbus device."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest
from psycopg.rows import DictRow
from pymodbus.constants import ExcCodes

from tests.cli.conftest import CommandLine
from tests.cli.tags.conftest import SETTINGS, Project
from tests.tags.servers.pymodbus_server import PymodbusDevice, serving

WIDTHS = pytest.mark.parametrize("columns", [120, 80, 60])
SWAPPED = {4: 0x0000, 5: 0x41AC}
MACHINE = (
    "group,device,mode,tag,address,data_type,unit\n"
    "Press,modbus://127.0.0.1:{port},handshake,Pressure,hr:0,float32,bar\n"
    "Press,,,Running,co:0,bool,\n"
    "Press,,,Count,hr:2,uint16,\n"
)


@pytest.fixture
def device() -> Iterator[PymodbusDevice]:
    """A device with 21.5 bar, that runs and has counted to 7."""
    with serving(PymodbusDevice({0: 0x41AC, 1: 0, 2: 7, **SWAPPED}, coils={0: True})) as found:
        yield found


@pytest.fixture
def machine(shop: CommandLine, project: Project, device: PymodbusDevice) -> CommandLine:
    """The command line where the group Press is the device's."""
    shop.write("tags.csv", MACHINE.format(port=device.port))
    result = shop("tags", "import", "tags.csv", "--yes")
    assert result.exit_code == 0, result.err
    return shop


def shown(cli: CommandLine, columns: int, *arguments: str) -> str:
    """Return what is on a terminal of a width as one text."""
    out = cli.terminal(*arguments, columns=columns).out.split("\x1b[2K")[-1]
    assert [line for line in out.splitlines() if len(line) > columns] == []
    return " ".join(out.split())


@WIDTHS
def test_a_check_shows_each_tag_with_value_and_quality(machine: CommandLine, columns: int) -> None:
    text = shown(machine, columns, "tags", "check", "Press")

    for word in ("Press: modbus://127.0.0.1:", "Pressure", "21.5", "bar", "Running", "on", "Count", "good"):
        assert word in text


def test_a_check_stores_nothing_and_ends_with_0(machine: CommandLine, project: Project) -> None:
    result = machine("tags", "check", "--json")

    [group] = result.json["groups"]
    assert result.exit_code == 0
    assert [(one["tag"], one["value"], one["quality"]) for one in group["tags"]] == [
        ("Pressure", 21.5, 0),
        ("Running", True, 0),
        ("Count", 7, 0),
    ]
    assert project.store.execute("select 1 from public.tag_samples").fetchall() == []


def test_one_bad_tag_is_told_and_ends_a_check_with_1(machine: CommandLine, device: PymodbusDevice) -> None:
    device.failing[2] = ExcCodes.ILLEGAL_ADDRESS

    result = machine("tags", "check", "--json")

    [group] = result.json["groups"]
    assert (result.exit_code, group["bad"]) == (1, 1)
    assert [one["value"] for one in group["tags"]] == [21.5, True, None]


def test_a_check_warns_of_a_figure_that_another_order_makes_plausible(
    machine: CommandLine, device: PymodbusDevice
) -> None:
    machine.write("tags.csv", MACHINE.format(port=device.port).replace("hr:0", "hr:4"))
    machine("tags", "import", "tags.csv", "--yes")

    result = machine("tags", "check", "Press")

    assert "would not be with byte_order cdab instead of abcd" in " ".join(result.out.split())


def test_an_offset_hides_no_wrong_order(machine: CommandLine, device: PymodbusDevice) -> None:
    table = (
        "group,device,mode,tag,address,data_type,scale,offset\n"
        f"Press,modbus://127.0.0.1:{device.port},handshake,Cold,hr:4,float32,1,-50\n"
        "Press,,,Scaled,hr:4,float32,1000,0\n"
        "Press,,,Warm,hr:0,float32,2,-50\n"
        "Press,,,Count,hr:2,uint16,0.1,5\n"
        "Press,,,Running,co:0,bool,,\n"
    )
    machine.write("tags.csv", table)
    assert machine("tags", "import", "tags.csv", "--yes").exit_code == 0

    [group] = machine("tags", "check", "--json").json["groups"]

    assert {one["tag"]: one["likelier_order"] for one in group["tags"]} == {
        "Cold": "cdab", "Scaled": "cdab", "Warm": None, "Count": None, "Running": None,
    }  # fmt: skip
    assert {one["tag"]: one["value"] for one in group["tags"]} == {
        "Cold": -50.0, "Scaled": 2.35586e-38, "Warm": -7.0, "Count": 5.7, "Running": True,
    }  # fmt: skip
    assert {one["tag"]: one["number"] for one in group["tags"]} == {
        "Cold": 2.35586e-41, "Scaled": 2.35586e-41, "Warm": 21.5, "Count": 7, "Running": True,
    }  # fmt: skip
    text = " ".join(machine("tags", "check").out.split())
    assert "Cold: 2.35586e-41 is odd, and would not be with byte_order cdab instead of abcd" in text


def test_a_device_outside_the_networks_is_not_connected_to(
    machine: CommandLine, device: PymodbusDevice
) -> None:
    machine.write("plantpulse.yaml", SETTINGS.format(own="").replace("127.0.0.0/8", "10.0.0.0/8"))

    result = machine("tags", "check", "--json")

    [group] = result.json["groups"]
    assert (result.exit_code, group["error"]["code"]) == (1, "device_refused")
    assert device.asked == []


@WIDTHS
def test_a_trigger_shows_what_was_read_and_stores_it(
    machine: CommandLine, project: Project, columns: int
) -> None:
    text = shown(machine, columns, "tags", "trigger", "Press")

    for word in ("succeeded", "Pressure", "21.5", "bar", "on", "7", "good"):
        assert word in text
    [row] = project.store.execute("select values from public.tag_samples").fetchall()
    assert row["values"] == [21.5, 1, 7]


def test_a_trigger_says_what_failed_and_whether_to_ask_again(
    machine: CommandLine, device: PymodbusDevice
) -> None:
    unknown = machine("tags", "trigger", "Pres")
    machine.write("plantpulse.yaml", SETTINGS.format(own="").replace("127.0.0.0/8", "10.0.0.0/8"))
    refused = machine("tags", "trigger", "Press", "--json")

    assert (unknown.exit_code, refused.exit_code) == (2, 1)
    assert "plant north has no group of this name" in unknown.err
    assert (refused.json["outcome"], refused.json["error"]["code"]) == ("failed", "device_refused")


@WIDTHS
def test_the_history_of_what_a_trigger_read_is_on_every_terminal(machine: CommandLine, columns: int) -> None:
    machine("tags", "trigger", "Press")

    text = shown(machine, columns, "tags", "history", "Pressure")

    for word in ("Pressure: 1 sample ", "21.5", "bar", "good"):
        assert word in text


def test_the_edge_runner_is_refused_where_the_cloud_polls(machine: CommandLine) -> None:
    result = machine("tags", "run", "--once", "--spool", "spool")

    assert result.exit_code == 3
    assert "set `runs_on: edge` in its section `tags`" in " ".join(result.err.split())


def test_the_edge_runner_ends_at_once_if_there_is_nothing_to_poll(machine: CommandLine) -> None:
    machine.write("plantpulse.yaml", SETTINGS.format(own="runs_on: edge"))

    result = machine("tags", "run", "--once", "--spool", "spool", "--json")

    assert result.exit_code == 0, result.err
    assert (result.json["plant"], result.json["groups"]) == ("north", [])


def test_the_edge_runner_polls_until_sigterm_and_says_what_it_did(
    machine: CommandLine, project: Project, device: PymodbusDevice
) -> None:
    machine.write("plantpulse.yaml", SETTINGS.format(own="runs_on: edge"))
    machine.write("tags.csv", MACHINE.format(port=device.port).replace("handshake", "fixed"))
    machine("tags", "import", "tags.csv", "--yes")
    process = subprocess.Popen(
        [machine.script, "tags", "run", "--spool", "spool", "--json"],
        cwd=machine.folder,
        env={**os.environ, **machine.environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        eventually(lambda: len(samples(project)) >= 2, process)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate()
    finally:
        process.kill()

    assert process.returncode == 0, err
    answer = json.loads(out)
    assert (answer["groups"], answer["refused"]) == (["Press"], {})
    assert answer["counts"]["samples"] == len(samples(project))
    assert {tuple(row["values"]) for row in samples(project)} == {(21.5, 1, 7)}


def samples(project: Project) -> list[DictRow]:
    return project.store.execute("select slot, values from public.tag_samples").fetchall()


def eventually(is_so: Callable[[], bool], process: "subprocess.Popen[str]") -> None:
    """Wait until something is so, however slow this machine is; the process must not end before."""
    while not is_so():
        assert process.poll() is None, process.communicate()
        time.sleep(0.1)
