"""How severe an incident is goes by its reason code, as the plant's settings say."""

from datetime import timedelta

import pytest

from tests.functions.conftest import NOON_IN_CHICAGO, Floor, World

QUARTER = timedelta(minutes=15)
CODES = {"Safety Issue": "high", "  NEAR   miss ": "low", "Lockout": "medium", "Fire 🔥": "critical"}


def severities_of(world: World) -> list[tuple[str, str]]:
    rows = world.rows("select reason_code, severity from public.safety_events order by event_timestamp, id")
    return [(row["reason_code"], row["severity"]) for row in rows]


@pytest.fixture
def incidents(floor: Floor) -> None:
    """One incident of each code, in other spellings, and a stop that is none."""
    floor.downtime("PRESS-01", "safety  issue", 5, "08:00:00")
    floor.downtime("PRESS-01", "Near Miss ", 5, "08:01:00")
    floor.downtime("PRESS-01", "LOCKOUT", 5, "08:02:00")
    floor.downtime("PRESS-01", "fire 🔥", 5, "08:03:00")
    floor.downtime("PRESS-01", "Near", 5, "08:04:00")


@pytest.mark.usefixtures("incidents")
def test_an_incident_has_the_severity_of_its_reason_code(world: World) -> None:
    world.settings = {"safety_reason_codes": CODES}

    world.tick()

    assert severities_of(world) == [
        ("safety issue", "high"),
        ("Near Miss", "low"),
        ("LOCKOUT", "medium"),
        ("fire 🔥", "critical"),
    ]


@pytest.mark.usefixtures("incidents")
def test_a_code_that_is_not_in_the_settings_is_no_incident(world: World) -> None:
    world.settings = {"safety_reason_codes": {"Lockout": "low"}}

    world.tick()

    assert severities_of(world) == [("LOCKOUT", "low")]


@pytest.mark.usefixtures("incidents")
def test_a_code_typed_in_anew_takes_its_severity_along(world: World, floor: Floor) -> None:
    world.settings = {"safety_reason_codes": {"Near Miss": "low", "Safety Issue": "critical"}}
    world.tick()
    floor.run("update downtime_records set reason_code = 'Safety Issue' where reason_code = 'Near Miss '")
    world.now += QUARTER

    _, report = world.tick(NOON_IN_CHICAGO + QUARTER)

    assert (report["counts"]["safety_recorded"], report["counts"]["safety_updated"]) == (0, 1)
    assert severities_of(world) == [("safety issue", "critical"), ("Safety Issue", "critical")]


@pytest.mark.usefixtures("incidents")
def test_a_changed_setting_changes_the_incidents_that_are_still_read(world: World) -> None:
    world.settings = {"safety_reason_codes": {"Lockout": "low"}}
    world.tick()
    world.settings = {"safety_reason_codes": {"Lockout": "high"}}
    world.now += QUARTER

    world.tick(NOON_IN_CHICAGO + QUARTER)

    assert severities_of(world) == [("LOCKOUT", "high")]
