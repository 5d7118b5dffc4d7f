"""What a run writes to Supabase in one call: replies with their metrics, failures, flags.

Pure. The shape is that of `commit_series`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from plantpulse.errors import UnreadableReply, one_line
from plantpulse.runs import Json
from plantpulse.series.gate import Flag, Gated
from plantpulse.series.points import Block, Series
from plantpulse.series.publisher import Ask, Failure, Reply

LONGEST_REPLY = 10_000  # characters of a reply that could not be read


@dataclass(frozen=True, slots=True)
class Taken:
    """A reply that is written: its question, its series, its values with their metrics, its flags."""

    ask: Ask
    series: Sequence[Series]
    batch: Json
    flags: Sequence[Json]


@dataclass(frozen=True, slots=True)
class Part:
    """A reply, or a part of one that is too large for one call: some blocks; the first has the flags."""

    reply: Reply
    blocks: Sequence[Block]
    flags: Sequence[Flag]
    is_first: bool

    @property
    def points(self) -> int:
        """Return how many values it has."""
        return sum(len(block.values) for block in self.blocks)


def parts_of(reply: Reply, gated: Gated, most_points: int) -> list[Part]:
    """Return a reply in parts of at most so many values, unless one block has more; usually it is one."""
    groups: list[list[Block]] = [[]]
    room = most_points
    for block in gated.stored:
        if groups[-1] and len(block.values) > room:
            groups.append([])
            room = most_points
        groups[-1].append(block)
        room -= len(block.values)
    return [Part(reply, own, () if number else gated.flags, not number) for number, own in enumerate(groups)]


@dataclass(slots=True)
class Commit:
    """What is written next; `points` says how much that is."""

    taken: list[Taken] = field(default_factory=list)
    collections: list[Json] = field(default_factory=list)
    failed: list[Json] = field(default_factory=list)
    flags: list[Json] = field(default_factory=list)
    quality: list[Json] = field(default_factory=list)
    gap_attempts: list[Json] = field(default_factory=list)
    resolved: list[int] = field(default_factory=list)
    points: int = 0

    @property
    def is_empty(self) -> bool:
        """Say whether there is nothing to write."""
        found = (self.taken, self.collections, self.failed, self.flags, self.quality, self.gap_attempts)
        return not any((*found, self.resolved))

    def take(self, part: Part, pipeline: str) -> None:
        """Add a part of a reply; the first one has the metrics of all."""
        reply = part.reply
        self.points += part.points
        batch = {
            "known_at": reply.received_at.isoformat(),
            "blocks": [block.as_json() for block in part.blocks],
            "collection": collection_of(reply, pipeline) if part.is_first else None,
        }
        series = tuple(dict.fromkeys(block.series for block in reply.blocks))
        self.taken.append(Taken(reply.asked, series, batch, [flag.as_json() for flag in part.flags]))

    def clear(self) -> None:
        """Forget everything: it is written."""
        for part in (self.taken, self.collections, self.failed):
            part.clear()
        for part in (self.flags, self.quality, self.gap_attempts, self.resolved):
            part.clear()
        self.points = 0

    def as_json(self, completion: Mapping[str, Json] | None) -> dict[str, Json]:
        """Return the argument of `commit_series`; with a completion it ends the run."""
        without_points = [
            {"known_at": one["ended_at"], "blocks": [], "collection": one} for one in self.collections
        ]
        series = dict.fromkeys(series for one in self.taken for series in one.series)
        return {
            "series": [series_as_json(one) for one in series],
            "batches": [*(one.batch for one in self.taken), *without_points],
            "failed": list(self.failed),
            "flags": [*(flag for one in self.taken for flag in one.flags), *self.flags],
            "quality": list(self.quality),
            "gap_attempts": list(self.gap_attempts),
            "resolved": list(self.resolved),
            "completion": completion,
        }


def series_as_json(series: Series) -> dict[str, Json]:
    """Return what is stored of a series."""
    return {
        "key": series.key,
        "kind": series.kind,
        "subject": series.subject,
        "part": series.part,
        "source": series.source,
        "unit": series.unit,
        "time_zone": series.time_zone,
        "group": series.group,
    }


def collection_of(reply: Reply, pipeline: str) -> dict[str, Json]:
    """Return the metrics of one reply."""
    took_ms = reply.api_ms + reply.processing_ms
    return _asked(reply.asked, pipeline) | {
        "started_at": (reply.received_at - _ms(reply.api_ms)).isoformat(),
        "ended_at": (reply.received_at + _ms(took_ms - reply.api_ms)).isoformat(),
        "status": "succeeded" if reply.blocks else "empty",
        "api_ms": reply.api_ms,
        "processing_ms": reply.processing_ms,
        "requests": reply.requests,
        "bytes": reply.size,
    }


def failed_collection(failure: Failure, pipeline: str) -> dict[str, Json]:
    """Return the metrics of a question that was not answered."""
    return _asked(failure.ask, pipeline) | {
        "started_at": failure.at.isoformat(),
        "ended_at": failure.at.isoformat(),
        "status": "skipped" if failure.is_not_asked else "failed",
        "error_code": failure.error.code,
        "error_message": one_line(str(failure.error)),
    }


def failed_batch(failure: Failure) -> dict[str, Json]:
    """Return what is kept of a reply that could not be read; it has no secret in it."""
    error, ask = failure.error, failure.ask
    return {
        "source": ask.source,
        "kind": ask.kind,
        "subject": ask.subject,
        "asked_from": ask.span.start.isoformat(),
        "asked_until": ask.span.until.isoformat(),
        "code": error.code,
        "message": one_line(str(error)),
        "reply": error.reply[:LONGEST_REPLY] if isinstance(error, UnreadableReply) else "",
    }


def _asked(ask: Ask, pipeline: str) -> dict[str, Json]:
    return {
        "pipeline": pipeline,
        "source": ask.source,
        "kind": ask.kind,
        "subject": ask.subject,
        "asked_from": ask.span.start.isoformat(),
        "asked_until": ask.span.until.isoformat(),
    }


def _ms(number: int) -> timedelta:
    return timedelta(milliseconds=number)
