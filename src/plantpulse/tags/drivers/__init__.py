"""The protocols that machines speak, each in a package of its own that no other knows.

A driver's module is imported when a group uses it; its library only when a link is opened.
"""

from importlib import import_module
from typing import Final

from plantpulse.tags.link import Driver

DRIVERS: Final = ("modbus", "opcua", "s7", "slmp", "ethernet_ip")


def driver_of(name: str) -> Driver:
    """Return a driver by its name. Raises: ValueError for an unknown one."""
    if name not in DRIVERS:
        raise ValueError(f"there is no driver {name}; known drivers: {', '.join(DRIVERS)}")
    driver: Driver = import_module(f"plantpulse.tags.drivers.{name}").DRIVER
    return driver
