"""The pure part of Mitsubishi's SLMP, and the way to its links."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from plantpulse.errors import NotConfigured
from plantpulse.tags.drivers.slmp.addresses import bit_to_set, place_of
from plantpulse.tags.drivers.slmp.device import device_of, parse_device
from plantpulse.tags.endpoints import Endpoint
from plantpulse.tags.link import Credentials, Link, ReadPlan
from plantpulse.tags.requests import Member, requests_of
from plantpulse.tags.tag import Tag

# Words between two tags that are read along with them: a block of its own costs three or four in the request.
_LARGEST_HOLE: Final = 4


@dataclass(frozen=True, slots=True)
class SlmpDriver:
    """How MELSEC Q, L, iQ-R, iQ-L and iQ-F are read."""

    def parse_endpoint(self, address: str) -> Endpoint:
        """Return a controller's address. Raises: ValueError saying what is wrong and what is allowed."""
        return parse_device(address)

    def check_tag(self, tag: Tag, endpoint: Endpoint) -> None:
        """Raises: ValueError if address and type do not go together."""
        place_of(tag, device_of(endpoint))

    def check_write(self, tag: Tag, endpoint: Endpoint) -> None:
        """Raises: ValueError for a word, a bit of one, an input, or a bit of the system's."""
        bit_to_set(tag, device_of(endpoint))

    def plan(self, tags: Sequence[Tag], endpoint: Endpoint) -> ReadPlan[object]:
        """Return the fewest blocks of at most 960 words; several share a question: of words, or of bits."""
        device = device_of(endpoint)
        members = [Member(index, place_of(tag, device)) for index, tag in enumerate(tags)]
        blocks = sorted(requests_of(members, _LARGEST_HOLE), key=lambda one: one.extent.area.has_bits)
        return ReadPlan(tags, blocks)

    def open_link(self, endpoint: Endpoint, credentials: Credentials | None) -> Link:
        """Return a link that is not connected yet. Raises: NotConfigured without plc-comm-slmp."""
        if credentials is not None:
            raise NotConfigured("SLMP knows no users: leave the group's credentials empty")
        try:
            # It is imported for a link alone.
            from plantpulse.tags.drivers.slmp.link import SlmpLink  # noqa: PLC0415 - plc-comm-slmp
        except ImportError as error:
            raise NotConfigured(
                "SLMP needs the package plc-comm-slmp: install plantpulse with its extra tags"
            ) from error
        return SlmpLink(endpoint)
