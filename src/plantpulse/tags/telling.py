"""A group's reading as it is answered, and as it is stored. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from plantpulse.errors import DeviceTimedOut, DeviceUnavailable, PlantpulseError
from plantpulse.tags.buffer import Sample
from plantpulse.tags.flushing import row_of
from plantpulse.tags.handshake import GroupReading
from plantpulse.tags.readings import Quality, Reading, refusal_of_all, storable
from plantpulse.tags.tag import Tag

Json = Any

_TO_DO: Final = (
    "; check that it is switched on and that the network leads to it, and whether it allows one more "
    "connection than those that it has"
)


def sound(reading: GroupReading) -> GroupReading:
    """Return a reading without values that JSON or Postgres does not have: their tags are not readable.

    A device that answers, and lets no tag be read, is its error, as for a burst.
    """
    readings = [storable(one, is_wide=tag.is_wide) for tag, one in reading.by_tag.items()]
    return replace(reading, readings=readings, error=reading.error or refusal_of_all(readings))


def answer_of(reading: GroupReading, trigger: str) -> dict[str, Json]:
    """Return what the caller hears: a success has the values, a failure has the error and no value."""
    error, count = reading.error, len(reading.readings)
    return {
        "success": error is None,
        "outcome": "failed" if error else "partial" if reading.bad_count else "succeeded",
        "plant": reading.group.plant,
        "group": reading.group.name,
        "trigger": trigger,
        "slot": None if error else slot_of(reading).isoformat(),
        "tag_count": count,
        "bad_count": reading.bad_count,
        "took_ms": reading.took_ms,
        "values": [] if error else [_told(tag, one) for tag, one in reading.by_tag.items()],
        "error": error and _error(error),
    }


def commit_of(reading: GroupReading, trigger: str, result: Mapping[str, Json]) -> dict[str, Json]:
    """Return what is stored: the result, and the sample unless the read failed."""
    names = ("outcome", "tag_count", "bad_count", "took_ms", "slot")
    sample = Sample(slot_of(reading), Quality.GOOD, reading.readings, reading.read_ms)
    return {
        "id": trigger,
        **{name: result[name] for name in names},
        "error_code": reading.error and reading.error.code,
        "error": reading.error and str(reading.error),
        "result": result,
        "sample": None if reading.error else row_of(reading.group, sample),
    }


def slot_of(reading: GroupReading) -> datetime:
    """Return the time of a sample: the millisecond in which the device was asked."""
    return reading.read_at.replace(microsecond=reading.read_at.microsecond // 1000 * 1000)


def _told(tag: Tag, reading: Reading) -> dict[str, Json]:
    return {
        "tag": tag.name,
        "value": reading.value,
        "unit": tag.unit,
        "quality": reading.quality.name.lower(),
    }


def _error(error: PlantpulseError) -> dict[str, Json]:
    is_unreached = isinstance(error, DeviceUnavailable) and not isinstance(error, DeviceTimedOut)
    message = f"{error}{_TO_DO}" if is_unreached else str(error)
    return {"code": error.code, "message": message, "field": None, "is_retryable": error.is_retryable}
