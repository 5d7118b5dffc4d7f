"""The demonstration's commands as processes that a test can read from, stop, and search the machine for."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest

from devstack.migrations import REPOSITORY
from devstack.processes import Account
from devstack.remains import listener, still_listening
from tests.patience import ENDS_S


@dataclass(frozen=True)
class Finished:
    """What a command printed on stdout and stderr, and how it ended."""

    output: str
    exit_code: int


@dataclass(frozen=True)
class Surroundings:
    """Where a command is run, and as whom."""

    folder: Path = REPOSITORY
    account: Account | None = None
    umask: int = -1


class Command:
    """A running command whose temporary files, and so its processes, carry a mark of their own."""

    def __init__(self, arguments: Sequence[str], scratch: Path, surroundings: "Surroundings") -> None:
        self._scratch = scratch
        account = surroundings.account
        self._popen = subprocess.Popen(
            arguments,
            cwd=surroundings.folder,
            env={**os.environ, "TMPDIR": str(scratch)} | ({"HOME": str(scratch)} if account else {}),
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            umask=surroundings.umask,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        assert self._popen.stdout
        self._stdout: IO[str] = self._popen.stdout
        self.lines: list[str] = []
        self._listeners: dict[int, str | None] = {}

    def read_until(self, text: str) -> None:
        """Returns when a line with the text has been printed."""
        for line in self._stdout:
            self._note(line)
            if text in line:
                return
        raise AssertionError(f"ended without {text!r}:\n{''.join(self.lines)}")

    def send(self, number: signal.Signals) -> None:
        self._popen.send_signal(number)

    def finish(self) -> Finished:
        """Waits for the end."""
        hang = threading.Timer(ENDS_S, self._popen.kill)
        hang.start()
        for line in self._stdout:
            self._note(line)
        hang.cancel()
        return Finished("".join(self.lines), self._popen.wait())

    def _note(self, line: str) -> None:
        """Keeps a line, and what listens on the ports that it names."""
        self.lines.append(line)
        for port in map(int, re.findall(r"127\.0\.0\.1:(\d+)", line)):
            self._listeners.setdefault(port, listener(port))

    def listening(self) -> list[int]:
        """Returns the named ports on which it still listens."""
        return still_listening(self._listeners)

    def kill(self) -> None:
        """Ends it if a test has failed before it ended; its leash takes the rest with it."""
        self._popen.kill()
        self._popen.communicate()

    def traces(self) -> list[str]:
        """Returns what is still there of it: processes that carry the mark, and files."""
        files = [path.name for path in self._scratch.iterdir()]
        return [*_processes_with(str(self._scratch)), *files]


@contextmanager
def started(*arguments: str, surroundings: Surroundings = Surroundings()) -> Iterator[Command]:
    """A command in a scratch folder that the account of Postgres can reach too."""
    scratch = Path(tempfile.mkdtemp(prefix="plantpulse-test-", dir="/tmp"))
    scratch.chmod(0o755)
    if surroundings.account:
        os.chown(scratch, surroundings.account.uid, surroundings.account.gid)
    command = Command(arguments, scratch, surroundings)
    try:
        yield command
    finally:
        command.kill()
        shutil.rmtree(scratch, ignore_errors=True)


def devstack(*arguments: str) -> tuple[str, ...]:
    """Returns the command line of `python -m devstack`."""
    return (sys.executable, "-m", "devstack", *arguments)


def _processes_with(mark: str) -> Iterator[str]:
    if not Path("/proc").exists():
        pytest.skip("without /proc the processes cannot be searched")
    for process in Path("/proc").glob("[0-9]*"):
        try:
            known = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        except OSError:
            continue  # it has ended, or is somebody else's
        if mark.encode() in known:
            yield f"process {process.name}"
