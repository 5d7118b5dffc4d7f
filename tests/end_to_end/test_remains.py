"""What the demonstration notices of its own left-overs."""

import os
import socket
from pathlib import Path

from devstack.remains import Remains, left_over


def test_what_is_still_there_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        folder = Path(__file__).parent

        left = list(left_over(Remains(pids=(os.getpid(),), ports=(port,), folders=(folder,))))

    assert left == [f"process {os.getpid()}", f"a listener on port {port}", f"folder {folder}"]


def test_what_is_gone_is_not(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    assert list(left_over(Remains(pids=(2**30,), ports=(port,), folders=(tmp_path / "gone",)))) == []
