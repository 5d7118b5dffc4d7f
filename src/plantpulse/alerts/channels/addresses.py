"""Which addresses belong to a private network, and the addresses of a host. The first part is pure.

A webhook's address is something that people type. Without this check it could reach the cloud's metadata
server, a database, or the machine itself.
"""

import ipaddress
import socket
import threading
from typing import Any, Final

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Public for Python, and still inside: what answers every machine at Azure, what does so at Oracle, and the
# private half of what leads from IPv6 to IPv4.
_INSIDE: Final = tuple(map(ipaddress.ip_network, ("168.63.129.16/32", "192.0.0.0/24", "64:ff9b:1::/48")))
_TRANSLATED: Final = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("::/96"))


def is_internal(text: str) -> bool:
    """Say whether an address is not one of the public internet, also where IPv6 hides an IPv4 address."""
    address = ipaddress.ip_address(text.partition("%")[0])
    return any(_is_internal(one) for one in _all_meanings(address))


def _is_internal(address: Address) -> bool:
    if not address.is_global or address.is_multicast:
        return True
    return any(address in network for network in _INSIDE)


def _all_meanings(address: Address) -> list[Address]:
    """Return the address, or the IPv4 address that it stands for, or both."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    if address.ipv4_mapped:
        return [address.ipv4_mapped]
    if any(address in network for network in _TRANSLATED):
        return [ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)]
    return [address, address.sixtofour] if address.sixtofour else [address]


def look_up(host: str, port: int, within_s: float) -> list[Any]:
    """Return what getaddrinfo says of a host. Raises: OSError, also when time is up.

    getaddrinfo has no time-out, so a thread asks. It is left alone when time is up, and ends by the time-out
    of the resolver.
    """
    found: list[Any] = []
    errors: list[OSError] = []

    def ask() -> None:
        try:
            found.extend(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            errors.append(error if isinstance(error, OSError) else OSError("not a host name"))

    thread = threading.Thread(target=ask, name="plantpulse-lookup", daemon=True)
    thread.start()
    thread.join(max(within_s, 0))
    if thread.is_alive():
        raise TimeoutError("no answer")
    if errors:
        raise errors[0]
    return found
