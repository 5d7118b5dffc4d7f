"""The plants that somebody may look at, and how current the data of each is."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.database.api import USERS, Api
from tests.database.board.stories import Story, at

NOW = at(7, 4)


@pytest.fixture
def plants(api_of: Callable[[str], Api]) -> Callable[..., list[dict[str, Any]]]:
    def look(role: str, now: Any = NOW) -> list[dict[str, Any]]:
        told = api_of(role).call("board_plants", p_now=now.isoformat())
        assert told["now"] == now.isoformat()
        found: list[dict[str, Any]] = told["plants"]
        return found

    return look


Plants = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def two(story: Story) -> Story:
    """Northfield, polled at 07:00, and a southfield that nobody has told anything about."""
    story.card(name="Werk Nord", language="de")
    story.machine("Press")
    story.polled(at(7))
    Story(story.database, "southfield").machine("Saw")
    return story


@pytest.mark.usefixtures("two")
def test_a_plant_comes_with_its_name_and_how_current_it_is(plants: Plants) -> None:
    [north] = plants("viewer")

    assert north["plant"] == {
        "plant": "northfield",
        "name": "Werk Nord",
        "time_zone": "Europe/Brussels",
        "language": "de",
        "currency": "USD",
        "role": "viewer",
        "slot_minutes": 15,
        "window_minutes": 30,
    }
    assert (north["as_of"], north["next_at"], north["stale_after"], north["is_stale"]) == (
        "2026-11-22T07:00:00+00:00",
        "2026-11-22T07:15:00+00:00",
        "2026-11-22T07:30:00+00:00",
        False,
    )
    assert north["poll"] == {
        "run_id": 1,
        "status": "succeeded",
        "slot": "2026-11-22T07:00:00+00:00",
        "started_at": "2026-11-22T07:00:02+00:00",
        "finished_at": "2026-11-22T07:00:09+00:00",
        "error_code": None,
        "error_message": None,
    }


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("stranger", []),
        ("viewer", [("northfield", "viewer")]),
        ("operator", [("northfield", "operator")]),
        ("manager", [("northfield", "manager")]),
        ("neighbour", [("southfield", "manager")]),
        ("director", [("southfield", "manager"), ("northfield", "manager")]),
        ("service_role", [("southfield", "manager"), ("northfield", "manager")]),
    ],
)
def test_everybody_sees_their_plants_by_name(
    plants: Plants, role: str, expected: list[tuple[str, str]]
) -> None:
    assert [(one["plant"]["plant"], one["plant"]["role"]) for one in plants(role)] == expected


def test_anon_may_not_ask(api_of: Callable[[str], Api]) -> None:
    assert api_of("anon").refusal("board_plants") == "42501"


@pytest.mark.usefixtures("two")
def test_a_plant_that_no_poll_has_told_of_is_shown_by_its_key(plants: Plants) -> None:
    [south] = plants("neighbour")

    assert (south["plant"]["name"], south["plant"]["time_zone"]) == ("southfield", None)
    assert (south["as_of"], south["is_stale"], south["poll"]) == (None, True, None)


def test_a_member_of_a_plant_without_anything_sees_that_it_is_empty(story: Story, plants: Plants) -> None:
    story.database.execute(
        "insert into public.plant_members (user_id, plant, role) values (%s, 'westfield', 'viewer')",
        (USERS["stranger"],),
    )

    assert [one["plant"]["plant"] for one in plants("stranger")] == ["westfield"]


@pytest.mark.usefixtures("two")
def test_data_gets_stale_after_two_slots(plants: Plants) -> None:
    assert plants("viewer", at(7, 30))[0]["is_stale"] is False
    assert plants("viewer", at(7, 31))[0]["is_stale"] is True


def test_a_failed_poll_after_the_newest_data_is_told(two: Story, plants: Plants) -> None:
    failed = {
        "status": "failed",
        "snapshots_until": None,
        "safety_until": None,
        "error_code": "source_unavailable",
        "error_message": "no answer",
        "is_retryable": True,
    }
    two.polled(at(7, 15), **failed)

    [north] = plants("viewer", at(7, 16))

    assert (north["as_of"], north["poll"]["status"], north["poll"]["error_code"]) == (
        "2026-11-22T07:00:00+00:00",
        "failed",
        "source_unavailable",
    )


def test_another_pipelines_runs_are_no_polls(two: Story, plants: Plants) -> None:
    two.polled(at(7, 15), pipeline="morning_report", snapshots_until=None, safety_until=None)

    assert plants("viewer", at(7, 16))[0]["poll"]["run_id"] == 1


@pytest.mark.usefixtures("two")
def test_a_plant_that_was_renamed_is_shown_by_its_new_key(plants: Plants, story: Story) -> None:
    story.database.execute("update public.assets set plant = 'eastfield' where plant = 'northfield'")

    assert [one["plant"]["plant"] for one in plants("director")] == ["eastfield", "southfield"]


@pytest.mark.usefixtures("two")
def test_a_plant_with_machine_tags_alone_is_seen_by_members_of_all_plants(
    story: Story, plants: Plants
) -> None:
    story.database.execute(
        """
        insert into public.watched_pipelines (pipeline, plant, watched_since, is_stopped)
        values
          ('tags', 'westfield', now(), false),
          ('cleanup', '(all plants)', now(), false),
          ('energy_actuals', '(no plant)', now(), false)
        """
    )

    assert [one["plant"]["plant"] for one in plants("director")] == ["southfield", "northfield", "westfield"]
    assert [one["plant"]["plant"] for one in plants("viewer")] == ["northfield"]


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize("role", ["director", "service_role", "viewer"])
@pytest.mark.parametrize("key", ["*", "(all plants)", "(no plant)", ""])
def test_what_stands_for_all_plants_or_none_is_no_plant(
    api_of: Callable[[str], Api], role: str, key: str
) -> None:
    assert api_of(role).call("board", p_plant=key, p_now=NOW.isoformat())["plant"] is None


def test_marks_change_with_incidents_alerts_and_reports_and_with_nothing_else(
    two: Story, plants: Plants
) -> None:
    def marks() -> dict[str, str]:
        told = {one["plant"]["plant"]: one["marks"] for one in plants("director")}
        calm = {"safety": "0/0/0", "alert": "0/0/0/0/0/0/0", "report": "", "poll": "1994812"}
        assert told["southfield"] == calm
        found: dict[str, str] = told["northfield"]
        return found

    def changed(before: dict[str, str]) -> list[str]:
        return [name for name, mark in marks().items() if mark != before[name]]

    seen = marks()
    two.polled(at(7, 2))
    assert changed(seen) == []

    two.incident("Press", at(7, 1))
    assert changed(seen) == ["safety"]
    seen = marks()
    two.database.execute(
        "update public.safety_events"
        " set is_acknowledged = true, acknowledged_at = now(), acknowledged_by_name = 'ada'"
    )
    assert changed(seen) == ["safety"]

    seen = marks()
    two.database.execute(
        """
        insert into public.alerts (rule, plant, scope, severity, opened_at, observed_at, last_seen_at)
        values ('overdue', 'northfield', 'live_pulse', 'warning', now(), now(), now())
        """
    )
    assert changed(seen) == ["alert"]
    seen = marks()
    two.database.execute("update public.alerts set last_seen_at = now() + interval '1 minute'")
    assert changed(seen) == []
    two.database.execute("update public.alerts set severity = 'critical'")
    assert changed(seen) == ["alert"]
    seen = marks()
    two.database.execute("update public.alerts set resolved_at = now()")
    assert changed(seen) == ["alert"]

    seen = marks()
    two.polled(at(7, 3), pipeline="morning_report", snapshots_until=None, safety_until=None)
    assert changed(seen) == ["report"]


STATES = """
    insert into public.pipeline_states (pipeline, plant, state, next_at, judged_at)
    values
      ('health', '(no plant)', 'running', null, '2026-11-22T07:03:00Z'),
      ('live_pulse', 'northfield', 'running', '2026-11-22T07:15:00Z', '2026-11-22T07:03:00Z'),
      ('tags', 'northfield', 'running', null, '2026-11-22T07:03:00Z'),
      ('live_pulse', 'southfield', 'running', '2026-11-22T07:15:00Z', '2026-11-22T07:03:00Z'),
      ('energy_actuals', '(no plant)', 'running', '2026-11-22T08:00:00Z', '2026-11-22T07:03:00Z')
    """


def test_what_health_judges_has_a_mark_that_a_look_alone_does_not_change(two: Story, plants: Plants) -> None:
    database = two.database
    database.execute(STATES)

    def mark(now: Any = NOW) -> str:
        found: str = plants("viewer", now)[0]["marks"]["poll"]
        return found

    seen = mark()
    database.execute("update public.pipeline_states set judged_at = '2026-11-22T07:04:00Z'")
    database.execute("update public.pipeline_states set state = 'late' where plant = 'southfield'")
    assert mark() == seen

    database.execute("update public.pipeline_states set state = 'late' where pipeline = 'energy_actuals'")
    assert mark() != seen
    seen = mark()
    database.execute("update public.pipeline_states set state = 'late' where plant = 'northfield'")
    assert mark() != seen
    # A strip gets a new cell.
    assert mark(at(7, 14)) == mark()
    assert mark(at(7, 15)) != mark()


def test_runs_that_no_page_hears_of_by_itself_have_a_mark(two: Story, plants: Plants) -> None:
    two.database.execute(STATES)

    def mark() -> str:
        found: str = plants("viewer")[0]["marks"]["poll"]
        return found

    no_slot = {"snapshots_until": None, "safety_until": None}
    seen = mark()
    two.polled(at(7, 1))
    two.polled(at(7, 2), pipeline="tags", **no_slot)
    Story(two.database, "southfield").polled(at(7, 2))
    assert mark() == seen

    run = two.polled(
        at(7, 2), pipeline="energy_actuals", plant="(no plant)", status="running", finished_at=None, **no_slot
    )
    assert mark() != seen
    seen = mark()
    two.database.execute(
        "update public.pipeline_runs set status = 'succeeded', finished_at = %s where id = %s",
        (at(7, 3), run),
    )
    assert mark() != seen


def test_it_is_told_when_health_looked(two: Story, api_of: Callable[[str], Api]) -> None:
    def health() -> Any:
        return api_of("viewer").call("board_plants", p_now=NOW.isoformat())["health"]

    assert health() is None
    two.database.execute(STATES)

    assert health() == {"as_of": "2026-11-22T07:03:00+00:00", "stale_after": "2026-11-22T07:06:00+00:00"}


@pytest.mark.usefixtures("two")
def test_a_page_of_one_plant_is_told_the_marks_of_that_one(api_of: Callable[[str], Api]) -> None:
    def marked(**arguments: str) -> list[str]:
        told = api_of("director").call("board_plants", p_now=NOW.isoformat(), **arguments)
        assert len(told["plants"]) == 2
        return [one["plant"]["plant"] for one in told["plants"] if one["marks"] is not None]

    assert marked() == ["southfield", "northfield"]
    assert marked(p_plant="northfield") == ["northfield"]
    assert marked(p_plant="elsewhere") == []
