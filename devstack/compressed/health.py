"""Health on the compressed clock: `functions/health/main.py` for a plant whose time is simulated.

It judges what runs on the plant's clock: the poll and the morning report. Machine tags are polled in real
time, and nobody calls the cleanup of `make up`: on this clock both would look late, so neither is judged.
"""

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from devstack.clock import CompressedClock
from plantpulse import database
from plantpulse.alerts.channels import open_channel
from plantpulse.alerts.switch import pinging
from plantpulse.health.service import HealthService, Response
from plantpulse.health.watch import Watch
from plantpulse.http_requests import HttpRequest
from plantpulse.schedules.pipelines import Pipeline, pipelines_of
from plantpulse.settings import Settings, config

_ON_THE_PLANTS_CLOCK: Final = ("live_pulse", "morning_report")


def _settings() -> Settings:
    """Return the settings without machine tags, whose groups would look like left alone."""
    known = config.load()
    return replace(
        known, tags=None, plants={key: replace(own, tags=None) for key, own in known.plants.items()}
    )


def _judged(settings: Settings) -> Sequence[Pipeline]:
    return [one for one in pipelines_of(settings) if one.name in _ON_THE_PLANTS_CLOCK]


_service = HealthService(
    open_store=database.connect,
    watch=Watch(database.connect, open_channel, pinging(open_channel)),
    load_settings=_settings,
    clock=CompressedClock.from_environment(os.environ).now,
    pipelines=_judged,
)


def handle_http(request: HttpRequest) -> Response:
    """Return the view over HTTP."""
    return _service.http(request)
