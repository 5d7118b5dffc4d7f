"""Processes that a bench starts: none outlives the one who reads it."""

import os
import signal
import sys
from typing import IO, cast

from bench.processes import piped
from tests.patience import ENDS_S

SAYS_ONE_LINE = f"import time; print('here', flush=True); time.sleep({ENDS_S})"


def test_a_process_is_ended_when_its_reader_leaves() -> None:
    command = [sys.executable, "-c", SAYS_ONE_LINE]

    with piped(command, os.environ) as process:
        assert next(cast(IO[str], process.stdout)) == "here\n"

    assert process.returncode == -signal.SIGKILL


def test_a_process_that_ends_by_itself_keeps_its_code() -> None:
    with piped([sys.executable, "-c", "raise SystemExit(3)"], os.environ) as process:
        assert process.wait() == 3
