"""The function's process as its caller sees it: it answers, or its process ends, or neither comes in time."""

import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Self

from devstack.migrations import REPOSITORY
from devstack.patience import ENDS_S
from soak.cuts.function import MARK
from soak.cuts.witness import Witness

_BLOCK_BYTES: Final = 64 * 1024
_UNEXPECTED: Final = b'"unexpected error"'  # what the function logs of an error that is not ours
_TOLD_CHARACTERS: Final = 2000


@dataclass(frozen=True)
class Reply:
    """What came of one order: an answer of the function, or the end of its process, or nothing at all.

    `took_s` is by the function's own clock where it answered; for so much of it, `held_up_s`, the machine had
    no time. `threads`, `descriptors` and temporary `files` are what it kept.
    """

    took_s: float
    held_up_s: float = 0.0
    status: int | None = None
    threads: int = 0
    descriptors: int = 0
    files: int = 0
    memory_mb: float = 0.0
    exit_code: int | None = None
    told: str = ""


@dataclass(slots=True)
class FunctionProcess:
    """A process of the function, in a context, and the witness of how busy the machine is."""

    witness: Witness
    _popen: subprocess.Popen[bytes] = field(init=False)
    _errors: Any = field(init=False)
    _folder: tempfile.TemporaryDirectory[str] = field(init=False)
    _unexpected: list[str] = field(default_factory=list, init=False)
    _heard: bytearray = field(default_factory=bytearray, init=False)

    def __enter__(self) -> Self:
        self._errors = tempfile.TemporaryFile()
        self._folder = tempfile.TemporaryDirectory(prefix="plantpulse-cuts-")
        self._popen = subprocess.Popen(
            [sys.executable, "-m", "soak.cuts.function"],
            cwd=REPOSITORY,
            env={**os.environ, "TMPDIR": self._folder.name},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._popen.kill()
        with self._popen:
            self._errors.close()
        self._folder.cleanup()

    def poll(self, order: Mapping[str, Any]) -> Reply:
        """Give an order and return its reply. What takes far longer than a run may is not waited for."""
        assert self._popen.stdin is not None  # noqa: S101 - it is a pipe
        self._unexpected.clear()
        started_s, late_s = time.monotonic(), self.witness.late_s
        self._popen.stdin.write(json.dumps(order).encode() + b"\n")
        self._popen.stdin.flush()
        line = self._read_line(started_s + order["timeout_s"] + ENDS_S)
        took_s, held_up_s = time.monotonic() - started_s, self.witness.late_s - late_s
        if line:
            answer = json.loads(line.removeprefix(MARK))
            answer["told"] = " ".join([answer["told"], *self._unexpected])
            return Reply(**answer, held_up_s=held_up_s)
        if line is None:
            return Reply(took_s, held_up_s, told="neither an answer nor the end of the process")
        return Reply(took_s, held_up_s, exit_code=self._popen.wait(), told=self._told())

    def _read_line(self, until_s: float) -> bytes | None:
        """Return the answer; nothing if the process has ended, None if it has not and time is up."""
        assert self._popen.stdout is not None  # noqa: S101 - it is a pipe
        while True:
            line, end, rest = self._heard.partition(b"\n")
            if end:
                self._heard = rest
                if line.startswith(MARK):
                    return bytes(line)
                if _UNEXPECTED in line:
                    self._unexpected.append(line.decode())
                continue
            if not select.select([self._popen.stdout], [], [], max(0.0, until_s - time.monotonic()))[0]:
                return None
            part = os.read(self._popen.stdout.fileno(), _BLOCK_BYTES)
            if not part:
                return b""
            self._heard += part

    def _told(self) -> str:
        self._errors.seek(0)
        return str(self._errors.read().decode(errors="replace"))[-_TOLD_CHARACTERS:]
