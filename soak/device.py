"""Machines' controllers, imitated at the interface that a burst reads through.

That of the press has one tag, which counts seconds; that of the cell is in `cell`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from plantpulse.errors import DeviceRefused, DeviceTimedOut, DeviceUnavailable
from plantpulse.tags.link import ReadPlan
from plantpulse.tags.readings import Reading
from plantpulse.tags.tag import Group, Tag
from soak.boundaries import Boundaries
from soak.cell import Cell
from soak.ledger import Shown


@dataclass(frozen=True, slots=True)
class Floor:
    """The controllers of all groups; `cells` are those that hand parts over, by plant."""

    boundaries: Boundaries
    cells: Mapping[str, Cell]

    def open(self, group: Group, _deadline_s: float) -> "Controller":
        """Return a group's controller, which is not connected."""
        cell = self.cells[group.plant] if group.trigger_tag else None
        return Controller(self.boundaries, group, cell)

    def plan(self, _group: Group, tags: Sequence[Tag]) -> ReadPlan[Any]:
        """Return how some tags are read."""
        return ReadPlan(tags, ())


@dataclass(frozen=True, slots=True)
class Controller:
    """The link to one controller, and the plan that reads its group."""

    boundaries: Boundaries
    group: Group
    cell: Cell | None
    signs_in: bool = True

    @property
    def link(self) -> "Controller":
        return self

    @property
    def plan(self) -> ReadPlan[Any]:
        return ReadPlan(self.group.tags, ())

    def connect(self, deadline_s: float) -> None:
        """Raises: DeviceUnavailable, DeviceTimedOut, Died."""
        self._cross("device", deadline_s)

    def read(self, plan: ReadPlan[Any], deadline_s: float) -> Sequence[Reading]:
        """Return what the tags of the plan are now. Raises: as `connect`."""
        self._cross("device", deadline_s)
        if self.cell:
            return self._read_cell(self.cell, plan.tags)
        value, process = round(self.boundaries.timeline.seconds()), self.boundaries.process()
        shown = Shown(value, self.boundaries.now(), (process.parent or process).name)
        self.boundaries.ledger.shown.setdefault(self.group.plant, []).append(shown)
        return [Reading(value) for _ in plan.tags]

    def write(self, _tag: Tag, _value: bool, deadline_s: float) -> None:
        """Acknowledge a part. Raises: DeviceRefused if that was not done; else as `connect`."""
        fault = self._cross("write", deadline_s)
        if self.cell:
            self.cell.acknowledge(self.boundaries.now())
        if fault == "dies behind it":
            self.boundaries.process().die()
        if fault == "lost":
            raise DeviceTimedOut("the controller did not answer")

    def close(self) -> None:
        """Nothing is open."""

    def _read_cell(self, cell: Cell, tags: Sequence[Tag]) -> Sequence[Reading]:
        now = self.boundaries.now()
        part, weight = cell.values(now)
        is_high, is_taken = False, False
        if any(tag.data_type == "bool" for tag in tags):
            is_high, is_taken = cell.bits(now, self.boundaries.process().name)
        shown = {"Part": part, "Weight": weight, "Ready": is_high, "Taken": is_taken}
        return [Reading(shown[tag.name]) for tag in tags]

    def _cross(self, boundary: str, deadline_s: float) -> str | None:
        """Return the fault that is not told before anything is done."""
        left_s = max(0.0, deadline_s - self.boundaries.timeline.seconds())
        fault = self.boundaries.cross(boundary, 0.02, left_s)
        if fault and self.cell:
            self.cell.doubt(self.boundaries.now())
        match fault:
            case "refused" if boundary == "write":
                raise DeviceRefused("the controller does not set the bit")
            case "refused":
                raise DeviceUnavailable("the controller refuses")
            case "hangs":
                raise DeviceTimedOut("the controller does not answer")
        return fault
