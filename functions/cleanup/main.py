"""Cleanup: removes expired snapshots, runs and rejected records, every hour.

Entry points only: `handle_http` for Google Cloud Functions and people, `handle_event` for AWS Lambda.
"""

import gc

gc.disable()  # nothing that is imported is garbage (decision 0054)

from collections.abc import Mapping
from typing import Any

from plantpulse import database
from plantpulse.alerts.channels import open_channel
from plantpulse.alerts.urgent import telling
from plantpulse.cleanup import Cleanup
from plantpulse.entry.service import Response, Service
from plantpulse.http_requests import HttpRequest

gc.freeze()
gc.enable()

_service = Service(Cleanup(), open_store=database.connect, tell_urgent=telling(open_channel))


def handle_http(request: HttpRequest) -> Response:
    """Run a cleanup over HTTP."""
    return _service.http(request)


def handle_event(event: Mapping[str, Any], _context: object) -> Any:
    """Run a cleanup for an AWS event or a function URL."""
    return _service.event(event)
