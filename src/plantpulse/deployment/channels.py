"""What channels need of a cloud: a way out, rights and memory. One that is switched off needs nothing."""

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from plantpulse.schedules.pipelines import RegisteredFunction
from plantpulse.settings import Settings
from plantpulse.settings.channels import ChannelSettings

# A message by Apprise takes half a second of a whole processor (docs/decisions/0080). A function with 256 MB
# has a seventh of one, so a message would take 3.4 s of a sweep's 20 (docs/decisions/0085).
_LEAST_WITH_APPRISE_MB: Final = 512
_PORTS_OF_URLS: Final = {"http": 80, "https": 443}


def ports_of(settings: Settings) -> list[int]:
    """Return the TCP ports that channels are reached at, sorted.

    An address that is a secret is not known here, so its port counts as 443.
    """
    return sorted({_port(channel) for channel in _enabled(settings)})


def topics_of(settings: Settings) -> list[str]:
    """Return the ARNs of the topics that functions publish to, sorted."""
    return sorted({one.topic_arn for one in _enabled(settings) if one.kind == "sns" and one.topic_arn})


def memory_mb(function: RegisteredFunction, settings: Settings) -> int:
    """Return a function's memory, which is enough for its channels."""
    has_apprise = any(channel.kind == "apprise" for channel in _enabled(settings))
    return max(function.memory_mb, _LEAST_WITH_APPRISE_MB) if has_apprise else function.memory_mb


def _enabled(settings: Settings) -> Iterator[ChannelSettings]:
    return (channel for channel in settings.channels.values() if channel.enabled)


def _port(channel: ChannelSettings) -> int:
    if channel.kind == "email":
        return channel.smtp_port
    parts = urlsplit(channel.url or "")
    return parts.port or _PORTS_OF_URLS.get(parts.scheme, 443)
