"""Which addresses a device may have."""

import socket
import threading
import time
from collections.abc import Sequence
from typing import NoReturn

import pytest

from plantpulse.errors import DeviceRefused, DeviceUnavailable
from plantpulse.settings.tags import PRIVATE_NETWORKS
from plantpulse.tags import networks
from plantpulse.tags.endpoints import Endpoint, parse_endpoint

Found = tuple[int, int, int, str, tuple[str, int]]
EVERYTHING = ("0.0.0.0/0", "::/0")


def admitted(host: str, named: Sequence[str] = PRIVATE_NETWORKS, answers: Sequence[str] = ()) -> Endpoint:
    endpoint = Endpoint("modbus", host, 502)
    return networks.admit(endpoint, named, 0.0, lambda _host, _deadline_s: answers)


def refusal(host: str, named: Sequence[str] = PRIVATE_NETWORKS, answers: Sequence[str] = ()) -> str:
    with pytest.raises(DeviceRefused) as refused:
        admitted(host, named, answers)
    return str(refused.value)


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("10.20.0.5", "10.20.0.5"),
        ("172.31.255.254", "172.31.255.254"),
        ("192.168.1.1", "192.168.1.1"),
        ("fd12:3456::7", "fd12:3456::7"),
        ("FD12:3456:0::7", "fd12:3456::7"),
        ("::ffff:10.20.0.5", "10.20.0.5"),
        ("::ffff:0a14:0005", "10.20.0.5"),
    ],
)
def test_an_address_in_a_private_network_is_connected_to(host: str, address: str) -> None:
    assert admitted(host) == Endpoint("modbus", address, 502)


@pytest.mark.parametrize(
    "host",
    [
        "8.8.8.8",
        "172.32.0.1",
        "100.100.100.200",  # a cloud's metadata, in no private network
        "127.0.0.1",
        "127.255.255.254",
        "::1",
        "::ffff:127.0.0.1",
        "2001:db8::1",
    ],
)
def test_an_address_in_no_named_network_is_refused_with_the_setting_that_allows_it(host: str) -> None:
    assert "name its network in `networks` of the section tags" in refusal(host)


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "169.254.170.2",
        "::ffff:169.254.169.254",
        "::ffff:a9fe:a9fe",
        "0:0:0:0:0:ffff:169.254.169.254",
        "::169.254.169.254",
        "64:ff9b::169.254.169.254",
        "2002:a9fe:a9fe::1",
        "fe80::1",
        "fe80::1%eth0",
        "fd00:ec2::254",
        "fd20:ce::254",
        "0.0.0.0",  # noqa: S104 - nothing is bound
        "0.1.2.3",
        "::",
        "::ffff:0.0.0.0",
        "224.0.0.1",
        "239.255.255.250",
        "ff02::1",
        "255.255.255.255",
        "240.0.0.1",
    ],
)
def test_some_addresses_are_never_connected_to_whatever_is_named(host: str) -> None:
    assert "is never connected to" in refusal(host, EVERYTHING)


@pytest.mark.parametrize(
    "host",
    [
        "2852039166",  # 169.254.169.254 as one number
        "167772165",
        "0xa9fea9fe",
        "0xa9.0xfe.0xa9.0xfe",
        "0251.0376.0251.0376",
        "010.020.000.005",  # 8.16.0.5 for a resolver, 10.20.0.5 for its writer
        "10.20.0.05",
        "10.20.5",
        "10.5",
        "10.20.0.5.",
        "10.20.0.5.0",
        "10.20.0.256",
        "plc.0x1",
        "10.20.0.5 ",
        " 10.20.0.5",
        "plc 1",
        "plc\t1",
        "plc\x00.plant",
        "plc\n",
        "plc..plant",
        ".plant",
        ".",
        "-plc",
        "plc/1",
        "plc%31",
        "plc;reboot",
        "plc,10.20.0.5",
        "[10.20.0.5]",
        "1::2::3",
        "fd00::5%",
        "\uff11\uff10.20.0.5",  # digits of another script
        "169。254。169。254",
        "müller",
        "a" * 64,
        ".".join(["a" * 60] * 5),
        "",
    ],
)
def test_a_host_that_could_be_read_in_two_ways_is_refused_unresolved(host: str) -> None:
    assert "neither a name nor an address" in refusal(host, EVERYTHING, ["10.20.0.5"])


