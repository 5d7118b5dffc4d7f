"""The spools of a plant's folder: that of this process, and those of processes that are gone.

Each process has a folder of its own, named by its begin and its holder. So a burst and the one that relieves
it run side by side. A folder is taken over once its process is gone, and deleted when it is empty.
"""

import json
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from plantpulse.logs import log
from plantpulse.tags.durable import keep
from plantpulse.tags.spool import SEGMENT_BYTES, Row, Spool

_CLAIM: Final = "claim.json"
_BETWEEN: Final = "_"


class Record(NamedTuple):
    """The rows of one flush, the holder that read them, and the folder in which they are."""

    holder: str
    rows: list[Row]
    folder: Path


@dataclass(slots=True)
class Spools:
    """All spools that this process has the lock of, the oldest first. `most_bytes` bounds all together.

    `own_folder` is that of this process. While the disk does not let it be made, rows cannot be kept, but
    those of earlier processes can be sent.
    """

    folder: Path
    own_folder: Path
    most_bytes: int
    _own: Spool | None = None
    _others: list[Spool] = field(default_factory=list)
    _passed_by: list[Spool] = field(default_factory=list)  # by this process
    _left: list[Spool] = field(default_factory=list)  # with nothing but files that were passed over
    _dropped: Counter[int] = field(default_factory=Counter)  # and told to nobody yet
    _unopened: set[Path] = field(default_factory=set)
    _alive: set[str] = field(default_factory=set)  # the folders of processes that are there

    @classmethod
    def open(cls, folder: Path, holder: str, now: datetime, most_bytes: int) -> "Spools":
        """Return the spools of a folder, with a new one for a holder. Raises nothing that a disk does."""
        spools = cls(folder, folder / f"{now:%Y%m%dT%H%M%S}{_BETWEEN}{holder}", most_bytes)
        try:
            spools._opened_own()
        except OSError as error:
            log("ERROR", "the disk keeps no samples: they wait in memory", error=str(error))
        spools.adopt()
        return spools

    def adopt(self) -> None:
        """Take over the spools of processes that are gone, and note which are there.

        A folder that cannot be opened, as one that another user has left, is passed over.
        """
        self._alive = set()
        for one in self._found():
            try:
                spool = Spool.open(one, self.most_bytes)
            except OSError as error:
                self._note_unopened(one, error)
                continue
            if spool is None:
                self._alive.add(one.name)
            else:
                self._others.append(spool)
                self._forget_claimer(one.name)

    @property
    def is_alone(self) -> bool:
        """Say whether this computer had no other process when that was looked up (`adopt`)."""
        return not self._alive

    @property
    def is_relieved(self) -> bool:
        """Say whether one of those processes was the last to claim groups: it polls them, or will."""
        by = (self._kept() or {}).get("by")
        return isinstance(by, str) and by in self._alive

    @property
    def size(self) -> int:
        """Return how many bytes are kept."""
        return sum(spool.size for spool in (*self._all, *self._passed_by))

    @property
    def folders(self) -> Sequence[Path]:
        """Return the folders with rows that this process may send."""
        return [spool.folder for spool in self._all]

    @property
    def damaged(self) -> int:
        """Return how many records could not be read back."""
        return sum(spool.damaged for spool in self._all)

    def append(self, rows: Sequence[Row]) -> Counter[int]:
        """Keep rows, and return how many older ones of each group had to be dropped for them.

        Raises: OSError if the disk does not keep them.
        """
        while self._others and self.size + SEGMENT_BYTES > self.most_bytes:
            self._dropped += self._others[0].drop_oldest()
            self._remove_empty()
        self._dropped += self._opened_own().append(rows)
        dropped, self._dropped = self._dropped, Counter()
        return dropped

    def oldest(self) -> Record | None:
        """Return the oldest record that is not stored yet; None if there is none. Raises: OSError."""
        self._remove_empty()
        spool = next(iter(self._all), None)
        if spool is None or (rows := spool.oldest()) is None:
            return None
        return Record(spool.folder.name.rpartition(_BETWEEN)[2], rows, spool.folder)

    def take_oldest(self) -> None:
        """Note that the oldest record is stored. Raises: OSError."""
        self._all[0].take_oldest()

    def pass_by(self) -> bool:
        """Leave the folder of the oldest record to the next process; False if there is no other one."""
        if not self._others:
            return False
        self._passed_by.append(self._others.pop(0))
        return True

    def pass_over(self) -> None:
        """Leave the oldest file alone, which the disk neither reads nor deletes."""
        for spool in self._all[:1]:
            spool.pass_over()

    def keep_claim(self, answer: Mapping[str, Any]) -> None:
        """Keep what a claim answered, for a begin without Supabase, and whose it is. Raises: OSError."""
        keep({**answer, "by": self.own_folder.name}, self.folder / _CLAIM, self.own_folder / _CLAIM)

    def kept_claim(self) -> dict[str, Any] | None:
        """Return what the last claim answered; None if there was none, or nobody can read it."""
        answer = self._kept()
        return answer if answer and _has_groups(answer) else None

    def close(self) -> None:
        """Give all locks back; an empty folder goes."""
        for spool in (*self._all, *self._passed_by, *self._left):
            _close(spool)

    def _forget_claimer(self, name: str) -> None:
        """Note that a process is gone and relieves nobody: its folder looks alive, since it is ours now."""
        answer = self._kept()
        if answer and answer.get("by") == name:
            with suppress(OSError):
                keep({**answer, "by": None}, self.folder / _CLAIM, self.own_folder / _CLAIM)

    def _kept(self) -> dict[str, Any] | None:
        try:
            answer = json.loads((self.folder / _CLAIM).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return None
        return answer if isinstance(answer, dict) else None

    @property
    def _all(self) -> list[Spool]:
        return [*self._others, *([self._own] if self._own else [])]

    def _found(self) -> Sequence[Path]:
        known = {self.own_folder, *(spool.folder for spool in (*self._others, *self._passed_by, *self._left))}
        try:
            folders = sorted(one for one in self.folder.glob(f"*{_BETWEEN}*") if one.is_dir())
        except OSError as error:
            self._note_unopened(self.folder, error)
            return ()
        return [one for one in folders if one not in known]

    def _opened_own(self) -> Spool:
        if self._own is None:
            self._own = Spool.open(self.own_folder, self.most_bytes)
            assert self._own is not None  # noqa: S101 - nobody else has the name
        return self._own

    def _note_unopened(self, folder: Path, error: OSError) -> None:
        if folder not in self._unopened:
            log("ERROR", "samples on the disk cannot be sent: their folder is not opened", error=str(error))
        self._unopened.add(folder)

    def _remove_empty(self) -> None:
        while self._others and _is_empty(self._others[0]):
            spool = self._others.pop(0)
            if spool.has_left:
                self._left.append(spool)
            else:
                _close(spool)


def _is_empty(spool: Spool) -> bool:
    try:
        return spool.is_empty
    except OSError:
        return False


def _has_groups(answer: Mapping[str, Any]) -> bool:
    groups = answer.get("groups")
    return isinstance(groups, list) and all(isinstance(one, dict) and "id" in one for one in groups)


def _close(spool: Spool) -> None:
    if _is_empty(spool) and not spool.has_left:  # while it is locked: nobody may take it over in between
        shutil.rmtree(spool.folder, ignore_errors=True)
    spool.close()
