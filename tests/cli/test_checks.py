"""What a check makes of a clock and of a chain of links, without any server."""

from datetime import UTC, datetime, timedelta

import pytest

from plantpulse.cli.checks.findings import Found, Link, walk
from plantpulse.cli.checks.sql_server import judge_clock
from plantpulse.errors import SourceUnavailable

WINTER = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
SUMMER = datetime(2026, 7, 15, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("skew_s", "offset_minutes", "now", "state"),
    [
        (0, -360, WINTER, "ok"),
        (59, -300, SUMMER, "ok"),
        (-61, -360, WINTER, "warning"),
        (300, -360, WINTER, "failed"),
        (-301, -360, WINTER, "failed"),
        (0, -360, SUMMER, "warning"),  # a server without daylight saving time
        (0, 0, WINTER, "warning"),
    ],
)
def test_a_clock_is_judged_by_its_skew_and_its_offset(
    skew_s: int, offset_minutes: int, now: datetime, state: str
) -> None:
    assert judge_clock(timedelta(seconds=skew_s), offset_minutes, "America/Chicago", now).state == state


def test_a_wrong_offset_is_told_with_both() -> None:
    found = judge_clock(timedelta(milliseconds=-2), 0, "America/Chicago", WINTER)

    assert found.message == "+0 s from this machine's, UTC+0 h, but America/Chicago has -6 h"
    assert (
        found.remedy
        == "set time_zone to the zone of the times in the rows, unless the clients write those themselves"
    )


def test_what_hangs_on_a_broken_link_is_skipped_and_what_does_not_is_looked_at() -> None:
    def fail() -> Found:
        raise SourceUnavailable("no answer")

    chain = [
        Link("side", fail, lambda _: "mend it", is_needed=False),
        Link("first", lambda: Found("fine")),
        Link("second", lambda: Found("so-so", "look at it")),
        Link("third", fail),
        Link("fourth", lambda: Found("fine")),
    ]

    found = list(walk("north", chain))

    assert [(one.link, one.state, one.remedy) for one in found] == [
        ("side", "failed", "mend it"),
        ("first", "ok", None),
        ("second", "warning", "look at it"),
        ("third", "failed", None),
        ("fourth", "skipped", None),
    ]
    assert found[4].message == "not checked: third is broken"
