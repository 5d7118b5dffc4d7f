"""Ctrl-C ends the command line also where Python does not get to hear of it: while C code waits or spins.

Python runs its own handler in the main thread, once that is back from C. The number of a signal goes into a
pipe at once, and a thread reads it there.
"""

import os
import select
import signal
import sys
import threading
from types import FrameType
from typing import Final, NoReturn

from plantpulse.cli.exit_codes import INTERRUPTED
from plantpulse.errors import Interrupted

HEARD_WITHIN_S: Final = 1.0  # the main thread answers in milliseconds, or is held by C code
TIDIED_UP_WITHIN_S: Final = 5.0

_heard = threading.Event()


def listen() -> None:
    """End this process soon after a Ctrl-C, whatever holds it, and at once after a second one."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.signal(signal.SIGINT, _interrupt)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    threading.Thread(target=_wait, args=(reader,), daemon=True).start()


def hear() -> None:
    """Note that the main thread has heard of the Ctrl-C, and ends by itself."""
    _heard.set()


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    hear()
    signal.default_int_handler(number, frame)


def _wait(reader: int) -> None:
    while signal.SIGINT not in os.read(reader, 1):
        pass
    is_second = _comes_within(HEARD_WITHIN_S, reader)
    if _heard.is_set() and not is_second:
        _comes_within(TIDIED_UP_WITHIN_S, reader)
    elif not is_second:
        _give_up()
    os._exit(INTERRUPTED)


def _comes_within(seconds: float, reader: int) -> bool:
    readable, _, _ = select.select([reader], [], [], seconds)
    return bool(readable)


def _give_up() -> None:
    """Have a run recorded as failed; a command that runs none has not imported what would."""
    if last_resort := sys.modules.get("plantpulse.entry.last_resort"):
        last_resort.give_up_all(Interrupted("the run was interrupted by hand"))
    sys.stderr.write("\ninterrupted\n")
    sys.stderr.flush()
