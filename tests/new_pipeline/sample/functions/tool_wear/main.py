"""Tool wear: counts the assets of each plant, every hour.

Entry points only: `handle_http` for Google Cloud Functions and people, `handle_event` for AWS Lambda.
"""

import gc

gc.disable()  # nothing that is imported is garbage (decision 0054)

from collections.abc import Mapping
from typing import Any

from plantpulse.tool_wear import ToolWear

from plantpulse import database
from plantpulse.http_requests import HttpRequest
from plantpulse.entry.service import Response, Service

gc.freeze()
gc.enable()

_service = Service(ToolWear(), open_store=database.connect)


def handle_http(request: HttpRequest) -> Response:
    """Answer a run asked for over HTTP."""
    return _service.http(request)


def handle_event(event: Mapping[str, Any], _context: object) -> Any:
    """Answer a run asked for by an AWS event or through a function URL."""
    return _service.event(event)
