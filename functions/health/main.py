"""Health: says for every plant and pipeline whether it runs on schedule, and sends what is due of alerts.

Entry points only: `handle_http` for Google Cloud Functions, uptime checks and people, `handle_event` for AWS
Lambda.
"""

import gc

gc.disable()  # nothing that is imported is garbage (decision 0054)

from collections.abc import Mapping
from typing import Any

from plantpulse import database
from plantpulse.alerts.channels import open_channel
from plantpulse.alerts.switch import pinging
from plantpulse.health.service import HealthService, Response
from plantpulse.health.watch import Watch
from plantpulse.http_requests import HttpRequest

gc.freeze()
gc.enable()

_service = HealthService(
    open_store=database.connect,
    watch=Watch(database.connect, open_channel, pinging(open_channel)),
)


def handle_http(request: HttpRequest) -> Response:
    """Return the view over HTTP."""
    return _service.http(request)


def handle_event(event: Mapping[str, Any], _context: object) -> Any:
    """Return the view for an AWS event or a function URL."""
    return _service.event(event)
