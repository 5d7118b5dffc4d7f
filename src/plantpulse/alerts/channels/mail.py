"""A notice as a mail. Pure: the same notice gives the same mail, so that a second copy can be recognised."""

from collections.abc import Sequence
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from hashlib import sha256
from typing import Final

from plantpulse.alerts.channels.channel import clean, cut
from plantpulse.alerts.notices import Notice

_LONGEST_SUBJECT: Final = 300
_LONGEST_TEXT: Final = 1_000_000
# Bodies in ASCII, so that no server on the way has to convert them; long lines are folded.
_POLICY: Final = policy.SMTP.clone(cte_type="7bit")


def mail_of(notice: Notice, sender: str, recipients: Sequence[str]) -> bytes:
    """Return a mail with text and, if there is one, its HTML.

    Its Message-ID follows from the notice's key, so servers and readers can drop a second copy. All mails of
    a thread refer to one id that no mail has: mail readers group them, whichever arrived first.
    """
    mail = EmailMessage(policy=_POLICY)
    domain = address_in(sender).rpartition("@")[2]
    mail["Subject"] = " ".join(cut(notice.title, _LONGEST_SUBJECT).split())
    mail["From"] = _header(sender)
    mail["To"] = [_header(recipient) for recipient in recipients]
    mail["Date"] = format_datetime(notice.at)
    mail["Message-ID"] = f"<{_digest(notice.key)}@{domain}>"
    mail["References"] = f"<{_digest(notice.thread)}.thread@{domain}>"
    if not notice.is_first:
        mail["In-Reply-To"] = f"<{_digest(notice.thread)}.thread@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday notice answers
    mail["X-Auto-Response-Suppress"] = "All"  # the same for Exchange
    if notice.severity == "critical" and notice.occasion != "resolved":
        mail["Importance"] = "high"
    mail.set_content(cut(notice.text, _LONGEST_TEXT))
    if notice.html:
        mail.add_alternative(cut(notice.html, _LONGEST_TEXT), subtype="html")
    return mail.as_bytes()


def address_in(text: str) -> str:
    """Return the address in `Name <address>`, or the text itself."""
    return text.rpartition("<")[2].rstrip(">").strip() if "<" in text else text.strip()


def _header(text: str) -> Address:
    name = text.rpartition("<")[0].strip().strip('"')
    return Address(display_name=" ".join(clean(name).split()), addr_spec=address_in(text))


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "replace")).hexdigest()[:32]
