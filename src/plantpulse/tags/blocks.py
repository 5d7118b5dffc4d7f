"""Coalesces what is read into the fewest requests. Pure.

Units are the protocol's: words, bytes or bits. What lies in different areas never shares a request.
"""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Area = TypeVar("Area", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Extent(Generic[Area]):
    """Where one tag lies: `length` units from `start` on, in an area of the device's memory."""

    area: Area
    start: int
    length: int

    @property
    def end(self) -> int:
        """Return the first unit behind it."""
        return self.start + self.length


@dataclass(frozen=True, slots=True)
class Block(Generic[Area]):
    """One request: an extent, and the indexes of the tags that lie in it."""

    extent: Extent[Area]
    members: tuple[int, ...]


def coalesce(
    extents: Sequence[Extent[Area]], most_units: int, largest_hole: int = 0
) -> tuple[Block[Area], ...]:
    """Return the fewest blocks of at most `most_units` that cover every extent.

    A block reads over holes of up to `largest_hole` units. Some devices refuse a whole block for one
    undefined register: 0 is right for them. Raises: ValueError for an extent that no block can hold.
    """
    if too_long := next((one for one in extents if one.length > most_units), None):
        raise ValueError(f"{too_long.length} is more than one request can read: {most_units}")
    blocks: list[Block[Area]] = []
    for area in dict.fromkeys(one.area for one in extents):
        inside = [index for index, one in enumerate(extents) if one.area == area]
        inside.sort(key=lambda index: (extents[index].start, extents[index].end))
        blocks += _blocks_of_area(extents, inside, most_units, largest_hole)
    return tuple(blocks)


def _blocks_of_area(
    extents: Sequence[Extent[Area]], inside: Sequence[int], most_units: int, largest_hole: int
) -> Iterator[Block[Area]]:
    """Yield the blocks of one area; `inside` are its indexes from the first address to the last.

    A block takes all that still fits, in order: none that begins later could take more.
    """
    start = end = 0
    members: list[int] = []
    for index in inside:
        one = extents[index]
        if members and (one.start - end > largest_hole or one.end - start > most_units):
            yield _block(extents, members, start, end)
            members = []
        if not members:
            start = end = one.start
        members.append(index)
        end = max(end, one.end)
    if members:
        yield _block(extents, members, start, end)


def _block(extents: Sequence[Extent[Area]], members: Sequence[int], start: int, end: int) -> Block[Area]:
    return Block(Extent(extents[members[0]].area, start, end - start), tuple(members))
