"""The edge runner: the bursts of one plant, on a computer that stands in it.

It polls under the same leases as the cloud's functions, so only one of them reads a group. What Supabase does
not take is kept on the disk (`spooling`).
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from plantpulse.errors import TransientError
from plantpulse.logs import log
from plantpulse.runs import utc_now
from plantpulse.settings.tags import TagsSettings
from plantpulse.tags.burst import Burst, Ended
from plantpulse.tags.exchange import Store
from plantpulse.tags.line import Devices
from plantpulse.tags.spooling import ANOTHER, SpoolingStore
from plantpulse.tags.spools import Spools

AGAIN_S = 10.0  # between two bursts of one process: the time for a group to be started


@dataclass(slots=True)
class Edge:
    """Polls the groups of a plant until it is told to stop; with `is_once` until it is relieved.

    `folder` is where samples are kept while Supabase is away, at most `most_bytes` of them. What is made for
    a burst lives in another time in the simulation, and on a disk that fails.
    """

    plant: str
    store: Store
    devices: Devices
    settings: TagsSettings
    folder: Path
    most_bytes: int
    is_once: bool = False
    wall: Callable[[], datetime] = utc_now
    open_spools: Callable[[Path, str, datetime, int], Spools] = Spools.open
    make_store: Callable[[Store, Spools, Callable[[], datetime]], SpoolingStore] = SpoolingStore
    make_burst: Callable[..., Burst] = Burst
    _is_stopped: threading.Event = field(default_factory=threading.Event, init=False)
    _burst: Burst | None = field(default=None, init=False)
    _has_polled: bool = field(default=False, init=False)  # what others poll since, they have taken over
    _is_waiting: bool = field(default=False, init=False)
    _keeps_samples: bool = field(default=False, init=False)  # on the disk, while it waits
    _is_away: bool = field(default=False, init=False)  # Supabase, at a begin

    def run(self) -> Ended:
        """Poll until the end, and return what the last burst did.

        Raises: the errors of Supabase, if nothing can be claimed; with `is_once` those too that may pass.
        """
        while True:
            ended, is_anew = self._polled()
            if self._is_stopped.wait(0 if is_anew else AGAIN_S) or (self.is_once and not is_anew):
                return ended

    def stop(self) -> None:
        """End within five seconds. For signals too."""
        self._is_stopped.set()
        if self._burst:
            self._burst.stop()

    def _polled(self) -> tuple[Ended, bool]:
        """Return what a burst did, and whether it ended only because its time was wrong."""
        holder = str(uuid4())
        with closing(self.open_spools(self.folder, holder, self.wall(), self.most_bytes)) as spools:
            store = self.make_store(self.store, spools, self.wall)
            self._burst = self.make_burst(
                self.plant,
                holder,
                store,
                self.devices,
                self.settings,
                runner="edge",
                wall=store.now,
                is_free_only=self._has_polled,
            )
            if self._is_stopped.is_set():
                self._burst.stop()
            try:
                ended = self._burst.run()
                self._note_end(ended, is_anew=store.is_to_begin_anew)
            except TransientError as error:
                if self.is_once:
                    raise
                self._note_outage(error)
                ended = Ended({}, (), {})
            else:
                self._is_away = False
            is_anew = store.is_to_begin_anew
            if not (self._is_stopped.is_set() or is_anew):
                store.drain(self.plant, holder)
                self._note_kept(spools.size)
            return ended, is_anew

    def _note_outage(self, error: TransientError) -> None:
        """Say once that nothing is polled until Supabase answers a claim."""
        if not self._is_away:
            log("WARNING", "Supabase is away: nothing can be claimed", plant=self.plant, error=str(error))
        self._is_away = True

    def _note_end(self, ended: Ended, *, is_anew: bool) -> None:
        """Note that what this process polled is another's or nobody's now; say once that it waits."""
        self._has_polled = (self._has_polled or bool(ended.groups)) and not is_anew
        is_waiting = not ended.groups and ANOTHER in ended.refused.values()
        if is_waiting and not self._is_waiting:
            told = "this runner waits: another one polls the groups, and is relieved only when it has gone"
            log("WARNING", told, plant=self.plant, groups=sorted(ended.refused))
        self._is_waiting = is_waiting

    def _note_kept(self, size: int) -> None:
        """Say once how many bytes of samples stay on the disk while another runner polls their groups."""
        if self._is_waiting and size and not self._keeps_samples:
            told = "samples wait on the disk until a runner of this computer polls their groups again"
            log("WARNING", told, plant=self.plant, bytes_on_disk=size)
        self._keeps_samples = self._is_waiting and size > 0


def told(plant: str, ended: Ended) -> Mapping[str, object]:
    """Return what a burst did, as JSON has it."""
    groups: Sequence[str] = list(ended.groups)
    return {"plant": plant, "groups": groups, "refused": dict(ended.refused), "counts": dict(ended.counts)}
