"""Makes a seed that breaks small: fewer days, then fewer faults, as long as it still breaks. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from soak.seeds import Outcome, Seed

SHORTER = (1.0, 2.0, 3.0, 5.0, 8.0, 14.0, 30.0)

Run = Callable[[Seed], Outcome]


@dataclass(slots=True)
class Shrinker:
    """Runs smaller seeds, at most so many."""

    run: Run
    runs_left: int = 80

    def shrink(self, broken: Outcome) -> Outcome:
        """Return the smallest outcome that was found to break; the given one if none is smaller."""
        for days in SHORTER:
            if days < broken.seed.days and (found := self._try(replace(broken.seed, days=days))):
                broken = found
                break
        return self._with_fewer_faults(broken)

    def _with_fewer_faults(self, broken: Outcome) -> Outcome:
        """Leave out halves, then quarters, and so on, of the faults that happened."""
        parts = 2
        while self.runs_left > 0:
            names = tuple(broken.happened)
            smaller = self._without_a_part(broken.seed, names, parts)
            if smaller:
                broken, parts = smaller, max(2, parts - 1)
            elif parts >= len(names):
                break
            else:
                parts = min(len(names), parts * 2)
        return broken

    def _without_a_part(self, seed: Seed, names: Sequence[str], parts: int) -> Outcome | None:
        size = max(1, -(-len(names) // parts))
        for start in range(0, len(names), size):
            rest = frozenset((*names[:start], *names[start + size :]))
            if found := self._try(replace(seed, allowed=rest)):
                return found
        return None

    def _try(self, seed: Seed) -> Outcome | None:
        if self.runs_left <= 0:
            return None
        self.runs_left -= 1
        outcome = self.run(seed)
        return outcome if outcome.broken else None
