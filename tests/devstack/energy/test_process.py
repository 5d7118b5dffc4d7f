"""The stand-in as a process of its own: it answers, and ends on Ctrl-C and with its parent."""

import signal
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from devstack.energy import TOKEN
from devstack.leash import is_running
from devstack.migrations import REPOSITORY
from tests.patience import ENDS_S

PARENT = """
import sys
from pathlib import Path
from devstack.processes import Children, Program, free_port

with Children() as children:
    port = free_port()
    program = Program(
        "energy", [sys.executable, "-m", "devstack.energy", "--port", str(port)], folder=Path.cwd()
    )
    child = children.start(program, lambda: "ready" in (children.log_folder / "energy.log").read_text())
    print(child.pid, port, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def process() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-m", "devstack.energy", "--seed", "3", "--token", "mine", "--faulty-for", "1"],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        yield running
        running.kill()


def test_it_says_where_it_is_and_stops_on_ctrl_c(process: subprocess.Popen[str]) -> None:
    assert process.stdout
    url = process.stdout.readline().split()[-1]

    refused = httpx.get(f"{url}/api", headers={"SECURITY_TOKEN": TOKEN}, trust_env=False, timeout=ENDS_S)
    heard = httpx.get(f"{url}/api", headers={"SECURITY_TOKEN": "mine"}, trust_env=False, timeout=ENDS_S)
    process.send_signal(signal.SIGINT)

    assert (refused.status_code, heard.status_code) == (401, 400)
    assert process.wait(ENDS_S) == 0


def test_it_ends_with_its_parent() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert parent.stdout
    pid, port = parent.stdout.readline().split()
    assert httpx.get(f"http://127.0.0.1:{port}/api", trust_env=False, timeout=ENDS_S).status_code == 401

    parent.send_signal(signal.SIGKILL)
    # The leash holds the other end of this pipe, so its end is the end of the cleaning up.
    parent.communicate(timeout=ENDS_S)

    assert not is_running(int(pid))
