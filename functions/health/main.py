"""Health: says of every plant and pipeline whether it runs as scheduled, from Supabase alone.

Entry points only: `handle_http` for Google Cloud Functions, uptime checks and people, `handle_event` for AWS
Lambda.
"""

import gc

gc.disable()  # nothing that is imported is garbage (decision 0054)

from collections.abc import Mapping
from typing import Any

from plantpulse import database
from plantpulse.entry.invocations import HttpRequest
from plantpulse.health.service import HealthService, Response

gc.freeze()
gc.enable()

_service = HealthService(open_store=database.connect)


def handle_http(request: HttpRequest) -> Response:
    """Answer a look over HTTP."""
    return _service.http(request)


def handle_event(event: Mapping[str, Any], _context: object) -> Any:
    """Answer a look by an AWS event or through a function URL."""
    return _service.event(event)
