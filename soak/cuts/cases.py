"""Which polls are broken, and where: every byte of a conversation, or a few of each kind."""

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, Self

from devstack.fault_proxy import Direction, End, Wound

_LONGEST_NOISE: Final = 32
_LOGIN_EXCHANGES: Final = {False: 2, True: 4}  # PRELOGIN, LOGIN7; between them the TLS handshake in two
_RUN_SHORT: Final = 0.2  # of the stalls: the time of the run ends them
PHASES: Final = ("login", "query", "result")


class Harm(Enum):
    """What becomes of the connection."""

    FLIP = "bit flipped"
    NOISE = "random bytes"
    CLOSED = "closed"
    RESET = "reset"
    STALLED = "stalled"


_ENDS: Final = {Harm.CLOSED: End.CLOSED, Harm.RESET: End.RESET, Harm.STALLED: End.STALLED}
CORRUPTING: Final = frozenset({Harm.FLIP, Harm.NOISE})


@dataclass(frozen=True)
class Setting:
    """How the conversation is held: over TLS or not, with the query files that ship or with short ones."""

    is_encrypted: bool
    is_short: bool = True

    def __str__(self) -> str:
        return f"{'tls' if self.is_encrypted else 'plain'}-{'short' if self.is_short else 'shipped'}"


SETTINGS: Final = tuple(
    Setting(is_encrypted, is_short) for is_short in (True, False) for is_encrypted in (False, True)
)


@dataclass(frozen=True)
class Talk:
    """The conversation of a poll that nothing disturbs: its blocks, turn by turn."""

    setting: Setting
    blocks: Sequence[tuple[Direction, int]]

    def length(self, direction: Direction) -> int:
        """Return how many bytes go in a direction."""
        return sum(length for way, length in self.blocks if way is direction)

    def phase(self, direction: Direction, place: int) -> str:
        """Return what a byte belongs to: login, query or result."""
        if place < self._login_length(direction):
            return "login"
        return "query" if direction is Direction.TO_SERVER else "result"

    def spots(self) -> list[tuple["Talk", Direction, int]]:
        """Return every byte."""
        return [(self, way, place) for way in Direction for place in range(self.length(way))]

    def _login_length(self, direction: Direction) -> int:
        turns, before, length = 0, None, 0
        for way, block in self.blocks:
            turns += way is not before
            before = way
            if turns > 2 * _LOGIN_EXCHANGES[self.setting.is_encrypted]:
                break
            length += block if way is direction else 0
        return length


Spot = tuple[Talk, Direction, int]


@dataclass(frozen=True)
class Case:
    """One poll and its fault. `str` of it replays it.

    `is_run_short`: the run's own time ends the wait, and not that of a login or a query.
    """

    setting: Setting
    harm: Harm
    direction: Direction
    place: int
    noise: bytes = b""
    is_run_short: bool = False

    @property
    def wound(self) -> Wound:
        """What the proxy is told."""
        return Wound(self.direction, self.place, self.noise, _ENDS.get(self.harm))

    def __str__(self) -> str:
        told = f"{self.setting}:{self.harm.name}:{self.direction.name}:{self.place}:{self.noise.hex()}"
        return told + (":run" if self.is_run_short else "")

    @classmethod
    def read(cls, text: str) -> Self:
        """Return the case of such a text. Raises: ValueError, KeyError."""
        setting, harm, direction, place, noise, *run = text.split(":")
        settings = {str(one): one for one in SETTINGS}
        return cls(
            settings[setting], Harm[harm], Direction[direction], int(place), bytes.fromhex(noise), bool(run)
        )


def drawn(draw: random.Random, talks: Sequence[Talk]) -> Iterator[Case]:
    """Draw cases without end: nine at the next bytes of the short talks, then one of the others."""
    short = [talk for talk in talks if talk.setting.is_short]
    bytes_in_turn, others = (
        every_byte(draw, short),
        some_of_each(draw, [one for one in talks if one not in short]),
    )
    while True:
        yield from itertools.islice(bytes_in_turn, 9)
        yield from itertools.islice(others, 1)


def every_byte(draw: random.Random, talks: Sequence[Talk]) -> Iterator[Case]:
    """Draw a case for each byte of the talks, then another kind for each, and so on without end."""
    spots = [spot for talk in talks for spot in talk.spots()]
    first = {spot: draw.randrange(len(Harm)) for spot in spots}
    for turn in itertools.count():
        draw.shuffle(spots)
        for spot in spots:
            yield _case(draw, spot, list(Harm)[(first[spot] + turn) % len(Harm)])


def some_of_each(draw: random.Random, talks: Sequence[Talk]) -> Iterator[Case]:
    """Draw a case for each talk, phase and kind, in turns without end."""
    classes: list[tuple[Harm, list[Spot]]] = [
        (harm, [spot for spot in talk.spots() if talk.phase(*spot[1:]) == phase])
        for talk in talks
        for phase in PHASES
        for harm in Harm
    ]
    while classes:
        draw.shuffle(classes)
        for harm, spots in classes:
            yield _case(draw, draw.choice(spots), harm)


def _case(draw: random.Random, spot: Spot, harm: Harm) -> Case:
    talk, direction, place = spot
    noise = b""
    if harm is Harm.FLIP:
        noise = bytes([1 << draw.randrange(8)])
    elif harm is Harm.NOISE:
        noise = draw.randbytes(draw.randint(2, _LONGEST_NOISE))
    is_run_short = harm is Harm.STALLED and draw.random() < _RUN_SHORT
    return Case(talk.setting, harm, direction, place, noise, is_run_short)
