"""The address of a tag: a node's id, as OPC UA clients show it. Pure.

For example `ns=2;s=Line1.Speed`, `ns=4;i=1003`, `nsu=http://plant.example/line1;s=Speed`,
`ns=2;g=0d3c8a2e-4f5b-4a39-9b62-0a8f1d0c7e11`, and `ns=4;i=1004[3]` for an element of an array.
"""

import re
from dataclasses import dataclass
from typing import Final
from uuid import UUID

_SHAPE: Final = re.compile(r"(?:ns=(?P<index>\d{1,5});|nsu=(?P<uri>[^;]+);)?(?P<kind>[isg])=(?P<id>.+)")
_ELEMENT: Final = re.compile(r"(?P<id>.+?)\[(?P<element>\d{1,9}(?:,\d{1,9})*)\]")
_EXAMPLES: Final = "must look like ns=2;s=Line1.Speed, ns=2;i=1003, ns=2;g=… or nsu=uri;s=Line1.Speed"


@dataclass(frozen=True, slots=True)
class NodeAddress:
    """A node, or an element of the array that it has.

    `namespace` is the server's number of it, or its URI. `element` is an index, or one for each
    dimension.
    `otherwise` is another reading of the same text: `s=Speeds[3]` is a node with that name on many servers,
    and the element of a node `Speeds` on others. Only the server knows.
    """

    namespace: int | str
    identifier: int | str | UUID
    element: str | None = None
    otherwise: "NodeAddress | None" = None


def parse_node_address(text: str) -> NodeAddress:
    """Return a node's address. Raises: ValueError saying what it must look like."""
    shape = _SHAPE.fullmatch(text)
    if shape is None or not text.isprintable():
        raise ValueError(_EXAMPLES)
    namespace = _namespace(shape["index"], shape["uri"])
    if shape["kind"] == "s":
        return _named(namespace, shape["id"])
    element = _ELEMENT.fullmatch(shape["id"])
    identifier = _number if shape["kind"] == "i" else _guid
    if element is None:
        return NodeAddress(namespace, identifier(shape["id"]))
    return NodeAddress(namespace, identifier(element["id"]), element["element"])


def _namespace(index: str | None, uri: str | None) -> int | str:
    if uri is not None:  # what would end it is escaped in it
        return uri.replace("%3B", ";").replace("%3b", ";").replace("%25", "%")
    number = int(index or 0)
    if number > 0xFFFF:
        raise ValueError("the namespace must be a number from 0 to 65535")
    return number


def _named(namespace: int | str, name: str) -> NodeAddress:
    element = _ELEMENT.fullmatch(name)
    otherwise = element and NodeAddress(namespace, element["id"], element["element"])
    return NodeAddress(namespace, name, otherwise=otherwise)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) <= 0xFFFFFFFF):
        raise ValueError("i= must be followed by a number from 0 to 4294967295")
    return int(text)


def _guid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise ValueError(
            "g= must be followed by a GUID such as 0d3c8a2e-4f5b-4a39-9b62-0a8f1d0c7e11"
        ) from None
