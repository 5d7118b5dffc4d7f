"""How long a call may take, and what messages may show of the other side."""

from functools import partial

import pytest

from plantpulse.alerts.channels import open_channel
from plantpulse.alerts.channels.channel import clean, quoted, within_s
from plantpulse.errors import NotConfigured
from plantpulse.settings import ChannelSettings


@pytest.mark.parametrize(("left_s", "given_s"), [(60, 10.0), (10, 10.0), (3.5, 3.5), (0, 0.05), (-5, 0.05)])
def test_a_call_gets_ten_seconds_or_what_is_left(left_s: float, given_s: float) -> None:
    assert within_s(partial(float, left_s)) == given_s


@pytest.mark.parametrize("kind", ["slack", "pagerduty", "apprise"])
def test_a_channel_without_its_secret_cannot_be_opened_and_says_what_to_set(kind: str) -> None:
    settings = ChannelSettings(kind=kind)  # type: ignore[arg-type]

    with pytest.raises(NotConfigured, match=r"^channel team is not configured: set CHANNEL_SECRET__TEAM$"):
        open_channel("team", settings)


def test_a_quotation_has_no_part_of_a_secret_and_one_line() -> None:
    said = b"bad token T0PSECRET at\n/services/T0PSECRET/B123456\x1b[31m"

    assert quoted(said, "https://hooks.example/services/T0PSECRET/B123456") == (
        "bad token (hidden) at /(hidden)/(hidden)/(hidden) [31m"
    )


def test_a_short_part_of_a_secret_hides_no_everyday_word() -> None:
    assert quoted("550 no such user", "no/such") == "550 no such user"


def test_a_text_keeps_its_lines_and_loses_its_controls() -> None:
    assert clean("one\r\ntwo\tthree\x00\x1b[31m\ud800") == "one\ntwo\tthree  [31m?"
