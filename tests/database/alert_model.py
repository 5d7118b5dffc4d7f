"""What alerts and their messages should come to: a model written from the rules and not from the SQL.

An ear is a channel and what it may believe of an episode. A message that was sent makes the belief certain;
a sweep that died leaves both what was believed before and what it may have told.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

SEVERITIES: Final = ("info", "warning", "critical")
REPEAT: Final = timedelta(hours=4)
HOLD: Final = timedelta(minutes=5)
ONE_STORY: Final = timedelta(minutes=10)
SEEN_AGAIN: Final = timedelta(minutes=5)

# What an ear may believe: nothing, that all is well again, or that it fires so badly.
NOTHING, OVER = "nothing", "over"


def rank(severity: str) -> int:
    return SEVERITIES.index(severity)


@dataclass
class Ear:
    """What one channel may believe of one episode."""

    beliefs: set[str] = field(default_factory=lambda: {NOTHING})
    word: str | None = None  # the last one that was told for certain
    told_at: datetime | None = None
    next_try_at: datetime | None = None
    has_failed: bool = False
    is_left: bool = False
    lease: str | None = None
    lease_ends_at: datetime | None = None
    claimed: tuple[str, str, datetime] | None = None
    received: list[str] = field(default_factory=list)
    is_exact: bool = True  # no death, no recipient left over: nothing may come twice

    def may_believe(self, now: datetime) -> set[str]:
        if self.claimed and self.lease_ends_at and self.lease_ends_at <= now:
            return self.beliefs | {self.after(*self.claimed[:2])}
        return self.beliefs

    @staticmethod
    def after(word: str, severity: str) -> str:
        return OVER if word in ("resolved", "over") else severity


@dataclass
class Episode:
    """Something wrong, from its beginning to its end."""

    fingerprint: str
    plant: str
    rule: str
    severity: str
    opened_at: datetime
    observed_at: datetime
    last_seen_at: datetime
    is_told_when_over: bool
    is_event: bool = False
    resolved_at: datetime | None = None
    reopened: int = 0
    is_acknowledged: bool = False
    ears: dict[str, Ear] = field(default_factory=dict)


@dataclass(frozen=True)
class Silence:
    plant: str
    rule: str | None
    starts_at: datetime
    ends_at: datetime

    def holds(self, episode: Episode, since: datetime, until: datetime) -> bool:
        is_about = episode.plant == self.plant and self.rule in (None, episode.rule)
        return is_about and self.starts_at <= until and self.ends_at > since


@dataclass(frozen=True)
class Fault:
    """One thing that fires in a look."""

    rule: str
    severity: str
    is_told_when_over: bool
    is_event: bool = False
    subject: str = ""


@dataclass
class World:
    """All episodes and silences."""

    episodes: list[Episode] = field(default_factory=list)
    silences: list[Silence] = field(default_factory=list)

    def of(self, fingerprint: str) -> list[Episode]:
        return [one for one in self.episodes if one.fingerprint == fingerprint]

    def open_ones(self) -> Iterator[Episode]:
        return (one for one in self.episodes if one.resolved_at is None)

    def look(self, plant: str, rules: set[str], faults: list[Fault], at: datetime, now: datetime) -> None:
        """Let a look at a plant change the episodes."""
        firing = {_fingerprint(plant, fault): fault for fault in faults}
        for episode in self.open_ones():
            is_well = episode.rule in rules and episode.fingerprint not in firing
            if episode.plant == plant and is_well and episode.observed_at <= at:
                episode.resolved_at = max(now, episode.opened_at)
                episode.observed_at = at
        for fingerprint, fault in sorted(firing.items(), key=lambda one: one[0]):
            self._fire(plant, fingerprint, fault, at, now)

    def _fire(self, plant: str, fingerprint: str, fault: Fault, at: datetime, now: datetime) -> None:
        past = self.of(fingerprint)
        present = next((one for one in past if one.resolved_at is None), None)
        recent = [
            one
            for one in past
            if one.resolved_at and one.resolved_at > now - ONE_STORY and one.observed_at <= at
        ]
        if present:
            self._see_again(present, fault, at, now)
        elif recent and not fault.is_event:
            self._reopen(max(recent, key=lambda one: one.resolved_at or now), fault, at, now)
        elif not any(one.is_event or one.observed_at > at for one in past):
            ended = now if fault.is_event else None
            flags = (fault.is_told_when_over, fault.is_event)
            self.episodes.append(
                Episode(fingerprint, plant, fault.rule, fault.severity, now, at, now, *flags, ended)
            )

    @staticmethod
    def _see_again(episode: Episode, fault: Fault, at: datetime, now: datetime) -> None:
        is_worse = rank(fault.severity) > rank(episode.severity)
        if is_worse or episode.last_seen_at <= now - SEEN_AGAIN:
            episode.severity = max(episode.severity, fault.severity, key=rank)
            episode.last_seen_at = now
            episode.observed_at = max(episode.observed_at, at)
            episode.is_told_when_over |= fault.is_told_when_over

    @staticmethod
    def _reopen(episode: Episode, fault: Fault, at: datetime, now: datetime) -> None:
        episode.resolved_at = None
        episode.reopened += 1
        episode.severity = max(episode.severity, fault.severity, key=rank)
        episode.last_seen_at = now
        episode.observed_at = max(episode.observed_at, at)
        episode.is_told_when_over |= fault.is_told_when_over

    def is_silenced(self, episode: Episode, since: datetime, until: datetime) -> bool:
        return any(silence.holds(episode, since, until) for silence in self.silences)

    def word_for(
        self, episode: Episode, ear: Ear, now: datetime, *, is_quiet: bool, least: str, is_single: bool
    ) -> str | None:
        """Return what an ear is to be told now."""
        if ear.lease_ends_at and ear.lease_ends_at > now:
            return None
        if is_quiet and episode.severity != "critical":
            return None
        is_wanted = rank(episode.severity) >= rank(least)
        word = self._news(episode, ear, now, is_wanted=is_wanted, is_single=is_single)
        if ear.next_try_at and ear.next_try_at > now and (ear.has_failed or word is None):
            return None
        return word or self._rest(episode, ear, now)

    def _news(
        self, episode: Episode, ear: Ear, now: datetime, *, is_wanted: bool, is_single: bool
    ) -> str | None:
        beliefs = ear.may_believe(now)
        is_heard = any(belief in SEVERITIES for belief in beliefs)
        if episode.is_event:
            silent = self.is_silenced(episode, episode.opened_at, episode.opened_at)
            silent = silent or self.is_silenced(episode, now, now)
            return None if silent or ear.word or not is_wanted else "fired"
        if episode.resolved_at is None:
            return self._of_open(episode, ear, beliefs, now) if is_wanted else None
        if is_heard:
            return "resolved" if episode.resolved_at <= now - HOLD else None
        is_unheard = ear.told_at is None or ear.told_at < episode.last_seen_at
        if not (episode.is_told_when_over and is_unheard and is_wanted):
            return None
        if self.is_silenced(episode, episode.opened_at, episode.resolved_at):
            return None
        return "fired" if is_single else "over"

    def _of_open(self, episode: Episode, ear: Ear, beliefs: set[str], now: datetime) -> str | None:
        if self.is_silenced(episode, now, now):
            return None
        if not beliefs <= set(SEVERITIES):
            return "fired"
        if min(map(rank, beliefs)) < rank(episode.severity):
            return "worse"
        is_long_ago = ear.told_at is not None and ear.told_at <= now - REPEAT
        return "repeat" if is_long_ago and not episode.is_acknowledged else None

    def _rest(self, episode: Episode, ear: Ear, now: datetime) -> str | None:
        has_no_end = episode.is_event or episode.resolved_at is None
        if not ear.is_left or (has_no_end and self.is_silenced(episode, now, now)):
            return None
        is_still_so = (ear.word in ("fired", "worse", "repeat")) == has_no_end
        return ear.word if is_still_so else None


def _fingerprint(plant: str, fault: Fault) -> str:
    return f"live_pulse/{plant}/{fault.rule}" + (f"/{fault.subject}" if fault.subject else "")
