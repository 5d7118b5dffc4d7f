"""Sends notices: one module per kind of channel, and nothing here decides what is sent or when.

Only this package knows SMTP, Slack, PagerDuty and Apprise. A kind is imported when a channel of it is opened:
a poll that tells nobody anything must not wait for what it does not use.
"""

from typing import TYPE_CHECKING

from plantpulse.errors import NotConfigured
from plantpulse.late_dataclasses import replace
from plantpulse.settings import ChannelSettings
from plantpulse.settings.secret_variables import channel_secret_variable

if TYPE_CHECKING:
    from plantpulse.alerts.channels.channel import Channel


def open_channel(name: str, settings: ChannelSettings, *, to: tuple[str, ...] = ()) -> "Channel":
    """Return a channel; nothing is connected yet. `to` replaces the recipients of a mail channel.

    Raises: NotConfigured naming the variable of a missing secret; ChannelRefused for a malformed secret.
    """
    if not settings.is_configured:
        raise NotConfigured(f"channel {name} is not configured: set {channel_secret_variable(name)}")
    if settings.kind in {"email", "apprise", "sns"}:
        return _by_other_means(name, settings, to)
    return _over_http(name, settings)


def _by_other_means(name: str, settings: ChannelSettings, to: tuple[str, ...]) -> "Channel":
    match settings.kind:
        case "email":
            from plantpulse.alerts.channels.email import Email  # noqa: PLC0415 - see above

            return Email(name, replace(settings, to=to) if to else settings)
        case "apprise":
            from plantpulse.alerts.channels.apprise import Apprise  # noqa: PLC0415 - see above

            return Apprise(name, settings)
        case _:
            from plantpulse.alerts.channels.sns import Sns  # noqa: PLC0415 - see above

            return Sns(name, settings)


def _over_http(name: str, settings: ChannelSettings) -> "Channel":
    match settings.kind:
        case "slack":
            from plantpulse.alerts.channels.slack import Slack  # noqa: PLC0415 - see above

            return Slack(name, settings)
        case "pagerduty":
            from plantpulse.alerts.channels.pagerduty import PagerDuty  # noqa: PLC0415 - see above

            return PagerDuty(name, settings)
        case "healthchecks":
            from plantpulse.alerts.channels.healthchecks import Healthchecks  # noqa: PLC0415 - see above

            return Healthchecks(name, settings)
        case _:
            from plantpulse.alerts.channels.webhook import Webhook  # noqa: PLC0415 - see above

            return Webhook(name, settings)
