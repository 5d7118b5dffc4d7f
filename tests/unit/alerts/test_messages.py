"""What people read: one line on a locked phone, then how bad it is and what to do."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from plantpulse.alerts.due import Group, groups_of
from plantpulse.alerts.messages.compose import LANGUAGES, notice_of
from plantpulse.alerts.notices import Notice
from plantpulse.schedules.pipelines import ALL_PLANTS
from tests.unit.alerts.items import NOW, idle, item

BERLIN = ZoneInfo("Europe/Berlin")


def written(*items: object, language: str = "en", is_digest: bool = False, held_back: int = 0) -> Notice:
    group = Group(list(items), is_digest)  # type: ignore[arg-type] # items alone
    return notice_of(group, LANGUAGES[language], BERLIN, NOW, board_url=None, held_back=held_back)


def test_an_incident_is_told_in_one_line_with_what_where_and_since_when() -> None:
    told = written(item())

    assert told.title == "Safety incident at Press 1: Guard open, north, since 14:02 CET"
    assert told.text == (
        "Safety incident at Press 1: Guard open, north, since 14:02 CET\n\n"
        "How bad: critical\n\n"
        "Asset: Press 1\nReason: Guard open\nHappened: 14:02 CET\n\n"
        "Go and look; then acknowledge the incident on the board or with plantpulse safety."
    )
    assert (told.color, told.severity, told.is_first) == ("danger", "critical", True)


def test_the_same_in_german() -> None:
    assert written(item(), language="de").title == (
        "Sicherheitsvorfall an Press 1: Guard open, north, seit 14:02 CET"
    )


def test_a_group_is_as_bad_as_its_worst_alert() -> None:
    told = written(idle("Lathe"), item(plant="south"), is_digest=True, language="de")

    assert "Schwere: kritisch" in told.text


def test_a_recovery_says_how_long_it_lasted_and_is_green() -> None:
    told = written(
        item(
            occasion="resolved", resolved_at="2026-11-30T14:25:00+00:00", acknowledged_by="Ayşe", told_times=1
        )
    )

    assert told.title == "Over: Safety incident at Press 1: Guard open, north, lasted 1 h 23 min"
    assert "acknowledged by Ayşe" in told.text
    assert "How bad" not in told.text
    assert "Go and look" not in told.text
    assert (told.occasion, told.color, told.is_first) == ("resolved", "good", False)


def test_what_came_and_went_unheard_is_told_as_over() -> None:
    told = written(item(occasion="over", resolved_at="2026-11-30T13:02:20+00:00"))

    assert told.title.startswith("Was: ")
    assert told.title.endswith("lasted less than a minute")
    assert told.occasion == "resolved"


def test_several_assets_are_one_message_with_the_first_names() -> None:
    told = written(*(idle(f"Lathe {number}") for number in range(1, 6)))

    assert told.title == (
        "No output from 5 assets (Lathe 1, Lathe 2, Lathe 3 and 2 more), north, since 14:05 CET"
    )
    assert "- No output from Lathe 4: north, since 14:05 CET" in told.text


def test_a_long_list_is_cut_and_says_how_many_are_left() -> None:
    told = written(*(idle(f"Lathe {number}") for number in range(60)))

    assert told.text.count("- No output") == 25
    assert "and 35 more" in told.text


def test_what_happened_yesterday_has_its_date() -> None:
    told = written(idle("Lathe", opened_at="2026-11-29T22:30:00+00:00"))

    assert told.title.endswith("since 29 Nov 23:30 CET")


def test_the_hour_that_comes_twice_names_its_zone() -> None:
    at = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    group = Group([idle("Lathe", opened_at=at.isoformat())])
    first = notice_of(group, LANGUAGES["en"], BERLIN, at, board_url=None)
    group = Group([idle("Lathe", opened_at=at.replace(hour=1).isoformat())])
    second = notice_of(group, LANGUAGES["en"], BERLIN, at.replace(hour=1), board_url=None)

    assert first.title.endswith("since 02:30 CEST")
    assert second.title.endswith("since 02:30 CET")


@pytest.mark.parametrize("hostile", ["a\nBcc: all@example.com", "x\x1b[31mred", "{pipeline.__class__}", "%s"])
def test_a_hostile_name_stays_one_plain_line(hostile: str) -> None:
    told = written(idle(hostile))

    assert "\n" not in told.title
    assert "\x1b" not in told.text
    assert "{" not in told.title or "{pipeline.__class__}" in told.title


def test_a_fact_that_is_missing_leaves_a_question_mark() -> None:
    assert written(item(facts={})).title.startswith("Safety incident at ?: ?")


def test_what_is_of_no_plant_says_all_plants() -> None:
    told = written(item(plant=ALL_PLANTS, rule="overdue", scope="cleanup", facts={"state": "down"}))

    assert told.title == "No success of the cleanup, all plants, since 14:05 CET"
    assert told.plant is None


def test_held_back_messages_are_counted() -> None:
    assert "12 more alerts wait" in written(item(), held_back=12).text


def test_a_digest_says_how_many_there_are() -> None:
    told = written(idle("Lathe"), item(plant="south"), is_digest=True)

    assert told.title == "2 alerts at once"
    assert told.severity == "critical"


def test_a_plants_alerts_of_one_rule_are_one_message_and_recoveries_another() -> None:
    items = [
        idle("A"),
        idle("B"),
        item(),
        idle("C", occasion="resolved", resolved_at="2026-11-30T13:06:00+00:00"),
        idle("D", plant="south"),
    ]

    groups = groups_of(items, is_single=False, most=30)

    assert [[one.facts["asset"] for one in group.items] for group in groups] == [
        ["Press 1"],
        ["A", "B"],
        ["C"],
        ["D"],
    ]


def test_a_channel_that_wants_each_alone_gets_each_alone() -> None:
    assert len(groups_of([idle("A"), idle("B")], is_single=True, most=1)) == 2


def test_beyond_the_limit_the_rest_is_one_digest_but_incidents_stand_alone() -> None:
    items = [idle(f"M{number}", plant=f"plant{number}") for number in range(10)] + [
        item(severity="warning", plant="zeta")
    ]

    groups = groups_of(items, is_single=False, most=4)

    assert [group.is_digest for group in groups] == [False, False, False, False, True]
    assert groups[3].items[0].rule == "safety_event"
    assert sum(len(group.items) for group in groups) == 11


def test_the_key_is_the_same_for_every_try_and_changes_with_the_message() -> None:
    one, other = idle("A"), idle("B")

    assert Group([one, other]).key == Group([other, one]).key
    assert Group([one]).key != Group([one, other]).key
    told = idle("A", alert_id=one.alert_id, told_times=1, occasion="repeat")
    assert Group([one]).key != Group([told]).key
    assert Group([one]).thread == Group([told]).thread


def test_a_failure_is_told_in_words_and_not_by_its_code() -> None:
    failed = item(rule="run_failed", scope="live_pulse", facts={"error": "source_unavailable", "failures": 0})

    assert written(failed).title == "The poll fails: SQL Server does not answer, north, since 14:05 CET"
    assert "Failures" not in written(failed).text
    assert "der SQL Server antwortet nicht" in written(failed, language="de").title


def test_a_code_without_words_stands_as_it_is() -> None:
    failed = item(rule="run_failed", scope="live_pulse", facts={"error": "brand_new"})

    assert written(failed).title.startswith("The poll fails: brand_new, north")
