"""`plantpulse snapshots`: how every asset stands, and how one of them has stood."""

from datetime import timedelta

import pytest

from tests.cli.conftest import CommandLine
from tests.functions.conftest import NOON_IN_CHICAGO, Floor, World

QUARTER = timedelta(minutes=15)


def test_a_plant_without_snapshots_says_so(cli: CommandLine, world: World) -> None:
    assert cli("snapshots").out == "north has no such snapshots\n"
    assert cli("snapshots", "--json").json == {"plant": "north", "snapshots": []}


def test_the_latest_snapshot_of_every_asset_is_shown(cli: CommandLine, world: World, floor: Floor) -> None:
    floor.output("PRESS-01", 40, "11:50:00")
    world.tick()
    floor.output("PRESS-01", 7, "12:10:00")
    world.now += QUARTER
    world.tick(NOON_IN_CHICAGO + QUARTER)

    shown, data = cli("snapshots").out.splitlines(), cli("snapshots", "--json").json["snapshots"]

    assert shown[0].startswith("north: newest snapshot 2026-03-11 12:15")
    assert [line.split()[:2] for line in shown[3:]] == [["Paint", "1"], ["Press", "1"]]
    assert [(one["asset"]["source_name"], one["output_actual"]) for one in data] == [
        ("PAINT-01", 0),
        ("PRESS-01", 47),
    ]
    assert cli("snapshots", "--json", "--status", "below_target").json["snapshots"] == [data[1]]


def test_people_read_rounded_figures_and_programs_exact_ones(
    cli: CommandLine, world: World, floor: Floor
) -> None:
    # Half an hour of 14.5 hours asks for 800 / 29 units. The stop lasts 10 minutes and 26 seconds.
    world.store.execute(
        "update public.shift_targets set starts_at = '00:00', ends_at = '14:30', target_output = 800"
    )
    floor.output("PRESS-01", 40, "11:40:00")
    floor.downtime("PRESS-01", "Jam", None, "11:49:34")
    world.tick()

    press = cli("snapshots").out.splitlines()[-1]
    exact = cli("snapshots", "--json").json["snapshots"][-1]

    assert {"27.6", "10.4"} <= set(press.split())
    assert (exact["output_target"], exact["downtime_minutes"]) == (27.5862, 10.4333)


def test_units_outside_the_plan_stand_beside_the_actual_ones(
    cli: CommandLine, world: World, floor: Floor
) -> None:
    world.store.execute("update public.shift_targets set ends_at = '11:50'")
    floor.output("PRESS-01", 40, "11:40:00")
    floor.output("PRESS-01", 30, "11:50:00")
    world.tick()

    heading, *_, press = cli("snapshots").out.splitlines()[2:]
    exact = cli("snapshots", "--json").json["snapshots"][-1]

    # Five of the fifteen minutes from 11:45 on are planned, and so are 10 of their 30 units.
    assert press[heading.index("Off plan") :].split()[0] == "20"
    assert press.rstrip().endswith("planned in part")
    assert (exact["unplanned_output"], exact["is_planned_in_part"]) == (20, True)


def test_one_asset_is_shown_over_time_by_either_name(cli: CommandLine, world: World, floor: Floor) -> None:
    floor.output("PRESS-01", 200, "11:31:00")  # above target at noon, and no more a quarter of an hour later
    world.tick()
    world.now += QUARTER
    world.tick(NOON_IN_CHICAGO + QUARTER)

    def times(*arguments: str) -> list[str]:
        found = cli("snapshots", "--json", *arguments).json["snapshots"]
        return [one["snapshot_timestamp"][11:16] for one in found]

    assert times("--asset", "Press 1") == ["17:15", "17:00"]
    assert times("--asset", "PRESS-01", "--limit", "1") == ["17:15"]
    assert times("--asset", "PRESS-01", "--status", "above_target", "--limit", "1") == ["17:00"]
    assert times("--asset", "PRESS-01", "--since", "2026-03-11T17:10") == ["17:15"]
    assert cli("snapshots", "--asset", 'Press "1",or(id.gt.0)').exit_code == 2


def test_looking_back_without_an_asset_is_refused(cli: CommandLine) -> None:
    result = cli("snapshots", "--since", "2h")

    assert result.exit_code == 2
    assert "--asset" in result.err


@pytest.mark.parametrize("name", [r"LINE\2", 'LINE "2"', r"LINE\"2", "LINE,2.(x)", "LINE%2*"])
def test_an_asset_is_found_by_whatever_name_it_has(
    cli: CommandLine, world: World, floor: Floor, name: str
) -> None:
    world.store.execute("update public.assets set source_name = %s where source_name = 'PRESS-01'", (name,))
    floor.output(name, 40, "11:50:00")
    world.tick()

    shown = cli("snapshots", "--json", "--asset", name).json["snapshots"]

    assert [one["asset"]["source_name"] for one in shown] == [name]
