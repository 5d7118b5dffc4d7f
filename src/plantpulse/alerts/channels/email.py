"""E-mail over SMTP, with the result for each recipient."""

from collections.abc import Sequence

from plantpulse.alerts.channels.channel import SecondsLeft, Step, failed, within_s
from plantpulse.alerts.channels.line import Line, Server
from plantpulse.alerts.channels.mail import address_in, mail_of
from plantpulse.alerts.channels.smtp import Conversation
from plantpulse.alerts.notices import Delivery, Notice
from plantpulse.errors import ChannelRefused, ChannelUnavailable
from plantpulse.settings import ChannelSettings
from plantpulse.settings.secret_variables import channel_secret_variable


class Email:
    """A channel that sends mails through one SMTP server, which may be in the plant's own network."""

    def __init__(self, name: str, settings: ChannelSettings) -> None:
        self._settings = settings
        self._secret = settings.secret.reveal() if settings.secret else ""
        self._variable = channel_secret_variable(name)
        self._server = Server(
            name,
            settings.host or "",
            settings.smtp_port,
            "host and port",
            settings.ca_file,
            allow_internal=True,
        )

    def send(self, notice: Notice, seconds_left: SecondsLeft, /) -> Delivery:
        """Send one mail to all recipients. Raises: ChannelUnavailable, ChannelRefused.

        The server may have a mail although this fails: when time is up, or the connection breaks, after the
        text was sent. The next try sends the same mail with the same Message-ID.
        """
        sender, recipients = self._settings.sender or "", self._settings.to
        mail = mail_of(notice, sender, recipients)
        with Line(self._server, within_s(seconds_left)) as line:
            conversation = self._begin(line)
            delivery = conversation.hand_over(
                address_in(sender), list(dict.fromkeys(map(address_in, recipients))), mail
            )
            conversation.leave()
        return delivery

    def probe(self, seconds_left: SecondsLeft, /) -> Sequence[Step]:
        """Return the steps up to the login, without sending a mail."""
        with Line(self._server, within_s(seconds_left)) as line:
            try:
                self._begin(line).leave()
            except (ChannelRefused, ChannelUnavailable) as error:
                return [*line.steps, failed(error)]
            return line.steps

    def _begin(self, line: Line) -> Conversation:
        line.connect()
        if self._settings.encryption == "tls":
            line.encrypt()
        conversation = Conversation(line)
        conversation.greet()
        if self._settings.encryption == "starttls":
            conversation.start_tls()
        if self._settings.user:
            conversation.log_in(self._settings.user, self._secret, self._variable)
        return conversation
