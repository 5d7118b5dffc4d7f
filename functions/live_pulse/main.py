"""Live Pulse: polls a plant's SQL Server every few minutes and writes snapshots to Supabase.

Entry points only: `handle_http` for Google Cloud Functions and people, `handle_event` for AWS Lambda.
"""

import gc

gc.disable()  # nothing that is imported is garbage (decision 0054)

from collections.abc import Mapping
from typing import Any

from plantpulse import database
from plantpulse.alerts.channels import open_channel
from plantpulse.alerts.urgent import telling
from plantpulse.entry.service import Response, Service
from plantpulse.entry.users import ProjectUsers
from plantpulse.http_requests import HttpRequest
from plantpulse.live_pulse.job import LivePulse
from plantpulse.source import sqlserver

gc.freeze()
gc.enable()

_service = Service(
    LivePulse(connect_source=sqlserver.connect),
    open_store=database.connect,
    users=ProjectUsers(database.connect),
    tell_urgent=telling(open_channel),
)


def handle_http(request: HttpRequest) -> Response:
    """Run a poll over HTTP."""
    return _service.http(request)


def handle_event(event: Mapping[str, Any], _context: object) -> Any:
    """Run a poll for an AWS event or a function URL."""
    return _service.event(event)
