"""What a stack must not leave behind: processes, ports of 127.0.0.1, folders."""

import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from devstack.leash import is_running

_LISTENING = "0A"  # TCP_LISTEN in /proc/net/tcp; its tenth field is the socket's inode


@dataclass(frozen=True)
class Remains:
    """What is there while a stack runs, and must be gone when it has ended."""

    pids: tuple[int, ...]
    listeners: Mapping[int, str | None]
    folders: tuple[Path, ...]


def left_over(remains: Remains) -> Iterator[str]:
    """Yield what is still there, in words."""
    yield from (f"process {pid}" for pid in remains.pids if is_running(pid))
    yield from (f"a listener on port {port}" for port in still_listening(remains.listeners))
    yield from (f"folder {folder}" for folder in remains.folders if folder.exists())


def still_listening(listeners: Mapping[int, str | None]) -> list[int]:
    """Return the ports on which the same sockets listen as before; another program may have taken one."""
    return sorted(port for port, known in listeners.items() if known and listener(port) == known)


def listener(port: int) -> str | None:
    """Return what marks the socket that now listens on a port of 127.0.0.1; None without one."""
    try:
        lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    except OSError:  # not Linux: that something listens is all there is
        with socket.socket() as probe:
            return "open" if probe.connect_ex(("127.0.0.1", port)) == 0 else None
    rows = (line.split() for line in lines)
    return next((row[9] for row in rows if row[1] == f"0100007F:{port:04X}" and row[3] == _LISTENING), None)
