"""When a mail is sent, sent again, kept back or dropped."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from plantpulse.report_mail.due import (
    DueMail,
    is_worth_telling,
    next_try_at,
    parse_due,
    totals,
    why_dropped,
)
from tests.unit.report_mail.plant_days import day_of, row

NOW = datetime(2026, 3, 11, 11, 5, tzinfo=UTC)
TOLD = totals(day_of(row()))
ROW = {
    "id": 7,
    "plant": "northfield",
    "report_date": "2026-03-10",
    "channel": "managers",
    "lease": "5e3e7a4e-9c2a-4b43-8f7e-1d7f6a1c2b3d",
    "changes": 2,
    "attempts": 1,
    "due_at": "2026-03-11T11:00:20+00:00",
    "told": None,
    "told_at": None,
}


def mail(**changes: Any) -> DueMail:
    return parse_due(ROW | changes)


def test_the_totals_are_those_of_the_plant() -> None:
    assert totals(day_of(row("A"), row("B"))) == {
        "target_output": 1920,
        "actual_output": 1824,
        "oee_percentage": 75,
        "downtime_minutes": 120,
        "unexplained_minutes": 240,
        "waste_count": 24,
        "total_loss": 780,
    }


def test_the_first_mail_is_worth_telling() -> None:
    assert is_worth_telling(None, TOLD, 0.05)


@pytest.mark.parametrize(
    ("changes", "is_told"),
    [
        pytest.param({}, False, id="nothing changed"),
        pytest.param({"actual_output": 867}, False, id="a little less than 5 % less"),
        pytest.param({"actual_output": 866}, True, id="a little more than 5 % less"),
        pytest.param({"actual_output": 960}, False, id="5 % of the larger value more"),
        pytest.param({"actual_output": 961}, True, id="more"),
        pytest.param({"waste_count": None}, True, id="not known any more"),
        pytest.param({"downtime_minutes": 0}, True, id="nothing at all"),
        pytest.param({"total_loss": 371}, False, id="money below"),
        pytest.param({"total_loss": 370}, True, id="money above"),
    ],
)
def test_a_change_is_told_only_above_the_threshold(changes: dict[str, Any], is_told: bool) -> None:
    assert is_worth_telling(TOLD, {**TOLD, **changes}, 0.05) is is_told


def test_what_was_not_known_and_now_is_is_told_and_what_never_was_is_not() -> None:
    assert is_worth_telling({**TOLD, "waste_count": None}, TOLD, 1)
    assert not is_worth_telling({**TOLD, "waste_count": None}, {**TOLD, "waste_count": None}, 0)
    assert not is_worth_telling({**TOLD, "waste_count": 0}, {**TOLD, "waste_count": 0}, 0)


def test_small_changes_add_up_because_what_was_told_is_the_measure() -> None:
    steps = [{**TOLD, "actual_output": 912 - 20 * step} for step in range(1, 4)]

    assert [is_worth_telling(TOLD, step, 0.05) for step in steps] == [False, False, True]


def test_a_channel_that_the_settings_do_not_name_any_more_is_not_told() -> None:
    assert why_dropped(mail(), ["managers"], NOW) is None
    assert why_dropped(mail(), ["others"], NOW) == (
        "managers is not in morning_report.send_to of plant northfield any more"
    )


def test_a_mail_is_given_up_after_a_day_but_tried_once_in_any_case() -> None:
    late = NOW + timedelta(days=2)

    assert why_dropped(mail(attempts=1), ["managers"], late) is None
    assert why_dropped(mail(attempts=2), ["managers"], late) == "given up 24 hours after it was due"
    assert why_dropped(mail(attempts=9), ["managers"], NOW) is None


@pytest.mark.parametrize(
    ("attempts", "minutes"), [(0, 1), (1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (8, 60), (1000, 60)]
)
def test_tries_become_rarer_up_to_one_an_hour(attempts: int, minutes: int) -> None:
    assert next_try_at(attempts, NOW) == NOW + timedelta(minutes=minutes)


def test_the_other_side_may_ask_for_a_longer_rest() -> None:
    assert next_try_at(1, NOW, 7200) == NOW + timedelta(hours=2)
    assert next_try_at(1, NOW, 5) == NOW + timedelta(minutes=1)


def test_every_try_has_the_same_key_and_a_correction_another_in_the_same_thread() -> None:
    assert mail(attempts=3).key == mail().key == "report/northfield/2026-03-10/managers/2"
    assert mail(changes=3).key != mail().key
    assert mail(changes=3).thread == mail().thread == "report/northfield/2026-03-10/managers"
