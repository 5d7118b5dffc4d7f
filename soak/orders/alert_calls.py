"""What looks and sweeps send, and what sweeps are answered."""

from datetime import datetime
from typing import Any, Final

from soak.orders.alert_actors import SLOT, Look, Said, Sweep
from soak.orders.poll_calls import PLANT, called
from soak.orders.rewinding import Call

CHANNEL: Final = "ops"
_NEVER: Final = "-infinity"


def seen_by(look: Look) -> dict[str, Any]:
    """Return what a look tells."""
    fires = {
        "rule": "overdue",
        "subject": "",
        "severity": look.level,
        "facts": {},
        "is_told_when_over": look.level == "critical",
    }
    return {
        "scope": "live_pulse",
        "plant": PLANT,
        "rules": ["overdue"],
        "firing": [fires] if look.level else [],
        "at": look.at and look.at.isoformat(),
        "slot": SLOT.isoformat() if look.has_seen_success else _NEVER,
    }


def items_of(answer: Any) -> tuple[Said, ...]:
    return tuple((one["opened_at"], one["occasion"], one["severity"]) for one in answer["items"])


def claim_call(lease: str, now: datetime) -> Call:
    channel: dict[str, Any] = {
        "name": CHANNEL,
        "least_severity": "info",
        "plants": None,
        "rules": None,
        "quiet_plants": [],
        "repeat_hours": 4,
        "is_single": False,
        "most_per_hour": 1000,
        "lease_s": 90,
    }
    return called("claim_notifications", {"p_channel": channel, "p_limit": 50}, now, kept_as=lease)


def mark_call(sweep: Sweep, now: datetime) -> Call:
    result: dict[str, Any] = {"key": "message"}
    if sweep.result != "sent":
        result = {
            "error": "connection refused",
            "retry_s": 120,
            "is_of_channel": True,
            "is_perhaps_sent": sweep.result == "perhaps",
        }
    arguments = {
        "p_lease": f"<{sweep.lease}>",
        "p_channel": CHANNEL,
        "p_notification_ids": f"<{sweep.lease} ids>",
        "p_result": result,
    }
    return called("mark_notifications", arguments, now)
