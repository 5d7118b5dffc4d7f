"""One group's connection to its device: made anew after any error, closed from outside if it hangs."""

import math
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeVar

from plantpulse.errors import DeviceRefused, DeviceTimedOut, DeviceUnavailable, InternalError, PlantpulseError
from plantpulse.tags.isolating import Isolation, Part
from plantpulse.tags.link import Link, ReadPlan
from plantpulse.tags.readings import NO_SUCH_ADDRESS, NOT_ASKED, TIMED_OUT, Reading
from plantpulse.tags.tag import Group, Tag

_MOST_PLANS: Final = 50  # of parts of a group, before they are made anew

Result = TypeVar("Result")


class Device(Protocol):
    """A link that is not connected yet, and the plan that reads the group's tags."""

    @property
    def plan(self) -> ReadPlan[object]: ...
    @property
    def link(self) -> Link: ...


class Devices(Protocol):
    """Finds the devices of groups."""

    def open(self, group: Group, deadline_s: float) -> Device:
        """Return a group's device. Raises: PlantpulseError if it cannot be found, or may not be reached."""
        ...

    def plan(self, group: Group, tags: Sequence[Tag]) -> ReadPlan[object]:
        """Return how some tags of a group's device are read."""
        ...


@dataclass(slots=True, eq=False)
class Line:
    """One group's way to its device. All but `break_off` is called by the group's own thread.

    `busy_until_s` is when the call that is under way has to be over; None between calls. `tried_s` is when a
    connection was tried last.
    """

    group: Group
    devices: Devices
    connect_timeout_s: float
    monotonic: Callable[[], float] = time.monotonic
    busy_until_s: float | None = field(default=None, init=False)
    tried_s: float = field(default=-math.inf, init=False)
    _device: Device | None = field(default=None, init=False)
    _is_connected: bool = field(default=False, init=False)
    _bits_plan: ReadPlan[object] | None = field(default=None, init=False)
    _tags: Sequence[Tag] = field(init=False)  # that the device can be asked for
    _isolation: Isolation = field(init=False)
    _plans: dict[Part, ReadPlan[object]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self._ask_for(self.group.tags)

    @property
    def is_connected(self) -> bool:
        """Say whether the device can be asked."""
        return self._is_connected

    def connect(self) -> None:
        """Connect to the device. Raises: PlantpulseError."""
        self.tried_s = self.monotonic()
        deadline_s = self.tried_s + self.connect_timeout_s
        with self._calling(deadline_s):
            self._device = self.devices.open(self.group, deadline_s)
            if bits := [one for one in (self.group.trigger_tag, self.group.acknowledge_tag) if one]:
                self._bits_plan = self._plan_of_bits(bits)
            planned = {tag.position for tag in self._device.plan.tags}
            if len(planned) != len(self._tags):
                self._ask_for([tag for tag in self.group.tags if tag.position in planned])
            self._device.link.connect(deadline_s)
        self._is_connected = True

    def read(self, deadline_s: float) -> Sequence[Reading]:
        """Return a reading for each tag of the group, in its order. Raises: PlantpulseError.

        A tag whose address is none is NO_SUCH_ADDRESS. One that the device does not answer is TIMED_OUT
        beside the others, once that is known of it. While it is searched, those for which there is no time
        are NOT_ASKED.
        """
        found: dict[int, Reading] = {}  # by the tags' positions
        for part in self._isolation.parts(deadline_s):
            plan = self._plan_of(part)
            try:
                readings = self._ask(plan, deadline_s)
            except DeviceUnavailable:
                self._isolation.fail(part)
                if not found:
                    raise
                found |= self._timed_out(part)
                break  # the other parts were answered in time
            self._isolation.answer(part)
            found |= {tag.position: one for tag, one in zip(plan.tags, readings, strict=True)}
        found = self._timed_out(self._isolation.silent) | found
        found = {tag.position: NOT_ASKED for tag in self._tags} | found
        return [found.get(tag.position, NO_SUCH_ADDRESS) for tag in self.group.tags]

    def prove(self, deadline_s: float) -> None:
        """Ask the device for one tag, if it has not answered to `connect`. Raises: PlantpulseError."""
        if self._connected().link.signs_in:
            return
        bits = self._bits_plan
        self._ask(self.devices.plan(self.group, self._tags[:1]) if bits is None else bits, deadline_s)

    def look(self, deadline_s: float) -> Sequence[Reading]:
        """Return how the trigger tag stands, and the acknowledge tag, if there is one.

        Raises: PlantpulseError.
        """
        if self._bits_plan is None:
            raise InternalError(f"group {self.group.name} has no trigger tag")
        return self._ask(self._bits_plan, deadline_s)

    def write(self, tag: Tag, value: bool, deadline_s: float) -> None:
        """Set the acknowledge tag. Raises: PlantpulseError; after DeviceRefused the connection stays."""
        refusal: DeviceRefused | None = None
        with self._calling(deadline_s):
            try:
                self._connected().link.write(tag, value, deadline_s)
            except DeviceRefused as error:
                refusal = error
        if refusal:
            raise refusal

    def drop(self) -> None:
        """Close the connection, if there is one."""
        device, self._device, self._is_connected = self._device, None, False
        if device:
            device.link.close()

    def break_off(self) -> None:
        """Close the connection from outside: what waits in it fails. Returns at once."""
        if device := self._device:
            threading.Thread(target=device.link.close, name=f"close-{self.group.name}", daemon=True).start()

    def _timed_out(self, places: Iterable[int]) -> dict[int, Reading]:
        return {self._tags[place].position: TIMED_OUT for place in places}

    def _ask_for(self, tags: Sequence[Tag]) -> None:
        self._tags, self._isolation = tags, Isolation(len(tags), self.monotonic)
        self._plans.clear()

    def _plan_of_bits(self, bits: Sequence[Tag]) -> ReadPlan[object]:
        plan = self.devices.plan(self.group, bits)
        if len(plan.tags) < len(bits):
            raise DeviceRefused(
                f"the trigger or the acknowledgement of {self.group.name} has no such address"
            )
        return plan

    def _plan_of(self, part: Part) -> ReadPlan[object]:
        plan = self._connected().plan
        if len(part) == len(plan.tags):
            return plan
        if part not in self._plans:
            if len(self._plans) >= _MOST_PLANS:
                self._plans.clear()
            self._plans[part] = self.devices.plan(self.group, [self._tags[place] for place in part])
        return self._plans[part]

    def _connected(self) -> Device:
        if self._device is None:
            raise InternalError(f"group {self.group.name} is not connected")
        return self._device

    def _ask(self, plan: ReadPlan[object], deadline_s: float) -> Sequence[Reading]:
        with self._calling(deadline_s):
            readings = self._connected().link.read(plan, deadline_s)
            if len(readings) != len(plan.tags):
                raise InternalError(
                    f"the driver {self.group.driver} returned {len(readings)} of {len(plan.tags)}"
                )
            if self.monotonic() > deadline_s:
                raise DeviceTimedOut("the device answered too late for its slot")
        return readings

    @contextmanager
    def _calling(self, deadline_s: float) -> Iterator[None]:
        """Tell how long a call may take; after any error drop the connection. Raises: PlantpulseError."""
        self.busy_until_s = deadline_s
        try:
            yield
        except PlantpulseError:
            self.drop()
            raise
        except Exception as error:
            self.drop()
            raise _unexpected(self.group, error) from error
        finally:
            self.busy_until_s = None


def tried(step: Callable[[], Result]) -> Result | PlantpulseError:
    """Return the result of a step, or the error that it raised."""
    try:
        return step()
    except PlantpulseError as error:
        return error


def _unexpected(group: Group, error: Exception) -> InternalError:
    """Return the error for a driver's bug; it quotes no text of the exception, which may contain a secret."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return InternalError(
        f"the driver {group.driver} failed: {type(error).__name__} at {place.filename}:{place.lineno}"
    )
