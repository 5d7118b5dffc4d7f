"""Cold start: from starting the interpreter to a function that could answer.

The floor is the same interpreter importing nothing but the vendor packages that the function stands on.
Bytecode is there beforehand, as in a container image or a zip that was built well.
"""

import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from bench.figures import Samples, Table
from bench.stack import clean_environment
from devstack.stack import LIVE_PULSE

_VENDORS = "import pymssql, postgrest, pydantic; pydantic.BaseModel"
_OURS = f"import sys; sys.path.append({str(LIVE_PULSE.parent)!r}); import main"
PROGRAMS: Mapping[str, str] = {
    "bare interpreter": "pass",
    "floor over HTTP": f"import functions_framework; {_VENDORS}",
    "live_pulse over HTTP": f"import functions_framework; {_OURS}",
    "floor on Lambda": _VENDORS,
    "live_pulse on Lambda": _OURS,
}


def measure(scratch: Path, repetitions: int) -> Table:
    """Returns the times of all programs, taken by turns."""
    samples = {name: Samples() for name in PROGRAMS}
    environment = clean_environment(scratch)
    for turn in range(repetitions + 1):
        for name, program in PROGRAMS.items():
            seconds = _run(program, environment)
            if turn:  # the first turn compiles
                samples[name].seconds.append(seconds)
    table = Table("Cold start: median (minimum)", ["", "ms", "ratio to its floor"])
    for name, sample in samples.items():
        floor = samples.get(name.replace("live_pulse", "floor"), sample)
        table.add(name, sample.show(), "" if floor is sample else sample.over(floor))
    return table


def _run(program: str, environment: Mapping[str, str]) -> float:
    started_s = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], env=dict(environment), check=True)
    return time.perf_counter() - started_s
