"""Where tags lie in a device's memory, and the requests that read neighbours together. Pure.

For protocols that read ranges of addresses. What an area is, and how much of it one request may read, is the
driver's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from plantpulse.tags.blocks import Extent, coalesce


class MemoryArea(Protocol):
    """A part of a device's memory with addresses of its own."""

    @property
    def most_units(self) -> int:
        """Return how many of its units one request may read."""

    def __hash__(self) -> int:
        """Areas are compared, and looked up."""


Area = TypeVar("Area", bound=MemoryArea)


@dataclass(frozen=True, slots=True)
class Place(Generic[Area]):
    """The units of a tag, and its bit if it is one bit of a unit."""

    extent: Extent[Area]
    bit: int | None = None


@dataclass(frozen=True, slots=True)
class Member(Generic[Area]):
    """A tag in a request: its index in the plan, and where it lies."""

    index: int
    place: Place[Area]


@dataclass(frozen=True, slots=True)
class Request(Generic[Area]):
    """One read of neighbouring units."""

    extent: Extent[Area]
    members: tuple[Member[Area], ...]

    @property
    def is_indivisible(self) -> bool:
        """Say whether all its tags lie in the same place, such as the bits of a register."""
        return len({member.place.extent for member in self.members}) == 1


def requests_of(members: Sequence[Member[Area]], largest_hole: int) -> tuple[Request[Area], ...]:
    """Return the fewest requests that read these tags.

    Raises: ValueError for a tag that no request can hold.
    """
    requests: list[Request[Area]] = []
    for area in dict.fromkeys(member.place.extent.area for member in members):
        inside = [member for member in members if member.place.extent.area == area]
        extents = [member.place.extent for member in inside]
        for block in coalesce(extents, area.most_units, largest_hole):
            requests.append(Request(block.extent, tuple(inside[index] for index in block.members)))
    return tuple(requests)
