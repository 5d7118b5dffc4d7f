"""Turns rows of the safety query into safety events. None is ever lost.

Pure. A malformed row still becomes an event, from its usable parts. It is also listed as `Rejected` for the
record, with its first fault:

    asset missing, blank, not text   recorded under the name "(unknown)"
    asset over 200 characters        recorded under its beginning
    reason code missing, not text    recorded as "(unknown)"
    minutes unusable                 unknown
    time unusable                    the midnight before the poll, plant time; `details` says so. Its
                                     `source_timestamp` is `NO_TIME`, so that tomorrow's poll finds the same
                                     event. Without a source id a fingerprint of the row is its id

`source_timestamp` is the plant's naive time, because its instant is ambiguous in autumn's repeated hour, and
an event's identity must not be.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, time
from decimal import Decimal
from typing import Final, NamedTuple, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from plantpulse.plant.cells import (
    NAME_LIMIT,
    AssetName,
    Malformed,
    Reason,
    read_asset,
    read_code,
    read_optional_count,
    read_text,
    read_time,
)
from plantpulse.plant.local_time import to_local, to_utc
from plantpulse.plant.readings import COLUMNS, Parsed, Rejects, Row, show_row
from plantpulse.plant.rounding import stored_number
from plantpulse.plant.text import collapse_blanks, cut_text, normalise_key

UNKNOWN: Final = "(unknown)"
DEFAULT_SEVERITY: Final = "critical"
NO_TIME: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - plant-local, like every source timestamp
TIME_UNKNOWN: Final = "Time unknown, stamped with the day of the poll."

_SEVERITIES: Final = ("low", "medium", "high", "critical")
_UNKNOWN_ASSET: Final = AssetName(UNKNOWN, UNKNOWN)
_WIDTH: Final = len(COLUMNS["safety"])

ValueT = TypeVar("ValueT")


class SafetyEvent(NamedTuple):
    """One safety incident; `source_timestamp` is naive plant time, `downtime_minutes` None if unknown.

    `is_time_known` False: the source has no usable time, so the two timestamps do not say how far the source
    has been read. Source of the identity: incident_key() in supabase/migrations.
    """

    source_id: str | None
    source_asset: str
    event_timestamp: datetime
    source_timestamp: datetime
    reason_code: str
    severity: str
    downtime_minutes: float | None
    details: str | None
    is_time_known: bool

    @property
    def identity(self) -> tuple[object, ...]:
        """The key of an event within a plant, the same as in the database.

        A source id alone is not enough: ids that restart, or come from two tables, name two incidents.
        """
        asset = normalise_key(self.source_asset)
        if self.source_id is not None:
            return self.source_id, asset, self.source_timestamp.date()
        return asset, self.source_timestamp, normalise_key(self.reason_code)

    def as_json(self) -> dict[str, object]:
        """Return one entry of the `p_events` of record_safety_events."""
        event = self._asdict()
        event["event_timestamp"] = self.event_timestamp.isoformat()
        event["source_timestamp"] = self.source_timestamp.isoformat()
        event["asset_key"] = normalise_key(self.source_asset)
        event["reason_key"] = normalise_key(self.reason_code)
        del event["is_time_known"]
        return event


def parse_safety(
    rows: Iterable[Row], *, zone: ZoneInfo, severities: Mapping[str, str], polled_at: datetime
) -> Parsed[SafetyEvent]:
    """Return one event for every incident in the rows; of rows with the same identity the fullest counts.

    `severities`: by reason code, in any spelling; an unknown code is critical, and of two spellings of one
    code the graver counts. `polled_at` is for rows without a usable time.
    """
    least_first = sorted(severities.items(), key=lambda one: _SEVERITIES.index(one[1]))
    by_key = {normalise_key(code): severity for code, severity in least_first}
    midnight = datetime.combine(to_local(polled_at, zone).date(), time())
    events: dict[tuple[object, ...], SafetyEvent] = {}
    rejects = Rejects("safety")
    for row in rows:
        reasons: list[Reason] = []
        event = _event(row, reasons, zone, by_key, midnight)
        events[event.identity] = max(event, events.get(event.identity, event), key=_fullness)
        if reasons:
            rejects.add(reasons[0], row)
    return Parsed(list(events.values()), rejects.kept, rejects.counts)


def _event(
    row: Row, reasons: list[Reason], zone: ZoneInfo, severities: Mapping[str, str], midnight: datetime
) -> SafetyEvent:
    if len(row) != _WIDTH:
        reasons.append(Reason.WRONG_WIDTH)
    source_id, asset, reason_code, at, minutes, notes = [*row, *[None] * _WIDTH][:_WIDTH]
    reason = _usable(read_code, reason_code, reasons) or UNKNOWN
    source_at = _usable(lambda value: read_time(value, zone), at, reasons)
    downtime_minutes = _usable(read_optional_count, minutes, reasons)
    details = read_text(notes)
    return SafetyEvent(
        source_id=_source_id(source_id) or (None if source_at else _fingerprint(row)),
        source_asset=_asset_name(asset, reasons),
        event_timestamp=to_utc(source_at or midnight, zone),
        source_timestamp=source_at or NO_TIME,
        reason_code=reason,
        severity=severities.get(normalise_key(reason), DEFAULT_SEVERITY),
        downtime_minutes=None if downtime_minutes is None else stored_number(downtime_minutes),
        details=details if source_at else " ".join(filter(None, (TIME_UNKNOWN, details))),
        is_time_known=source_at is not None,
    )


def _usable(read: Callable[[object], ValueT], value: object, reasons: list[Reason]) -> ValueT | None:
    try:
        return read(value)
    except Malformed as malformed:
        reasons.append(malformed.reason)
        return None


def _asset_name(value: object, reasons: list[Reason]) -> str:
    name = (_usable(read_asset, value, reasons) or _UNKNOWN_ASSET).name
    if name is UNKNOWN and isinstance(value, str):
        return cut_text(collapse_blanks(value), NAME_LIMIT) or UNKNOWN
    return name


def _source_id(value: object) -> str | None:
    """Return the source's key of the row as text; it may be a number, a text or a GUID."""
    if isinstance(value, str):
        text = collapse_blanks(value)
    elif isinstance(value, Decimal | int | UUID):
        text = str(value)
    else:
        text = value.hex() if isinstance(value, bytes) else ""
    return text if 0 < len(text) <= NAME_LIMIT else None


def _fingerprint(row: Row) -> str:
    """Return a text that is equal for equal rows."""
    from hashlib import sha256  # noqa: PLC0415 - almost no run needs it

    content = json.dumps(show_row("safety", row), sort_keys=True)
    return "row:" + sha256(content.encode()).hexdigest()[:32]


def _fullness(event: SafetyEvent) -> tuple[float, str, str, str]:
    minutes = -1.0 if event.downtime_minutes is None else event.downtime_minutes
    return minutes, event.details or "", event.reason_code, event.source_asset
