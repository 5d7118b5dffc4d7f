"""What a publisher of series is asked, and what it answers.

Pure. Only `sources` knows what an API looks like; sources are opened in main.py and on the command line.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from plantpulse.errors import PlantpulseError
from plantpulse.series.points import Block


class Span(NamedTuple):
    """From `start`, up to but without `until`; both are aware UTC."""

    start: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Ask:
    """One kind of one subject (an area or a commodity) over a span, such as the loads of DE in a year.

    An API may answer with several series: one for each type of production.
    """

    source: str
    kind: str
    subject: str
    span: Span


@dataclass(frozen=True, slots=True)
class Unread:
    """A part of a reply that says nothing sure, and why: a point that is outside of its period."""

    series: str
    reason: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What one request brought. `blocks` is empty when the publisher says that it has no data.

    `asked` is the part of the span that this request was for. `received_at` is when the reply came: the time
    at which its values were known. `api_ms` is the time until the last byte, tries included; `size` in bytes.
    """

    asked: Ask
    blocks: Sequence[Block]
    unread: Sequence[Unread]
    received_at: datetime
    api_ms: int
    processing_ms: int
    requests: int
    size: int


@dataclass(frozen=True, slots=True)
class Failure:
    """A question without an answer. `is_not_asked`: the publisher was left alone by then."""

    ask: Ask
    error: PlantpulseError
    at: datetime
    is_not_asked: bool = False


class Source(Protocol):
    """One publisher. It is asked for one thing after another; several sources are asked side by side."""

    @property
    def name(self) -> str: ...

    def collect(self, ask: Ask) -> Iterator[Reply]:
        """Yield the replies to as many requests as the span needs, the oldest part first.

        Raises: PublisherUnavailable, PublisherBusy, PublisherRefused, UnreadableReply; OutOfTime if the run
        has no time for another request; ConfigurationError for a key that no request can carry. What was
        yielded before stays good.
        """
        ...
