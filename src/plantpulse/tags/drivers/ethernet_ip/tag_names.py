"""The address of a tag in a Logix controller: its name, and the path that a request has for it. Pure.

For example `Line1_Speed`, `Program:Main.Speed`, `Recipe.Steps[2].Time`, `Grid[1,2]`, `Flags[40]` (an array of
BOOL), `Alarms.5` (a bit of a number). Source: Rockwell 1756-PM020, "Logix 5000 Controllers Data Access".
"""

import re
import struct
from dataclasses import dataclass
from typing import Final

_SEGMENT: Final = re.compile(
    r"(?P<name>[A-Za-z_][A-Za-z0-9_:]{0,79})(?:\[(?P<index>\d{1,9}(?:,\d{1,9}){0,2})\])?"
)
_EXAMPLES: Final = "must look like Speed, Program:Main.Speed, Recipe.Steps[2].Time or Alarms.5"
_WORD_BITS: Final = 32
_READ_TAG: Final = 0x4C
_LONGEST_PATH: Final = 255  # words: a request says it in one byte


@dataclass(frozen=True, slots=True)
class TagName:
    """A tag to ask for, and the bit of its number that is wanted, if any.

    `segments` are names with the indices that follow them. `is_of_bits`: an array of BOOL, which a
    controller keeps in words of 32.
    """

    segments: tuple[tuple[str, tuple[int, ...]], ...]
    bit: int | None = None
    is_of_bits: bool = False

    def __post_init__(self) -> None:
        """Raises: ValueError for a name that is too long for a request."""
        if len(self._path()) // 2 > _LONGEST_PATH:
            raise ValueError(f"the name of a tag has too many parts: its path is over {_LONGEST_PATH} words")

    def read_request(self) -> bytes:
        """Return the request that reads it: one element."""
        path = self._path()
        return struct.pack("<BB", _READ_TAG, len(path) // 2) + path + struct.pack("<H", 1)

    def _path(self) -> bytes:
        return b"".join(_symbol(name) + b"".join(map(_element, indices)) for name, indices in self.segments)


def parse_tag_name(text: str, is_bool: bool, has_words_of_bits: bool = True) -> TagName:
    """Return the tag that a name stands for; `is_bool` as declared.

    `has_words_of_bits`: the controller keeps an array of BOOL in words. Raises: ValueError.
    """
    name, dot, last = text.rpartition(".")
    bit = int(last) if dot and last.isascii() and last.isdecimal() and len(last) < 3 else None
    segments = tuple(_segment(part) for part in (text if bit is None else name).split("."))
    if bit is not None and bit >= 2 * _WORD_BITS:
        raise ValueError("a bit must be from 0 to 63")
    if bit is not None and not is_bool:
        raise ValueError(f"{text} is a bit: its type must be bool")
    symbol, indices = segments[-1]
    if is_bool and bit is None and len(indices) == 1 and has_words_of_bits:
        word, bit = divmod(indices[0], _WORD_BITS)
        return TagName((*segments[:-1], (symbol, (word,))), bit, is_of_bits=True)
    return TagName(segments, bit)


def _segment(text: str) -> tuple[str, tuple[int, ...]]:
    shape = _SEGMENT.fullmatch(text)
    if shape is None:
        raise ValueError(_EXAMPLES)
    return shape["name"], tuple(int(index) for index in shape["index"].split(",")) if shape["index"] else ()


def _symbol(name: str) -> bytes:
    encoded = name.encode("ascii")
    return struct.pack("<BB", 0x91, len(encoded)) + encoded + b"\0" * (len(encoded) % 2)


def _element(index: int) -> bytes:
    if index <= 0xFF:
        return struct.pack("<BB", 0x28, index)
    if index <= 0xFFFF:
        return struct.pack("<HH", 0x29, index)
    return struct.pack("<HI", 0x2A, index)
