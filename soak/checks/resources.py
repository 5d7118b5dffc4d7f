"""What a process may not gather: threads, descriptors, memory."""

import gc
import os
import threading
from dataclasses import dataclass
from pathlib import Path

MOST_GROWN_MB = 64.0  # of a process over all its seeds, for what the interpreter keeps


@dataclass(frozen=True, slots=True)
class Resources:
    """What this process holds: threads, open descriptors, and resident memory in MiB."""

    threads: int
    descriptors: int
    memory_mb: float

    @classmethod
    def now(cls) -> "Resources":
        """Return what is held now, without garbage."""
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        descriptors = len(os.listdir("/proc/self/fd"))
        return cls(threading.active_count(), descriptors, pages * os.sysconf("SC_PAGE_SIZE") / 2**20)

    def is_less_than(self, later: "Resources") -> bool:
        """Say whether something has grown since: a thread, a descriptor, or far more memory."""
        return (
            later.threads > self.threads
            or later.descriptors > self.descriptors
            or later.memory_mb > self.memory_mb + MOST_GROWN_MB
        )


NOTHING = Resources(0, 0, 0.0)
