"""What an alert should come to, and what a channel may believe of it: written from docs/alerts.md."""

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from soak.ledger import Broken

SEVERITIES: Final = ("info", "warning", "critical")
ONE_STORY: Final = timedelta(minutes=10)
SEEN_AGAIN: Final = timedelta(minutes=5)


def worse_of(one: str, other: str) -> str:
    """Return the worse one of two severities."""
    return max(one, other, key=SEVERITIES.index)


class Episode(NamedTuple):
    """An alert from its beginning to its end. `observed_at` is the newest look that counted.

    `heard` is how bad the channel believes it to be, "" if it believes that all is well. `is_heard`: it has
    heard of it at all. `is_end_heard`: it was told of its end.
    """

    opened_at: datetime
    severity: str
    observed_at: datetime
    seen_at: datetime
    resolved_at: datetime | None = None
    heard: str = ""
    is_heard: bool = False
    is_end_heard: bool = False

    def told(self, word: str, severity: str, *, is_exact: bool, is_in_order: bool) -> "Episode":
        """Return it behind a message. Raises: Broken if the message says what the channel knows already.

        `is_exact`: nothing has happened after which a message may come twice. `is_in_order`: no message may
        come late, after a newer one.
        """
        is_end = word in {"resolved", "over"}
        expected = {
            "fired": not self.heard,
            "worse": self.heard != "" and worse_of(self.heard, severity) != self.heard,
            "repeat": self.heard != "",
            "resolved": self.heard != "",
            "over": not self.is_heard,
        }
        if is_exact and not expected[word]:
            raise Broken(f"the channel hears {word} ({severity}), and believed {self.heard or 'all well'}")
        if is_end:
            return self._replace(
                heard=self.heard if not is_in_order else "", is_heard=True, is_end_heard=True
            )
        worst = severity if is_in_order or not self.heard else worse_of(self.heard, severity)
        return self._replace(heard=worst, is_heard=True)

    def require_told(self, *, is_in_order: bool) -> None:
        """Raises: Broken if what the channel believes is not so, after everything could be told."""
        if self.resolved_at is None:
            if self.heard != self.severity:
                raise Broken(f"it is {self.severity}, and the channel believes {self.heard or 'all well'}")
        elif (self.is_heard and not self.is_end_heard) or (self.heard and is_in_order):
            raise Broken("it is over, and the channel was not told")
        elif self.severity == "critical" and not self.is_heard:
            raise Broken("it was critical and is over, and the channel never heard of it")


Episodes = tuple[Episode, ...]


def fired(past: Episodes, severity: str, at: datetime, now: datetime) -> Episodes:
    """Return the episodes behind a look that fired."""
    last = past[-1] if past else None
    if last and last.resolved_at is None:
        is_worse = worse_of(last.severity, severity) != last.severity
        if not is_worse and last.seen_at > now - SEEN_AGAIN:
            return past
    elif any(one.observed_at > at for one in past):
        return past
    elif not last or (last.resolved_at and last.resolved_at <= now - ONE_STORY):
        return (*past, Episode(now, severity, at, now))
    changed = last._replace(
        severity=worse_of(last.severity, severity),
        observed_at=max(last.observed_at, at),
        seen_at=now,
        resolved_at=None,
    )
    return (*past[:-1], changed)


def well(past: Episodes, at: datetime, now: datetime) -> Episodes:
    """Return the episodes behind a look that found all well."""
    if not past or past[-1].resolved_at or past[-1].observed_at > at:
        return past
    return (*past[:-1], past[-1]._replace(resolved_at=now, observed_at=at))
