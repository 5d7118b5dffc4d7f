"""Live Pulse on the compressed clock: `functions/live_pulse/main.py` for a plant whose time is simulated.

Only `make up` serves it, by the same functions-framework. Same job, same adapters; the clock differs.
"""

import os

from devstack.clock import CompressedClock
from plantpulse import database
from plantpulse.alerts.channels import open_channel
from plantpulse.alerts.urgent import telling
from plantpulse.entry.service import Response, Service
from plantpulse.http_requests import HttpRequest
from plantpulse.live_pulse.job import LivePulse
from plantpulse.source import sqlserver

_clock = CompressedClock.from_environment(os.environ).now
_service = Service(
    LivePulse(connect_source=sqlserver.connect),
    open_store=database.connect,
    clock=_clock,
    tell_urgent=telling(open_channel, _clock),
)


def handle_http(request: HttpRequest) -> Response:
    """Answer a poll asked for over HTTP."""
    return _service.http(request)
