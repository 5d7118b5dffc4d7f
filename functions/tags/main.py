"""Machine tags: polls the groups of a plant in bursts, one after another, and reads one group when asked to.

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
from plantpulse.tags.job import TagBursts
from plantpulse.tags.trigger import TagTriggers

gc.freeze()
gc.enable()

_service: Service[database.Supabase] = Service(
    TagBursts(),
    open_store=database.connect,
    users=ProjectUsers(database.connect),
    tell_urgent=telling(open_channel),
    without_run=TagTriggers(),
)


def handle_http(request: HttpRequest) -> Response:
    """Run a burst, or read a group, over HTTP."""
    return _service.http(request)


def handle_event(event: Mapping[str, Any], _context: object) -> Any:
    """Run a burst, or read a group, for an AWS event or a function URL."""
    return _service.event(event)
