"""What the machines show at a time. Pure: every value is a function of the seconds since 1970."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

STROKE_S: Final = 1.2
_CYCLE_S: Final = 300  # a press works for most of it, then waits for material
_WAITS_S: Final = 20
_PIECE_S: Final = 4
_RECIPES: Final = ("Kapak 12 mm", "Κάλυμμα 14 mm", "蓋 16 mm")
_RECIPE_S: Final = 900
_FILL_S: Final = 480  # a tank runs empty for most of it, then it is filled again
_REFILL_S: Final = 60
_BOTTLE_S: Final = 0.75
_SHOT_S: Final = 24
_CLOSED_S: Final = 15
_HEAT_S: Final = 3600  # the glue is cold at the begin of each hour
_WARM_S: Final = 240
_BOXES_WAIT_S: Final = 600  # for the glue
_BOX_S: Final = 3


@dataclass(frozen=True)
class Press:
    """A press: strokes since 1970 (a 32-bit counter), its force in kN, its oil in °C, whether it works."""

    strokes: int
    force: float
    oil: float
    is_running: bool


@dataclass(frozen=True)
class Oven:
    """An oven: its zones and their setpoint in °C, the energy that it used in kWh, and its recipe."""

    zones: Mapping[str, float]
    setpoint: float
    energy: float
    recipe: str


@dataclass(frozen=True)
class Filler:
    """A filler: bottles since 1970, its tank's level in per cent, its pressure in bar, whether it refills."""

    bottles: int
    level: float
    pressure: float
    refills: bool


@dataclass(frozen=True)
class Moulder:
    """An injection moulder: shots since 1970, its force in kN, its melt in °C, whether it is closed."""

    shots: int
    force: float
    melt: float
    is_closed: bool


@dataclass(frozen=True)
class Packer:
    """A packer: boxes since 1970, boxes a minute, its glue in °C, whether it is warm enough to work."""

    boxes: int
    speed: float
    glue: float
    is_running: bool


def press_at(seconds: float) -> Press:
    """Return what the press shows."""
    is_running = seconds % _CYCLE_S >= _WAITS_S
    within = seconds % STROKE_S / STROKE_S
    force = 480 * math.sin(math.pi * within) ** 2 if is_running else 0.0
    return Press(
        strokes=_working_s(seconds) * 10 // int(STROKE_S * 10) % 2**32,
        force=force,
        oil=46 + 3 * math.sin(2 * math.pi * seconds / 1800),
        is_running=is_running,
    )


def oven_at(seconds: float) -> Oven:
    """Return what the oven shows."""
    setpoint = 185.0
    zones = {
        f"Zone {number}": setpoint + 2.5 * math.sin(2 * math.pi * (seconds / 240 + number / 4))
        for number in range(1, 5)
    }
    return Oven(zones, setpoint, 0.01 * seconds, _RECIPES[int(seconds) // _RECIPE_S % len(_RECIPES)])


def weight_at(seconds: float) -> float:
    """Return the weight in grams of the piece that is on the scale: one in twelve is light."""
    piece = int(seconds) // _PIECE_S
    return (231.5 if piece % 12 == 7 else 250.0) + (piece * 37 % 21 - 10) / 10


def filler_at(seconds: float) -> Filler:
    """Return what the filler shows: it fills no bottle while its tank is refilled."""
    cycle, within = divmod(seconds, _FILL_S)
    refilled = min(within / _REFILL_S, 1)
    emptied = max(0.0, within - _REFILL_S) / (_FILL_S - _REFILL_S)
    level = 15 + 75 * (refilled - emptied)
    return Filler(
        bottles=_counted(cycle, _FILL_S - _REFILL_S, within - _REFILL_S, _BOTTLE_S),
        level=level,
        pressure=1.2 + 0.8 * level / 100,
        refills=within < _REFILL_S,
    )


def moulder_at(seconds: float) -> Moulder:
    """Return what the moulder shows: a part falls out each time that it opens."""
    shot, within = divmod(seconds, _SHOT_S)
    is_closed = within < _CLOSED_S
    return Moulder(
        shots=int(shot) % 2**32,
        force=1200 * min(1.0, within) if is_closed else 0.0,
        melt=228 + 2 * math.sin(2 * math.pi * seconds / 420),
        is_closed=is_closed,
    )


def packer_at(seconds: float) -> Packer:
    """Return what the packer shows: its glue warms up at the begin of each hour, and it waits for that."""
    hour, within = divmod(seconds, _HEAT_S)
    is_running = within >= _BOXES_WAIT_S
    return Packer(
        boxes=_counted(hour, _HEAT_S - _BOXES_WAIT_S, within - _BOXES_WAIT_S, _BOX_S),
        speed=60 / _BOX_S if is_running else 0.0,
        glue=165 - 143 * math.exp(-within / _WARM_S),
        is_running=is_running,
    )


def _counted(cycles: float, works_s: float, within_s: float, piece_s: float) -> int:
    """Return how many pieces are done, of whole cycles and within this one: a signed counter of 32 bits."""
    return int((cycles * works_s + max(0.0, within_s)) / piece_s) % 2**31


def _working_s(seconds: float) -> int:
    """Return how many seconds the press has worked up to now."""
    cycles, within = divmod(int(seconds), _CYCLE_S)
    return cycles * (_CYCLE_S - _WAITS_S) + max(0, within - _WAITS_S)