@pytest.mark.parametrize("host", ["plc-1", "PLC_1.Plant.example", "plc.plant.", "3com.plant", "x--y.b"])
def test_a_name_is_resolved_and_kept_for_messages(host: str) -> None:
    endpoint = admitted(host, answers=["10.20.0.5"])

    assert (endpoint.host, endpoint.name) == ("10.20.0.5", host.lower())


def test_a_name_is_resolved_once() -> None:
    asked: list[tuple[str, float]] = []

    def resolve(host: str, deadline_s: float) -> Sequence[str]:
        asked.append((host, deadline_s))
        return ["10.20.0.5"]

    networks.admit(Endpoint("modbus", "plc-1", 502), PRIVATE_NETWORKS, 7.0, resolve)

    assert asked == [("plc-1", 7.0)]


def test_the_first_allowed_of_several_addresses_is_taken() -> None:
    answers = ["169.254.169.254", "8.8.8.8", "::ffff:10.20.0.5", "10.20.0.6"]

    assert admitted("plc-1", answers=answers).host == "10.20.0.5"


def test_a_name_without_an_allowed_address_is_refused_with_a_reason_for_each() -> None:
    told = refusal("metadata.google.internal", answers=["169.254.169.254", "93.184.216.34"])

    assert told == (
        "the device is not connected to: metadata.google.internal: 169.254.169.254 is never connected to: it "
        "is link-local, multicast or the cloud's own; 93.184.216.34 is in no network that devices may be in: "
        "name its network in `networks` of the section tags"
    )


def test_a_name_with_many_addresses_makes_no_long_message() -> None:
    told = refusal("plc-1", answers=[f"8.8.8.{last}" for last in range(200)])

    assert len(told) < 500


def test_loopback_is_connected_to_where_a_network_names_it() -> None:
    assert admitted("127.0.0.1", ("127.0.0.0/8",)).host == "127.0.0.1"
    assert admitted("::1", ("::1/128",)).host == "::1"


@pytest.mark.parametrize("named", ["0.0.0.0/0", "126.0.0.0/7"])
def test_a_wide_network_does_not_name_loopback(named: str) -> None:
    assert "name its network" in refusal("127.0.0.1", (named,))


def test_a_single_address_may_be_named() -> None:
    assert admitted("93.184.216.34", ("93.184.216.34/32",)).host == "93.184.216.34"
    assert "name its network" in refusal("93.184.216.35", ("93.184.216.34/32",))


def test_what_an_address_hides_in_its_url_is_checked_too() -> None:
    for address in ("modbus://10.20.0.5\\@169.254.169.254", "modbus://10.20.0.5 .plant"):
        with pytest.raises((ValueError, DeviceRefused)):
            networks.admit(parse_endpoint(address, {"modbus": 502}), EVERYTHING, 0.0, lambda *_: ["10.0.0.1"])


def test_the_systems_resolver_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.20.0.5", 0))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)

    assert networks.addresses_of("plc-1", time.monotonic() + 30) == ["10.20.0.5"]


@pytest.mark.parametrize("error", [socket.gaierror(-2, "unknown"), UnicodeError("label too long")])
def test_an_unknown_name_is_a_device_that_cannot_be_reached(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object, **__: object) -> NoReturn:
        raise error

    monkeypatch.setattr(socket, "getaddrinfo", fail)

    with pytest.raises(DeviceUnavailable, match="the name plc-1 was not resolved: check it"):
        networks.addresses_of("plc-1", time.monotonic() + 30)


def test_a_silent_name_server_holds_one_thread_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = threading.Event()
    asked: list[str] = []

    def hang(host: str, *_: object, **__: object) -> list[Found]:
        asked.append(host)
        answers.wait()
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.20.0.5", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", hang)

    for _ in range(3):
        with pytest.raises(DeviceUnavailable, match="was not resolved in time"):
            networks.addresses_of("plc-1", time.monotonic())
    answers.set()

    assert networks.addresses_of("plc-1", time.monotonic() + 30) == ["10.20.0.5"]
    assert len(asked) <= 2
