"""What a stack must not leave behind: processes, ports of 127.0.0.1, folders."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from devstack.leash import is_running


@dataclass(frozen=True)
class Remains:
    """What is there while a stack runs, and must be gone when it has ended."""

    pids: tuple[int, ...]
    ports: tuple[int, ...]
    folders: tuple[Path, ...]


def left_over(remains: Remains) -> Iterator[str]:
    """Yield what is still there, in words."""
    yield from (f"process {pid}" for pid in remains.pids if is_running(pid))
    yield from (f"a listener on port {port}" for port in remains.ports if is_listening(port))
    yield from (f"folder {folder}" for folder in remains.folders if folder.exists())


def is_listening(port: int) -> bool:
    """Whether something accepts connections on a port of 127.0.0.1."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
