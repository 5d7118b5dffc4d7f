"""Stories of alerts: what happens when, and what arrives, by a clock that a test moves.

Postgres, the store and the outbox are the real ones. The ends are told how to behave; the tests of the
channels have real servers.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from devstack.access import SupabaseAccess
from plantpulse import database
from plantpulse.alerts.notices import Delivery, Notice
from plantpulse.alerts.outbox import Outbox, Swept
from plantpulse.errors import ChannelUnavailable
from plantpulse.settings import ChannelSettings, PlantSettings, Secret, Settings, SupabaseSettings

BEGIN = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)


class Death(BaseException):
    """The process of a function ended here."""


@dataclass
class End:
    """Where one channel ends: what arrived, and how it behaves."""

    arrived: list[tuple[float, Notice]] = field(default_factory=list)
    is_down: bool = False
    retry_after_s: float | None = None
    dies: str = ""  # before or after it has taken a message


@dataclass
class Story:
    """A deployment with a clock, some channels and their ends. Times are minutes since the beginning."""

    supabase: SupabaseAccess
    channels: dict[str, ChannelSettings]
    plants: int = 1
    minute: float = 0.0
    ends: dict[str, End] = field(default_factory=dict)
    swept: Swept = field(default_factory=Swept)

    def __post_init__(self) -> None:
        self.ends = {name: End() for name in self.channels}

    @property
    def now(self) -> datetime:
        return BEGIN + timedelta(minutes=self.minute)

    @property
    def settings(self) -> Settings:
        plant = PlantSettings(time_zone="Europe/Berlin")
        supabase = SupabaseSettings(url=self.supabase.url, secret_key=Secret(self.supabase.secret_key))
        names = ["north", *(f"plant{number}" for number in range(1, self.plants))]
        return Settings(plants=dict.fromkeys(names, plant), channels=self.channels, supabase=supabase)

    def store(self) -> database.Supabase:
        return database.connect(
            self.settings.require_supabase(), seconds_left=lambda: 60.0, clock=lambda: self.now
        )

    def sees(self, *firing: dict[str, Any] | str, plant: str = "north", scope: str = "live_pulse") -> None:
        """Say what one look sees: every rule that a story uses is evaluated, these fire."""
        found = [{"rule": one, "severity": "warning"} if isinstance(one, str) else one for one in firing]
        rules = ["no_output", "run_failed", "overdue", "run_slow", "data_behind"]
        with self.store() as store:
            store.watch_alerts([{"scope": scope, "plant": plant, "rules": rules, "firing": found}])

    def sweep(self, *names: str) -> None:
        """Let health send what is due, on some channels or all."""
        with self.store() as store:
            settings = self.settings
            if names:
                settings = Settings(
                    plants=settings.plants,
                    channels={name: self.channels[name] for name in names},
                    supabase=settings.supabase,
                )
            outbox = Outbox(settings, store, self._open, lambda: self.now)
            try:
                self.swept = outbox.sweep(lambda: 60.0)
                outbox.report_failing_channels()
            except Death:
                pass

    def runs(self, minutes: float, *, sees: Callable[[float], tuple[Any, ...]] | None = None) -> None:
        """Let health run every minute for some time, and see what a function of the minute says."""
        for _ in range(int(minutes)):
            self.minute += 1
            if sees is not None:
                self.sees(*sees(self.minute))
            self.sweep()

    def titles(self, channel: str = "office") -> list[str]:
        return [notice.title for _, notice in self.ends[channel].arrived]

    def arrivals(self, channel: str = "office") -> list[tuple[float, str]]:
        """Return when what kind of message arrived."""
        return [(at, notice.occasion) for at, notice in self.ends[channel].arrived]

    def _open(self, name: str, _settings: ChannelSettings, /, *, to: tuple[str, ...] = ()) -> "_Sender":
        return _Sender(self, self.ends[name], to)


@dataclass
class _Sender:
    story: Story
    end: End
    to: tuple[str, ...]

    def send(self, notice: Notice, _seconds_left: Callable[[], float]) -> Delivery:
        if self.end.is_down:
            raise ChannelUnavailable(
                "nobody answers", stopped_at="connect", retry_after_s=self.end.retry_after_s
            )
        if self.end.dies == "before":
            self.end.dies = ""
            raise Death
        self.end.arrived.append((self.story.minute, notice))
        if self.end.dies == "after":
            self.end.dies = ""
            raise Death
        return Delivery()


def office(**changes: Any) -> ChannelSettings:
    """Return a mail channel."""
    mail: dict[str, Any] = {
        "kind": "email",
        "host": "mail",
        "sender": "a@example.com",
        "to": ("b@example.com",),
    }
    return ChannelSettings(**{**mail, **changes})


def pager(**changes: Any) -> ChannelSettings:
    """Return a channel that is told of each alert alone."""
    return ChannelSettings(kind="pagerduty", secret=Secret("key"), **changes)
