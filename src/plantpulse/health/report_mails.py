"""Sends the morning reports that are due by mail, with the time that the alerts have left."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from plantpulse.alerts.notices import Notice
from plantpulse.alerts.outbox import OpenChannel
from plantpulse.errors import ConfigurationError
from plantpulse.logs import log
from plantpulse.settings import Settings

if TYPE_CHECKING:
    from plantpulse.report_mail.mail import Mail
    from plantpulse.report_mail.sending import MailStore


def send_report_mails(
    settings: Settings,
    store: "MailStore",
    open_channel: OpenChannel,
    clock: Callable[[], datetime],
    seconds_left: Callable[[], float],
) -> None:
    """Send what is due, if any plant's report goes anywhere. Raises: the store's errors."""
    if not any(settings.morning_report_of(plant).send_to for plant in settings.plants):
        return
    from plantpulse.report_mail.sending import ReportMails  # noqa: PLC0415 - most calls send no mail

    sender = _Sender(settings, open_channel, clock, seconds_left)
    sent = ReportMails(store, sender.send, settings, clock, seconds_left).sweep()
    if sent.sent or sent.again or sent.dropped:
        log("INFO", "morning reports mailed", sent=sent.sent, again=sent.again, dropped=sent.dropped)


class _Sender:
    """Sends a mail over a channel of the settings."""

    def __init__(
        self,
        settings: Settings,
        open_channel: OpenChannel,
        clock: Callable[[], datetime],
        seconds_left: Callable[[], float],
    ) -> None:
        self._settings, self._open, self._clock = settings, open_channel, clock
        self._seconds_left = seconds_left

    def send(self, channel: str, mail: "Mail", *, key: str, thread: str, is_first: bool) -> None:
        """Send one mail. Raises: ChannelUnavailable, ChannelRefused, ConfigurationError."""
        known = self._settings.channels.get(channel)
        if known is None or not known.enabled:
            raise ConfigurationError(f"channel {channel} is not in the settings, or is off")
        notice = Notice(
            key=key,
            thread=thread,
            occasion="fired",
            severity="info",
            title=mail.subject,
            text=mail.text,
            html=mail.html,
            at=self._clock(),
            color="good",
            is_first=is_first,
        )
        delivery: Any = self._open(channel, known).send(notice, self._seconds_left)
        for address, why in {**delivery.refused, **delivery.postponed}.items():
            log("WARNING", "morning report not taken", channel=channel, recipient=address, error=why)
