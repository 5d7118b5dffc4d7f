"""Ends what its parent started once the parent is gone: a tiny program, run as a process of its own.

Its standard input is a pipe that only the parent holds. The parent writes one line per fact
(`watch PID SIGNAL`, `forget PID`, `remove FOLDER`); when the pipe closes, however the parent ended,
every process still watched is asked to stop, then killed, and the folders are deleted. A pipe works
on every Unix, survives SIGKILL of the parent and does not care which thread started what, which
PR_SET_PDEATHSIG does. Standard library only: it is started with `-I -S` to be up in a few ms.
"""

import os
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import TextIO

_GRACE_S = 5.0
_POLL_S = 0.02


def follow(orders: TextIO) -> tuple[dict[int, int], list[str]]:
    """Read orders until the pipe closes; return what is left: signal by process id, and folders."""
    watched: dict[int, int] = {}
    folders: list[str] = []
    for line in orders:
        verb, _, rest = line.rstrip("\n").partition(" ")
        if verb == "watch":
            pid, stop_signal = rest.split()
            watched[int(pid)] = int(stop_signal)
        elif verb == "forget":
            watched.pop(int(rest), None)
        elif verb == "remove":
            folders.append(rest)
    return watched, folders


def end(pid: int, stop_signal: int) -> None:
    """Stop one process: ask, wait a grace time, then kill its whole group."""
    if not _send(pid, stop_signal):
        return
    deadline = time.monotonic() + _GRACE_S
    while time.monotonic() < deadline:
        if not is_running(pid):
            return
        time.sleep(_POLL_S)
    _send(-pid, signal.SIGKILL)


def is_running(pid: int) -> bool:
    """Whether the process exists; one that has ended but was never waited for (a zombie) does not."""
    if not _send(pid, 0):
        return False
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return not Path("/proc/self").exists()  # without /proc the signal's word is all there is
    return stat.rpartition(")")[2].split()[0] not in ("Z", "X")


def _send(pid: int, number: int) -> bool:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return False  # gone; or its id belongs to a stranger by now
    return True


def main() -> None:
    # A terminal's Ctrl-C or a polite SIGTERM is meant for the parent; the pipe tells when it obeyed.
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    watched, folders = follow(sys.stdin)
    for pid, stop_signal in reversed(watched.items()):
        end(pid, stop_signal)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
