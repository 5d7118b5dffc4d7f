"""When a call was asked that may be tried again: its answer was told after its last attempt began. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol


class Asking(Protocol):
    """Hears when an attempt begins, or that the one that was answered began so many seconds ago."""

    def __call__(self, ago_s: float = 0.0) -> object: ...


@dataclass(slots=True)
class Asked:
    """When the last attempt of a call began, in seconds of a monotonic clock."""

    clock: Callable[[], float]
    at_s: float = field(init=False)

    def __post_init__(self) -> None:
        self.note()

    def note(self, ago_s: float = 0.0) -> None:
        """Note that an attempt begins now, or began so many seconds ago."""
        self.at_s = self.clock() - ago_s
