"""A function whose work never returns from C, in a process of its own.

    python -m tests.functions.stuck_function waiting 2026-03-11T17:15:40+00:00 2026-03-11T17:15:00+00:00

takes how it is stuck, now, and the slot; the settings come from PLANTPULSE_CONFIG and the environment.
`waiting` lets other threads of Python run meanwhile, `holding` lets none: it never gives the GIL away.
"""

import ctypes
import sys
from collections.abc import Callable
from datetime import datetime
from typing import ClassVar

from plantpulse import database
from plantpulse.entry.invocations import Invocation
from plantpulse.entry.service import Response, Service
from plantpulse.http_requests import HttpRequest
from plantpulse.live_pulse.job import LivePulse
from plantpulse.runs import Budget, Run, RunPlan, RunReport
from plantpulse.settings import Settings
from plantpulse.source import sqlserver

TIME_S = 15.0  # a claim takes so long on no machine


class StuckJob:
    """A poll that has fifteen seconds and takes for ever."""

    request: ClassVar = LivePulse.request

    def __init__(self, libc: ctypes.CDLL) -> None:
        self._libc = libc
        self._poll = LivePulse(connect_source=sqlserver.connect)

    def plan(self, invocation: Invocation, settings: Settings, now: datetime) -> RunPlan:
        return self._poll.plan(invocation, settings, now)

    def start_budget(self, _plan: RunPlan, _settings: Settings) -> Budget:
        return Budget.start(TIME_S, TIME_S)

    def require_configured(self, plan: RunPlan, settings: Settings) -> None:
        self._poll.require_configured(plan, settings)

    def work(self, _run: Run, _settings: Settings, _store: object) -> RunReport:
        mutex = ctypes.create_string_buffer(256)  # all zeros: a mutex that is free
        while True:
            self._libc.pthread_mutex_lock(mutex)  # the second time it waits for itself; no signal wakes it


def service(how: str, clock: Callable[[], datetime] | None = None) -> Service[database.Supabase]:
    """Return the function with work that is stuck in one way or the other."""
    job = StuckJob(ctypes.CDLL(None) if how == "waiting" else ctypes.PyDLL(None))
    return Service(job, open_store=database.connect, clock=clock)


def handle_http(request: HttpRequest) -> Response:
    """Answer a request under functions-framework, which never happens."""
    return service("waiting").http(request)


def main(how: str, now: str, slot: str) -> None:
    """Answer the tick of a slot, which never happens."""
    service(how, lambda: datetime.fromisoformat(now)).event({"scheduled_time": slot})


if __name__ == "__main__":
    main(*sys.argv[1:])
