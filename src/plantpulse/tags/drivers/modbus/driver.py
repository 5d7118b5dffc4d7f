"""The pure part of Modbus TCP, and the way to its links."""

from collections.abc import Sequence
from typing import Final

from plantpulse.errors import NotConfigured
from plantpulse.tags.drivers.modbus.addresses import coil_of, place_of
from plantpulse.tags.drivers.modbus.device import device_of, parse_device
from plantpulse.tags.endpoints import Endpoint
from plantpulse.tags.link import Credentials, Driver, Link, ReadPlan
from plantpulse.tags.requests import Member, requests_of
from plantpulse.tags.tag import Tag


class ModbusDriver:
    """Modbus TCP as the burst sees it."""

    def parse_endpoint(self, address: str) -> Endpoint:
        """Return a device's address. Raises: ValueError saying what is wrong and what is allowed."""
        return parse_device(address)

    def check_tag(self, tag: Tag, endpoint: Endpoint) -> None:
        """Raises: ValueError if address and type do not go together."""
        place_of(tag)

    def check_write(self, tag: Tag, endpoint: Endpoint) -> None:
        """Raises: ValueError for anything but a coil."""
        coil_of(tag)

    def plan(self, tags: Sequence[Tag], endpoint: Endpoint) -> ReadPlan[object]:
        """Return the fewest requests of at most 125 registers or 2000 bits."""
        members = [Member(index, place_of(tag)) for index, tag in enumerate(tags)]
        return ReadPlan(tags, requests_of(members, device_of(endpoint).largest_hole))

    def open_link(self, endpoint: Endpoint, credentials: Credentials | None) -> Link:
        """Return a link that is not connected yet. Raises: NotConfigured without pymodbus."""
        if credentials is not None:
            raise NotConfigured("Modbus knows no users: leave the group's credentials empty")
        try:
            from plantpulse.tags.drivers.modbus.link import ModbusLink  # noqa: PLC0415 - pymodbus
        except ModuleNotFoundError as error:
            raise NotConfigured(
                "pymodbus is not installed: install plantpulse with its extra `tags`"
            ) from error
        return ModbusLink(endpoint)


DRIVER: Final[Driver] = ModbusDriver()
