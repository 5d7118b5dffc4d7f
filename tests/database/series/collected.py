"""What a run that collects series sends, with everything filled in that a test does not speak of."""

from collections.abc import Sequence
from typing import Any

from tests.database.protocol import claim

LOAD = "DE/load"
PRICE = "DE/day_ahead_price/1"
NOW = "2026-11-22T06:00:15+00:00"
KNOWN_AT = "2026-11-22T06:00:10+00:00"
LATER = "2026-11-22T06:00:14+00:00"
START = "2026-11-21T00:00:00+00:00"


def series_claim(number: int, **changes: Any) -> dict[str, Any]:
    """Return the claim of a manual collection with fence `number`; each is a pipeline of its own."""
    own = {
        "pipeline": f"energy_actuals_{number}",
        "plant": "(no plant)",
        "trigger": "manual",
        "slot": None,
        "window_start": None,
        "window_until": None,
        "lease_s": 3600,
    }
    return claim(number, **own | changes)


def series(key: str = LOAD, **changes: Any) -> dict[str, Any]:
    """Return a series by its key."""
    subject, kind, *part = key.split("/")
    return {
        "key": key,
        "kind": kind,
        "subject": subject,
        "part": part[0] if part else None,
        "source": "entsoe",
        "unit": "MW",
        "time_zone": "Europe/Berlin",
        "group": key,
        **changes,
    }


def block(*values: str | None, **changes: Any) -> dict[str, Any]:
    """Return a block of hours of the loads of DE."""
    return {"series": LOAD, "start": START, "minutes": 60, "values": list(values), **changes}


def collection(**changes: Any) -> dict[str, Any]:
    """Return the metrics of a question for the loads of a day."""
    return {
        "source": "entsoe",
        "kind": "load",
        "subject": "DE",
        "asked_from": START,
        "asked_until": "2026-11-22T00:00:00+00:00",
        "started_at": "2026-11-22T06:00:09+00:00",
        "ended_at": KNOWN_AT,
        "status": "succeeded",
        "api_ms": 900,
        "processing_ms": 20,
        "requests": 1,
        "bytes": 4096,
        **changes,
    }


def batch(*blocks: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a reply with these blocks and no metrics."""
    return {"known_at": KNOWN_AT, "blocks": list(blocks), "collection": None, **changes}


def commit(*batches: dict[str, Any], keys: Sequence[str] = (LOAD,), **changes: Any) -> dict[str, Any]:
    """Return a commit of these replies about the series of `keys`."""
    return {"series": [series(key) for key in keys], "batches": list(batches), "completion": None, **changes}
