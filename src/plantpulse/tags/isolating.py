"""Which tags a device does not answer: they are asked for apart, so that the others are read. Pure.

Some devices say nothing to a question for one bad tag, or end the connection, instead of refusing it. Then no
read of the group ends well. A device that hangs looks the same. So the tags are asked for in parts: what is
answered beside a part that is not shows which of the two it is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

_PATIENCE: Final = 3  # reads of all tags in a row that fail before they are asked for in parts
_MOST_PIECES: Final = 8  # a read has time for so many
_ASK_AGAIN_S: Final = 60.0  # for tags that were not answered alone
# Such a question costs the connection, and with it what is known of a rise: so many reads come between.
_ASK_AGAIN_READS: Final = 10

Part = tuple[int, ...]


@dataclass(slots=True)
class Isolation:
    """What is asked together of so many tags, by their indexes.

    `_sound` is answered together, one of `_suspects` is not, and `_silent` was not answered alone.
    """

    count: int
    _failed: int = 0
    _pieces: int = 2
    _sound: Part = ()
    _suspects: list[Part] = field(default_factory=list)
    _silent: list[Part] = field(default_factory=list)
    _asked_again_s: float = 0.0
    _reads: int = 0  # since then

    @property
    def all(self) -> Part:
        """Return all tags."""
        return tuple(range(self.count))

    @property
    def _is_whole(self) -> bool:
        return not self._suspects and not self._silent

    def parts(self, now_s: float) -> Iterator[Part]:
        """Yield what to ask for in a read, each part after the answer to the one before."""
        if self._is_whole:
            yield self.all
            return
        self._reads += 1
        if self._sound:
            yield tuple(sorted(self._sound))
        while self._suspects:
            yield self._suspects[0]
        is_due = now_s - self._asked_again_s >= _ASK_AGAIN_S and self._reads > _ASK_AGAIN_READS
        if self._silent and is_due:
            self._asked_again_s, self._reads = now_s, 0
            self._silent.append(self._silent.pop(0))
            yield self._silent[-1]

    def answer(self, part: Part) -> None:
        """Note that a part was answered."""
        self._failed = 0
        for waiting in (self._suspects, self._silent):
            if part in waiting:
                waiting.remove(part)
                self._sound += part
        if self._is_whole:
            self._begin_anew(2)

    def fail(self, part: Part, now_s: float) -> None:
        """Note that a part was not answered; the read ends with it."""
        if part in self._silent:
            return
        self._failed += 1
        if part not in self._suspects:
            self._fail_together()
        elif self._sound:
            self._suspects.remove(part)
            self._divide(part, now_s)
        elif self._failed < len(self._suspects):
            self._suspects.append(self._suspects.pop(0))
        else:  # no part at all is answered: it hangs, or one tag of each part is silent
            self._begin_anew(min(2 * self._pieces, _MOST_PIECES))

    def _fail_together(self) -> None:
        """Begin to ask in parts if that goes on; what was sound and is not any more begins anew."""
        if self._failed < _PATIENCE:
            return
        is_whole, pieces = self._is_whole, self._pieces
        self._begin_anew(pieces)
        if is_whole and self.count > 1:
            self._suspects = _divided(self.all, pieces)

    def _divide(self, part: Part, now_s: float) -> None:
        self._failed = 0
        if len(part) > 1:
            self._suspects += _divided(part, 2)
        else:
            self._silent.append(part)
            self._asked_again_s, self._reads = now_s, 0

    def _begin_anew(self, pieces: int) -> None:
        self._failed, self._pieces, self._sound = 0, pieces, ()
        self._suspects, self._silent = [], []


def _divided(part: Sequence[int], pieces: int) -> list[Part]:
    """Return a part in so many pieces, or one for each tag if it has fewer."""
    size = -(-len(part) // pieces)
    return [tuple(part[at : at + size]) for at in range(0, len(part), size)]
