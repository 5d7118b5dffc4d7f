"""The rule about the channels themselves: a failing one is reported on another. Pure."""

from datetime import timedelta

from plantpulse.alerts.sights import ChannelSight, Fires, Firing
from plantpulse.settings import Rule


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
