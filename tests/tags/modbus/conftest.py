"""A Modbus device of pymodbus, and links to it that end with the test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from time import monotonic

import pytest

from plantpulse.tags.drivers import driver_of
from plantpulse.tags.link import Link
from plantpulse.tags.readings import Reading
from plantpulse.tags.tag import Tag

PATIENT_S = 60.0  # on a busy machine too
Connect = Callable[[int], "Line"]


class Line:
    """A connected link to a port of this machine, with the device's options."""

    def __init__(self, port: int, path: str = "", host: str = "127.0.0.1") -> None:
        self.driver = driver_of("modbus")
        self.endpoint = self.driver.parse_endpoint(f"modbus://{host}:{port}{path}")
        self.link: Link = self.driver.open_link(self.endpoint, None)

    def read(self, *tags: Tag, within_s: float = PATIENT_S) -> list[Reading]:
        plan = self.driver.plan(tags, self.endpoint)
        return list(self.link.read(plan, monotonic() + within_s))

    def connect(self) -> "Line":
        self.link.connect(monotonic() + PATIENT_S)
        return self

    def close(self) -> None:
        self.link.close()


@pytest.fixture
def connect() -> Iterator[Callable[..., Line]]:
    """Connect to a port: `connect(port, path="", host="127.0.0.1")`."""
    with ExitStack() as stack:
        yield lambda *where, **how: stack.enter_context(closing(Line(*where, **how))).connect()
