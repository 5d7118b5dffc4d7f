"""The kind of key in SUPABASE_SECRET_KEY, by its form alone. Pure; no part of it is ever shown."""

import base64
import binascii
import json
from datetime import UTC, datetime
from typing import Any, Final

from plantpulse.cli.checks.findings import Found
from plantpulse.errors import one_line

_WHERE: Final = "Supabase: Project Settings > API Keys"
_LONGEST_ROLE: Final = 40


def judge_key(key: str, now: datetime) -> Found:
    """Return the kind of key, and what to do if it does not work or will soon end."""
    if key.startswith("sb_secret_"):
        return Found("a secret key")
    if key.startswith("sb_publishable_"):
        return Found(
            "a publishable key, which may neither read nor write",
            f"set SUPABASE_SECRET_KEY to the secret key ({_WHERE})",
            is_wrong=True,
        )
    claims = _claims(key)
    if claims is None:
        return Found(
            "neither a secret key (sb_secret_...) nor a legacy key (a JWT)",
            f"copy the whole secret key ({_WHERE})",
            is_wrong=True,
        )
    return _judge_legacy(claims, now)


def _judge_legacy(claims: dict[str, Any], now: datetime) -> Found:
    role, expires_s = claims.get("role"), claims.get("exp")
    if role != "service_role":
        return Found(
            f"a legacy key of the role {one_line(str(role), _LONGEST_ROLE)}, not of service_role",
            f"make a secret key and set it as SUPABASE_SECRET_KEY ({_WHERE})",
            is_wrong=True,
        )
    if isinstance(expires_s, int | float) and expires_s <= now.timestamp():
        return Found(
            f"a legacy service_role key that expired on {_day(expires_s)}",
            f"make a secret key and set it as SUPABASE_SECRET_KEY ({_WHERE})",
            is_wrong=True,
        )
    return Found(
        "a legacy service_role key: Supabase ends these in 2026",
        f"make a secret key and set it as SUPABASE_SECRET_KEY ({_WHERE})",
    )


def _day(instant_s: float) -> str:
    try:
        return f"{datetime.fromtimestamp(instant_s, UTC):%Y-%m-%d}"
    except (OSError, OverflowError, ValueError):
        return "a day before the calendar"


def _claims(key: str) -> dict[str, Any] | None:
    parts = key.split(".")
    if len(parts) != 3:
        return None
    try:
        payload = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        claims = json.loads(payload)
    except (ValueError, binascii.Error, RecursionError):
        return None
    return claims if isinstance(claims, dict) else None
