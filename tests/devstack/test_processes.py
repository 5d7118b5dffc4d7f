"""What the local stack starts is ready when it says so, and gone when its parent is."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import psycopg
import pytest

from devstack.leash import is_running
from devstack.migrations import REPOSITORY
from devstack.postgres import Postgres
from devstack.processes import Children, Program, StartFailed
from tests.patience import ENDS_S

# Prints what it started, then waits to be killed.
PARENT = """
import sys
from pathlib import Path
from devstack.postgres import Postgres
from devstack.processes import Children

with Children(Path(sys.argv[1])) as children:
    postgres = Postgres(children)
    print(postgres.pid, postgres.url("template1"), postgres.data_folder, flush=True)
    sys.stdin.read()
"""


def python(name: str, code: str) -> Program:
    return Program(name, [sys.executable, "-I", "-S", "-c", code])


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_parent_that_is_killed_leaves_no_process_and_no_folder(tmp_path: Path, how: signal.Signals) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path)],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert parent.stdout
    pid, url, data_folder = parent.stdout.readline().split()
    assert is_running(int(pid))
    assert Path(data_folder).exists()

    parent.send_signal(how)
    # The leash holds the other end of this pipe, so its end is the end of the cleaning up.
    parent.communicate(timeout=ENDS_S)

    assert not is_running(int(pid))
    assert not Path(data_folder).parent.exists()
    with pytest.raises(psycopg.OperationalError, match="refused"):
        psycopg.connect(url)


def test_leaving_the_context_ends_every_process_and_deletes_the_folders(tmp_path: Path) -> None:
    with Children(tmp_path) as children:
        children.start(python("one", "import signal; signal.pause()"), lambda: True)
        children.start(python("two", "import signal; signal.pause()"), lambda: True)
        folder = children.make_folder()
        pids = children.pids
        assert [is_running(pid) for pid in pids] == [True, True]

    assert [is_running(pid) for pid in pids] == [False, False]
    assert not folder.exists()


def test_a_process_that_ignores_the_polite_signal_is_killed(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    code = (
        "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        f"open({str(ready)!r}, 'w').close(); signal.pause()"
    )
    with Children(tmp_path) as children:
        child = children.start(python("stubborn", code), ready.exists)

        child.stop(grace_s=0.2)

        assert not is_running(child.pid)


def test_a_process_that_ends_at_once_is_reported_with_its_last_words(tmp_path: Path) -> None:
    with Children(tmp_path) as children:
        with pytest.raises(StartFailed, match=r"(?s)early ended with code 3.*no such table"):
            children.start(python("early", "print('no such table'); raise SystemExit(3)"), lambda: False)

        assert children.pids == []


def test_a_process_that_never_becomes_ready_is_ended(tmp_path: Path) -> None:
    with Children(tmp_path) as children:
        with pytest.raises(StartFailed, match="silent was not ready"):
            children.start(python("silent", "import signal; signal.pause()"), lambda: False, deadline_s=0.2)

        assert children.pids == []


@pytest.mark.skipif(os.geteuid() != 0, reason="Postgres runs as another account for root alone")
def test_postgres_starts_although_its_account_may_not_enter_tmpdir(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    monkeypatch.setattr(tempfile, "tempdir", str(private))

    with Children(tmp_path) as children:
        postgres = Postgres(children)

        assert not postgres.data_folder.is_relative_to(private)
        psycopg.connect(postgres.url("template1")).close()
    assert not postgres.data_folder.parent.exists()


def test_ctrl_c_while_a_process_is_started_leaves_none_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[subprocess.Popen[bytes]] = []
    popen = subprocess.Popen

    def interrupted(*arguments: Any, **options: Any) -> subprocess.Popen[bytes]:
        started.append(popen(*arguments, **options))
        signal.raise_signal(signal.SIGINT)
        return started[-1]

    with Children(tmp_path) as children:
        monkeypatch.setattr(subprocess, "Popen", interrupted)
        with pytest.raises(KeyboardInterrupt):
            children.start(python("slow", "import time; time.sleep(600)"), lambda: True)

    assert [is_running(one.pid) for one in started] == [False]
