"""The requests of a plan: neighbours share one, within what the specification allows. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from plantpulse.tags.blocks import Extent, coalesce
from plantpulse.tags.drivers.modbus.addresses import Area, Place


@dataclass(frozen=True, slots=True)
class Member:
    """A tag in a request: its index in the plan, and where it lies."""

    index: int
    place: Place


@dataclass(frozen=True, slots=True)
class Request:
    """One read of neighbouring bits or registers."""

    extent: Extent[Area]
    members: tuple[Member, ...]

    @property
    def is_indivisible(self) -> bool:
        """Say whether all its tags lie in the same place, such as the bits of a register."""
        return len({member.place.extent for member in self.members}) == 1


def requests_of(members: Sequence[Member], largest_hole: int) -> tuple[Request, ...]:
    """Return the fewest requests that read these tags."""
    requests: list[Request] = []
    for area in Area:
        inside = [member for member in members if member.place.extent.area is area]
        extents = [member.place.extent for member in inside]
        for block in coalesce(extents, area.most_units, largest_hole):
            requests.append(Request(block.extent, tuple(inside[index] for index in block.members)))
    return tuple(requests)
