"""The result of one link, and the walk along a chain of links. Pure.

After a broken link that the others need, the rest of the chain is skipped: one fault, one red line.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from plantpulse.errors import PlantpulseError

State = Literal["ok", "warning", "failed", "skipped"]


@dataclass(frozen=True)
class Found:
    """The result of a look at a link: a message and, if something should change, what to do.

    `is_wrong` separates a fault from a warning.
    """

    message: str
    remedy: str | None = None
    is_wrong: bool = False

    @property
    def state(self) -> State:
        """Return the state of the link."""
        if self.is_wrong:
            return "failed"
        return "warning" if self.remedy else "ok"


@dataclass(frozen=True)
class Finding:
    """A line of the check: the link `name` of `subject` (a plant, or supabase)."""

    subject: str
    link: str
    state: State
    message: str
    remedy: str | None = None


@dataclass(frozen=True)
class Link:
    """A link: how to look at it, what to do if the look raises, and whether the rest needs it."""

    name: str
    look: Callable[[], Found]
    remedy: Callable[[PlantpulseError], str] | None = None
    is_needed: bool = True


def walk(subject: str, links: Sequence[Link]) -> Iterator[Finding]:
    """Look at one link after the other; after a broken one that is needed, skip the rest."""
    broken: str | None = None
    for link in links:
        if broken:
            yield Finding(subject, link.name, "skipped", f"not checked: {broken} is broken")
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
    return Finding(subject, link.name, found.state, found.message, found.remedy)
