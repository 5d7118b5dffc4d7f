"""Turns the bytes of a reply into readings. Pure."""

from typing import Final

from plantpulse.tags.blocks import Extent
from plantpulse.tags.drivers.modbus.addresses import Area
from plantpulse.tags.drivers.modbus.device import Device
from plantpulse.tags.numbers import read_bit, read_number, read_text, swapped
from plantpulse.tags.reader import Refusal
from plantpulse.tags.readings import Quality, Reading
from plantpulse.tags.requests import Place
from plantpulse.tags.tag import Tag

# Exceptions that say more than that the device cannot read now.
# Source: Modbus Application Protocol Specification V1.1b3, 7.
_QUALITIES: Final = {
    1: Quality.NO_SUCH_ADDRESS,  # it does not have the function, so it has nothing in this area
    2: Quality.NO_SUCH_ADDRESS,
    3: Quality.REFUSED,
    10: Quality.NOT_CONNECTED,  # a gateway has no path to the unit
    11: Quality.TIMED_OUT,  # the unit did not answer its gateway
}
# What devices answer to an address that they do not have, and to a request that is too long for them.
_DIVISIBLE: Final = (2, 3)


def refusal_of(exception: int) -> Refusal:
    """Return what an exception code means for the tags that were asked for."""
    return Refusal(exception, _QUALITIES.get(exception, Quality.DEVICE_FAILURE), exception in _DIVISIBLE)


def reading_of(tag: Tag, place: Place[Area], read: Extent[Area], data: bytes, device: Device) -> Reading:
    """Return a tag's reading from the data of the request that it is in; `read` is what was asked for."""
    at = place.extent.start - read.start
    if read.area.has_bits:
        return Reading(bool(data[at // 8] >> at % 8 & 1))
    raw = data[2 * at : 2 * (at + place.extent.length)]
    order = tag.order or device.order
    if place.bit is not None:
        return Reading(read_bit(raw, place.bit, order))
    if tag.data_type != "string":
        return read_number(tag, raw, order)
    in_order = swapped(raw) if order in ("badc", "dcba") else raw
    return read_text(in_order[: tag.length], device.encoding)
