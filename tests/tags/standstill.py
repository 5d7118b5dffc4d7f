"""A device that stands still: it neither answers nor closes its connections, as a controller that hangs."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from devstack.processes import Child


@contextmanager
def stopped(child: Child) -> Iterator[None]:
    """Stop a process, and let it go on at the end."""
    os.kill(child.pid, signal.SIGSTOP)
    os.waitpid(child.pid, os.WUNTRACED)  # its threads go on for a moment after the signal
    try:
        yield
    finally:
        os.kill(child.pid, signal.SIGCONT)
