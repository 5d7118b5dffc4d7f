"""Looks at a reply before it is stored: what cannot be true, and what the gate makes of it. Pure.

A short reply is judged by everything that is known of faults. A year takes half a second of a whole
processor, which a full refresh of many series has no time for: there only the bounds of its kind count,
unless the gate holds back.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from plantpulse.series.gate import Gate, Gated, pass_gate
from plantpulse.series.kinds import KINDS
from plantpulse.series.points import Block, Point, Series
from plantpulse.series.publisher import Reply
from plantpulse.series.quality.findings import Finding
from plantpulse.series.quality.invalid import invalid_values
from plantpulse.series.quality.judge import Judge

FULLY_JUDGED: Final = timedelta(days=60)


def judged(reply: Reply, gate: Gate, now: datetime) -> Gated:
    """Return what of a reply is stored and what is held back, with the flags."""
    by_series: dict[Series, list[Block]] = {}
    for block in reply.blocks:
        by_series.setdefault(block.series, []).append(block)
    findings = {
        series.key: _findings(series, _points(blocks), gate, now) for series, blocks in by_series.items()
    }
    return pass_gate(reply.blocks, findings, gate)


def _points(blocks: Sequence[Block]) -> list[Point]:
    """Return the points of blocks in order."""
    return sorted((point for block in blocks for point in block.points()), key=lambda point: point.at)


def _findings(series: Series, points: Sequence[Point], gate: Gate, now: datetime) -> list[Finding]:
    kind = KINDS[series.kind]
    if gate == "flag" and points[-1].at - points[0].at > FULLY_JUDGED:
        return list(invalid_values(points, kind))
    return Judge(kind, ZoneInfo(series.time_zone), now).findings(points, points[0].at)
