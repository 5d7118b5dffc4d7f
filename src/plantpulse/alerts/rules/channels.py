"""The rule about the channels themselves: a failing one is reported on another. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from plantpulse.alerts.sights import Fires, Firing
from plantpulse.settings import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSight:
    """A channel whose messages fail."""

    name: str
    now: datetime
    failing_since: datetime
    failures: int
    error: str


def channel_failing(sight: ChannelSight, rule: Rule) -> Fires:
    """Fire where a channel has taken no message for `threshold` minutes."""
    if sight.now - sight.failing_since < timedelta(minutes=rule.threshold or 0):
        return ()
    facts = {
        "channel": sight.name,
        "failing_since": sight.failing_since.isoformat(),
        "failures": sight.failures,
        "message": sight.error,
    }
    return [Firing(facts, subject=sight.name)]
