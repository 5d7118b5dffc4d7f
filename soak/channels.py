"""Channels of alerts, imitated at the interface that the outbox sends through; what they take is noted."""

from collections.abc import Callable
from dataclasses import dataclass

from plantpulse.alerts.notices import Delivery, Notice
from plantpulse.errors import ChannelRefused, ChannelUnavailable
from plantpulse.settings import ChannelSettings
from soak.boundaries import Boundaries
from soak.ledger import Sent

LONGEST_S = 10.0


@dataclass(frozen=True, slots=True)
class Channels:
    """All channels of a deployment."""

    boundaries: Boundaries

    def open(self, name: str, _settings: ChannelSettings, /, *, to: tuple[str, ...] = ()) -> "_Channel":
        """Open a channel; nothing is connected yet."""
        return _Channel(name, self.boundaries)


@dataclass(frozen=True, slots=True)
class _Channel:
    name: str
    boundaries: Boundaries

    def send(self, notice: Notice, _seconds_left: Callable[[], float], /) -> Delivery:
        """Send one notice. Raises: ChannelUnavailable, ChannelRefused, Died."""
        match self.boundaries.cross("channel", 0.3, LONGEST_S):
            case "unavailable" | "hangs":
                raise ChannelUnavailable(f"{self.name} did not answer", stopped_at="tcp")
            case "busy":
                raise ChannelUnavailable(f"{self.name} is busy", stopped_at="send", retry_after_s=60.0)
            case "refused":
                raise ChannelRefused(f"{self.name} refused", stopped_at="send")
            case "perhaps":
                self._note(notice)
                told = f"{self.name} took it, and did not answer"
                raise ChannelUnavailable(told, stopped_at="send", is_perhaps_sent=True)
            case "dies behind it":
                self._note(notice)
                self.boundaries.process().die()
        self._note(notice)
        return Delivery()

    def _note(self, notice: Notice) -> None:
        alerts = tuple(int(one["alert_id"]) for one in notice.alerts)
        process, now = self.boundaries.process().name, self.boundaries.now()
        self.boundaries.ledger.note_sent(Sent(process, self.name, notice.key, now, alerts))
