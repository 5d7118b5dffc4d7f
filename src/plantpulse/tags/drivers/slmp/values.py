"""Turns the words of a controller into readings. Pure.

On the wire each word has its low byte first, and so have texts: the first character is in the low byte. A
number of several words has the lowest one first, unless a device or tag says otherwise.
"""

from plantpulse.tags.blocks import Extent
from plantpulse.tags.drivers.slmp.addresses import Area, has_wide_characters
from plantpulse.tags.drivers.slmp.device import Device
from plantpulse.tags.numbers import read_bit, read_number, read_text, swapped
from plantpulse.tags.readings import Reading
from plantpulse.tags.requests import Place
from plantpulse.tags.tag import Tag


def reading_of(tag: Tag, place: Place[Area], read: Extent[Area], data: bytes, device: Device) -> Reading:
    """Return a tag's reading from the data of the block that it is in; `read` is what was asked for."""
    at = place.extent.start - read.start
    raw = data[2 * at : 2 * (at + place.extent.length)]
    if place.bit is not None:
        return Reading(read_bit(swapped(raw), place.bit))
    if tag.data_type != "string":
        return read_number(tag, swapped(raw), tag.order or device.order)
    length = 2 * tag.length if has_wide_characters(device) else tag.length
    return read_text(raw[:length], device.encoding)
