"""What this process needs: processor time, and memory now."""

import os
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from plantpulse.runs import peak_memory_mb

_STATM: Final = Path("/proc/self/statm")


@dataclass(frozen=True, slots=True)
class Load:
    """Processor time in percent of one core, and memory."""

    cpu_percent: float
    memory_mb: int


@dataclass(slots=True)
class Usage:
    """Measures what the process needs, from one question to the next."""

    _cpu_s: float = field(default_factory=time.process_time, init=False)
    _at_s: float = field(default_factory=time.monotonic, init=False)

    def take(self) -> Load:
        """Return the load since this was last asked."""
        cpu_s, at_s = time.process_time(), time.monotonic()
        spent, passed = cpu_s - self._cpu_s, at_s - self._at_s
        self._cpu_s, self._at_s = cpu_s, at_s
        return Load(round(100 * spent / passed, 1) if passed > 0 else 0.0, memory_mb())


def memory_mb() -> int:
    """Return the memory of this process in MiB; the most it ever had where the system does not tell."""
    with suppress(OSError, ValueError, IndexError):
        pages = int(_STATM.read_text("ascii").split()[1])
        return round(pages * os.sysconf("SC_PAGE_SIZE") / 1024 / 1024)
    return peak_memory_mb()
