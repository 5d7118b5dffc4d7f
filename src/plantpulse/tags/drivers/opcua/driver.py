"""The pure part of OPC UA: addresses of servers and nodes, and plans."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from plantpulse.errors import NotConfigured
from plantpulse.tags.drivers.opcua.node_ids import parse_node_address
from plantpulse.tags.drivers.opcua.security import security_of
from plantpulse.tags.endpoints import Endpoint, parse_endpoint
from plantpulse.tags.link import Credentials, Link, ReadPlan
from plantpulse.tags.tag import Tag

_PORTS: Final = {"opc.tcp": 4840}


@dataclass(frozen=True, slots=True)
class OpcuaDriver:
    """How OPC UA servers are read."""

    def parse_endpoint(self, address: str) -> Endpoint:
        """Return a server's address. Options say how the channel is secured (`security`).

        Raises: ValueError saying what is wrong and what is allowed.
        """
        endpoint = parse_endpoint(address, _PORTS)
        security_of(endpoint)
        return endpoint

    def check_tag(self, tag: Tag, endpoint: Endpoint) -> None:
        """Raises: ValueError if the address is no node's id, or names an order of bytes."""
        parse_node_address(tag.address)
        if tag.order is not None:
            raise ValueError("OPC UA has one order of bytes: leave byte_order empty")

    def check_write(self, tag: Tag, endpoint: Endpoint) -> None:
        """Raises: ValueError for an element of an array: only a whole node can be set."""
        address = parse_node_address(tag.address)
        if address.element is not None or address.otherwise is not None:
            raise ValueError(f"{tag.address} is an element of an array: only a node of its own can be set")

    def plan(self, tags: Sequence[Tag], endpoint: Endpoint) -> ReadPlan[object]:
        """Return the nodes to read; only the server says how many fit into a request."""
        return ReadPlan(tags, tuple(parse_node_address(tag.address) for tag in tags))

    def open_link(self, endpoint: Endpoint, credentials: Credentials | None) -> Link:
        """Return a link that is not connected yet. Raises: NotConfigured without asyncua."""
        try:
            from plantpulse.tags.drivers.opcua.link import OpcuaLink  # noqa: PLC0415 - half a second
        except ImportError as error:
            raise NotConfigured(
                "OPC UA needs the package asyncua: install plantpulse with its extra opcua"
            ) from error
        # What it logs is in the errors that this driver raises; of each failed read it would log four lines.
        logging.getLogger("asyncua").setLevel(logging.CRITICAL + 1)
        return OpcuaLink(endpoint, credentials)
