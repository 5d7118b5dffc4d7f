"""Finds figures that would be plausible if their bytes had another order. Pure."""

import struct
from collections.abc import Mapping
from typing import Final

from plantpulse.tags.endpoints import Endpoint
from plantpulse.tags.numbers import ORDERS, likelier_order, most_significant_first
from plantpulse.tags.readings import Value
from plantpulse.tags.tag import Order, Tag

# What each driver takes for granted; a protocol that is not here has one order for all devices.
_USUAL: Final[Mapping[str, Order]] = {"modbus": "abcd", "s7": "abcd", "slmp": "cdab"}


def order_of(tag: Tag, endpoint: Endpoint) -> Order | None:
    """Return the order in which a tag's bytes are read; None where there is no choice."""
    usual = _USUAL.get(endpoint.driver)
    if usual is None or tag.data_type != "float32":
        return None
    named = endpoint.options.get("order")
    return tag.order or next((one for one in ORDERS if one == named), usual)


def suspected_order(tag: Tag, number: Value | None, endpoint: Endpoint) -> Order | None:
    """Return the order in which a tag's number would be far more plausible; None if it is as it should be.

    `number` is the device's, before scale and offset: an offset makes any tiny figure plausible.
    """
    order = order_of(tag, endpoint)
    if order is None or isinstance(number, str) or number is None:
        return None
    return likelier_order(most_significant_first(struct.pack(">f", number), order), order)
