"""By how much the slots of samples are wrong that were read before Supabase had told its time.

A burst that begins without Supabase has only the computer's own clock, which may be wrong by years. Nothing
sets it in that burst, so all its slots are wrong by the same. A file beside its samples says what the clock
showed, and how long the computer had been up, which it counts until it starts again. So whoever hears from
Supabase first knows the difference. It is written down before anything is sent: a sample that is sent
again goes to the same slot. A disk that does not take that keeps nothing from being sent.

If the computer has started again before that, nobody knows the difference any more. Such samples keep their
times but for a part of a second, so that none has the slot of another one that was read then.
"""

import json
import time
import zlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from plantpulse.logs import log
from plantpulse.tags.durable import keep
from plantpulse.tags.slots import NONE, SLEPT, SlotClock

Json = Any
_FILE: Final = "clock.json"
_BESIDE_US: Final = 199_999  # the shortest interval has 200 ms
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")  # no such file: nobody but the process itself knows


def uptime_s() -> float:
    """Return a time that goes on while the computer sleeps; the monotonic one where the system has none."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


def _boot_id() -> str:
    """Return what is another after each start of the computer; nothing where that is not known."""
    with suppress(OSError):
        return _BOOT.read_text(encoding="utf-8").strip()
    return ""


@dataclass(slots=True, eq=False)
class OwnClock:
    """The computer's own clock in one burst, and how wrong its slots and those of earlier bursts are.

    `own` is the folder of this burst's samples. `wall_at` is the clock at its begin, at `up_s`. Seconds are
    those of `uptime_s`.
    """

    own: Path
    wall_at: datetime
    up_s: float
    boot: str = field(default_factory=_boot_id)
    _truth: SlotClock | None = field(default=None, init=False)
    _shifts: dict[Path, timedelta] = field(default_factory=dict, init=False)
    _begun: dict[str, Json] = field(default_factory=dict, init=False)  # the clock, if it names our slots

    def now(self, up_s: float) -> datetime:
        """Return the time by the computer's own clock, as it was at the begin."""
        return self.wall_at + timedelta(seconds=up_s - self.up_s)

    def begin_without_supabase(self) -> None:
        """Note by which clock this burst names its slots."""
        self._begun = {"at": self.wall_at.isoformat(), "up_s": self.up_s, "boot": self.boot}
        self._write(self.own, self._begun)

    def hear(self, told: datetime, asked_s: float, heard_s: float) -> None:
        """Take Supabase's time, told between two times; what comes after an exact answer is not needed."""
        if self._truth is None:
            self._truth = SlotClock(self.wall_at, self.up_s)
        if not self._truth.is_exact:
            self._truth.hear(told, asked_s, heard_s)

    @property
    def is_exact(self) -> bool:
        """Say whether Supabase has told its time in an answer that was quick."""
        return self._truth is not None and self._truth.is_exact

    @property
    def is_told(self) -> bool:
        """Say whether Supabase has told its time."""
        return self._truth is not None

    @property
    def shift(self) -> timedelta:
        """Return what this burst's slots lack; nothing before Supabase has told its time."""
        return self.shift_of(self.own) if self.is_told else NONE

    def shift_of(self, folder: Path) -> timedelta:
        """Return what the slots in a folder lack, when Supabase has told its time."""
        if folder not in self._shifts:
            self._shifts[folder] = NONE
            with suppress(ArithmeticError, LookupError, TypeError, ValueError):  # a note that nobody can read
                self._shifts[folder] = self._found(folder)
        return self._shifts[folder]

    def is_needed(self, folders: Iterable[Path]) -> bool:
        """Say whether slots in some folders, or our own, wait for Supabase's time, to be shifted."""
        return any(self._waits(folder, self._clock_of(folder)) for folder in {*folders, self.own})

    def note_shifts(self, folders: Iterable[Path]) -> None:
        """Write down what the slots in some folders lack: after a power cut nobody knows it any more."""
        for folder in folders:
            self.shift_of(folder)

    def _found(self, folder: Path) -> timedelta:
        clock = self._clock_of(folder)
        if "shift_s" in clock:
            return timedelta(seconds=clock["shift_s"])
        if "up_s" not in clock or self._truth is None:
            return NONE
        if not self._waits(folder, clock):
            return _beside_slots(folder)
        shift = self._truth.at(clock["up_s"]) - datetime.fromisoformat(clock["at"])
        shift = NONE if abs(shift) < SLEPT else shift
        self._write(folder, {**clock, "shift_s": shift.total_seconds()})
        if shift:
            told = "samples are shifted: the computer's clock was wrong when they were read"
            log("WARNING", told, seconds=shift.total_seconds())
        return shift

    def _waits(self, folder: Path, clock: Mapping[str, Json]) -> bool:
        """Say whether a difference is not known yet, and can be: since the computer has not started again."""
        is_of_this_start = folder == self.own or (self.boot and clock.get("boot") == self.boot)
        return "up_s" in clock and "shift_s" not in clock and bool(is_of_this_start)

    def _clock_of(self, folder: Path) -> Mapping[str, Json]:
        return self._begun if folder == self.own else _read(folder)

    def _write(self, folder: Path, clock: Mapping[str, Json]) -> None:
        try:
            keep(clock, folder / _FILE, folder / f"{_FILE}.part")
        except OSError as error:
            log("ERROR", "the disk does not keep what the clock showed", error=error.strerror)


def _beside_slots(folder: Path) -> timedelta:
    """Return a time between two slots of any group: for a folder the same each time, for two hardly ever."""
    return timedelta(microseconds=1 + zlib.crc32(folder.name.encode()) % _BESIDE_US)


def _read(folder: Path) -> dict[str, Json]:
    with suppress(OSError, ValueError, RecursionError):
        clock = json.loads((folder / _FILE).read_text(encoding="utf-8"))
        return clock if isinstance(clock, dict) else {}
    return {}
