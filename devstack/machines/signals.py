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


def _working_s(seconds: float) -> int:
    """Return how many seconds the press has worked up to now."""
    cycles, within = divmod(int(seconds), _CYCLE_S)
    return cycles * (_CYCLE_S - _WAITS_S) + max(0, within - _WAITS_S)
