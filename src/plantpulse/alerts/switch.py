"""Calls the dead man's switch, which tells people when health does not."""

from collections.abc import Callable, Iterator
from typing import Any

from plantpulse.alerts.outbox import OpenChannel
from plantpulse.errors import PlantpulseError
from plantpulse.logs import log
from plantpulse.settings import ChannelSettings, Settings


def pinging(open_channel: OpenChannel) -> Callable[..., None]:
    """Return what health calls at its end. Success means: it could look and send."""

    def ping(settings: Settings, seconds_left: Callable[[], float], /, *, is_well: bool) -> None:
        for name, channel in _switches(settings):
            if seconds_left() <= 0:
                log("WARNING", "dead man's switch not called: no time was left", channel=name)
                return
            _call(open_channel, name, channel, seconds_left, is_well=is_well)

    return ping


def _call(
    open_channel: OpenChannel,
    name: str,
    channel: ChannelSettings,
    seconds_left: Callable[[], float],
    *,
    is_well: bool,
) -> None:
    """Call one switch; what goes wrong is logged, and the switch itself tells people of the silence."""
    try:
        switch: Any = open_channel(name, channel)
        switch.ping(seconds_left, is_well=is_well)
    except PlantpulseError as error:
        log("WARNING", "dead man's switch not called", channel=name, error=str(error))


def _switches(settings: Settings) -> Iterator[tuple[str, ChannelSettings]]:
    for name, channel in settings.channels.items():
        if channel.kind == "healthchecks" and channel.enabled:
            yield name, channel
