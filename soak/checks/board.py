"""What people see on the board at any moment is what the plant showed when it was polled last.

Source: docs/board.md and docs/architecture.md. What is older than two slots is stale, and says so.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any, Final

from soak.boundaries import Boundaries
from soak.checks.stops import Span, stopped_minutes
from soak.checks.view import View
from soak.coverage import Reading
from soak.ledger import WINDOW, Broken
from soak.people import Call, Signature
from soak.plant import PLANNED, Plant

EVERY: Final = timedelta(hours=2)
_SHIFT: Final = (time(6), time(14))
_TARGET_A_MINUTE: Final = 2.0
_OFFSET: Final = timedelta(minutes=3)  # at most so long after a slot of 15 minutes a poll begins (0077)
_ALMOST: Final = 0.05  # of the target: nearer is on target

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Readers:
    """People who look at the board of every plant.

    `call` calls a SQL function; `signed` says who signed which incident.
    """

    boundaries: Boundaries
    view: View
    call: Call
    signed: Mapping[int, Signature]

    def come(self, start: datetime, until: datetime) -> None:
        """Look at each plant at a moment of every two hours."""
        for name in self.view.plants:
            at = start
            while at < until:
                share = self.boundaries.draws.share(f"reader {name} {at:%Y-%m-%dT%H:%M}")
                self.boundaries.timeline.at(at + share * EVERY, partial(self._look, name))
                at += EVERY

    def _look(self, name: str) -> None:
        """Look once. Raises: Broken."""
        now = self.boundaries.now()
        status, body = self.call("board", {"p_plant": name, "p_now": now.isoformat()})
        if status != 200:
            raise Broken(f"the board of {name} was refused: {body.decode()[:500]}")
        board = json.loads(body)
        self._check_age(name, board, now)
        self._check_incidents(name, board)
        self._check_counts(name, board)
        for machine in board["machines"]:
            self._check_machine(self.view.plants[name], board, machine)
        self.view.checked["looks at a board"] += 1

    def _check_age(self, name: str, board: Document, now: datetime) -> None:
        polled = self.view.ledger.polled.get(name)
        if _instant(board["as_of"]) != polled:
            raise Broken(f"the board of {name} is as of {board['as_of']}, and was polled for {polled}")
        stale_at = polled and polled + 2 * self.view.ledger.slots[name].every
        if stale_at and stale_at < now <= stale_at + _OFFSET:
            return
        is_stale = stale_at is None or now > stale_at
        says_so = any(one["kind"] == "poll" for one in board["needs_you"])
        if board["is_stale"] != is_stale or says_so != is_stale:
            raise Broken(f"the board of {name} says stale {board['is_stale']}, {says_so}: {polled} at {now}")
        self.view.checked["boards that are stale"] += is_stale

    def _check_incidents(self, name: str, board: Document) -> None:
        stored = self.view.incidents_of(name)
        resolved = {one for one, own in self.signed.items() if own.resolved_by}
        expected = len(stored - resolved), len(stored - self.signed.keys())
        shown = board["safety"]["open"], board["safety"]["unacknowledged"]
        if shown != expected:
            raise Broken(f"the board of {name} shows {shown} incidents, and there are {expected}")

    def _check_counts(self, name: str, board: Document) -> None:
        plant, machines = self.view.plants[name], board["machines"]
        if sorted(one["name"] for one in machines) != sorted(f"The {asset}" for asset in plant.assets):
            raise Broken(f"the board of {name} shows {[one['name'] for one in machines]}")
        for status, number in board["counts"].items():
            found = sum(one["status"] == status for one in machines)
            if status not in {"assets", "planned", "off_target"} and found != number:
                raise Broken(f"the board of {name} counts {number} {status}, and shows {found}")

    def _check_machine(self, plant: Plant, board: Document, machine: Document) -> None:
        asset, at = machine["name"].removeprefix("The "), _instant(machine["as_of"])
        newest = self.view.ledger.newest(plant.name, self.boundaries.now())
        if at != newest:
            raise Broken(f"{asset} of {plant.name} is as of {at}, and was polled for {newest}")
        reading = self.view.ledger.reading(plant.name, at) if at else None
        if at is None or reading is None or plant.is_doubtful(at - WINDOW, at):
            self.view.checked["machines of a board whose reading is not known"] += 1
            return
        window, target = (at - WINDOW, at), _target(plant, asset, at)
        units = plant.units(asset, *window, reading.output_at)
        self._compare(plant, asset, board, "units", machine["units"], units)
        self._compare(plant, asset, board, "target", machine["target"], target)
        states = _states(units, target, is_stopped=_is_stopped(plant, asset, window, reading))
        if machine["status"] not in states:
            raise Broken(f"{asset} of {plant.name} is {machine['status']} at {at}, and should be {states}")
        if asset == PLANNED and machine["as_of"] == board["as_of"]:
            self._check_shift(plant, board, at)
        self.view.checked["machines of a board"] += 1

    def _check_shift(self, plant: Plant, board: Document, at: datetime) -> None:
        """Check what the planned asset, alone with shifts, has made so far, in the slots that are read."""
        slots, (start, until) = self.view.ledger.slots[plant.name], _shift(plant, at)
        of_shift = [slot for slot in slots.read if start < slot <= at]
        is_by_hand = not slots.by_chance.isdisjoint(of_shift)  # what such a slot adds is older, or not known
        if not start < at <= until or plant.is_doubtful(start, at) or is_by_hand:
            return
        units = sum(
            plant.units(PLANNED, slot - slots.every, slot, slots.read[slot].output_at) for slot in of_shift
        )
        target = len(of_shift) * slots.every.total_seconds() / 60 * _TARGET_A_MINUTE
        so_far = board["shift_so_far"]
        self._compare(plant, PLANNED, board, "units of the shift", so_far["units"], units)
        self._compare(plant, PLANNED, board, "target of the shift so far", so_far["target"], target)
        self.view.checked["shifts of a board"] += 1

    def _compare(
        self, plant: Plant, asset: str, board: Document, name: str, found: object, expected: float
    ) -> None:
        if found is None or abs(float(str(found)) - expected) > 0.001:
            told = f"{name} of {asset} is {found} on the board of {plant.name}, as of {board['as_of']}"
            raise Broken(f"{told}, and should be {expected}")


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _shift(plant: Plant, at: datetime) -> Span:
    day: date = at.astimezone(plant.zone).date()
    start, until = (datetime.combine(day, one, tzinfo=plant.zone).astimezone(UTC) for one in _SHIFT)
    return start, until


def _target(plant: Plant, asset: str, at: datetime) -> float:
    if asset != PLANNED:
        return 0.0
    start, until = _shift(plant, at)
    overlap = min(at, until) - max(at - WINDOW, start)
    return max(0.0, overlap.total_seconds() / 60 * _TARGET_A_MINUTE)


def _is_stopped(plant: Plant, asset: str, window: Span, reading: Reading) -> bool:
    """Say whether an asset stands still at the end of a window."""
    moment = timedelta(seconds=1)
    return stopped_minutes(plant, asset, (window[1] - moment, window[1]), reading.stops_at) > 0


def _states(units: int, target: float, *, is_stopped: bool) -> set[str]:
    """Return what the status may be; two where a figure is on the edge."""
    if not target:
        return {"not_planned"}
    if is_stopped:
        return {"stopped"}
    states = {"on_target"} if abs(units - target) <= _ALMOST * target + 1e-9 else set[str]()
    if abs(units - target) >= _ALMOST * target - 1e-9:
        states.add("above_target" if units > target else "below_target")
    return states
