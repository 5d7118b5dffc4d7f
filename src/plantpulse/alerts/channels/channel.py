"""What every channel can do, and how its errors quote the other side. Pure."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from plantpulse.alerts.notices import Delivery, Notice
from plantpulse.errors import ChannelRefused, ChannelUnavailable, one_line

SecondsLeft = Callable[[], float]

LONGEST_CALL_S: Final = 10.0  # one channel that hangs must leave time for the others
_SHORTEST_CALL_S: Final = 0.05
_LONGEST_QUOTATION: Final = 200
_SHORTEST_SECRET: Final = 6  # a shorter part of a secret may be an everyday word
_HIDDEN: Final = "(hidden)"
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Step:
    """One step on the way to a channel: dns, tcp, smtp, tls, login, send."""

    name: str
    state: Literal["ok", "failed"]
    message: str


class Channel(Protocol):
    """One way to tell people. A call ends within LONGEST_CALL_S, or sooner if there is less time left."""

    def send(self, notice: Notice, seconds_left: SecondsLeft, /) -> Delivery:
        """Send one notice. Raises: ChannelUnavailable, ChannelRefused."""
        ...

    def probe(self, seconds_left: SecondsLeft, /) -> Sequence[Step]:
        """Return the steps up to the first that fails, without sending anything."""
        ...


def within_s(seconds_left: SecondsLeft) -> float:
    """Return how long one call may take."""
    return max(min(LONGEST_CALL_S, seconds_left()), _SHORTEST_CALL_S)


def failed(error: ChannelUnavailable | ChannelRefused) -> Step:
    """Return the step at which an error stopped."""
    return Step(error.stopped_at, "failed", str(error))


def quoted(text: str | bytes, *secrets: str) -> str:
    """Return what another side said, on one line and cut, without any part of our secrets."""
    words = text.decode(errors="replace") if isinstance(text, bytes) else text
    for secret in secrets:
        for part in sorted({secret, *re.split(r"[/?&=:@,\s]+", secret)}, key=len, reverse=True):
            if len(part) >= _SHORTEST_SECRET:
                words = words.replace(part, _HIDDEN)
    return one_line(words, _LONGEST_QUOTATION)


def clean(text: str) -> str:
    """Return a text that any encoding and any format takes: no controls but tab and line end."""
    return _CONTROLS.sub(" ", text.replace("\r\n", "\n")).encode("utf-8", "replace").decode("utf-8")


def cut(text: str, longest: int) -> str:
    """Return a cleaned text of at most so many characters."""
    whole = clean(text)
    return whole if len(whole) <= longest else f"{whole[: longest - 1]}…"
