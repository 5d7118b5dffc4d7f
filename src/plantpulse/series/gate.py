"""The quality gate: what of a reply is stored, what is held back, and which points are flagged.

Pure. `flag` stores everything. `hold` keeps back what is invalid or looks like a fault by name, so that it
stays a gap and is collected again; what only statistics doubt is stored in both (docs/decisions/0094).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from plantpulse.runs import Json
from plantpulse.series.points import Block, Point, blocks_of
from plantpulse.series.quality.findings import ONLY_STATISTICS, Finding

Gate = Literal["flag", "hold"]


@dataclass(frozen=True, slots=True)
class Flag:
    """Points of a series that are invalid or suspect for one reason, with the values that they had."""

    series: str
    reason: str
    points: tuple[Point, ...]

    def as_json(self) -> dict[str, Json]:
        """Return the flag for `commit_series`; `values` are texts, in the order of `at`."""
        return {
            "series": self.series,
            "reason": self.reason,
            "at": [point.at.isoformat() for point in self.points],
            "values": [None if point.value is None else str(point.value) for point in self.points],
        }


@dataclass(frozen=True, slots=True)
class Gated:
    """What came through the gate. `held`: the blocks that are not stored; each of their points has a flag."""

    stored: Sequence[Block]
    held: Sequence[Block]
    flags: Sequence[Flag]


def pass_gate(blocks: Iterable[Block], findings: Mapping[str, Sequence[Finding]], gate: Gate) -> Gated:
    """Return what is stored and what is held of blocks, with the flags.

    `findings` are those of the blocks' series, by key. Values that are not a number are held by both gates:
    no table takes them.
    """
    stored: list[Block] = []
    held: list[Block] = []
    flags: list[Flag] = []
    for block in blocks:
        found = findings.get(block.series.key, ())
        out = _held_points(found, gate)
        stored += blocks_of(block.series, (point for point in block.points() if point.at not in out))
        held += blocks_of(block.series, (point for point in block.points() if point.at in out))
        flags += _flags(block, found)
    return Gated(stored, held, flags)


def _held_points(findings: Iterable[Finding], gate: Gate) -> set[datetime]:
    return {at for finding in findings if _is_held(finding, gate) for at in finding.at}


def _is_held(finding: Finding, gate: Gate) -> bool:
    if finding.name == "not_a_number":
        return True
    return gate == "hold" and finding.verdict != "note" and finding.name not in ONLY_STATISTICS


def _flags(block: Block, findings: Iterable[Finding]) -> Iterator[Flag]:
    by_start = {point.at: point for point in block.points()} if findings else {}
    for finding in findings:
        points = tuple(by_start[at] for at in finding.at if at in by_start)
        if points and finding.verdict != "note":
            yield Flag(block.series.key, finding.name, points)
