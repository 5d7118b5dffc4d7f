"""What a board asks in one call: a plant's last day by slot, and the latest snapshot of every asset."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.database.api import Api
from tests.database.conftest import Connection

NOW = "2026-11-22T06:00:00+00:00"
ASSETS = 15
SLOTS = 97  # 24 hours, both ends

pytestmark = pytest.mark.usefixtures("members")


@pytest.fixture
def day(database: Connection) -> None:
    """A day and a quarter of an hour of fifteen assets of northfield, and a snapshot of southfield's saw."""
    database.execute(
        """
        insert into public.assets (plant, name, source_name)
        select 'northfield', 'Press ' || lpad(number::text, 2, '0'), 'PRESS-' || number
        from generate_series(1, %s) as number;
        """,
        (ASSETS,),
    )
    database.execute(
        """
        insert into public.assets (plant, name, source_name, is_mapped)
        values ('southfield', 'Saw', 'SAW-01', true), ('southfield', 'Spare', 'SPARE', false);

        insert into public.live_snapshots (
          asset_id, snapshot_timestamp, window_start, output_actual, output_target, status
        )
        select asset.id, at, at - interval '30 min', number + 1, 5, 'on_target'
        from public.assets as asset
        cross join lateral (
          select number, '2026-11-22 06:00+00'::timestamptz - number * interval '15 min'
          from generate_series(case asset.plant when 'northfield' then -1 else 3 end, 97) as number
        ) as slot (number, at)
        where asset.plant = 'northfield' or asset.name = 'Saw' and number = 3;
        """
    )


@pytest.mark.usefixtures("day")
def test_a_day_of_a_plant_comes_whole_where_the_table_is_cut(api_of: Callable[[str], Api]) -> None:
    viewer = api_of("viewer")

    slots = viewer.call("snapshots_by_slot", p_plant="northfield", p_now=NOW)["slots"]

    assert len(slots) == SLOTS
    assert {len(slot["snapshots"]) for slot in slots} == {ASSETS}
    assert (slots[0]["snapshot_timestamp"], slots[-1]["snapshot_timestamp"]) == (
        "2026-11-21T06:00:00+00:00",
        NOW,
    )
    assert slots[-1]["snapshots"][0]["output_actual"] == 1
    assert len(viewer.rows("live_snapshots")) == 1000


@pytest.mark.usefixtures("day")
def test_a_board_may_ask_for_fewer_hours(api_of: Callable[[str], Api]) -> None:
    slots = api_of("viewer").call("snapshots_by_slot", p_plant="northfield", p_hours=1, p_now=NOW)["slots"]

    assert [slot["snapshot_timestamp"][11:16] for slot in slots] == [
        "05:00",
        "05:15",
        "05:30",
        "05:45",
        "06:00",
    ]


@pytest.mark.usefixtures("day")
@pytest.mark.parametrize(
    ("role", "northfield", "southfield"),
    [
        ("stranger", 0, 0),
        ("viewer", SLOTS, 0),
        ("neighbour", 0, 1),
        ("director", SLOTS, 1),
        ("service_role", SLOTS, 1),
    ],
)
def test_a_day_is_told_to_those_who_read_it_in_the_table(
    api_of: Callable[[str], Api], role: str, northfield: int, southfield: int
) -> None:
    def slots_of(plant: str) -> int:
        return len(api_of(role).call("snapshots_by_slot", p_plant=plant, p_now=NOW)["slots"])

    assert (slots_of("northfield"), slots_of("southfield")) == (northfield, southfield)


@pytest.mark.usefixtures("day")
def test_every_asset_has_its_latest_snapshot_or_null(api_of: Callable[[str], Api]) -> None:
    def latest_seen_by(role: str) -> list[tuple[str, str | None]]:
        assets: list[dict[str, Any]] = api_of(role).call("latest_snapshots")["assets"]
        return [(one["name"], (one["snapshot"] or {}).get("snapshot_timestamp")) for one in assets]

    presses = [(f"Press {number:02}", "2026-11-22T06:15:00+00:00") for number in range(1, ASSETS + 1)]
    southfield = [("Saw", "2026-11-22T05:15:00+00:00"), ("Spare", None)]
    assert latest_seen_by("stranger") == []
    assert latest_seen_by("viewer") == presses
    assert latest_seen_by("neighbour") == southfield
    assert latest_seen_by("director") == presses + southfield
    assert latest_seen_by("service_role") == presses + southfield


@pytest.mark.usefixtures("day")
def test_the_latest_snapshots_of_one_plant_can_be_asked_for(api_of: Callable[[str], Api]) -> None:
    def names_seen_by(role: str) -> list[str]:
        assets = api_of(role).call("latest_snapshots", p_plant="southfield")["assets"]
        return [one["name"] for one in assets]

    assert names_seen_by("director") == ["Saw", "Spare"]
    assert names_seen_by("viewer") == []


def test_more_assets_than_the_data_api_gives_come_in_one_answer(
    api_of: Callable[[str], Api], database: Connection
) -> None:
    database.execute(
        """
        insert into public.assets (plant, name, source_name)
        select 'northfield', 'Asset ' || number, 'A-' || number
        from generate_series(1, 1200) as number
        """
    )

    assert len(api_of("viewer").call("latest_snapshots")["assets"]) == 1200
    assert len(api_of("viewer").rows("assets")) == 1000


@pytest.mark.parametrize(
    "arguments",
    [{"p_plant": None}, *({"p_plant": "northfield", "p_hours": hours} for hours in (0, 169, None))],
)
def test_a_day_of_no_plant_and_too_many_hours_are_refused(service: Api, arguments: dict[str, Any]) -> None:
    assert service.refusal("snapshots_by_slot", **arguments) == "22023"
