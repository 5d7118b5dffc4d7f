"""A memory of words, as some protocols read it, for tests of what they have in common."""

from enum import Enum

from plantpulse.tags.blocks import Extent
from plantpulse.tags.requests import Member, Place, Request, requests_of


class Words(Enum):
    """Two areas of a device."""

    FIRST = "first"
    SECOND = "second"

    @property
    def most_units(self) -> int:
        """Return how many words one request may read."""
        return 125


def place(start: int, length: int = 1, bit: int | None = None, area: Words = Words.FIRST) -> Place[Words]:
    """Return the place of a tag."""
    return Place(Extent(area, start, length), bit)


def planned(*places: Place[Words], hole: int = 0) -> tuple[Request[Words], ...]:
    """Return the requests for tags in these places."""
    return requests_of([Member(index, one) for index, one in enumerate(places)], hole)
