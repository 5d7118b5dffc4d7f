"""Zips of balancing data: their documents, in bounded memory.

Pure: from bytes to pieces of bytes. Nothing is written, and no name in an archive is used but for messages.
"""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Final

from plantpulse.errors import UnreadableReply, one_line

MOST_FILES: Final = 200  # the platform puts at most 100 documents into an archive
MOST_BYTES: Final = 64 * 1024 * 1024  # of all documents together; a year of imbalance prices has 13 MB
_SIGNATURE: Final = b"PK"
_OF_A_FILE: Final = b"PK\x01\x02"
_PIECE: Final = 64 * 1024
_READABLE: Final = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OSError,
)


def is_archive(content: bytes) -> bool:
    """Whether bytes begin as a zip does."""
    return content.startswith(_SIGNATURE)


def documents(content: bytes) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Yield name and content of each file, in the archive's order; read one before you go on to the next.

    Raises: UnreadableReply for what is broken, encrypted, nested, or larger than any real one.
    """
    # Counted before the archive is opened, which makes an object for each.
    if content.count(_OF_A_FILE) > MOST_FILES:
        raise UnreadableReply(f"the zip has more than {MOST_FILES} files")
    room = [MOST_BYTES]
    with _translated(), zipfile.ZipFile(BytesIO(content)) as archive:
        files = [file for file in archive.infolist() if not file.is_dir()]
        if not files:
            raise UnreadableReply("the zip has no file")
        for file in files:
            yield one_line(file.filename, 100), _pieces(archive, file, room)


def _pieces(archive: zipfile.ZipFile, file: zipfile.ZipInfo, room: list[int]) -> Iterator[bytes]:
    name = one_line(file.filename, 100)
    if file.compress_type not in _READABLE:
        raise UnreadableReply(f"{name} in the zip is packed in an unknown way")
    is_first = True
    with _translated(), archive.open(file) as opened:
        while piece := opened.read(_PIECE):
            room[0] -= len(piece)
            if room[0] < 0:
                raise UnreadableReply(f"the zip holds more than {MOST_BYTES:,} bytes")
            if is_first and is_archive(piece):
                raise UnreadableReply(f"{name} in the zip is a zip itself")
            is_first = False
            yield piece


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        raise UnreadableReply(
            f"the zip cannot be read: {one_line(str(error)) or type(error).__name__}"
        ) from error
