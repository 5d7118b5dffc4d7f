"""Cold start: from starting the interpreter to a function that could answer.

The floor is the same interpreter in the same folder, importing nothing but the vendor packages that the
function stands on. Bytecode is there beforehand, as in a container image or a zip that was built well.
"""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench.bundles import Deployed
from bench.figures import Samples, Table
from bench.processes import bundled_environment

_VENDORS: Final = "import pymssql, http.client, ssl"  # what a scheduled poll needs to reach both ends
_WEB: Final = "import functions_framework; "
_AND_NO_MORE: Final = "\nimport os; os._exit(0)"  # tidying up at the end is no part of a start
_FLOOR: Final = {
    "live_pulse with the functions-framework": "floor with the functions-framework",
    "live_pulse on Lambda": "floor on Lambda",
}


@dataclass(frozen=True)
class Program:
    """Code that is run in a folder of deployed files."""

    code: str
    folder: Path


@dataclass
class Starts:
    """How long the starts of one program took, on the clock and in processor time."""

    clock: Samples = field(default_factory=Samples)
    processor: Samples = field(default_factory=Samples)


def measure(deployed: Deployed, repetitions: int) -> Table:
    """Returns the times of all programs, taken by turns."""
    programs = _programs(deployed)
    starts = {name: Starts() for name in programs}
    for _ in range(repetitions):
        for name, program in programs.items():
            _start(deployed.python, program, starts[name])
    return _table(starts)


def _table(starts: Mapping[str, Starts]) -> Table:
    columns = ["", "ms", "ratio to its floor", "processor ms", "ratio to its floor"]
    table = Table("Cold start: median (minimum)", columns)
    for name, taken in starts.items():
        floor = starts.get(_FLOOR.get(name, ""))
        table.add(
            name,
            taken.clock.show(),
            taken.clock.over(floor.clock) if floor else "",
            taken.processor.show(),
            taken.processor.over(floor.processor) if floor else "",
        )
    return table


def _programs(deployed: Deployed) -> Mapping[str, Program]:
    on_google, on_lambda = deployed.on_google, deployed.on_lambda
    return {
        "bare interpreter": Program("pass", on_lambda),
        "floor with the functions-framework": Program(_WEB + _VENDORS, on_google),
        "live_pulse with the functions-framework": Program(_WEB + "import main", on_google),
        "floor on Lambda": Program(_VENDORS, on_lambda),
        "live_pulse on Lambda": Program("import main", on_lambda),
    }


def _start(python: Path, program: Program, starts: Starts) -> None:
    """Runs a program and notes its times. Raises: ChildProcessError."""
    environment = bundled_environment(program.folder)
    started_s = time.perf_counter()
    child = os.posix_spawn(python, [str(python), "-c", program.code + _AND_NO_MORE], environment)
    _, status, used = os.wait4(child, 0)
    starts.clock.seconds.append(time.perf_counter() - started_s)
    starts.processor.seconds.append(used.ru_utime + used.ru_stime)
    if status:
        raise ChildProcessError(f"`{program.code}` failed in {program.folder}")
