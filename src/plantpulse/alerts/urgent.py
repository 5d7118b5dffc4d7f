"""Tells at once what is critical: a function's processor stands still once it has answered."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING, Final, Protocol

from plantpulse.runs import utc_now
from plantpulse.settings import Settings

if TYPE_CHECKING:
    from plantpulse.alerts.outbox import OpenChannel, OutboxStore

    class UrgentStore(OutboxStore, Protocol):
        """What urgent messages need from Supabase: calls that end with the time for them."""

        def within(self, seconds_left: Callable[[], float]) -> AbstractContextManager[None]: ...


KEPT_FOR_MARK_S: Final = 1.0  # of the time for urgent messages, to write down that the last one was sent


def telling(
    open_channel: "OpenChannel", clock: Callable[[], datetime] = utc_now
) -> "Callable[[Settings, UrgentStore, Callable[[], float]], None]":
    """Return what a service calls after a run that found something critical."""

    def tell(settings: Settings, store: "UrgentStore", seconds_left: Callable[[], float]) -> None:
        if not settings.channels:
            return
        from plantpulse.alerts.outbox import Outbox  # noqa: PLC0415 - most runs tell nobody anything

        outbox = Outbox(settings, store, open_channel, clock, least_severity="critical")
        with store.within(seconds_left):
            outbox.sweep(lambda: seconds_left() - KEPT_FOR_MARK_S)

    return tell
