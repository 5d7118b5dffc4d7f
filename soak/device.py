"""A machine's controller, imitated at the interface that a burst reads through: its tag counts seconds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from plantpulse.errors import DeviceTimedOut, DeviceUnavailable
from plantpulse.tags.link import ReadPlan
from plantpulse.tags.readings import Reading
from plantpulse.tags.tag import Group, Tag
from soak.boundaries import Boundaries


@dataclass(frozen=True, slots=True)
class Floor:
    """The controllers of all groups."""

    boundaries: Boundaries

    def open(self, group: Group, _deadline_s: float) -> "Controller":
        """Return a group's controller, which is not connected."""
        return Controller(self.boundaries, group)

    def plan(self, _group: Group, tags: Sequence[Tag]) -> ReadPlan[Any]:
        """Return how some tags are read."""
        return ReadPlan(tags, ())


@dataclass(frozen=True, slots=True)
class Controller:
    """The link to one controller, and the plan that reads its group."""

    boundaries: Boundaries
    group: Group
    signs_in: bool = True

    @property
    def link(self) -> "Controller":
        return self

    @property
    def plan(self) -> ReadPlan[Any]:
        return ReadPlan(self.group.tags, ())

    def connect(self, deadline_s: float) -> None:
        """Raises: DeviceUnavailable, DeviceTimedOut, Died."""
        self._cross(deadline_s)

    def read(self, plan: ReadPlan[Any], deadline_s: float) -> Sequence[Reading]:
        """Return how many seconds have passed, for each tag. Raises: as `connect`."""
        self._cross(deadline_s)
        value = round(self.boundaries.timeline.seconds())
        self.boundaries.ledger.shown.append(value)
        return [Reading(value) for _ in plan.tags]

    def write(self, _tag: Tag, _value: bool, _deadline_s: float) -> None:
        """Nothing is acknowledged."""

    def close(self) -> None:
        """Nothing is open."""

    def _cross(self, deadline_s: float) -> None:
        left_s = max(0.0, deadline_s - self.boundaries.timeline.seconds())
        match self.boundaries.cross("device", 0.02, left_s):
            case "refused":
                raise DeviceUnavailable("the controller refuses")
            case "hangs":
                raise DeviceTimedOut("the controller does not answer")
