"""Node ids, as clients of OPC UA show them."""

from uuid import UUID

import pytest

from plantpulse.tags.drivers.opcua.node_ids import NodeAddress, parse_node_address

GUID = "0d3c8a2e-4f5b-4a39-9b62-0a8f1d0c7e11"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("ns=2;s=Line1.Speed", NodeAddress(2, "Line1.Speed")),
        ("s=Speed", NodeAddress(0, "Speed")),
        ("i=2258", NodeAddress(0, 2258)),
        ("ns=65535;i=4294967295", NodeAddress(65535, 4294967295)),
        (f"ns=2;g={GUID}", NodeAddress(2, UUID(GUID))),
        ("nsu=http://plant.example/line1;i=3", NodeAddress("http://plant.example/line1", 3)),
        ("nsu=urn:a%3Bb%25;s=x", NodeAddress("urn:a;b%", "x")),
        ("ns=4;i=1004[3]", NodeAddress(4, 1004, "3")),
        ("ns=4;i=1004[0,12]", NodeAddress(4, 1004, "0,12")),
        ("ns=2;s=a;b=c d", NodeAddress(2, "a;b=c d")),
        ("ns=2;s=Speeds[3]", NodeAddress(2, "Speeds[3]", otherwise=NodeAddress(2, "Speeds", "3"))),
        ("ns=2;s=[3]", NodeAddress(2, "[3]")),
    ],
)
def test_an_address_is_a_node_id(text: str, address: NodeAddress) -> None:
    assert parse_node_address(text) == address


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "must look like ns=2;s=Line1.Speed"),
        ("Line1.Speed", "must look like"),
        ("ns=2;Line1.Speed", "must look like"),
        ("ns=2;s=", "must look like"),
        ("ns=-1;i=1", "must look like"),
        ("ns=2;b=AAAA", "must look like"),
        ("ns=2;s=a\nb", "must look like"),
        ("ns=70000;i=1", "from 0 to 65535"),
        ("ns=2;i=x", "from 0 to 4294967295"),
        ("ns=2;i=4294967296", "from 0 to 4294967295"),
        ("ns=2;i=²", "from 0 to 4294967295"),
        ("ns=2;i=3[x]", "from 0 to 4294967295"),
        ("ns=2;g=1", "a GUID such as"),
    ],
)
def test_what_is_no_node_id_says_what_it_must_look_like(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_node_address(text)
