"""The pure part of Siemens S7, and the way to its links."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from plantpulse.errors import NotConfigured
from plantpulse.tags.drivers.s7.addresses import LONGEST_BLOCK, Area, bit_to_set, place_of
from plantpulse.tags.drivers.s7.device import parse_device
from plantpulse.tags.endpoints import Endpoint
from plantpulse.tags.link import Credentials, Link, ReadPlan
from plantpulse.tags.requests import Member, Request, requests_of
from plantpulse.tags.tag import Tag

# Bytes between two tags that are read along with them: an item of its own takes 12 in the question and 4 in
# the answer. A block has every byte up to its end, so a hole between two tags of it is there.
_LARGEST_HOLE: Final = 16


@dataclass(frozen=True, slots=True)
class S7Driver:
    """How S7-300, 400, 1200 and 1500 are read."""

    def parse_endpoint(self, address: str) -> Endpoint:
        """Return a controller's address: rack and slot are its path.

        Raises: ValueError saying what is wrong and what is allowed.
        """
        return parse_device(address)

    def check_tag(self, tag: Tag, endpoint: Endpoint) -> None:
        """Raises: ValueError if address and type do not go together."""
        place_of(tag)

    def check_write(self, tag: Tag, endpoint: Endpoint) -> None:
        """Raises: ValueError for a number, a text or an input."""
        bit_to_set(tag)

    def plan(self, tags: Sequence[Tag], endpoint: Endpoint) -> ReadPlan[object]:
        """Return the fewest items to read; only the controller says how many fit into a message."""
        members = [Member(index, place_of(tag)) for index, tag in enumerate(tags)]
        short, long = list[Member[Area]](), list[Request[Area]]()
        for one in members:
            if one.place.extent.length > LONGEST_BLOCK:
                long.append(Request(one.place.extent, (one,)))
            else:
                short.append(one)
        return ReadPlan(tags, (*requests_of(short, _LARGEST_HOLE), *long))

    def open_link(self, endpoint: Endpoint, credentials: Credentials | None) -> Link:
        """Return a link that is not connected yet. Raises: NotConfigured without python-snap7."""
        if credentials is not None:
            raise NotConfigured("S7 knows no users: leave the group's credentials empty")
        try:
            # It is imported for a link alone.
            from plantpulse.tags.drivers.s7.link import S7Link  # noqa: PLC0415 - python-snap7
        except ImportError as error:
            raise NotConfigured(
                "S7 needs the package python-snap7: install plantpulse with its extra tags"
            ) from error
        return S7Link(endpoint)
