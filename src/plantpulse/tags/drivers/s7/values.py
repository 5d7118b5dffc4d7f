"""Turns bytes of a controller's memory into readings. Pure.

A STRING has two bytes before its characters: how many there is room for, and how many there are. A WSTRING
has two words, and its characters are UTF-16. CHAR is an array of characters without either.
"""

from plantpulse.tags.blocks import Extent
from plantpulse.tags.drivers.s7.addresses import Area, parse_address
from plantpulse.tags.numbers import read_bit, read_number, read_text
from plantpulse.tags.readings import NOT_READABLE, Reading
from plantpulse.tags.requests import Place
from plantpulse.tags.tag import Tag

_MOST = {1: 254, 2: 16382}  # characters in a text, by how many bytes each has


def reading_of(tag: Tag, place: Place[Area], read: Extent[Area], data: bytes, encoding: str) -> Reading:
    """Return a tag's reading from the data of the item that it is in; `read` is what was asked for."""
    at = place.extent.start - read.start
    raw = data[at : at + place.extent.length]
    if place.bit is not None:
        return Reading(read_bit(raw, place.bit))
    if tag.data_type != "string":
        return read_number(tag, raw, tag.order or "abcd")
    size = parse_address(tag.address).size
    if size == "CHAR":
        return read_text(raw, encoding)
    return _counted(raw, 1, encoding) if size == "STRING" else _counted(raw, 2, "utf-16-be")


def _counted(raw: bytes, width: int, encoding: str) -> Reading:
    """Return a text that says how long it is; what says that it is longer than its room is none."""
    room, count = (int.from_bytes(raw[at : at + width]) for at in (0, width))
    characters = raw[2 * width :]
    if not 1 <= room <= _MOST[width] or count > room or width * count > len(characters):
        return NOT_READABLE
    return read_text(characters[: width * count], encoding)
