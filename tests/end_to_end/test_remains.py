"""What the demonstration notices of its own left-overs."""

import os
import socket
from pathlib import Path

from devstack.remains import Remains, left_over, listener


def test_what_is_still_there_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        folder = Path(__file__).parent

        left = list(left_over(Remains((os.getpid(),), {port: listener(port)}, (folder,))))

    assert left == [f"process {os.getpid()}", f"a listener on port {port}", f"folder {folder}"]


def test_what_is_gone_is_not(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        known = listener(port)

    assert list(left_over(Remains((2**30,), {port: known}, (tmp_path / "gone",)))) == []


def test_a_port_that_another_program_has_taken_since_is_not_ours() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        known = listener(port)
    with socket.create_server(("127.0.0.1", port)):
        left = list(left_over(Remains((), {port: known}, ())))

    assert known
    assert left == []
