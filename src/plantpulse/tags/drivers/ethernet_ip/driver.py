"""The pure part of EtherNet/IP: addresses of controllers and tags, and plans."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from plantpulse.errors import NotConfigured
from plantpulse.tags.drivers.ethernet_ip.tag_names import TagName, parse_tag_name
from plantpulse.tags.endpoints import Endpoint, parse_endpoint, require_known_options
from plantpulse.tags.link import Credentials, Link, ReadPlan
from plantpulse.tags.tag import Tag

_PORTS: Final = {"enip": 44818}
_LAST_SLOT: Final = 16


@dataclass(frozen=True, slots=True)
class EthernetIpDriver:
    """How ControlLogix, CompactLogix and Micro800 controllers are read."""

    def parse_endpoint(self, address: str) -> Endpoint:
        """Return a controller's address: its slot is the path, and `?controller=micro800` its family.

        Raises: ValueError saying what is wrong and what is allowed.
        """
        endpoint = parse_endpoint(address, _PORTS)
        require_known_options(endpoint, {"controller"})
        if endpoint.options.get("controller", "logix") not in ("logix", "micro800"):
            raise ValueError("controller must be logix or micro800")
        if endpoint.path and endpoint.path not in map(str, range(_LAST_SLOT + 1)):
            raise ValueError(f"the path is the controller's slot, a number from 0 to {_LAST_SLOT}")
        return endpoint

    def check_tag(self, tag: Tag, endpoint: Endpoint) -> None:
        """Raises: ValueError if the address is no name of a tag, or names an order of bytes."""
        _name_of(tag, endpoint)
        if tag.order is not None:
            raise ValueError("EtherNet/IP has one order of bytes: leave byte_order empty")

    def check_write(self, tag: Tag, endpoint: Endpoint) -> None:
        """Raises: ValueError for no name of a tag; only the controller knows which tags can be set."""
        _name_of(tag, endpoint)

    def plan(self, tags: Sequence[Tag], endpoint: Endpoint) -> ReadPlan[object]:
        """Return the names to read; only the controller says how long a packet may be."""
        return ReadPlan(tags, tuple(_name_of(tag, endpoint) for tag in tags))

    def open_link(self, endpoint: Endpoint, credentials: Credentials | None) -> Link:
        """Return a link that is not connected yet. Raises: NotConfigured without pylogix."""
        if credentials is not None:
            raise NotConfigured("EtherNet/IP knows no users: leave the group's credentials empty")
        try:
            # Pylogix is imported for a link alone.
            from plantpulse.tags.drivers.ethernet_ip.link import EthernetIpLink  # noqa: PLC0415
        except ImportError as error:
            raise NotConfigured(
                "EtherNet/IP needs the package pylogix: install plantpulse with its extra tags"
            ) from error
        return EthernetIpLink(endpoint)


def _name_of(tag: Tag, endpoint: Endpoint) -> TagName:
    return parse_tag_name(
        tag.address, tag.data_type == "bool", endpoint.options.get("controller") != "micro800"
    )
