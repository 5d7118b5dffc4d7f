"""The edge runner as it is deployed, in simulated time: on a computer that fails, with a disk that fills up.

Its files are real ones. A disk that is full takes the begin of a record, as a real one does: the process may
write no further than a drawn length. A power cut leaves a record whole, in part or not at all.
"""

import errno
import resource
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from plantpulse.errors import PlantpulseError
from plantpulse.settings import SupabaseSettings
from plantpulse.settings.tags import TagsSettings
from plantpulse.tags.edge import Edge
from plantpulse.tags.exchange import Store
from plantpulse.tags.spooling import SpoolingStore
from plantpulse.tags.spools import Spools
from soak.boundaries import Boundaries
from soak.bursts import bursts_in
from soak.computer import Computer, Runner
from soak.device import Floor
from soak.sessions import OpenStore

FLUSH_S: Final = 10.0
_LEAD_S: Final = 15.0  # longer than a flush: who is relieved must hear of it
_MOST_BYTES: Final = 1 << 24
_FOREVER_S: Final = 1e9


class _Disk(Spools):
    """The spools of a runner whose disk is that of its computer."""

    boundaries: Boundaries
    computer: Computer

    def append(self, rows: Sequence[Mapping[str, Any]]) -> Counter[int]:
        """Raises: OSError while the disk is full; Died in a power cut."""
        process = self.boundaries.process()
        name, draws = process.step("disk"), self.boundaries.draws
        match self.boundaries.faults.at("disk", name, self.boundaries.now()):
            case "full":
                self.computer.full_at.append(self.boundaries.now())
                with _full_after(self._newest_size + int(200 * draws.share(f"{name} takes"))):
                    return super().append(rows)
            case "dies before":
                process.die()
            case "dies within":
                super().append(rows)
                self._lose_end_of_newest(draws.whole(1, 60, f"{name} loses"))
                process.die()
            case "dies behind it":
                super().append(rows)
                process.die()
        dropped = super().append(rows)
        self.computer.kept_at[process.name] = self.boundaries.now()
        return dropped

    def keep_claim(self, answer: Mapping[str, Any]) -> None:
        """Raises: OSError while the disk is full."""
        process = self.boundaries.process()
        if self.boundaries.faults.at("disk", process.step("disk"), self.boundaries.now()) == "full":
            raise OSError(errno.ENOSPC, "No space left on device")
        super().keep_claim(answer)

    def close(self) -> None:
        """Give the locks back; who is dead does nothing else."""
        if self.boundaries.process().is_dead:
            for spool in (*self._all, *self._passed_by, *self._left):
                spool.close()
        else:
            super().close()

    @property
    def _newest(self) -> Path | None:
        return max(self.own_folder.glob("*.rows"), default=None)

    @property
    def _newest_size(self) -> int:
        return self._newest.stat().st_size if self._newest else 0

    def _lose_end_of_newest(self, length: int) -> None:
        if self._newest:
            with self._newest.open("r+b") as file:
                file.truncate(max(0, self._newest_size - length))


class _Stop:
    """What ends a runner, and its waits."""

    def __init__(self, boundaries: Boundaries) -> None:
        self._boundaries = boundaries
        self._is_set = False

    def set(self) -> None:
        self._is_set = True

    def is_set(self) -> bool:
        return self._is_set

    def wait(self, seconds: float) -> bool:
        """Wait so long, or until it is set a second ago. Raises: Died."""
        until_s = self._boundaries.timeline.seconds() + seconds
        while not self._is_set and (left_s := until_s - self._boundaries.timeline.seconds()) > 0:
            self._boundaries.sleep(max(0.001, min(1.0, left_s)))
        return self._is_set


def runner_in(
    boundaries: Boundaries,
    open_store: OpenStore,
    supabase: SupabaseSettings,
    settings: TagsSettings,
    floor: Floor,
) -> Callable[[Computer, Runner], None]:
    """Return what a runner does on its computer, until it is told to stop."""
    monotonic = boundaries.timeline.seconds

    def run(computer: Computer, runner: Runner) -> None:
        def open_spools(folder: Path, holder: str, now: datetime, most_bytes: int) -> Spools:
            spools: Any = _Disk.open(folder, holder, now, most_bytes)
            spools.boundaries, spools.computer = boundaries, computer
            opened: Spools = spools
            return opened

        def make_store(store: Store, spools: Spools, wall: Callable[[], datetime]) -> SpoolingStore:
            made = SpoolingStore(store, spools, wall, monotonic, lambda: computer.uptime_s)
            made.clock.boot = f"boot {runner.boot.number}"
            return made

        devices: Any = floor  # it has what bursts need of devices
        with open_store(supabase, seconds_left=lambda: _FOREVER_S, clock=None) as store:
            edge = Edge(
                computer.plant,
                store,
                devices,
                settings,
                computer.folder,
                _MOST_BYTES,
                wall=boundaries.function_clock,
                open_spools=open_spools,
                make_store=make_store,
                make_burst=bursts_in(boundaries, flush_s=FLUSH_S, lead_s=_LEAD_S),
            )
            stop: Any = _Stop(boundaries)
            edge._is_stopped = stop
            runner.stop = edge.stop
            with suppress(PlantpulseError):  # it ends with an error, and is started again
                edge.run()

    return run


@contextmanager
def _full_after(size: int) -> Iterator[None]:
    """Let files of this process grow up to a size, and no further."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
