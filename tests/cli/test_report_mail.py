"""`plantpulse report mail`: a day as the morning mail has it."""

import pytest

from tests.cli.conftest import CommandLine
from tests.functions.conftest import Floor, World


@pytest.fixture
def two_days(cli: CommandLine, world: World, floor: Floor) -> CommandLine:
    """Reports of Monday and Tuesday; PRESS-01 made 700 and 912 units."""
    world.store.execute("update public.assets set area = 'Pressing' where source_name = 'PRESS-01'")
    for day, units in (("2026-03-09", 700), ("2026-03-10", 912)):
        floor.run(
            "insert into production_data (locationName, output_count, [timestamp]) values (%s, %s, %s)",
            "PRESS-01", units, f"{day}T08:00:00",
        )  # fmt: skip
    result = cli("run", "morning-report", "--from", "2026-03-09", "--until", "2026-03-10")
    assert result.exit_code == 0, result.err
    return cli


def test_a_plant_without_a_report_says_how_to_make_one(cli: CommandLine, world: World) -> None:
    result = cli("report", "mail")

    assert result.exit_code == 2
    assert "north has no report; `plantpulse run morning-report` makes one" in result.err


def test_the_newest_day_is_shown_beside_the_day_before(two_days: CommandLine) -> None:
    shown = two_days("report", "mail").out

    assert shown.startswith("north, Tue 10 March: 95% of plan")
    assert "Plant north made 912 of 960 planned units on Tuesday, 10 March 2026" in shown
    assert [line.split()[:3] for line in shown.splitlines() if line.startswith("  Made ")] == [
        ["Made", "912", "700"]
    ]


def test_another_day_can_be_asked_for(two_days: CommandLine) -> None:
    assert two_days("report", "mail", "--date", "2026-03-09").out.startswith(
        "north, Mon 9 March: 73% of plan"
    )

    missing = two_days("report", "mail", "--date", "2026-01-09")
    assert (missing.exit_code, missing.out) == (2, "")
    assert "north has no report of 2026-01-09" in missing.err


def test_programs_get_the_figures_and_both_bodies(two_days: CommandLine) -> None:
    found = two_days("report", "mail", "--json").json

    assert (found["plant"], found["report_date"]) == ("north", "2026-03-10")
    assert found["total"]["figures"]["actual_output"] == 912
    assert found["total"]["day_before"]["actual_output"] == 700
    assert (found["total"]["usual"], found["total"]["usual_days"]) == (None, 0)
    assert [line["area"] for line in found["areas"]] == ["Pressing", None]
    assert [line["shift"] for line in found["shifts"]] == ["early"]
    assert found["html"].lstrip().startswith("<!DOCTYPE html>")
    assert found["subject"] in found["html"]


def test_the_page_can_be_written_to_a_file(two_days: CommandLine) -> None:
    shown = two_days("report", "mail", "--html").out

    assert shown.lstrip().startswith("<!DOCTYPE html>")
    assert shown.rstrip().endswith("</html>")
    assert '<table class="card" width="600"' in shown
