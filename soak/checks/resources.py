"""What a process may not gather: threads, descriptors, memory, temporary files."""

import gc
import os
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

MOST_GROWN_MB = 64.0  # of a process over all its seeds, for what the interpreter keeps


@dataclass(frozen=True, slots=True)
class Resources:
    """What this process holds: threads, open descriptors, resident memory in MiB, temporary files.

    Files are counted where Python puts them (TMPDIR): nobody else may write there.
    """

    threads: int
    descriptors: int
    memory_mb: float
    files: int

    @classmethod
    def now(cls) -> "Resources":
        """Return what is held now, without garbage."""
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        descriptors = len(os.listdir("/proc/self/fd"))
        memory_mb = pages * os.sysconf("SC_PAGE_SIZE") / 2**20
        files = sum(len(files) for _, _, files in os.walk(tempfile.gettempdir()))
        return cls(threading.active_count(), descriptors, memory_mb, files)

    def is_less_than(self, later: "Resources") -> bool:
        """Say whether something has grown since: a thread, a descriptor, a file, or far more memory."""
        return (
            later.threads > self.threads
            or later.descriptors > self.descriptors
            or later.files > self.files
            or later.memory_mb > self.memory_mb + MOST_GROWN_MB
        )


NOTHING = Resources(0, 0, 0.0, 0)
