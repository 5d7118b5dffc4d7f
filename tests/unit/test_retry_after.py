"""How long a busy server wants to be left alone."""

from datetime import UTC, datetime

import pytest

from plantpulse.retry_after import retry_after_s

NOW = datetime(2026, 11, 29, 6, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        (" 7 ", 7.0),
        ("99999999999999999999", 86400.0),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("1.5", None),
        ("²", None),
        ("Sun, 29 Nov 2026 06:00:30 GMT", 30.0),
        ("Sun, 29 Nov 2026 05:00:00 GMT", 0.0),
        ("Sun, 29 Nov 2099 05:00:00 GMT", 86400.0),
        ("Sun, 99 Nov 2026 05:00:00 GMT", None),
    ],
)
def test_retry_after_is_understood_as_seconds_and_as_a_date(text: str, seconds: float | None) -> None:
    assert retry_after_s({"Retry-After": text}, NOW) == seconds


def test_a_date_counts_from_the_servers_own_clock() -> None:
    an_hour_behind = {
        "Retry-After": "Sun, 29 Nov 2026 05:00:30 GMT",
        "Date": "Sun, 29 Nov 2026 05:00:00 GMT",
    }

    assert retry_after_s(an_hour_behind, NOW) == 30.0
