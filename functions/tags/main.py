"""Machine tags: polls the groups of a plant in bursts, one after another without a gap.

Entry points only: `handle_http` for Google Cloud Functions and people, `handle_event` for AWS Lambda.
"""

import gc

gc.disable()  # nothing that is imported is garbage (decision 0054)

from collections.abc import Mapping
from typing import Any

from plantpulse import database
from plantpulse.alerts.channels import open_channel
from plantpulse.alerts.urgent import telling
from plantpulse.entry.invocations import HttpRequest
from plantpulse.entry.service import Response, Service
from plantpulse.tags.job import TagBursts

gc.freeze()
gc.enable()

_service = Service(TagBursts(), open_store=database.connect, tell_urgent=telling(open_channel))


def handle_http(request: HttpRequest) -> Response:
    """Run a burst over HTTP."""
    return _service.http(request)


def handle_event(event: Mapping[str, Any], _context: object) -> Any:
    """Run a burst for an AWS event or a function URL."""
    return _service.event(event)
