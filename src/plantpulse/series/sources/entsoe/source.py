"""Asks ENTSO-E's Transparency Platform, part after part of a span.

The shell: it sends requests and hands replies to `replies`. It never sends `offset`: a part that is too long
is asked again in shorter ones, because the platform cuts pages without a word.
"""

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http import HTTPStatus
from typing import Final
from zoneinfo import ZoneInfo

from plantpulse.errors import InvalidRequest, PublisherRefused, UnreadableReply
from plantpulse.series.publisher import Ask, Reply, Span, Unread
from plantpulse.series.sources.entsoe import archives, windows
from plantpulse.series.sources.entsoe.documents import ASKED, Asked
from plantpulse.series.sources.entsoe.replies import SOURCE, Answer, read
from plantpulse.series.sources.http import Http, HttpReply
from plantpulse.settings import Secret
from plantpulse.settings.areas import Area

BASE_URL: Final = "https://web-api.tp.entsoe.eu/api"
REQUESTS_A_MINUTE: Final = 300  # the platform bans for ten minutes from 400 on
VARIABLE: Final = "ENTSOE_TOKEN"
MOST_BYTES: Final = archives.MOST_BYTES  # the largest real ones have about 25 MB
_DAY: Final = timedelta(days=1)
_LOGIN_REFUSED: Final = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}


@dataclass(slots=True)
class _Spent:
    """What the requests for one reply have cost, refused ones too."""

    requests: int = 0
    api_ms: int = 0
    size: int = 0
    processing_ms: int = 0

    def add(self, reply: HttpReply, processing_ms: int) -> None:
        self.requests += reply.tries
        self.api_ms += reply.api_ms
        self.size += len(reply.content)
        self.processing_ms += processing_ms


@dataclass(slots=True)
class Entsoe:
    """The platform as a source of series. `areas` are those that may be asked for, by name."""

    http: Http
    token: Secret
    areas: Mapping[str, Area]
    _longest_days: dict[str, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Return the name of the source in settings and keys."""
        return SOURCE

    def collect(self, ask: Ask) -> Iterator[Reply]:
        """Yield the replies to as many requests as the span needs, the oldest part first.

        Replies may go beyond the part that they are for: the platform answers in whole days, weeks and years.
        A kind may bring others with it: generation brings pumping.

        Raises: PublisherUnavailable, PublisherBusy, PublisherRefused, UnreadableReply; InvalidRequest for an
        area or a kind that is unknown.
        """
        asked, area = self._known(ask)
        rest, spent = ask.span, _Spent()
        while rest.start < rest.until:
            days = self._longest_days.get(asked.document, asked.longest_days)
            part = replace(ask, span=windows.first_part(rest, days, ZoneInfo(area.time_zone)))
            reply, answer = self._asked(part, asked, area, spent)
            if _is_too_much(asked, answer) and (shorter := _shorter(part.span, answer)):
                self._longest_days[asked.document] = shorter
                continue
            self._refuse(part, answer)
            yield _reply(part, answer, reply, spent)
            rest, spent = rest._replace(start=part.span.until), _Spent()

    def _known(self, ask: Ask) -> tuple[Asked, Area]:
        if ask.kind not in ASKED:
            raise InvalidRequest(
                f"ENTSO-E publishes no {ask.kind}; it has {', '.join(sorted(ASKED))}", field="kind"
            )
        if ask.subject not in self.areas:
            raise InvalidRequest(
                f"the area {ask.subject} is unknown: choose one of {', '.join(sorted(self.areas))}, "
                "or give its EIC in the settings",
                field="subject",
            )
        return ASKED[ask.kind], self.areas[ask.subject]

    def _asked(self, part: Ask, asked: Asked, area: Area, spent: _Spent) -> tuple[HttpReply, Answer]:
        params = {**asked.parameters(area.code_for(asked.role)), **windows.parameters(part.span)}
        headers = {"SECURITY_TOKEN": self.token}
        reply = self.http.get(params=params, headers=headers, most_bytes=MOST_BYTES)
        if reply.status in _LOGIN_REFUSED:
            raise PublisherRefused(
                f"ENTSO-E refuses the security token (HTTP {reply.status}): set {VARIABLE} to a valid one"
            )
        began_ns = time.perf_counter_ns()
        answer = self._read(reply, asked, area)
        spent.add(reply, (time.perf_counter_ns() - began_ns) // 1_000_000)
        return reply, answer

    def _read(self, reply: HttpReply, asked: Asked, area: Area) -> Answer:
        told = f"ENTSO-E's reply about {asked.document} of {area.name} (HTTP {reply.status})"
        answer = _outcome(reply.content, asked, area)
        if isinstance(answer, UnreadableReply):
            words = f"{told} cannot be read: {self.http.redacted(str(answer))}"
            raise UnreadableReply(words, reply=self.http.excerpt(reply.content))
        if reply.status >= HTTPStatus.BAD_REQUEST and not answer.acknowledged:
            raise UnreadableReply(f"{told} refuses and has data", reply=self.http.excerpt(reply.content))
        unread = [Unread(part.series, self.http.redacted(part.reason)) for part in answer.unread]
        return replace(answer, unread=unread)

    def _refuse(self, part: Ask, answer: Answer) -> None:
        """Raises: PublisherRefused when the platform says anything but that there is no data."""
        if answer.acknowledged and not answer.acknowledged.is_no_data:
            raise PublisherRefused(
                f"ENTSO-E refuses {part.kind} of {part.subject} from {part.span.start:%Y-%m-%dT%H:%MZ} "
                f"to {part.span.until:%Y-%m-%dT%H:%MZ}: {self.http.redacted(answer.acknowledged.text)}",
                is_of_question=True,
            )


def _outcome(content: bytes, asked: Asked, area: Area) -> Answer | UnreadableReply:
    """Return what a reply says, or the error: its text may have the token, so it is no cause of another."""
    try:
        return read(content, asked, area)
    except UnreadableReply as error:
        return error


def _is_too_much(asked: Asked, answer: Answer) -> bool:
    if answer.acknowledged and answer.acknowledged.is_too_much:
        return True
    return asked.most_series is not None and answer.time_series >= asked.most_series


def _shorter(span: Span, answer: Answer) -> int:
    """Return how many days to ask for instead: those that the platform allows, or half; 0 below a day."""
    days = math.ceil((span.until - span.start) / _DAY)
    named = answer.acknowledged.longest_days if answer.acknowledged else None
    return named if named and named < days else days // 2


def _reply(part: Ask, answer: Answer, reply: HttpReply, spent: _Spent) -> Reply:
    return Reply(
        asked=part,
        blocks=answer.blocks,
        unread=answer.unread,
        received_at=reply.received_at,
        api_ms=spent.api_ms,
        processing_ms=spent.processing_ms,
        requests=spent.requests,
        size=spent.size,
    )
