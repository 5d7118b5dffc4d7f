"""Rows of samples that Supabase did not take, on disk until it does: the edge runner's buffer.

Files are only appended to. A record is a line: the checksum and the length of its JSON, and the JSON, which
are the rows of one flush. Each record is on the disk (fsync) before `append` returns. So a power cut loses at
most the record that is being written, and half a record is seen and left out. Records are replayed in order,
and a file is deleted once its last record was taken. What is replayed twice after a crash does no harm: rows
are keyed by group and slot.
"""

import fcntl
import json
import os
import zlib
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from typing import Any, Final

from plantpulse.tags.durable import sync_folder

SEGMENT_BYTES: Final = 1 << 20  # the oldest file is dropped whole when room is short
_LOCK: Final = "lock"
_NAMES: Final = f"{'[0-9]' * 12}.rows"

Row = Mapping[str, Any]


@dataclass(slots=True)
class _Segment:
    """A file of records, and how much of it is written."""

    path: Path
    size: int


@dataclass(slots=True)
class Spool:
    """The spool in a folder, of which one process at a time has the lock. Close it afterwards.

    `most_bytes` bounds its files: the oldest are dropped for new ones. `damaged` counts records that could
    not be read back; `has_left` says that files were passed over.
    """

    folder: Path
    most_bytes: int
    segment_bytes: int = SEGMENT_BYTES
    damaged: int = 0
    has_left: bool = False
    _lock: int = -1
    _segments: deque[_Segment] = field(default_factory=deque)
    _writing: FileIO | None = None
    _last: int = 0
    _dropped: Counter[int] = field(default_factory=Counter)  # for a record that could not be written
    _offset: int = 0  # in the oldest file, up to which its records were taken

    @classmethod
    def open(cls, folder: Path, most_bytes: int, segment_bytes: int = SEGMENT_BYTES) -> "Spool | None":
        """Return the spool of a folder, with what an earlier process left; None if another process has it.

        Raises: OSError, as all methods but `close` do, if the disk fails.
        """
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            spool = cls(folder, most_bytes, segment_bytes, _lock=lock)
            for path in sorted(folder.glob(_NAMES)):
                spool._segments.append(_Segment(path, path.stat().st_size))
                spool._last = int(path.stem)
        except BlockingIOError:
            os.close(lock)
            return None
        except OSError:
            os.close(lock)
            raise
        return spool

    @property
    def size(self) -> int:
        """Return how many bytes the files have."""
        return sum(segment.size for segment in self._segments)

    @property
    def is_empty(self) -> bool:
        """Say whether nothing is left to be replayed."""
        return self.oldest() is None

    def append(self, rows: Sequence[Row]) -> Counter[int]:
        """Write rows as one record, and return how many older rows of each group had to be dropped for it.

        Raises: OSError if the disk is full; then the rows are not in the spool, and what was dropped for them
        is returned by the next call.
        """
        content = json.dumps(rows, separators=(",", ":")).encode()
        record = b"%08x %d %b\n" % (zlib.crc32(content), len(content), content)
        self._dropped += self._make_room(len(record))
        self._write(record)
        dropped, self._dropped = self._dropped, Counter()
        return dropped

    def oldest(self) -> list[Row] | None:
        """Return the rows of the oldest record that is not taken yet; None if there is none."""
        while self._segments:
            for _, rows in self._records_of_oldest():
                return rows
            self._remove_segment()
        return None

    def take_oldest(self) -> None:
        """Note that the oldest record was taken; its file is deleted after its last one."""
        for end, _ in self._records_of_oldest():
            self._offset = end
            break
        if self._segments and self._offset >= self._segments[0].size:
            self._remove_segment()

    def drop_oldest(self) -> Counter[int]:
        """Delete the oldest file, and return how many of its rows were not taken, by group.

        What the disk does not give back is not counted.
        """
        dropped: Counter[int] = Counter()
        if self._segments:
            with suppress(OSError):
                for _, rows in self._records_of_oldest():
                    dropped.update(row["g"] for row in rows)
            self._remove_segment()
        return dropped

    def pass_over(self) -> None:
        """Leave the oldest file alone, which the disk neither reads nor deletes; a later process may."""
        if self._segments:
            self.has_left = True
            self._forget_segment()

    def close(self) -> None:
        """Give the lock back; what is in the files stays."""
        with suppress(OSError):
            self._end_segment()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _make_room(self, needed: int) -> Counter[int]:
        dropped: Counter[int] = Counter()
        while self._segments and self.size + needed > self.most_bytes:
            dropped += self.drop_oldest()
        return dropped

    def _records_of_oldest(self) -> Iterator[tuple[int, list[Row]]]:
        """Yield the records of the oldest file that are not taken, each with the place where it ends.

        A damaged one is counted once, and passed over.
        """
        with self._segments[0].path.open("rb") as file:
            file.seek(self._offset)
            while line := file.readline():
                rows = _rows_of(line)
                if rows is not None:
                    yield file.tell(), rows
                    continue
                self.damaged += 1
                self._offset = max(self._offset, file.tell())

    def _write(self, record: bytes) -> None:
        file = self._writing or self._begin_segment()
        segment = self._segments[-1]
        try:
            left = memoryview(record)
            while left:
                left = left[file.write(left) :]
            os.fsync(file.fileno())
        except OSError:
            self._cut(segment)
            raise
        segment.size += len(record)
        if segment.size >= self.segment_bytes:
            self._end_segment()

    def _begin_segment(self) -> FileIO:
        self._last += 1
        path = self.folder / f"{self._last:012d}.rows"
        self._writing = FileIO(path, "xb")
        self._segments.append(_Segment(path, 0))
        sync_folder(self.folder)
        return self._writing

    def _end_segment(self) -> None:
        if self._writing:
            self._writing.close()
            self._writing = None

    def _cut(self, segment: _Segment) -> None:
        """Take away what was written of a record before the disk was full; the next one has a new file."""
        self._end_segment()
        os.truncate(segment.path, segment.size)

    def _remove_segment(self) -> None:
        """Delete the oldest file; after it the next one is read from its begin."""
        self._segments[0].path.unlink()
        self._forget_segment()

    def _forget_segment(self) -> None:
        if len(self._segments) == 1:
            self._end_segment()
        self._segments.popleft()
        self._offset = 0


def _rows_of(line: bytes) -> list[Row] | None:
    """Return the rows of a record; None if it is damaged or was not written to its end."""
    checksum, _, rest = line.partition(b" ")
    length, _, content = rest.partition(b" ")
    content = content.removesuffix(b"\n")
    if length != b"%d" % len(content) or not line.endswith(b"\n"):
        return None
    if checksum != b"%08x" % zlib.crc32(content):
        return None
    try:
        rows = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return rows if isinstance(rows, list) and all(_is_row(one) for one in rows) else None


def _is_row(row: object) -> bool:
    """Say whether it can be sent: another version, or a person, may have written the file."""
    return isinstance(row, dict) and isinstance(row.get("g"), int) and isinstance(row.get("s"), str)
