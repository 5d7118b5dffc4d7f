"""A notice: what one channel is told at one moment, in words, and what came of sending it.

Pure. `messages` writes notices, the modules in `channels` send them.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

Json = Any
Severity = Literal["info", "warning", "critical"]
Occasion = Literal["fired", "worse", "repeat", "resolved"]
_MAIL_ADDRESS: Final = re.compile(r"""("[^"]*"|[^\s<>()",;:]+)(@|%40)(\[[^\]]*\]|[^\s<>()",;:]+)""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One message. Every text is one that a person may see; none contains a secret.

    `key` is the same for every try of this message, and no other message has it: mail's Message-ID and a
    webhook's id are made of it. `thread` is the same for all messages about one alert or one group of alerts:
    mail's In-Reply-To and PagerDuty's dedup key. `title` says in one line what happened, where, and since
    when. `text` says more, `html` is the same for mail. `facts` are pairs of name and value for a table.
    `color` is one of good, warning, danger. `alerts` are the episodes as JSON for machines.
    """

    key: str
    thread: str
    occasion: Occasion
    severity: Severity
    title: str
    text: str
    at: datetime
    html: str | None = None
    facts: Sequence[tuple[str, str]] = ()
    link: str | None = None
    color: Literal["good", "warning", "danger"] = "warning"
    plant: str | None = None
    alerts: Sequence[Mapping[str, Json]] = ()
    is_first: bool = True  # no earlier message of this thread exists


@dataclass(frozen=True, slots=True)
class Delivery:
    """A notice that its channel has accepted. `refused` names recipients that were refused for good,
    `postponed` those that should be tried again; the others have it."""

    refused: Mapping[str, str] = field(default_factory=dict)
    postponed: Mapping[str, str] = field(default_factory=dict)


def without_addresses(text: str) -> str:
    """Return a text without mail addresses: more people read an error than may know its recipients."""
    return _MAIL_ADDRESS.sub("(address)", text)
