"""What `check` says of the key of the project, whatever stands in it."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from plantpulse.cli.checks.keys import judge_key

NOW = datetime(2026, 11, 30, tzinfo=UTC)


def legacy(**claims: Any) -> str:
    """Return a key of the form that Supabase had before, with these claims."""
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"head.{payload}.signature"


@pytest.mark.parametrize(
    ("key", "message", "state"),
    [
        ("sb_secret_abc", "a secret key", "ok"),
        ("sb_publishable_abc", "a publishable key, which may neither read nor write", "failed"),
        (legacy(role="anon"), "a legacy key of the role anon, not of service_role", "failed"),
        (legacy(role="\x1b[2J"), "a legacy key of the role [2J, not of service_role", "failed"),
        (
            legacy(role="service_role", exp=1_700_000_000),
            "a legacy service_role key that expired on 2023-11-14",
            "failed",
        ),
        (
            legacy(role="service_role", exp=-1e99),
            "a legacy service_role key that expired on a day before the calendar",
            "failed",
        ),
        (
            f"head.{base64.urlsafe_b64encode(b'[' * 60_000).decode()}.signature",
            "neither a secret key (sb_secret_...) nor a legacy key (a JWT)",
            "failed",
        ),
    ],
)
def test_a_key_is_judged_by_its_form(key: str, message: str, state: str) -> None:
    found = judge_key(key, NOW)

    assert (found.message, found.state) == (message, state)
