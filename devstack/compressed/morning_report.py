"""The Morning Report on the compressed clock: `functions/morning_report/main.py` in simulated time.

Only `make up` serves it, by the same functions-framework. Same job, same adapters; the clock differs.
"""

import os

from devstack.clock import CompressedClock
from plantpulse import database
from plantpulse.alerts.channels import open_channel
from plantpulse.alerts.urgent import telling
from plantpulse.entry.service import Response, Service
from plantpulse.http_requests import HttpRequest
from plantpulse.morning_report.job import MorningReport
from plantpulse.source import sqlserver

_clock = CompressedClock.from_environment(os.environ).now
_service = Service(
    MorningReport(connect_source=sqlserver.connect),
    open_store=database.connect,
    clock=_clock,
    tell_urgent=telling(open_channel, _clock),
)


def handle_http(request: HttpRequest) -> Response:
    """Answer a report asked for over HTTP."""
    return _service.http(request)
