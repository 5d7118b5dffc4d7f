"""What health does at a scheduled call besides looking: it writes down what it judged, opens and ends alerts,
and sends what is due.

It watches what no run can say of itself. Nothing here fails the seen: what goes wrong is logged, and the
dead man's switch outside hears of it.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from plantpulse.alerts.outbox import OpenChannel, Outbox, OutboxStore, Swept
from plantpulse.entry.guard import guarded
from plantpulse.errors import PlantpulseError
from plantpulse.health.judged import judged
from plantpulse.health.observed import Observation
from plantpulse.health.report_mails import send_report_mails
from plantpulse.health.sights import seen_of
from plantpulse.health.tags import polls_tags, seen_of_groups
from plantpulse.logs import log
from plantpulse.runs import Budget, Json, utc_now
from plantpulse.settings import Settings, SupabaseSettings

LOOK_S: Final = 5  # health answers from Supabase within this time
PING_S: Final = 3  # for the dead man's switch, at the end


Clock = Callable[[], datetime]


class WatchStore(OutboxStore, Protocol):
    """What the watching side needs from Supabase."""

    def keep_pipeline_states(self, states: Sequence[Mapping[str, Json]]) -> dict[str, Json]: ...
    def tag_troubles(self) -> dict[str, Json]: ...
    def claim_report_mails(self, claim: Mapping[str, Json]) -> dict[str, Json]: ...
    def mark_report_mail(self, mark: Mapping[str, Json]) -> dict[str, Json]: ...


class OpenOutboxStore(Protocol):
    """Opens the store for one invocation."""

    def __call__(
        self, settings: SupabaseSettings, /, *, seconds_left: Callable[[], float], clock: Clock | None
    ) -> AbstractContextManager[WatchStore]: ...


class Ping(Protocol):
    """Tells the dead man's switch whether health could look and send. It raises nothing."""

    def __call__(
        self, settings: Settings, seconds_left: Callable[[], float], /, *, is_well: bool
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class Watch:
    """The watching side of health, with the adapters that it needs."""

    open_store: OpenOutboxStore
    open_channel: OpenChannel
    ping: Ping
    monotonic: Callable[[], float] = time.monotonic

    def act(self, seen: Observation | None, settings: Settings, clock: Clock | None) -> None:
        """Change the alerts by what health saw (None: it could not look), send what is due, and ping."""
        longest_s = settings.health.timeout_s
        budget = Budget.start(longest_s - LOOK_S, longest_s, self.monotonic)
        is_well = seen is not None
        if seen is not None:
            swept = guarded(lambda: self._act(seen, settings, clock, budget))
            is_well = not isinstance(swept, PlantpulseError) and _can_send(swept)
            _log(swept)
        self.ping(settings, lambda: min(PING_S, budget.seconds_left()), is_well=is_well)

    def _act(self, seen: Observation, settings: Settings, clock: Clock | None, budget: Budget) -> Swept:
        def seconds_left() -> float:
            return budget.seconds_left() - PING_S - 1

        supabase, now = settings.require_supabase(), clock or utc_now
        with self.open_store(supabase, seconds_left=budget.seconds_left, clock=clock) as store:
            if told := [*seen_of(seen, settings), *_seen_of_tags(seen, settings, store)]:
                store.watch_alerts(told)
            _keep_states(seen, store)
            outbox = Outbox(settings, store, self.open_channel, now)
            swept = outbox.sweep(seconds_left)
            outbox.report_failing_channels()
            send_report_mails(settings, store, self.open_channel, now, seconds_left)
            return swept


def _keep_states(seen: Observation, store: WatchStore) -> None:
    """Write down for pages what health judged. The alerts go out without it too."""
    kept = guarded(lambda: store.keep_pipeline_states(judged(seen)))
    if isinstance(kept, PlantpulseError):
        log("WARNING", "states of pipelines could not be written", error=str(kept))


def _seen_of_tags(seen: Observation, settings: Settings, store: WatchStore) -> list[dict[str, Json]]:
    """Return what is to be said of machine tags; nothing if nobody can say. The other alerts go out then."""
    if not polls_tags(settings):
        return []
    troubles = guarded(store.tag_troubles)
    if isinstance(troubles, PlantpulseError):
        log("WARNING", "groups of tags could not be looked at", error=str(troubles))
        return []
    return seen_of_groups(troubles["groups"], settings, seen.alerted, seen.at)


def _can_send(swept: Swept) -> bool:
    """Say whether people can be told: with channels that all fail, only the dead man's switch can tell."""
    return bool(swept.working) or not swept.failing


def _log(swept: Swept | PlantpulseError) -> None:
    if isinstance(swept, PlantpulseError):
        log("ERROR", "alerts could not be sent", error={"code": swept.code, "message": str(swept)})
    elif swept.sent or swept.failed or swept.held_back or swept.failing:
        log(
            "WARNING" if swept.failing else "INFO",
            "alerts sent",
            sent=swept.sent,
            failed=swept.failed,
            held_back=swept.held_back,
            failing=swept.failing,
        )
