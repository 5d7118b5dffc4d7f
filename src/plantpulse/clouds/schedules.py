"""The schedules of a deployment on either cloud: their operations and their names.

Their names come from deployment/calls.py: `<function>-<plant>`, or `<function>` for one that is of no plant,
with `-2`, `-3` at the end if one cron line is not enough. Terraform makes the schedules.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from plantpulse.errors import InvalidRequest

_NAME: Final = re.compile(r"(?P<pipeline>[a-z][a-z_]*)(-(?P<plant>[a-z][a-z0-9_]*))?(-\d+)?")


@dataclass(frozen=True, slots=True)
class Schedule:
    """One schedule. `name` is without the deployment's name; unknown values are None.

    `next_run_at` is also None for a stopped schedule. `last_code` is Google's result of the last attempt.
    """

    name: str
    expression: str
    time_zone: str
    is_running: bool
    next_run_at: datetime | None
    last_attempt_at: datetime | None = None
    last_code: str | None = None

    @property
    def pipeline(self) -> str:
        """Return the function that the schedule calls."""
        found = _NAME.fullmatch(self.name)
        return found["pipeline"] if found else self.name

    @property
    def plant(self) -> str | None:
        """Return the plant of the call; None for all plants."""
        found = _NAME.fullmatch(self.name)
        return found["plant"] if found else None


class Schedules(Protocol):
    """A cloud's scheduler. Every method raises: CloudUnavailable, CloudRefused."""

    def all(self) -> list[Schedule]:
        """Return the deployment's schedules by name."""
        ...

    def stop(self, name: str) -> None:
        """Stop a schedule; current runs continue."""
        ...

    def start(self, name: str) -> None:
        """Start a stopped schedule."""
        ...

    def run_now(self, name: str) -> None:
        """Call the function once, now, even if the schedule is stopped."""
        ...


def chosen(schedules: list[Schedule], *, pipeline: str | None, plant: str | None) -> list[Schedule]:
    """Return the schedules of a pipeline and a plant; None means all of them.

    Raises: InvalidRequest if there is none; it names the existing ones.
    """
    found = [s for s in schedules if pipeline in {None, s.pipeline} and plant in {None, s.plant}]
    if not found:
        known = ", ".join(schedule.name for schedule in schedules) or "none"
        raise InvalidRequest(f"there is no such schedule; known schedules: {known}")
    return found


def first_of_each(schedules: list[Schedule]) -> list[Schedule]:
    """Return one schedule for each pipeline and plant: several cron lines may call the same function."""
    firsts: dict[tuple[str, str | None], Schedule] = {}
    for schedule in schedules:
        firsts.setdefault((schedule.pipeline, schedule.plant), schedule)
    return list(firsts.values())
