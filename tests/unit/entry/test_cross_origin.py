"""Which pages a browser is told to let call."""

import pytest

from plantpulse.entry.cross_origin import granted_headers, is_preflight
from plantpulse.entry.invocations import WebHead

PAGE = "https://pulse.example"
ASKS = {"origin": PAGE, "access-control-request-method": "POST"}


def test_an_allowed_page_is_told_what_it_may_send() -> None:
    assert granted_headers(WebHead("OPTIONS", ASKS), [PAGE]) == {
        "Access-Control-Allow-Origin": PAGE,
        "Vary": "Origin",
        "Access-Control-Allow-Methods": "POST",
        "Access-Control-Allow-Headers": "authorization, content-type, idempotency-key",
        "Access-Control-Max-Age": "600",
    }


def test_an_allowed_page_may_read_the_answer() -> None:
    assert granted_headers(WebHead("POST", {"origin": PAGE}), [PAGE]) == {
        "Access-Control-Allow-Origin": PAGE,
        "Vary": "Origin",
        "Access-Control-Expose-Headers": "Retry-After",
    }


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (PAGE, []),
        ("https://pulse.example.evil.example", [PAGE]),
        ("http://pulse.example", [PAGE]),
        ("null", [PAGE]),
        ("", [PAGE]),
    ],
)
def test_any_other_page_is_told_nothing(origin: str, allowed: list[str]) -> None:
    assert granted_headers(WebHead("OPTIONS", ASKS | {"origin": origin}), allowed) == {}


def test_a_request_from_no_page_is_told_nothing() -> None:
    assert granted_headers(WebHead("POST", {}), [PAGE]) == {}


def test_only_a_browsers_question_is_a_preflight() -> None:
    assert is_preflight(WebHead("OPTIONS", ASKS))
    assert not is_preflight(WebHead("OPTIONS", {"origin": PAGE}))
    assert not is_preflight(WebHead("POST", ASKS))
