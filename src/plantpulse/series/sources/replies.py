"""From what came over HTTP to what a source yields: rows become points, faults become errors or `Unread`."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from http import HTTPStatus
from typing import Final, NamedTuple, TypeVar

from plantpulse.errors import PublisherRefused, UnreadableReply, one_line
from plantpulse.runs import Json
from plantpulse.series.points import Point, Series, blocks_of
from plantpulse.series.publisher import Ask, Reply, Span, Unread
from plantpulse.series.sources.documents import Malformed
from plantpulse.series.sources.http import Http, HttpReply
from plantpulse.series.sources.periods import Calendar, ends_at

_OF_QUESTION: Final = {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY}

Result = TypeVar("Result")


class Row(NamedTuple):
    """One value as the publisher wrote it, and the name of its period."""

    name: Json
    value: Json


@dataclass(frozen=True, slots=True)
class Reading:
    """What rows say: points in order, and what is unsure."""

    points: list[Point] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)


def reading_of(
    rows: Iterable[Row],
    series: Series,
    calendar: Calendar,
    *,
    day_of: Callable[[Json], date],
    value_of: Callable[[Json], Decimal | None],
    latest: datetime | None = None,
) -> Reading:
    """Return what rows say; `latest` is the last point of the page before.

    Two values of one period are both unsure. Raises: Malformed if the rows are not in order.
    """
    reading = Reading()
    for row in rows:
        try:
            point = calendar.point(day_of(row.name), value_of(row.value))
        except ValueError as error:
            reading.unread.append(Unread(series.key, one_line(f"{row.name}: {error}")))
            continue
        if latest is None or point.at > latest:
            reading.points.append(point)
        elif reading.points and reading.points[-1].at == point.at:
            _doubt(reading, point, series)
        else:
            raise Malformed(f"its rows are not in order at {one_line(str(row.name))}")
        latest = point.at
    return reading


def _doubt(reading: Reading, second: Point, series: Series) -> None:
    """Take back the last point if another row has another value for its period."""
    if reading.points[-1] != second:
        said = reading.points.pop()
        values = f"{said.value} and {second.value}"
        reading.unread.append(Unread(series.key, f"{second.at.isoformat()}: two values, {values}"))


def understood(http: Http, got: HttpReply, what: str, read: Callable[[bytes], Result]) -> tuple[Result, int]:
    """Return what a reply says, and how many milliseconds reading it took. Raises: UnreadableReply."""
    began_s = http.monotonic()
    try:
        result = read(got.content)
    except Malformed as error:
        words = one_line(http.redacted(str(error)))
    else:
        return result, round(1000 * (http.monotonic() - began_s))
    message = f"{http.name}'s reply about {what} cannot be read: {words}"
    raise UnreadableReply(message, reply=http.excerpt(got.content))


def reply(
    ask: Ask, span: Span, series: Series, reading: Reading, got: HttpReply, *, processing_ms: int
) -> Reply:
    """Return what one request brought: the points whose interval lies in the span, or partly does."""
    return Reply(
        asked=Ask(ask.source, ask.kind, ask.subject, span),
        blocks=list(blocks_of(series, within(span, reading.points))),
        unread=reading.unread,
        received_at=got.received_at,
        api_ms=got.api_ms,
        processing_ms=processing_ms,
        requests=got.tries,
        size=len(got.content),
    )


def within(span: Span, points: Iterable[Point]) -> list[Point]:
    """Return the points whose interval lies in a span, or partly does."""
    return [point for point in points if point.at < span.until and ends_at(point) > span.start]


def refusal(http: Http, got: HttpReply, what: str, said: Sequence[str]) -> PublisherRefused:
    """Return the error for an answer that is no success; `said` is what it says itself."""
    words = one_line(http.redacted(" ".join(said))) or "it gives no reason"
    told = f"{http.name} refuses to answer about {what} ({got.status}): {words}"
    return PublisherRefused(told, is_of_question=got.status in _OF_QUESTION)
