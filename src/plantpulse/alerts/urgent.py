"""Tells at once what is critical: a function's processor stands still once it has answered."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from plantpulse.runs import utc_now
from plantpulse.settings import Settings

if TYPE_CHECKING:
    from plantpulse.alerts.outbox import OpenChannel, OutboxStore


def telling(
    open_channel: "OpenChannel", clock: Callable[[], datetime] = utc_now
) -> "Callable[[Settings, OutboxStore, Callable[[], float]], None]":
    """Return what a service calls after a run that found something critical."""

    def tell(settings: Settings, store: "OutboxStore", seconds_left: Callable[[], float]) -> None:
        if not settings.channels:
            return
        from plantpulse.alerts.outbox import Outbox  # noqa: PLC0415 - most runs tell nobody anything

        outbox = Outbox(settings, store, open_channel, clock, least_severity="critical")
        outbox.sweep(seconds_left)

    return tell
