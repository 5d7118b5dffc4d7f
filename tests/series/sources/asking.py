"""A connection to a publisher, with a clock and waits that a test decides on."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import httpx

from plantpulse.retry import Pacing
from plantpulse.series.publisher import Ask, Span
from plantpulse.series.sources.http import Http
from plantpulse.settings import Secret
from tests.patience import ENDS_S

NOW = datetime(2026, 11, 30, 6, 0, tzinfo=UTC)
KEY = 'k3y/with+odd & "strange" <signs> äß=#%'
REPLIES = Path(__file__).parents[1] / "replies"


class Waits(list[float]):
    """What was slept; the time that is left grows less by it."""

    def __init__(self, left_s: float = ENDS_S) -> None:
        super().__init__()
        self.left_s = left_s

    def seconds_left(self) -> float:
        return self.left_s - sum(self)

    def monotonic(self) -> float:
        return 1000.0 + sum(self)


def opened(
    url: str,
    waits: Waits | None = None,
    *,
    secrets: Sequence[str] = (KEY,),
    requests_a_minute: int | None = None,
    transport: httpx.BaseTransport | None = None,
    name: str = "EIA",
) -> Http:
    waits = Waits() if waits is None else waits
    return Http(
        name,
        url,
        [Secret(secret) for secret in secrets],
        waits.seconds_left,
        lambda: NOW,
        Pacing(sleep=waits.append, jitter=lambda: 0.0),
        transport,
        requests_a_minute,
        waits.monotonic,
    )


def answering(answer: Callable[[httpx.Request], httpx.Response], name: str = "EIA") -> Http:
    """A connection that has no network: a function answers."""
    return opened("https://publisher.test", transport=httpx.MockTransport(answer), name=name)


def saying(content: bytes, status: int = 200, name: str = "EIA") -> Http:
    """A connection to a publisher that always says the same."""
    return answering(lambda _: httpx.Response(status, content=content), name)


def prices(source: str, subject: str, since: datetime, until: datetime) -> Ask:
    """Ask for the prices of a commodity."""
    return Ask(source, "price", subject, Span(since, until))


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    """An instant."""
    return datetime(year, month, day, hour, minute, tzinfo=UTC)
