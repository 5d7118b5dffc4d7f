"""A tag and a group of tags, as an engineer named them. Pure.

Their truth is in the tables `tags` and `tag_groups`. The claim of a group returns them as JSON.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Literal

DataType = Literal[
    "bool",
    "int8",
    "uint8",
    "int16",
    "uint16",
    "int32",
    "uint32",
    "int64",
    "uint64",
    "float32",
    "float64",
    "string",
]

# The order in which a device keeps the bytes of a number: "abcd" is the most significant byte first, "cdab"
# the same with its words swapped, "badc" with the bytes in each word swapped, "dcba" with both.
Order = Literal["abcd", "cdab", "badc", "dcba"]
Mode = Literal["fixed", "handshake"]
RunsOn = Literal["cloud", "edge"]

_EXACT_IN_REAL: Final = 2**23  # steps that a 32-bit float tells apart with a bit to spare
_STEPS: Final[Mapping[DataType, int]] = {
    "bool": 1,
    "int8": 128,
    "uint8": 255,
    "int16": 32768,
    "uint16": 65535,
}


@dataclass(frozen=True, slots=True)
class Tag:
    """A value of a machine: where it is, what it is, and how it becomes a figure in its unit.

    `position` is its place in the arrays of a sample, from 1 on; the position of a removed tag is never used
    again. The figure is the device's number times `scale` plus `offset`. `length` is that of a string, in
    characters. `order` None: as the group's device has it.
    """

    name: str
    address: str
    data_type: DataType
    position: int = 1
    length: int = 0
    order: Order | None = None
    scale: float = 1.0
    offset: float = 0.0
    unit: str | None = None

    @property
    def is_wide(self) -> bool:
        """Say whether a 32-bit float would round its figures."""
        if self.data_type == "float32":
            return self.scale != 1 or self.offset != 0
        steps = _STEPS.get(self.data_type)
        if steps is None:
            return self.data_type != "string"
        return self.scale == 0 or steps + abs(self.offset / self.scale) > _EXACT_IN_REAL

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Tag":
        """Return a tag from a row of the claim; other keys are ignored."""
        return cls(**{name: row[name] for name in cls.__slots__ if row.get(name) is not None})


@dataclass(frozen=True, slots=True)
class Group:
    """Tags of one device that are read together.

    `address` is a URL in its driver's syntax (`endpoints`). `credentials` names the secret with user and
    password, if the device wants any. A handshake group is read when it is asked for. With a `trigger_tag` a
    burst looks at that tag every interval, and reads the others when it rises; `acknowledge_tag` is then set,
    the only thing that is ever written to a machine. `version` is raised by each change of
    the group or its tags; None if the claim did not tell it.
    """

    id: int
    plant: str
    name: str
    mode: Mode
    interval: timedelta
    driver: str
    address: str
    tags: Sequence[Tag]
    credentials: str | None = None
    trigger_tag: Tag | None = None
    acknowledge_tag: Tag | None = None
    version: int | None = None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Group":
        """Return a group from a row of the claim: its columns, and `tags` as a list."""
        return cls(
            id=row["id"],
            plant=row["plant"],
            name=row["name"],
            mode=row["mode"],
            interval=timedelta(milliseconds=row["interval_ms"]),
            driver=row["driver"],
            address=row["address"],
            credentials=row.get("credentials"),
            tags=tuple(Tag.of(one) for one in row["tags"]),
            trigger_tag=_optional(row.get("trigger_tag")),
            acknowledge_tag=_optional(row.get("acknowledge_tag")),
            version=row.get("version"),
        )


def _optional(row: Mapping[str, Any] | None) -> Tag | None:
    return Tag.of(row) if row else None
