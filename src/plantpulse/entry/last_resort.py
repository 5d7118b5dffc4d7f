"""What ends a run that does not end by itself: its failure is recorded, then its process is ended.

Every wait of a run has an end of its own. Where one does not hold because C code does not return, nothing but
the process can be ended; the platform starts a new one for the next call. Behind the thread that does so
stands a timer in C, for code that keeps Python from running at all (docs/decisions/0056-a-run-ends.md).
"""

import faulthandler
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final, Protocol

from plantpulse.deadlines import bounded
from plantpulse.entry.endings import Recorder, log_run, record_failure
from plantpulse.entry.guard import guarded, place
from plantpulse.errors import OutOfTime, PlantpulseError
from plantpulse.late_dataclasses import dataclass, field
from plantpulse.logs import log
from plantpulse.runs import Budget, Run

# A run has ended 5 s after its time-out: by itself, or after the grace by this thread, or by the timer in C.
GRACE_S: Final = 1.0
RECORDING_S: Final = 2.5
IN_C_S: Final = 4.5
EXIT_CODE: Final = 1
_STDERR: Final = 2

EndProcess = Callable[[PlantpulseError], None]


class OpenRecorder(Protocol):
    """Opens Supabase for one more call."""

    def __call__(self, *, seconds_left: Callable[[], float]) -> AbstractContextManager[Recorder]: ...


def end_process(_error: PlantpulseError) -> None:
    """End the process as it is: nothing that C code holds is waited for."""
    os._exit(EXIT_CODE)


@dataclass(slots=True, eq=False)
class LastResort:
    """Stands by one run. `run` is set once it is claimed; before, there is nothing to record."""

    open_recorder: OpenRecorder | None = None
    end_process: EndProcess = end_process
    run: Run | None = None
    _is_over: bool = field(default=False, init=False)

    @contextmanager
    def standing_by(self, budget: Budget) -> Iterator[None]:
        """Give what happens inside the budget's time and a moment more, then end it with its process."""
        left_s, worker = max(0.0, budget.seconds_left()), threading.get_ident()
        error = OutOfTime(f"it did not end by itself within {budget.total_s:g} s; its process was ended")

        def give_up() -> None:
            log("ERROR", "a run does not end: its process is ended", frames=_frames_of(worker))
            self.give_up(error)

        def give_up_aside() -> None:
            threading.Thread(target=give_up, daemon=True).start()

        with bounded(left_s + GRACE_S, give_up_aside), _ended_in_c(left_s + IN_C_S):
            _standing_by.append(self)
            try:
                yield
            finally:
                self._is_over = True
                _standing_by.remove(self)

    def give_up(self, error: PlantpulseError) -> None:
        """Record the failure, if that is quickly done, and end the process unless the run has ended."""
        with bounded(RECORDING_S, lambda: self._end(error)):
            if self.run and self.open_recorder and not self._is_over:
                budget = Budget.start(RECORDING_S, RECORDING_S)
                run, opened = self.run, self.open_recorder(seconds_left=budget.seconds_left)
                guarded(lambda: _record(run, error, opened))
            self._end(error)

    def _end(self, error: PlantpulseError) -> None:
        if not self._is_over:
            self.end_process(error)


_standing_by: list[LastResort] = []


def give_up_all(error: PlantpulseError) -> None:
    """Record what runs in this process as failed, and end the process; does nothing where nothing runs."""
    for last_resort in _standing_by.copy():
        last_resort.give_up(error)


def _record(run: Run, error: PlantpulseError, opened: AbstractContextManager[Recorder]) -> None:
    with opened as store:
        log_run(record_failure(run, error, store))


def _frames_of(thread: int) -> list[str]:
    """Return where a thread is, the outermost call first; no value of any variable."""
    frame, frames = sys._current_frames().get(thread), list[str]()
    while frame:
        frames.append(place(frame.f_code, frame.f_lineno))
        frame = frame.f_back
    return frames[::-1]


_in_c_lock = threading.Lock()
_in_c_at_s: list[float] = []


@contextmanager
def _ended_in_c(seconds: float) -> Iterator[None]:
    """Have the process ended after `seconds` by a thread that needs no Python; it tells stderr the frames.

    There is one such timer in a process: it stands at the earliest end of all runs.
    """
    at_s = time.monotonic() + seconds
    with _in_c_lock:
        _in_c_at_s.append(at_s)
        _set_timer()
    try:
        yield
    finally:
        with _in_c_lock:
            _in_c_at_s.remove(at_s)
            _set_timer()


def _set_timer() -> None:
    if _in_c_at_s:
        left_s = max(0.1, min(_in_c_at_s) - time.monotonic())
        faulthandler.dump_traceback_later(left_s, exit=True, file=_STDERR)
    else:
        faulthandler.cancel_dump_traceback_later()
