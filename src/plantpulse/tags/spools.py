"""The spools of a plant's folder: that of this process, and those of processes that are gone.

Each process has a folder of its own, named by its begin and its holder. So a burst and the one that relieves
it run side by side. A folder is taken over once its process is gone, and deleted when it is empty.
"""

import json
import os
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

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
    """All spools that this process has the lock of, the oldest first. `most_bytes` bounds all together."""

    folder: Path
    own: Spool
    holder: str
    most_bytes: int
    is_alone: bool = True
    _others: list[Spool] = field(default_factory=list)
    _dropped: Counter[int] = field(default_factory=Counter)  # and told to nobody yet

    @classmethod
    def open(cls, folder: Path, holder: str, now: datetime, most_bytes: int) -> "Spools":
        """Return the spools of a folder, with a new one for a holder."""
        own = Spool.open(folder / f"{now:%Y%m%dT%H%M%S}{_BETWEEN}{holder}", most_bytes)
        assert own is not None  # noqa: S101 - nobody else has the name
        spools = cls(folder, own, holder, most_bytes)
        spools.adopt()
        return spools

    def adopt(self) -> None:
        """Take over the spools of processes that are gone; `is_alone` says whether there is no other."""
        known = {spool.folder for spool in (*self._others, self.own)}
        found = sorted(one for one in self.folder.glob(f"*{_BETWEEN}*") if one.is_dir() and one not in known)
        opened = [Spool.open(one, self.most_bytes) for one in found]
        self.is_alone = None not in opened
        self._others += [spool for spool in opened if spool]

    @property
    def size(self) -> int:
        """Return how many bytes are kept."""
        return sum(spool.size for spool in (*self._others, self.own))

    @property
    def damaged(self) -> int:
        """Return how many records could not be read back."""
        return sum(spool.damaged for spool in (*self._others, self.own))

    def append(self, rows: Sequence[Row]) -> Counter[int]:
        """Keep rows, and return how many older ones of each group had to be dropped for them."""
        while self._others and self.size + SEGMENT_BYTES > self.most_bytes:
            self._dropped += self._others[0].drop_oldest()
            self._remove_empty()
        self._dropped += self.own.append(rows)
        dropped, self._dropped = self._dropped, Counter()
        return dropped

    def oldest(self) -> Record | None:
        """Return the oldest record that is not stored yet; None if there is none."""
        self._remove_empty()
        spool = self._others[0] if self._others else self.own
        rows = spool.oldest()
        return None if rows is None else Record(spool.folder.name.rpartition(_BETWEEN)[2], rows, spool.folder)

    def take_oldest(self) -> None:
        """Note that the oldest record is stored."""
        (self._others[0] if self._others else self.own).take_oldest()

    def keep_claim(self, answer: Mapping[str, Any]) -> None:
        """Keep what a claim answered, for a begin without Supabase."""
        part = self.own.folder / _CLAIM
        with part.open("w", encoding="utf-8") as file:
            json.dump(answer, file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self.folder / _CLAIM)

    def kept_claim(self) -> dict[str, Any] | None:
        """Return what the last claim answered; None if there was none, or nobody can read it."""
        try:
            answer = json.loads((self.folder / _CLAIM).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return None
        return answer if isinstance(answer, dict) and _has_groups(answer) else None

    def close(self) -> None:
        """Give all locks back; an empty folder goes."""
        for spool in (*self._others, self.own):
            _close(spool)

    def _remove_empty(self) -> None:
        while self._others and self._others[0].is_empty:
            _close(self._others.pop(0))


def _has_groups(answer: Mapping[str, Any]) -> bool:
    groups = answer.get("groups")
    return isinstance(groups, list) and all(isinstance(one, dict) and "id" in one for one in groups)


def _close(spool: Spool) -> None:
    is_empty = spool.is_empty
    if is_empty:  # while it is locked: nobody may take it over in between
        shutil.rmtree(spool.folder, ignore_errors=True)
    spool.close()
