"""What the rules of machine tags make of groups in trouble."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from plantpulse.alerts.rules.tags import MOST_GROUPS, GroupSight, TagsSight
from plantpulse.alerts.watching import seen_of_tags
from plantpulse.settings.alerts import AlertsSettings, RuleSettings

NOW = datetime(2026, 11, 30, 14, 5, tzinfo=UTC)


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


def seen(*groups: GroupSight, settings: AlertsSettings | None = None) -> dict[str, Any]:
    sight = TagsSight(plant="north", now=NOW, groups=groups)
    return seen_of_tags(sight, settings or AlertsSettings())


def fired(*groups: GroupSight, **rules: RuleSettings) -> list[tuple[str, str]]:
    told = seen(*groups, settings=AlertsSettings(rules=dict(rules)))
    return [(one["rule"], one["subject"]) for one in told["firing"]]


def test_every_rule_is_evaluated_for_the_whole_plant() -> None:
    told = seen()

    assert (told["scope"], told["plant"], told["at"]) == ("tags", "north", NOW.isoformat())
    assert told["rules"] == [
        *("tag_group_failing", "tag_queue_filling", "tag_samples_dropped", "tag_burst_missing")
    ]
    assert told["firing"] == []
    assert "slot" not in told  # a burst that succeeds refutes nothing of its groups


@pytest.mark.parametrize(
    ("group", "rule"),
    [
        (GroupSight(name="Press", failing_since=ago(seconds=60)), "tag_group_failing"),
        (GroupSight(name="Press", failing_since=ago(seconds=59)), None),
        (GroupSight(name="Press", queue_highest=150, queue_limit=300), "tag_queue_filling"),
        (GroupSight(name="Press", queue_highest=149, queue_limit=300), None),
        (GroupSight(name="Press", queue_highest=None, queue_limit=300), None),
        (GroupSight(name="Press", dropped_at=ago(minutes=9), dropped_count=3), "tag_samples_dropped"),
        (GroupSight(name="Press", dropped_at=ago(minutes=10), dropped_count=3), None),
        (GroupSight(name="Press", unheard_since=ago(minutes=3)), "tag_burst_missing"),
        (GroupSight(name="Press", unheard_since=ago(seconds=179)), None),
    ],
)
def test_a_group_fires_from_its_threshold_on(group: GroupSight, rule: str | None) -> None:
    assert fired(group) == ([(rule, "Press")] if rule else [])


def test_a_group_that_fails_is_one_alert_beside_others_that_do_well() -> None:
    groups = [GroupSight(name="Press", failing_since=ago(hours=1), error_code="device_timed_out")]
    groups += [GroupSight(name=f"Line {number}", queue_highest=1, queue_limit=300) for number in range(9)]

    told = seen(*groups)

    (alert,) = told["firing"]
    assert (alert["rule"], alert["subject"], alert["severity"]) == ("tag_group_failing", "Press", "warning")
    assert alert["facts"] == {
        "group": "Press",
        "failing_since": ago(hours=1).isoformat(),
        "error": "device_timed_out",
        "message": None,
    }


def test_a_threshold_and_a_switch_hold() -> None:
    group = GroupSight(name="Press", failing_since=ago(minutes=4), unheard_since=ago(minutes=4))

    assert (
        fired(
            group,
            tag_group_failing=RuleSettings(threshold=5),
            tag_burst_missing=RuleSettings(enabled=False),
        )
        == []
    )


def test_a_plant_that_cannot_be_reached_fires_for_so_many_groups_and_no_more() -> None:
    groups = [GroupSight(name=f"{number}", failing_since=ago(hours=1)) for number in range(MOST_GROUPS + 1)]

    assert len(fired(*groups)) == MOST_GROUPS
