"""A machine of these tests: a driver without a protocol, which does what a test says."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from plantpulse.tags.endpoints import Endpoint, parse_endpoint
from plantpulse.tags.link import Credentials, ReadPlan
from plantpulse.tags.readings import Quality, Reading
from plantpulse.tags.tag import Group, Tag


@dataclass
class Plc:
    """Driver and link in one. `calls` is what was asked of it, in order."""

    values: Mapping[str, Reading] = field(default_factory=dict)
    on_connect: Callable[[], None] = lambda: None
    on_read: Callable[[], None] = lambda: None
    calls: list[str] = field(default_factory=list)
    endpoint: Endpoint | None = None
    credentials: Credentials | None = None
    deadlines_s: list[float] = field(default_factory=list)
    signs_in: bool = True

    def parse_endpoint(self, address: str) -> Endpoint:
        return parse_endpoint(address, {"modbus": 502})

    def check_tag(self, tag: Tag, endpoint: Endpoint) -> None:
        if tag.address == "nowhere":
            raise ValueError("there is no address nowhere")

    def check_write(self, tag: Tag, endpoint: Endpoint) -> None: ...

    def plan(self, tags: Sequence[Tag], endpoint: Endpoint) -> ReadPlan[object]:
        if any(tag.address == "nowhere" for tag in tags):
            raise ValueError("there is no address nowhere")
        return ReadPlan(tuple(reversed(tags)), ())

    def open_link(self, endpoint: Endpoint, credentials: Credentials | None) -> "Plc":
        self.endpoint, self.credentials = endpoint, credentials
        return self

    def connect(self, deadline_s: float) -> None:
        self._note("connect", deadline_s)
        self.on_connect()

    def read(self, plan: ReadPlan[object], deadline_s: float) -> Sequence[Reading]:
        self._note("read", deadline_s)
        self.on_read()
        absent = Reading(None, Quality.NO_SUCH_ADDRESS)
        return [self.values.get(tag.name, absent) for tag in plan.tags]

    def write(self, tag: Tag, value: bool, deadline_s: float) -> None:
        raise AssertionError("nothing is written to a machine")

    def close(self) -> None:
        self.calls.append("close")

    def _note(self, call: str, deadline_s: float) -> None:
        self.calls.append(call)
        self.deadlines_s.append(deadline_s)


def group_of(
    *tags: Tag, address: str = "modbus://10.20.0.5", credentials: str | None = None, name: str = "press-1"
) -> Group:
    """Return a handshake group of plant north."""
    row = {
        "id": 7,
        "plant": "north",
        "name": name,
        "mode": "handshake",
        "interval_ms": 1000,
        "driver": "modbus",
        "address": address,
        "tags": [],
        "credentials": credentials,
    }
    group = Group.of(row)
    return Group(**{one: getattr(group, one) for one in Group.__slots__} | {"tags": tags})
