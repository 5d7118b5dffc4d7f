"""Samples and states of a burst at another time, because its clock was wrong. Pure.

What they are made of is in `flushing`.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

Json = Any


def shifted(put: Mapping[str, Json], by: timedelta) -> dict[str, Json]:
    """Return a call whose samples and states are as much later."""
    return {
        **put,
        "rows": [shifted_row(row, by) for row in put["rows"]],
        "states": [_shifted_state(state, by) for state in put["states"]],
    }


def shifted_row(row: Mapping[str, Json], by: timedelta) -> Mapping[str, Json]:
    """Return a row that is as much later."""
    return {**row, "s": _later(row["s"], by)} if by else row


def _shifted_state(state: Mapping[str, Json], by: timedelta) -> dict[str, Json]:
    told = dict(state)
    if told.get("level_slot"):
        told["level_slot"] = _later(told["level_slot"], by)
    if told.get("error"):
        told["error"] = {**told["error"], "at": _later(told["error"]["at"], by)}
    return told


def _later(at: str, by: timedelta) -> str:
    return (datetime.fromisoformat(at) + by).isoformat()
