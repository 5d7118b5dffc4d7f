"""A publisher of series, imitated at the interface that collecting asks through.

A run asks in a thread of its own, beside the process that has the turn. So no simulated time passes while it
asks: what hangs has taken its time when the publisher was opened.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Final

from plantpulse.errors import (
    OutOfTime,
    PublisherBusy,
    PublisherRefused,
    PublisherUnavailable,
    UnreadableReply,
)
from plantpulse.series.points import Block, Series
from plantpulse.series.publisher import Ask, Reply
from plantpulse.settings import SeriesSettings
from soak.boundaries import Boundaries
from soak.known import Replied
from soak.market import Market
from soak.timeline import Process

NAME: Final = "entsoe"
_PATIENCE_S: Final = 60.0
_UNITS: Final = {"load": "MW", "day_ahead_price": "EUR/MWh"}

Values = list[tuple[datetime, Decimal]]


@dataclass(frozen=True, slots=True)
class Publishers:
    """Stands where `plantpulse.series.sources.open_sources` stands."""

    market: Market
    boundaries: Boundaries

    @contextmanager
    def open(
        self,
        _settings: SeriesSettings,
        /,
        *,
        seconds_left: Callable[[], float],
        clock: Callable[[], datetime],
    ) -> Iterator[Mapping[str, "_Source"]]:
        """Open the one publisher that is asked. Raises: Died."""
        fault = self.boundaries.cross("publisher", 2.0, max(1.0, min(_PATIENCE_S, seconds_left())))
        process = self.boundaries.process()
        yield {NAME: _Source(self.market, self.boundaries, process, seconds_left, clock, fault)}


@dataclass(frozen=True, slots=True)
class _Source:
    market: Market
    boundaries: Boundaries
    process: Process
    seconds_left: Callable[[], float]
    clock: Callable[[], datetime]
    fault: str | None
    name: str = NAME

    def collect(self, ask: Ask) -> Iterator[Reply]:
        """Yield the replies to a question. Raises: what a publisher's adapter raises."""
        if self.seconds_left() < 1.0:
            raise OutOfTime("not asked: the run has no time left")
        now = self.boundaries.now()
        fault = self.fault or self.boundaries.faults.at("ask", self.process.step("ask"), now)
        self.process.is_faulty = self.process.is_faulty or fault is not None
        values = list(self.market.values(ask.subject, ask.kind, ask.span.start, ask.span.until, now))
        match fault:
            case "refused" | "hangs":
                raise PublisherUnavailable(f"the publisher {fault}")
            case "busy":
                raise PublisherBusy("the publisher is busy", retry_after_s=60.0)
            case "login":
                raise PublisherRefused("the publisher refuses the key")
            case "garbage":
                raise UnreadableReply("the reply is none", reply="<html>")
            case "nothing":
                values = []
            case "half":
                yield self._reply(ask, values[: len(values) // 2])
                raise UnreadableReply("the rest of the reply is none")
        yield self._reply(ask, values)

    def _reply(self, ask: Ask, values: Values) -> Reply:
        series = Series(
            kind=ask.kind,
            subject=ask.subject,
            part=None,
            source=NAME,
            unit=_UNITS[ask.kind],
            time_zone="Europe/Brussels",
            group=f"{ask.subject}/{ask.kind}",
        )
        received_at = self.clock()
        self.boundaries.ledger.known.note(self.process.name, Replied(series.key, received_at, values))
        return Reply(ask, _blocks(series, values), (), received_at, 200, 1, 1, 1_000)


def _blocks(series: Series, values: Values) -> list[Block]:
    """Return values as blocks of neighbours."""
    epoch = values[0][0] if values else None
    numbered = enumerate(values)
    blocks = list[Block]()
    for _, run in groupby(numbered, key=lambda one: _place(one[1][0], epoch) - one[0]):
        own = [value for _, value in run]
        blocks.append(Block(series, own[0][0], 60, tuple(value for _, value in own)))
    return blocks


def _place(at: datetime, epoch: datetime | None) -> int:
    return (at - epoch) // timedelta(hours=1) if epoch else 0
