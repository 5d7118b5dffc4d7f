"""When a call was asked that may be tried again: its answer was told after its last attempt began. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, field

Asking = Callable[[], object]  # called before each attempt


@dataclass(slots=True)
class Asked:
    """When the last attempt of a call began, in seconds of a monotonic clock."""

    clock: Callable[[], float]
    at_s: float = field(init=False)

    def __post_init__(self) -> None:
        self.note()

    def note(self) -> None:
        """Note that an attempt begins now."""
        self.at_s = self.clock()
