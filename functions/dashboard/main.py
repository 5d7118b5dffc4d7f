"""The board: serves its pages, and tells them which Supabase project is theirs.

Entry points only: `handle_http` for Google Cloud Functions, `handle_event` for the URL of an AWS Lambda.
"""

import gc

gc.disable()  # nothing that is imported is garbage (decision 0054)

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from plantpulse.dashboard.service import DashboardService, Response
from plantpulse.http_requests import HttpRequest

gc.freeze()
gc.enable()

_service = DashboardService(Path(__file__).with_name("dashboard"), os.environ)


def handle_http(request: HttpRequest) -> Response:
    """Return a file over HTTP."""
    return _service.http(request)


def handle_event(event: Mapping[str, Any], _context: object) -> Any:
    """Return a file for a function URL."""
    return _service.event(event)
