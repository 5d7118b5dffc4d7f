"""Contestants as processes: one that answers line after line (warm), or one for every line (cold)."""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plantpulse.settings.carried import FILE_NAME
from plantpulse.settings.config import CONFIG_FILE_VARIABLE

_FOLDER = Path(__file__).with_name("contestants")
_MARK = "BENCH "  # the function logs to stdout too

Order = Mapping[str, Any]
Answer = dict[str, Any]
Program = tuple[str, ...]  # a file in `contestants`, and its arguments


@dataclass(frozen=True)
class Runtime:
    """The interpreter of a contestant, and the unpacked bundle that it runs in; None: this tree."""

    python: Path = Path(sys.executable)
    bundle: Path | None = None

    def environment(self, settings: Mapping[str, str]) -> dict[str, str]:
        """Returns the settings with what the interpreter needs to run in the bundle."""
        if self.bundle is None:
            return dict(settings)
        kept = {name: value for name, value in settings.items() if name != "PYTHONPYCACHEPREFIX"}
        carried = {CONFIG_FILE_VARIABLE: str(self.bundle / FILE_NAME)}
        return kept | bundled_environment(self.bundle) | carried


THIS_TREE = Runtime()


@dataclass
class Contestant:
    """A running contestant."""

    process: subprocess.Popen[str]

    def answer(self, order: Order) -> Answer:
        """Sends a line and returns what it was answered. Raises: ChildProcessError when it has died."""
        told, heard = self.process.stdin, self.process.stdout
        if told is None or heard is None:
            raise ChildProcessError("a contestant is spoken to through its stdin and stdout")
        print(json.dumps(order), file=told, flush=True)
        for line in heard:
            if line.startswith(_MARK):
                return dict(json.loads(line.removeprefix(_MARK)))
        raise ChildProcessError(f"a contestant ended with exit code {self.process.wait()}")


def bundled_environment(bundle: Path) -> dict[str, str]:
    """Returns what makes an interpreter run in an unpacked bundle, whose bytecode came with it."""
    return {"PYTHONPATH": str(bundle), "PYTHONDONTWRITEBYTECODE": "1"}


@contextmanager
def running(
    program: Program, settings: Mapping[str, str], runtime: Runtime = THIS_TREE
) -> Iterator[Contestant]:
    """A contestant that goes on running."""
    process = subprocess.Popen(
        [runtime.python, str(_FOLDER / program[0]), *program[1:]],
        env=runtime.environment(settings),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield Contestant(process)
        finally:
            if process.stdin:
                process.stdin.close()
            process.wait(60)


def run_once(program: Program, settings: Mapping[str, str], runtime: Runtime, order: Order) -> Answer:
    """Returns the answer of a new process; its `seconds` are from starting it to its end."""
    started_s, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    with running(program, settings, runtime) as contestant:
        answer = contestant.answer(order)
    after = resource.getrusage(
        resource.RUSAGE_CHILDREN
    )  # it has been waited for, and no other child has ended
    return answer | {
        "seconds": time.perf_counter() - started_s,
        "inner_seconds": answer["seconds"],
        "whole_cpu_seconds": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
    }


@contextmanager
def piped(command: Sequence[str], environment: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A process whose output is read. It is killed if whoever reads it leaves before it has ended."""
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def processor_s(pid: int) -> float:
    """Returns how long a process has used a processor.

    Source: Linux, Documentation/scheduler/sched-stats.rst.
    """
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
