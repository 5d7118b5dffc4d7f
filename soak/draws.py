"""Numbers that follow from a seed and a name, so that leaving one draw out changes no other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TypeVar

Thing = TypeVar("Thing")


@dataclass(frozen=True, slots=True)
class Draws:
    """Draws by name: the same seed and name always give the same number."""

    seed: int

    def share(self, name: str) -> float:
        """Return a number in [0, 1)."""
        digest = blake2b(f"{self.seed}/{name}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") / 2**64

    def between(self, least: float, most: float, name: str) -> float:
        """Return a number between two others."""
        return least + (most - least) * self.share(name)

    def whole(self, least: int, most: int, name: str) -> int:
        """Return a whole number between two others, both included."""
        return least + int((most - least + 1) * self.share(name))

    def pick(self, things: Sequence[Thing], name: str) -> Thing:
        """Return one of several things."""
        return things[int(len(things) * self.share(name))]

    def kind(self, shares: Mapping[str, float], name: str) -> str | None:
        """Return one of several kinds, each with its share; None for the rest of the time."""
        drawn = self.share(name)
        for kind, share in shares.items():
            if drawn < share:
                return kind
            drawn -= share
        return None
