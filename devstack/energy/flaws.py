"""How holes and flaws change what is published of a day.

Pure. Each interval has a history, (when, value); a hole cuts off its beginning, a flaw puts another before.
"""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from devstack.energy.blocks import NEVER, Block, Value
from devstack.energy.days import HOUR_S, seconds
from devstack.energy.faults import Flaw, Hole

History = list[tuple[int, Value]]


def with_hole(block: Block, hole: Hole) -> Block:
    """Return a block of which nothing is published in the hole before it is filled."""
    filled = _or_never(hole.filled_at)
    return _changed(block, hole.start, hole.until, lambda _, history: _from(history, filled))


def flawed(block: Block, flaw: Flaw, other: Block | None) -> Block:
    """Return a block with wrong values; `other` has the prices of the other auction."""
    corrected = _or_never(flaw.corrected_at)
    begin = max((seconds(flaw.start) - block.start) // block.step, 0)

    def spoil(number: int, history: History) -> History:
        since, first = history[0]
        if since >= NEVER:
            return history
        match flaw.kind:
            case "zeros_ahead":
                return [(min(block.start, since - 1), "0"), *history]
            case "zeros":
                wrong: Value = "0"
            case "times_1000":
                wrong = None if first is None else f"{Decimal(first) * 1000:f}"
            case "flat":
                wrong = block.first[begin]
            case "hour_doubled":
                wrong = block.first[max(number - HOUR_S // block.step, 0)]
            case _:
                wrong = _same_time(block, number, other) if other else first
        return [(since, wrong), *_from(history, max(corrected, since + 1))]

    return _changed(block, flaw.start, flaw.until, spoil)


def _same_time(block: Block, number: int, other: Block) -> Value:
    return other.first[(number * block.step) // other.step]


def _from(history: History, at: int) -> History:
    """Return a history that begins at an instant, with what was known then; NEVER leaves nothing."""
    if at >= NEVER:
        return []
    before = [value for since, value in history if since <= at]
    after = [(since, value) for since, value in history if since > at]
    return [(at, before[-1]), *after] if before else after


def _changed(
    block: Block, start: datetime, until: datetime, change: Callable[[int, History], History]
) -> Block:
    """Return the block with other histories of the intervals that begin in [start, until)."""
    begin, end = seconds(start), seconds(until)
    if block.end <= begin or block.start >= end:
        return block
    first, since = list(block.first), list(block.since)
    changes: list[tuple[int, int, Value]] = []
    for number in range(len(first)):
        history = block.history(number)
        if begin <= block.start + number * block.step < end:
            history = change(number, history)
        (since[number], first[number]), *later = history or [(NEVER, None)]
        changes += [(at, number, value) for at, value in later]
    return Block(block.start, block.step, tuple(first), tuple(since), tuple(sorted(changes, key=_order)))


def _order(change: tuple[int, int, Value]) -> tuple[int, int]:
    return change[:2]


def _or_never(at: datetime | None) -> int:
    return NEVER if at is None else seconds(at)
