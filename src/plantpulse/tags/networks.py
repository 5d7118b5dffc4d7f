"""Which addresses a device may have: it lies in a named network, and some addresses are never connected to.

A plant's manager writes the addresses of devices, and a function connects to them. So none may lead to what
stands beside the function, such as the cloud's metadata service. A name is resolved once, and the driver
connects to the address that was checked: a second answer of the name server counts for nothing.
"""

import re
import socket
import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from plantpulse.errors import DeviceRefused, DeviceUnavailable
from plantpulse.tags.endpoints import Endpoint

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, float], Sequence[str]]

# Link-local, multicast, unspecified and reserved addresses, and where AWS and Google keep their metadata.
_NEVER: Final = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",
            "169.254.0.0/16",
            "224.0.0.0/4",
            "240.0.0.0/4",
            "::/128",
            "fe80::/10",
            "ff00::/8",
            "fd00:ec2::/32",
            "fd20:ce::/32",
        ),
    )
)
_LOOPBACK: Final = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
_NAT64: Final = IPv6Network("64:ff9b::/96")
_COMPATIBLE: Final = IPv6Network("::/96")  # ::10.0.0.5, as IPv4 was once written in IPv6
_NAME: Final = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_-]{1,63})*\.?")
_ENDS_IN_NUMBER: Final = re.compile(r"(.*\.)?([0-9]+|0x[0-9a-f]*)\.?")
_SHOWN: Final = 3  # addresses in a message


def admit(
    endpoint: Endpoint, networks: Collection[str], deadline_s: float, resolve: Resolve | None = None
) -> Endpoint:
    """Return the endpoint with a checked address as its host, and the host's name as its name.

    Raises: DeviceRefused unless one of its addresses may be connected to; DeviceUnavailable if its name
    cannot be resolved.
    """
    host = endpoint.host.lower()
    literal = _literal(host)
    addresses = [host] if literal else (resolve or addresses_of)(host, deadline_s)
    allowed = first_allowed(host, addresses, networks)
    return replace(endpoint, host=allowed, name=None if literal else host)


def first_allowed(host: str, addresses: Sequence[str], networks: Collection[str]) -> str:
    """Return the first of a host's addresses that may be connected to. Raises: DeviceRefused."""
    reasons: dict[str, None] = {}
    for written in addresses:
        address = _looked_through(ip_address(written))
        refusal = _refusal(address, networks)
        if refusal is None:
            return str(address)
        reasons[f"{address} {refusal}"] = None
    told = "; ".join([*reasons][:_SHOWN]) or "it has no address"
    shown = "" if _literal(host) else f"{host}: "
    raise DeviceRefused(f"the device is not connected to: {shown}{told}")


def addresses_of(host: str, deadline_s: float) -> Sequence[str]:
    """Return the addresses of a name, as the system's resolver has them. Raises: DeviceUnavailable."""
    lookup = _begun(host)
    if not lookup.is_done.wait(max(0.0, deadline_s - time.monotonic())):
        raise DeviceUnavailable(f"the name {host} was not resolved in time: {_DNS_ADVICE}")
    if not lookup.addresses:
        raise DeviceUnavailable(f"the name {host} was not resolved: {_DNS_ADVICE}")
    return lookup.addresses


_DNS_ADVICE: Final = "check it and the name server, or write the address as 10.20.0.5"


def _literal(host: str) -> Address | None:
    """Return the host as an address; None for a name.

    Numbers that only some resolvers take for an address are refused: 010.0.0.5 is 8.0.0.5 to them.
    Raises: DeviceRefused if the host is neither.
    """
    try:
        return ip_address(host)
    except ValueError:
        pass
    if _ENDS_IN_NUMBER.fullmatch(host) or not _NAME.fullmatch(host):
        raise DeviceRefused(
            "the device's host is neither a name nor an address: write it as 10.20.0.5, [fd00::5] or "
            "plc-1.example.com"
        )
    return None


def _looked_through(address: Address) -> Address:
    """Return the IPv4 address inside an IPv4-mapped one; a socket would connect to that."""
    return (address.ipv4_mapped if isinstance(address, IPv6Address) else None) or address


def _refusal(address: Address, networks: Collection[str]) -> str | None:
    """Return why an address is not connected to; None if it may be."""
    if any(one in network for one in (address, *_carried(address)) for network in _NEVER):
        return "is never connected to: it is link-local, multicast or the cloud's own"
    named = [ip_network(network) for network in networks]
    if any(address in loopback for loopback in _LOOPBACK):
        named = [network for network in named if _is_loopback(network)]
    if any(address in network for network in named):
        return None
    return "is in no network that devices may be in: name its network in `networks` of the section tags"


def _is_loopback(network: object) -> bool:
    """Say whether a network is of this machine alone: a wide one that contains it does not name it."""
    return any(
        # Both are of one version here, as the line says.
        network.version == loopback.version and network.subnet_of(loopback)  # type: ignore[attr-defined]
        for loopback in _LOOPBACK
    )


def _carried(address: Address) -> Sequence[Address]:
    """Return the IPv4 addresses that a gateway would make of an IPv6 address."""
    if not isinstance(address, IPv6Address):
        return ()
    last = IPv4Address(int(address) & 0xFFFFFFFF)
    is_carried = address in _NAT64 or (address in _COMPATIBLE and address not in _LOOPBACK[1])
    return [one for one in (address.sixtofour, last if is_carried else None) if one is not None]


@dataclass(slots=True, eq=False)
class _Lookup:
    """One question to the system's resolver. It cannot be ended, so it has a thread of its own."""

    host: str
    addresses: Sequence[str] = ()
    is_done: threading.Event = field(default_factory=threading.Event)

    def ask(self) -> None:
        try:
            found = socket.getaddrinfo(self.host, None, type=socket.SOCK_STREAM)
            self.addresses = [str(one[4][0]) for one in found]
        except (OSError, UnicodeError):
            self.addresses = ()
        finally:
            with _asked_lock:
                _asked.pop(self.host, None)
            self.is_done.set()


_asked_lock = threading.Lock()
_asked: dict[str, _Lookup] = {}


def _begun(host: str) -> _Lookup:
    """Return the question for a name that is on its way; a silent name server keeps one thread a name."""
    with _asked_lock:
        if lookup := _asked.get(host):
            return lookup
        lookup = _asked[host] = _Lookup(host)
    threading.Thread(target=lookup.ask, name="plantpulse-resolver", daemon=True).start()
    return lookup
