"""Items as claim_notifications answers them."""

from datetime import UTC, datetime
from itertools import count
from typing import Any

from plantpulse.alerts.due import Item

OPENED = "2026-11-30T13:05:00+00:00"
_ids = count(1)


def claimed(**changes: Any) -> dict[str, Any]:
    """Return one claimed item, as the database sends it."""
    number = next(_ids)
    item: dict[str, Any] = {
        "notification_id": number,
        "occasion": "fired",
        "severity": "critical",
        "recipients": None,
        "told_times": 0,
        "attempts": 1,
        "alert_id": number,
        "fingerprint": f"safety/north/safety_event/{number}",
        "rule": "safety_event",
        "plant": "north",
        "scope": "safety",
        "subject": str(number),
        "facts": {
            "asset": "Press 1",
            "reason_code": "Guard open",
            "event_timestamp": "2026-11-30T13:02:00+00:00",
        },
        "opened_at": OPENED,
        "resolved_at": None,
        "reopened": 0,
        "is_event": False,
        "is_acknowledged": False,
        "acknowledged_by": None,
        "safety_event_id": number,
    }
    return item | changes


def item(**changes: Any) -> Item:
    """Return one item."""
    return Item.from_json(claimed(**changes))


def idle(asset: str, **changes: Any) -> Item:
    """Return an item about an asset without output."""
    return item(
        rule="no_output",
        scope="live_pulse",
        severity="warning",
        subject=asset,
        fingerprint=f"live_pulse/north/no_output/{asset}",
        facts={"asset": asset, "slots": 4, "told_after_s": 1800},
        **changes,
    )


NOW = datetime(2026, 11, 30, 13, 10, tzinfo=UTC)
