"""Cold start: from starting the interpreter to a function that could answer.

What is measured is what is deployed: the bundles, unpacked, with their own packages and the Python that
functions run on. A development environment has packages that no function has, and some of them are imported
where they are found (httpx takes rich and click), which would lift the floor. The floor is the same
interpreter and the same folder, importing nothing but the vendor packages that the function stands on.
Bytecode is there beforehand, as in a container image or a zip that was built well.
"""

import os
import platform
import subprocess
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench.figures import Samples, Table
from bundle.build import REQUIREMENTS, build_for_google, build_for_lambda
from bundle.interpreter import find_python
from bundle.targets import Lambda, python_version
from bundle.wheels import compile_sources, install

FUNCTION: Final = "live_pulse"
_VENDORS: Final = "import pymssql, postgrest, pydantic; pydantic.BaseModel"
_WEB: Final = "import functions_framework; "
_AND_NO_MORE: Final = "\nimport os; os._exit(0)"  # tidying up at the end is no part of a start
_FLOOR: Final = {"live_pulse over HTTP": "floor over HTTP", "live_pulse on Lambda": "floor on Lambda"}


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


def measure(settings_file: Path, scratch: Path, repetitions: int) -> Table:
    """Returns the times of all programs, taken by turns."""
    python = _empty_environment(scratch / "python")
    programs = _programs(settings_file, scratch)
    starts = {name: Starts() for name in programs}
    for _ in range(repetitions):
        for name, program in programs.items():
            _start(python, program, starts[name])
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


def _programs(settings_file: Path, scratch: Path) -> Mapping[str, Program]:
    on_google, on_lambda = _unpacked(settings_file, scratch)
    return {
        "bare interpreter": Program("pass", on_lambda),
        "floor over HTTP": Program(_WEB + _VENDORS, on_google),
        "live_pulse over HTTP": Program(_WEB + "import main", on_google),
        "floor on Lambda": Program(_VENDORS, on_lambda),
        "live_pulse on Lambda": Program("import main", on_lambda),
    }


def _unpacked(settings_file: Path, scratch: Path) -> tuple[Path, Path]:
    """Returns the function as Google's buildpack and as Lambda lay it out, for this machine's processor."""
    target = Lambda("arm64" if platform.machine() in {"arm64", "aarch64"} else "x86_64", python_version())
    bundles = scratch / "bundles"
    on_google = _unzip(build_for_google(FUNCTION, settings_file, bundles).path, scratch / "google")
    install(on_google / REQUIREMENTS, on_google, target)
    compile_sources(on_google, find_python(target.python))
    built = build_for_lambda(FUNCTION, settings_file, target, bundles)
    return on_google, _unzip(built.path, scratch / "lambda")


def _unzip(bundle: Path, folder: Path) -> Path:
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(folder)
    return folder


def _empty_environment(folder: Path) -> Path:
    """Returns an interpreter beside which no package is installed."""
    subprocess.run([find_python(python_version()), "-m", "venv", "--without-pip", str(folder)], check=True)
    return folder / "bin" / "python"


def _start(python: Path, program: Program, starts: Starts) -> None:
    """Runs a program and notes its times. Raises: ChildProcessError."""
    environment = {"PYTHONPATH": str(program.folder), "PYTHONDONTWRITEBYTECODE": "1"}
    started_s = time.perf_counter()
    child = os.posix_spawn(python, [str(python), "-c", program.code + _AND_NO_MORE], environment)
    _, status, used = os.wait4(child, 0)
    starts.clock.seconds.append(time.perf_counter() - started_s)
    starts.processor.seconds.append(used.ru_utime + used.ru_stime)
    if status:
        raise ChildProcessError(f"`{program.code}` failed in {program.folder}")
