"""Which tags a device does not answer: they are asked for apart, so that the others are read. Pure.

Some devices do not answer when one bad tag is asked for, or end the connection, instead of refusing it.
Then no read of the group ends well. A device that hangs looks the same. So the tags are asked for in parts:
what is answered beside a part that is not shows which of the two it is.

A slow device has no time for several parts in one read. That a part was late says something of it only if it
had about as much time as all tags together have.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

_PATIENCE: Final = 3  # reads of all tags in a row that fail before they are asked for in parts
_MOST_PIECES: Final = 8  # a read has time for so many
_ENOUGH: Final = 0.75  # of the time of a read: with less, a part waits for its turn to be the first
_ASK_AGAIN_S: Final = 60.0  # for tags that were not answered alone
# Such a question costs the connection, and with it what is known of a rise: so many reads come between.
_ASK_AGAIN_READS: Final = 10

Part = tuple[int, ...]


@dataclass(slots=True)
class Isolation:
    """Groups tags into questions, by index.

    `_sound` is answered together, one of `_suspects` is not, and `_silent` was not answered alone. `_next` is
    a suspect for which the last read had no time. `_accused` is one that was not answered as the first of a
    read: the next answer of `_sound` shows that the device did not hang.
    """

    count: int
    monotonic: Callable[[], float]
    _failed: int = 0
    _pieces: int = 2
    _sound: Part = ()
    _suspects: list[Part] = field(default_factory=list)
    _silent: list[Part] = field(default_factory=list)
    _next: Part = ()
    _accused: Part = ()
    _is_heard: bool = False  # in this read
    _asked_again_s: float = 0.0
    _reads: int = 0  # since then

    @property
    def all(self) -> Part:
        """Return all tags."""
        return tuple(range(self.count))

    @property
    def silent(self) -> frozenset[int]:
        """Return the tags that were not answered alone."""
        return frozenset(place for part in self._silent for place in part)

    @property
    def _is_whole(self) -> bool:
        return not self._suspects and not self._silent

    def parts(self, deadline_s: float) -> Iterator[Part]:
        """Yield what to ask for in a read, each part after the answer to the one before."""
        self._is_heard = False
        if self._is_whole:
            yield self.all
            return
        self._reads += 1
        enough_s = _ENOUGH * (deadline_s - self.monotonic())
        yield from self._known(deadline_s - enough_s)
        while self._suspects:
            if self._is_heard and self.monotonic() > deadline_s - enough_s:
                self._next = self._suspects[0]
                return
            yield self._suspects[0]
        now_s = self.monotonic()
        if self._silent and now_s - self._asked_again_s >= _ASK_AGAIN_S and self._reads > _ASK_AGAIN_READS:
            self._asked_again_s, self._reads = now_s, 0
            self._silent.append(self._silent.pop(0))
            if now_s > deadline_s - enough_s:
                self._next = self._silent[-1]
            else:
                yield self._silent[-1]

    def _known(self, latest_s: float) -> Iterator[Part]:
        """Yield what is sound, behind the suspect that has its turn to be the first."""
        if first := self._next:
            self._next = ()
            yield first
        if self._sound and (not self._is_heard or self.monotonic() <= latest_s):
            yield tuple(sorted(self._sound))

    def answer(self, part: Part) -> None:
        """Note that a part was answered."""
        self._failed, self._is_heard = 0, True
        if part == self.all:
            self._begin_anew(2)
            return
        if self._accused and part not in self._suspects:
            self._divide(self._accused)
        for waiting in (self._suspects, self._silent):
            if part in waiting:
                waiting.remove(part)
                self._sound += part

    def fail(self, part: Part) -> None:
        """Note that a part was not answered; the read ends with it."""
        if part in self._silent:
            return
        self._failed += 1
        if part not in self._suspects:
            self._accused = ()
            self._fail_together()
        elif self._sound and self._is_heard:
            self._divide(part)
        elif self._sound:
            self._accused = part
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
        if is_whole:
            self._suspects = _divided(self.all, pieces)

    def _divide(self, part: Part) -> None:
        self._failed, self._accused = 0, ()
        self._suspects.remove(part)
        if len(part) > 1:
            self._suspects += _divided(part, 2)
        else:
            self._silent.append(part)
            self._asked_again_s, self._reads = self.monotonic(), 0

    def _begin_anew(self, pieces: int) -> None:
        self._failed, self._pieces, self._sound = 0, pieces, ()
        self._suspects, self._silent, self._next, self._accused = [], [], (), ()


def _divided(part: Sequence[int], pieces: int) -> list[Part]:
    """Return a part in so many pieces, or one for each tag if it has fewer."""
    size = -(-len(part) // pieces)
    return [tuple(part[at : at + size]) for at in range(0, len(part), size)]
