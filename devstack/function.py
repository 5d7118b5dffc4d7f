"""A function under the real functions-framework, and the scheduler that calls it.

The function gets an environment of its own with nothing in it but its settings, as in the cloud.
"""

import http.client
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from devstack.patience import ENDS_S
from devstack.processes import Child, Children, Program, free_port, start_on_free_port

# The framework's own page, which it answers without the function: a readiness probe must not warm it up.
_PROBE = "/robots.txt"
# Cloud Scheduler's own limit is longer; no function of ours takes a minute.


@dataclass(frozen=True)
class Answer:
    """What a delivery was answered: the HTTP status, the JSON body, and how long it took."""

    status: int
    body: dict[str, Any]
    seconds: float


class Function:
    """A served function; it ends with the `Children` it was started in.

    `source` is its main.py, whose `handle_http` is called. `python` is an interpreter that has the
    functions-framework, None means this one. Raises: StartFailed.
    """

    def __init__(
        self, children: Children, source: Path, settings: Mapping[str, str], python: Path | None = None
    ) -> None:
        self._children = children
        self._framework = (python or Path(sys.executable)).with_name("functions-framework")
        self._source = source
        self._settings = settings
        self.port, self._child = start_on_free_port(self._start)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    @property
    def pid(self) -> int:
        return self._child.pid

    def deliver(self, slot: datetime) -> Answer:
        """Send what Cloud Scheduler sends for a slot. Raises: httpx.HTTPError, ValueError (no JSON)."""
        started_s = time.monotonic()
        response = httpx.post(self.url, headers=schedule_headers(slot), content=b"", timeout=ENDS_S)
        return Answer(response.status_code, response.json(), time.monotonic() - started_s)

    def _start(self) -> tuple[int, Child]:
        port = free_port()
        return port, self._children.start(self._program(port), lambda: _is_serving(port))

    def _program(self, port: int) -> Program:
        options = {"source": self._source, "target": "handle_http", "host": "127.0.0.1", "port": port}
        arguments = [str(self._framework), *(f"--{name}={value}" for name, value in options.items())]
        return Program(self._source.parent.name, arguments, env=self._settings)


def schedule_headers(slot: datetime) -> dict[str, str]:
    """Return the headers of Cloud Scheduler's request.

    Source: https://cloud.google.com/scheduler/docs/reference/rpc/google.cloud.scheduler.v1#httptarget
    """
    return {
        "User-Agent": "Google-Cloud-Scheduler",
        "Content-Type": "application/octet-stream",
        "X-CloudScheduler": "true",
        "X-CloudScheduler-JobName": "live-pulse-northfield",
        "X-CloudScheduler-ScheduleTime": f"{slot.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
    }


def _is_serving(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", _PROBE)
        return connection.getresponse().status == http.client.NOT_FOUND
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
