"""Starts child processes, waits until each is ready, and makes sure that none outlives its parent.

Every child gets a log file, a session of its own (a terminal's Ctrl-C reaches only the parent, which
then stops things in order) and a line in the leash (`leash.py`) in case the parent dies first.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar

T = TypeVar("T")

# A start that fails ends its process, which is noticed at once; so long takes only one that hangs.
START_S: Final = 300.0
_POLL_S = 0.02
_LOG_TAIL_LINES = 15
_PORT_ATTEMPTS = 3
# Below the range from which systems take the ports of outgoing connections.
_TEMPORARY_FOLDERS = ("/tmp", "/var/tmp")  # noqa: S108 - looked at beside TMPDIR
_PORTS = range(20_000, 32_000)


class StartFailed(Exception):
    """A process ended or stayed silent instead of becoming ready; the message holds its last log lines."""


@dataclass(frozen=True)
class Account:
    """The user and group a child runs as."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Program:
    """What to start, and where: `env` replaces the whole environment, None inherits it; so does `account`."""

    name: str
    arguments: Sequence[str]
    env: Mapping[str, str] | None = None
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    folder: Path = Path("/")


def free_port() -> int:
    """Return a port of 127.0.0.1 that nothing listens on; somebody else may still take it first."""
    while True:
        port = _PORTS.start + secrets.randbelow(len(_PORTS))
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


def start_on_free_port(start: Callable[[], T]) -> T:
    """Call `start`, which chooses a free port, up to three times: another process may take the port first."""
    for _ in range(_PORT_ATTEMPTS - 1):
        try:
            return start()
        except StartFailed:
            continue
    return start()


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Put Ctrl-C off until the end: a process that was started and not noted yet would be left behind."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if came:
        signal.raise_signal(signal.SIGINT)


class Child:
    """One running process; made by `Children.start`."""

    def __init__(self, program: Program, log_path: Path) -> None:
        self._program = program
        self._log_path = log_path
        account = program.account
        with log_path.open("ab") as log:
            self._popen = subprocess.Popen(
                list(program.arguments),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=None if program.env is None else dict(program.env),
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
                cwd=program.folder,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def stop_signal(self) -> signal.Signals:
        return self._program.stop_signal

    def wait_until(self, is_ready: Callable[[], bool], deadline_s: float) -> None:
        """Return once `is_ready()` holds.

        Raises: StartFailed when the process ends first or the deadline passes.
        """
        deadline = time.monotonic() + deadline_s
        while time.monotonic() < deadline:
            if self._popen.poll() is not None:
                raise StartFailed(self._describe(f"ended with code {self._popen.returncode}"))
            if is_ready():
                return
            time.sleep(_POLL_S)
        raise StartFailed(self._describe(f"was not ready after {deadline_s:.0f} s"))

    def stop(self, grace_s: float = 10.0) -> None:
        """Ask the process to end, and kill its group when it has not within the grace time."""
        if self._popen.poll() is None:
            self._popen.send_signal(self.stop_signal)
        try:
            self._popen.wait(grace_s)
        except subprocess.TimeoutExpired:
            os.killpg(self.pid, signal.SIGKILL)
            self._popen.wait()

    def _describe(self, what: str) -> str:
        tail = self._log_path.read_text(errors="replace").splitlines()[-_LOG_TAIL_LINES:]
        return "\n".join([f"{self._program.name} {what}; its log {self._log_path} ends:", *tail])


class Children:
    """The processes and throw-away folders of one stack; leaving the context ends and removes them all.

    Logs go to `log_folder`, and stay there; None makes a folder that is thrown away like the others.
    """

    def __init__(self, log_folder: Path | None = None) -> None:
        self._running: list[Child] = []
        self._folders: list[Path] = []
        self._leash = _start_leash()
        self.log_folder = log_folder or self.make_folder()
        self.log_folder.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop_all()

    @property
    def pids(self) -> list[int]:
        """The process ids of what was started and still counts as running."""
        return [child.pid for child in self._running]

    def start(self, program: Program, is_ready: Callable[[], bool], deadline_s: float = START_S) -> Child:
        """Start a program and return when it is ready.

        Raises: StartFailed, after ending the process again.
        """
        with _uninterrupted():
            child = Child(program, self.log_folder / f"{program.name}.log")
            self._running.append(child)
            self._tell(f"watch {child.pid} {int(child.stop_signal)}")
        try:
            child.wait_until(is_ready, deadline_s)
        except BaseException:
            self.stop(child)
            raise
        return child

    def stop(self, child: Child) -> None:
        child.stop()
        self._running.remove(child)
        self._tell(f"forget {child.pid}")

    def make_folder(self, account: Account | None = None) -> Path:
        """Make a private folder that is deleted with the stack; `account` owns it, None means us.

        Raises: StartFailed when the account may enter no folder for temporary files.
        """
        folder = Path(tempfile.mkdtemp(prefix="plantpulse-", dir=_temporary_folder_for(account)))
        self._folders.append(folder)
        self._tell(f"remove {folder}")
        if account:
            os.chown(folder, account.uid, account.gid)
        return folder

    def stop_all(self) -> None:
        """End everything, the youngest first, and delete the folders."""
        for child in reversed(self._running.copy()):
            self.stop(child)
        for folder in self._folders:
            shutil.rmtree(folder, ignore_errors=True)
        self._leash.communicate()

    def _tell(self, order: str) -> None:
        if self._leash.stdin:
            self._leash.stdin.write(f"{order}\n")
            self._leash.stdin.flush()


def _temporary_folder_for(account: Account | None) -> str:
    """Return where temporary files go; TMPDIR may be a folder that root alone may enter."""
    ours = tempfile.gettempdir()
    for folder in dict.fromkeys((ours, *_TEMPORARY_FOLDERS)):
        if account is None or _may_enter(folder, account):
            return folder
    raise StartFailed(f"the account {account} of Postgres can enter none of {ours}, /tmp, /var/tmp")


def _may_enter(folder: str, account: Account) -> bool:
    question = ["/bin/sh", "-c", 'test -x "$1"', "sh", folder]
    asked = subprocess.run(
        question, user=account.uid, group=account.gid, extra_groups=[], cwd="/", check=False
    )
    return asked.returncode == 0


def _start_leash() -> subprocess.Popen[str]:
    program = Path(__file__).with_name("leash.py")
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(program)],
        stdin=subprocess.PIPE,
        text=True,
        cwd="/",
        start_new_session=True,
    )
