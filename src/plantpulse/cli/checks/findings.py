"""What is found out about one link, and the walk along a chain of links. Pure.

Where a link is broken that the others hang on, the rest of the chain is skipped: one fault, one red line.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from plantpulse.errors import PlantpulseError

State = Literal["ok", "warning", "failed", "skipped"]


@dataclass(frozen=True)
class Found:
    """What a look at a link found: what is there, and, where that should be otherwise, what to do.

    `is_wrong` tells a fault from a warning.
    """

    told: str
    remedy: str | None = None
    is_wrong: bool = False

    @property
    def state(self) -> State:
        """Return how the link stands."""
        if self.is_wrong:
            return "failed"
        return "warning" if self.remedy else "ok"


@dataclass(frozen=True)
class Finding:
    """A line of the check: the link `name` of `subject` (a plant, or supabase)."""

    subject: str
    link: str
    state: State
    told: str
    remedy: str | None = None


@dataclass(frozen=True)
class Link:
    """A link: how to look at it, what to do where the look raises, and whether the rest hangs on it."""

    name: str
    look: Callable[[], Found]
    remedy: Callable[[PlantpulseError], str] | None = None
    is_needed: bool = True


def walk(subject: str, links: Sequence[Link]) -> Iterator[Finding]:
    """Look at one link after the other; skip those that hang on a broken one."""
    broken: str | None = None
    for link in links:
        if broken:
            yield Finding(subject, link.name, "skipped", f"not looked at: {broken} comes first")
            continue
        finding = _look(subject, link)
        if finding.state == "failed" and link.is_needed:
            broken = link.name
        yield finding


def _look(subject: str, link: Link) -> Finding:
    try:
        found = link.look()
    except PlantpulseError as error:
        remedy = link.remedy(error) if link.remedy else None
        return Finding(subject, link.name, "failed", str(error), remedy)
    return Finding(subject, link.name, found.state, found.told, found.remedy)
