"""What a driver offers, whatever protocol it speaks.

A driver is a module or object with the pure part: addresses and plans. A link is one connection to one
device; it is used by one thread. Deadlines are instants of `time.monotonic`, in seconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from plantpulse.tags.endpoints import Endpoint
from plantpulse.tags.readings import Reading
from plantpulse.tags.tag import Tag

Request = TypeVar("Request")


@dataclass(frozen=True, slots=True)
class ReadPlan(Generic[Request]):
    """The requests that read all tags of a group; each driver has its own kind of request."""

    tags: Sequence[Tag]
    requests: Sequence[Request]


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user and a password, a certificate and its key (both PEM), or all of them; never shown."""

    user: str | None = None
    password: str | None = None
    certificate: str | None = None
    private_key: str | None = None

    def __repr__(self) -> str:
        return "Credentials(…)"


class Link(Protocol):
    """One connection to one device.

    After anything that `connect`, `read` or `write` raises, the link is closed and a new one made: a late
    reply must never be taken for the next answer. A refusal of `write` alone is an answer. A driver makes no
    attempts of its own to try again.
    """

    @property
    def signs_in(self) -> bool:
        """Say whether the device itself answers `connect`, and not only its network card."""

    def connect(self, deadline_s: float) -> None:
        """Raises: DeviceUnavailable; DeviceRefused when trying again cannot help."""

    def read(self, plan: ReadPlan[object], deadline_s: float) -> Sequence[Reading]:
        """Return one reading for each tag of the plan, in its order.

        What the device says of single tags is their quality. Raises: DeviceUnavailable when the connection
        is lost, a reply is late or is not one; nothing of such a read may be used.
        """

    def write(self, tag: Tag, value: bool, deadline_s: float) -> None:
        """Set a bit: the acknowledgement of a handshake, and nothing else.

        Raises: DeviceRefused if the device answered that it did not set it, and that is certain; else as
        `read` does, and the bit may have been set.
        """

    def close(self) -> None:
        """End the connection. Never raises, ends within a second, may be called twice and by any thread."""


class Driver(Protocol):
    """The pure part of a protocol, and the way to its links. It imports its library in `open_link` alone."""

    def parse_endpoint(self, address: str) -> Endpoint:
        """Return a device's address. Raises: ValueError saying what is wrong and what is allowed."""

    def check_tag(self, tag: Tag, endpoint: Endpoint) -> None:
        """Raises: ValueError if the address or the type cannot be read by this driver; says what can."""

    def check_write(self, tag: Tag, endpoint: Endpoint) -> None:
        """Raises: ValueError if the address is no bit that `Link.write` can set; says which can be set."""

    def plan(self, tags: Sequence[Tag], endpoint: Endpoint) -> ReadPlan[object]:
        """Return the fewest requests that read the tags, within the protocol's limits.

        Neighbours share a request; a hole or an address of its own kind begins a new one.
        """

    def open_link(self, endpoint: Endpoint, credentials: Credentials | None) -> Link:
        """Return a link that is not connected yet. Raises: NotConfigured without the driver's library."""
