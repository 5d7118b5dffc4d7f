"""A conversation with an SMTP server over our own connection: greeting, STARTTLS, login, one mail.

`smtplib` speaks the protocol. It neither opens the connection, because its time-out is none against a server
that drips, nor logs in, because it would try one refused password in several ways, which locks accounts.
Source: RFC 5321; RFC 3207 (STARTTLS); RFC 4954 (AUTH).
"""

import base64
import smtplib
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, BinaryIO, Final, TypeVar

from plantpulse.alerts.channels.channel import quoted
from plantpulse.alerts.channels.line import Line
from plantpulse.alerts.notices import Delivery
from plantpulse.errors import ChannelRefused, ChannelUnavailable

Reply = tuple[int, bytes]
Result = TypeVar("Result")

_MOST_READ: Final = 200_000  # bytes of all replies; a flood ends here
_OK, _MORE = 2, 3


class _Replies:
    """What the server says, up to a limit. `smtplib` bounds a line, but not their number."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._left = _MOST_READ

    def readline(self, limit: int) -> bytes:
        """Return the next line. Raises: OSError when it has been too much."""
        line = self._file.readline(limit)
        self._left -= len(line)
        if self._left < 0:
            raise OSError("the replies have no end")
        return line

    def close(self) -> None:
        """Leave the file to the line, which closes it."""


class Conversation:
    """One session with a server. Every method raises ChannelUnavailable and ChannelRefused."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._secrets: tuple[str, ...] = ()
        self._smtp: Any = smtplib.SMTP(local_hostname=_own_name(line), timeout=line.within_s)
        self._use_connection()

    def greet(self) -> None:
        """Read the greeting and introduce ourselves."""
        self._require(self._said(self._smtp.getreply, "smtp"), _OK, "smtp", "the greeting is")
        self._introduce()
        self._line.passed("smtp", f"{self._line.server.host} speaks SMTP")

    def start_tls(self) -> None:
        """Turn TLS on, or refuse to go on without it."""
        host = self._line.server.host
        if not self._smtp.has_extn("starttls"):
            raise self._line.refused(
                "tls",
                f"{host} offers no STARTTLS: set encryption to tls, or to off in the plant's own network",
            )
        reply = self._said(lambda: self._smtp.docmd("STARTTLS"), "tls")
        self._require(reply, _OK, "tls", "STARTTLS is refused:")
        self._line.encrypt()
        self._use_connection()
        self._introduce()  # what was said before TLS may have come from somebody in between

    def log_in(self, user: str, password: str, variable: str) -> None:
        """Log in once: a second try in another way would count as a second wrong password."""
        host, offered = self._line.server.host, self._smtp.esmtp_features.get("auth", "").upper().split()
        plain = _base64(f"\0{user}\0{password}")
        self._secrets = (password, plain, _base64(password))
        if "PLAIN" in offered:
            first, rest = f"PLAIN {plain}", []
        elif "LOGIN" in offered:
            first, rest = "LOGIN", [_base64(user), _base64(password)]
        else:
            raise self._line.refused(
                "login", f"{host} offers no login by password; it may want none: remove user"
            )
        code, words = self._said(lambda: self._smtp.docmd("AUTH", first), "login")
        for answer in rest:
            if code // 100 == _MORE:
                code, words = self._said(lambda answer=answer: self._smtp.docmd(answer), "login")  # type: ignore[misc] # mypy infers no default
        if code // 100 == 5:
            told = f"{host} refuses the login of {user}: check user and {variable}"
            raise self._line.refused("login", f"{told} ({self._quoted(code, words)})")
        self._require((code, words), _OK, "login", "the login is not possible now:")
        self._line.passed("login", f"{user} may log in")

    def hand_over(self, sender: str, recipients: Sequence[str], mail: bytes) -> Delivery:
        """Send a mail to all recipients that the server takes; return the others with its words."""
        reply = self._said(lambda: self._smtp.mail(sender), "send")
        self._require(reply, _OK, "send", f"the sender {sender} is not accepted:")
        replies = {one: self._said(lambda one=one: self._smtp.rcpt(one), "send") for one in recipients}  # type: ignore[misc] # mypy infers no default
        # What is neither a yes nor a no is no yes: it is asked again.
        refused = {one: self._quoted(*reply) for one, reply in replies.items() if reply[0] // 100 == 5}
        postponed = {
            one: self._quoted(*reply) for one, reply in replies.items() if reply[0] // 100 not in {2, 5}
        }
        if len(postponed) + len(refused) == len(replies):
            raise self._nobody(postponed, refused)
        try:
            reply = self._said(lambda: self._smtp.data(mail), "send")
        except ChannelUnavailable as error:
            error.is_perhaps_sent = True
            raise
        self._require(reply, _OK, "send", "the mail is not accepted:")
        return Delivery(refused=refused, postponed=postponed)

    def leave(self) -> None:
        """Say goodbye; the mail is sent, whatever comes back."""
        with suppress(OSError, smtplib.SMTPException):
            self._smtp.docmd("QUIT")

    def _use_connection(self) -> None:
        """Begin anew on the connection as it is now: whatever was read before is forgotten."""
        self._smtp.sock = self._line.connected
        self._smtp.file = _Replies(self._line.reader())
        self._smtp.helo_resp = self._smtp.ehlo_resp = None
        self._smtp.esmtp_features = {}
        self._smtp.does_esmtp = False

    def _introduce(self) -> None:
        code, words = self._said(self._smtp.ehlo, "smtp")
        if code // 100 == 5:
            code, words = self._said(self._smtp.helo, "smtp")
        self._require((code, words), _OK, "smtp", "the introduction is refused:")

    def _said(self, ask: Callable[[], Result], step: str) -> Result:
        """Return the reply to a command. Raises: ChannelUnavailable when the connection breaks."""
        host = self._line.server.host
        try:
            reply = ask()
        except smtplib.SMTPDataError as error:
            return error.smtp_code, error.smtp_error  # type: ignore[return-value] # it is bytes
        except smtplib.SMTPServerDisconnected as error:
            raise self._line.unavailable(step, f"{host} ended the connection") from error
        except smtplib.SMTPException:
            # Its text may quote what was answered.
            raise self._line.unavailable(step, f"what answers at {host} does not speak SMTP") from None
        except OSError as error:
            raise self._line.unavailable(
                step, f"{host} ended the connection ({type(error).__name__})"
            ) from error
        if self._line.is_cut:
            raise self._line.unavailable(step, "")
        return reply

    def _require(self, reply: Reply, kind: int, step: str, words: str) -> None:
        """Raises: ChannelUnavailable for 4xx, ChannelRefused for 5xx, unless a reply is of a kind."""
        code, said = reply
        if code // 100 == kind:
            return
        told = f"{self._line.server.host}: {words} {self._quoted(code, said)}"
        if code // 100 == 5:
            raise self._line.refused(step, told)
        raise self._line.unavailable(step, told)

    def _nobody(
        self, postponed: dict[str, str], refused: dict[str, str]
    ) -> ChannelUnavailable | ChannelRefused:
        host = self._line.server.host
        if postponed:
            one, words = next(iter(postponed.items()))
            return self._line.unavailable("send", f"{host} takes no recipient now: {one} ({words})")
        one, words = next(iter(refused.items()))
        return self._line.refused("send", f"{host} refuses every recipient: {one} ({words}); check to")

    def _quoted(self, code: int, words: bytes) -> str:
        return f"{code} {quoted(words, *self._secrets)}"


def _own_name(line: Line) -> str:
    """Return our name for the introduction: the address, because a name would have to be looked up.

    Source: RFC 5321, section 4.1.3.
    """
    address = str(line.connected.getsockname()[0]).partition("%")[0]
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
