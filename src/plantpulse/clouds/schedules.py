"""The schedules of a deployment, whichever cloud keeps them: what is asked of them, and how they are named.

Terraform makes them: `<function>-<plant>`, `<function>` alone for one that looks after all plants, and
`-2`, `-3` behind it where one cron line cannot say it all (infra/terraform/modules/plan).
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from plantpulse.errors import InvalidRequest

_NAME: Final = re.compile(r"(?P<pipeline>[a-z][a-z_]*)(-(?P<plant>[a-z][a-z0-9_]*))?(-\d+)?")


@dataclass(frozen=True, slots=True)
class Schedule:
    """One schedule. `name` is without the deployment's; what the cloud does not tell is None.

    `next_run_at` is None while it is stopped too. `last_code` is Google's word for how the last attempt went.
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
        """Return the function that is called."""
        found = _NAME.fullmatch(self.name)
        return found["pipeline"] if found else self.name

    @property
    def plant(self) -> str | None:
        """Return the plant that it is called for; None for all of them."""
        found = _NAME.fullmatch(self.name)
        return found["plant"] if found else None


class Schedules(Protocol):
    """A cloud's scheduler. Every method raises: CloudUnavailable, CloudRefused."""

    def all(self) -> list[Schedule]:
        """Return the deployment's schedules by name."""
        ...

    def stop(self, name: str) -> None:
        """Stop a schedule; what runs goes on."""
        ...

    def start(self, name: str) -> None:
        """Start a schedule that was stopped."""
        ...

    def run_now(self, name: str) -> None:
        """Have the function called once, at once, whether the schedule runs or not."""
        ...


def chosen(schedules: list[Schedule], *, pipeline: str | None, plant: str | None) -> list[Schedule]:
    """Return the schedules of a pipeline and a plant; None means all of them.

    Raises: InvalidRequest when there is none, naming those there are.
    """
    found = [s for s in schedules if pipeline in {None, s.pipeline} and plant in {None, s.plant}]
    if not found:
        there_are = ", ".join(schedule.name for schedule in schedules) or "none at all"
        raise InvalidRequest(f"there is no such schedule; there is {there_are}")
    return found


def first_of_each(schedules: list[Schedule]) -> list[Schedule]:
    """Return one schedule for each pipeline and plant: several lines of cron call the same function."""
    firsts: dict[tuple[str, str | None], Schedule] = {}
    for schedule in schedules:
        firsts.setdefault((schedule.pipeline, schedule.plant), schedule)
    return list(firsts.values())
