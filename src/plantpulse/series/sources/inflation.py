"""Reads a body that may be compressed, and stops where it has more bytes than it may have.

httpx inflates whatever a server sends, as far as it goes, and takes a compressed body that breaks off for a
whole one. Here both are errors. Pure.
"""

import zlib
from collections.abc import Iterable, Iterator
from typing import Final

_GZIP_WINDOW: Final = zlib.MAX_WBITS | 16
_PIECE_BYTES: Final = 65_536


class TooLarge(Exception):
    """The content has more bytes than it may have."""


class BrokenOff(Exception):
    """The compressed body ends before its content does."""


def content_of(parts: Iterable[bytes], most_bytes: int, *, is_gzip: bool) -> bytes:
    """Return the content of a body. Raises: TooLarge, BrokenOff, zlib.error."""
    content = bytearray()
    for piece in _inflated(parts) if is_gzip else parts:
        content += piece
        if len(content) > most_bytes:
            raise TooLarge
    return bytes(content)


def _inflated(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the content in small pieces; one member may follow another. Source: RFC 1952, section 2.2."""
    member = None
    for part in parts:
        rest = part
        while rest:
            if member is None or member.eof:
                member = zlib.decompressobj(_GZIP_WINDOW)
            yield member.decompress(rest, _PIECE_BYTES)
            rest = member.unused_data or member.unconsumed_tail
    if member is None:
        raise BrokenOff  # even nothing takes 20 bytes
    while not member.eof:
        piece = member.decompress(b"", _PIECE_BYTES)  # what it had no room for before
        if not piece and not member.eof:
            raise BrokenOff
        yield piece
