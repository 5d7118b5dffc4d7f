"""The address of a device."""

import pytest

from plantpulse.tags.endpoints import (
    Endpoint,
    chosen,
    parse_endpoint,
    require_known_options,
    whole_number,
)

PORTS = {"modbus": 502, "opc.tcp": 4840}


@pytest.mark.parametrize(
    ("address", "endpoint"),
    [
        ("modbus://10.0.0.5", Endpoint("modbus", "10.0.0.5", 502)),
        (
            "modbus://plc-7.example:1502/3?order=cdab",
            Endpoint("modbus", "plc-7.example", 1502, "3", {"order": "cdab"}),
        ),
        ("opc.tcp://[fd00::7]/a/b", Endpoint("opc.tcp", "fd00::7", 4840, "a/b")),
    ],
)
def test_an_address_is_a_url(address: str, endpoint: Endpoint) -> None:
    assert parse_endpoint(address, PORTS) == endpoint


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("10.0.0.5:502", "must begin with one of modbus://"),
        ("http://10.0.0.5", "must begin with one of modbus://"),
        ("modbus://", "must look like modbus://host:port"),
        ("modbus://10.0.0.5:0x1", "the port must be a number"),
        ("modbus://10.0.0.5:99999", "the port must be a number"),
        ("modbus://ada:secret@10.0.0.5", "name a secret"),
        ("modbus://10.0.0.5?order=cdab&order=abcd", "named once"),
        ("modbus://10.0.0.5#1", "must look like"),
        (" modbus://10.0.0.5", "no blanks"),
        ("modbus://10.0.0.5\n", "no blanks"),
        ("modbus://[fd00", "must look like modbus://host:port"),
        ("modbus://" + "a" * 500, "at most 500"),
    ],
)
def test_a_wrong_address_says_what_is_allowed(address: str, words: str) -> None:
    with pytest.raises(ValueError, match=words.replace("[", r"\[")) as refusal:
        parse_endpoint(address, PORTS)

    assert "secret@" not in str(refusal.value)


def test_an_address_of_another_protocol_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^must begin with s7://$"):
        parse_endpoint("modbus://10.0.0.5", {"s7": 102})


def test_an_unknown_option_is_refused_with_those_that_there_are() -> None:
    endpoint = parse_endpoint("modbus://10.0.0.5?colour=red", PORTS)

    with pytest.raises(ValueError, match="there is no option colour; options of modbus: order"):
        require_known_options(endpoint, {"order"})


def test_an_option_is_one_of_those_that_are_allowed_and_the_first_without_it() -> None:
    orders = ("abcd", "cdab")

    assert chosen(parse_endpoint("modbus://10.0.0.5", PORTS), "order", orders) == "abcd"
    assert chosen(parse_endpoint("modbus://10.0.0.5?order=cdab", PORTS), "order", orders) == "cdab"
    with pytest.raises(ValueError, match="the option order must be one of abcd, cdab"):
        chosen(parse_endpoint("modbus://10.0.0.5?order=ABCD", PORTS), "order", orders)


@pytest.mark.parametrize("written", ["", "-1", "256", "1.0", "¹", "０", "0001", "1e1"])
def test_a_number_is_written_in_digits(written: str) -> None:
    assert whole_number("the unit", "255", 255) == 255
    with pytest.raises(ValueError, match="the unit must be a number from 0 to 255"):
        whole_number("the unit", written, 255)
