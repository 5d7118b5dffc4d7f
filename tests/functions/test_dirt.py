"""What becomes of every kind of dirt, from the SQL Server wire to rows in Supabase: docs/dirty-data.md.

Each test spills one kind (`devstack.plant.dirt`) over a plant whose clean rows stand in `CLEAN_ROWS`, and
says what is different from a poll of the clean rows alone. That the clean rows and the clean incident come
through untouched is asserted by every poll.
"""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pymssql
import pytest

from devstack.plant import dirt
from devstack.plant.dirt import Kind
from devstack.plant.writer import CARELESS_TABLES_SQL, create_tables, drop_tables, write_dirt
from plantpulse.plant.cells import Reason
from tests.faults.scripted_server import scripted_server
from tests.functions.conftest import NOON_IN_CHICAGO, Floor, World
from tests.functions.scripted_plant import answers

NOON = datetime(2026, 3, 11, 12, 0)  # noqa: DTZ001 - plant-local
DOCUMENT = Path(__file__).parents[2] / "docs" / "dirty-data.md"
QUARTER = timedelta(minutes=15)

PAINT = {
    "output_actual": 30.0,
    "slot_output": 30.0,
    "downtime_minutes": 8.0,
    "good_count": 28.0,
    "reject_count": 2.0,
    "labor_headcount": 4.0,
    "oee_current": 81.5,
    "oee_source": "reported",
}
PRESS = {
    "output_actual": 60.0,
    "slot_output": 60.0,
    "downtime_minutes": 0.0,
    "good_count": 57.0,
    "reject_count": 3.0,
    "labor_headcount": 2.0,
    # 60 of 150 x 30/60 = 0.8, quality 57/60 = 0.95
    "oee_current": 76.0,
    "oee_source": "computed",
}
INCIDENT = {
    "source_asset": "PAINT-01",
    "asset": "PAINT-01",
    "at": datetime(2026, 3, 11, 16, 46, tzinfo=UTC),
    "reason_code": "Safety Issue",
    "severity": "critical",
    "minutes": 3.0,
    "details": "Guard found open",
}

Spill = Callable[..., None]


@dataclass(frozen=True)
class Polled:
    """What a poll left behind beside what the clean rows leave: of PRESS-01, of incidents, of rejects."""

    report: dict[str, Any]
    press: dict[str, Any]
    incidents: list[dict[str, Any]]
    rejected: list[tuple[str, str]]
    unmapped: list[str]

    def incident(self) -> dict[str, Any]:
        """The only one."""
        (incident,) = self.incidents
        return incident


Poll = Callable[[], Polled]


def write_clean_rows(floor: Floor) -> None:
    floor.output("PRESS-01", 60, "11:51:00")
    floor.quality("PRESS-01", 57, 3, "11:51:00")
    floor.labor("PRESS-01", 2, "11:31:00")
    floor.output("PAINT-01", 30, "11:51:00")
    floor.quality("PAINT-01", 28, 2, "11:51:00")
    floor.labor("PAINT-01", 4, "11:31:00")
    floor.oee("PAINT-01", 81.5, "11:51:00")
    floor.downtime("PAINT-01", "Jam", 5, "11:40:00")
    floor.downtime("PAINT-01", "Safety Issue", 3, "11:46:00", "Guard found open")


@pytest.fixture
def clean(floor: Floor) -> None:
    """The plant's own tables with clean rows."""
    write_clean_rows(floor)


@pytest.fixture
def careless(mes: pymssql.Connection, floor: Floor) -> Iterator[None]:
    """Carelessly typed tables in place of the plant's own, with the same clean rows."""
    drop_tables(mes)
    create_tables(mes, CARELESS_TABLES_SQL)
    write_clean_rows(floor)
    yield
    drop_tables(mes)


@pytest.fixture
def spill(mes: pymssql.Connection) -> Spill:
    """Writes a kind of dirt, by default at PRESS-01 in the quarter of an hour before noon."""

    def write(kind: Kind, asset: str = "PRESS-01", at: datetime = NOON) -> None:
        write_dirt(mes, kind(asset, at))

    return write


@pytest.fixture
def poll(world: World) -> Poll:
    """Polls the noon slot, or a later one when the clock was moved, and finds the clean rows untouched."""

    def run() -> Polled:
        slot = NOON_IN_CHICAGO + (world.now - NOON_IN_CHICAGO) // QUARTER * QUARTER
        status, report = world.tick(slot)
        assert (status, report["error"]) == (200, None)
        incidents = incidents_of(world)
        assert snapshot_of(world, "PAINT-01") == PAINT
        assert incidents[0] == INCIDENT
        return Polled(
            report, snapshot_of(world, "PRESS-01"), incidents[1:], rejects_of(world), unmapped_in(world)
        )

    return run


def snapshot_of(world: World, asset: str, slot: datetime = NOON_IN_CHICAGO) -> dict[str, Any]:
    """Return an asset's snapshot."""
    rows = world.rows(
        """
        select a.source_name, s.snapshot_timestamp as slot, s.output_actual::float, s.slot_output::float,
               s.downtime_minutes::float, s.good_count::float, s.reject_count::float,
               s.labor_headcount::float, s.oee_current::float, s.oee_source
        from public.live_snapshots as s
        join public.assets as a on a.id = s.asset_id
        """
    )
    (row,) = [row for row in rows if (row.pop("source_name"), row.pop("slot")) == (asset, slot)]
    return row


def incidents_of(world: World) -> list[dict[str, Any]]:
    """Return all incidents, the clean one first, then as they were read."""
    return world.rows(
        """
        select e.source_asset, a.source_name as asset, e.event_timestamp as at, e.reason_code, e.severity,
               e.downtime_minutes::float as minutes, e.details
        from public.safety_events as e
        join public.assets as a on a.id = e.asset_id
        order by e.details = 'Guard found open' desc nulls last, e.event_timestamp, e.source_id::integer
        """
    )


def rejects_of(world: World) -> list[tuple[str, str]]:
    rows = world.rows("select query, reason from public.rejected_records order by query, reason")
    return [(row["query"], row["reason"]) for row in rows]


def unmapped_in(world: World) -> list[str]:
    rows = world.rows("select source_name from public.assets where not is_mapped order by source_name")
    return [row["source_name"] for row in rows]


# texts -----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("careless")
def test_padded_names_are_one_asset(spill: Spill, poll: Poll) -> None:
    spill(dirt.padded_names)

    polled = poll()

    # Performance 75 of 75.
    assert polled.press == PRESS | {"output_actual": 75.0, "slot_output": 75.0, "oee_current": 95.0}
    assert (polled.rejected, polled.unmapped) == ([], [])


@pytest.mark.usefixtures("clean")
def test_blanks_inside_a_name_count_as_one(world: World, spill: Spill, poll: Poll) -> None:
    world.store.execute(
        "insert into public.assets (plant, name, source_name) values ('north', 'Weld', 'WELD CELL 3')"
    )
    spill(dirt.inner_blanks, "Weld Cell 3")

    polled = poll()

    assert snapshot_of(world, "WELD CELL 3")["output_actual"] == 7.0
    assert (polled.press, polled.rejected, polled.unmapped) == (PRESS, [], [])


@pytest.mark.usefixtures("clean")
def test_letter_case_does_not_count(spill: Spill, poll: Poll) -> None:
    spill(dirt.other_letter_case)

    polled = poll()

    assert (polled.press["output_actual"], polled.press["downtime_minutes"]) == (67.0, 2.0)
    assert (polled.rejected, polled.unmapped) == ([], [])


@pytest.mark.usefixtures("clean")
def test_control_characters_become_blanks(spill: Spill, poll: Poll) -> None:
    spill(dirt.control_characters)

    polled = poll()

    assert polled.press["output_actual"] == 63.0
    assert polled.incident()["details"] == "guard open [31m\tline two"
    assert (polled.rejected, polled.unmapped) == ([], [])


def test_texts_that_are_none_are_repaired(world: World) -> None:
    # Postgres stores neither NUL nor half characters, so the stand-in cannot: the wire itself is scripted.
    with scripted_server() as server:
        world.sql_server = {"port": server.port}
        server.answers = answers(list(dirt.texts_that_are_none("PRESS-01", NOON)))

        status, report = world.tick()

    asked = next(statement for statement in server.statements if "charindex" in statement)
    assert asked.count("+ N'' '' as ") == 3  # without the blank, the half at the end costs the connection
    assert (status, report["outcome"], report["counts"]["rejected"]) == (200, "succeeded", 0)
    found = world.rows("select details from public.safety_events order by source_timestamp desc")
    assert [row["details"] for row in found] == [
        "guard open",
        "half ? of it",
        "other ? half",
        "cut here: ?",
    ]
    assert [snapshot_of(world, asset)["output_actual"] for asset in ("PAINT-01", "PRESS-01")] == [0.0, 0.0]


@pytest.mark.usefixtures("clean")
def test_emoji_and_right_to_left_text_stay_as_they_are(spill: Spill, poll: Poll) -> None:
    spill(dirt.emoji_and_right_to_left_text)

    polled = poll()

    assert polled.incident()["details"] == "🚑 המגן היה פתוח \u202eABC\u202c 防护门打开"
    assert polled.unmapped == ["Ofen 🔥 3", "מכבש 7"]
    assert (polled.press["output_actual"], polled.rejected) == (60.0, [])


@pytest.mark.usefixtures("careless")
def test_very_long_texts_are_cut_and_such_names_refused(spill: Spill, poll: Poll) -> None:
    spill(dirt.very_long_texts)

    polled = poll()

    pasted, nameless = polled.incidents
    assert pasted["details"] == "x" * 1999 + "…"
    assert (nameless["source_asset"], nameless["asset"]) == ("s" * 199 + "…", "s" * 199 + "…")
    assert polled.press["downtime_minutes"] == 5.0
    assert polled.rejected == [("downtime", Reason.NAME_TOO_LONG)] * 2 + [("safety", Reason.NAME_TOO_LONG)]


@pytest.mark.usefixtures("clean")
def test_quotes_and_code_mean_nothing(spill: Spill, poll: Poll) -> None:
    spill(dirt.quotes_and_code)

    polled = poll()

    notes = "it's 100 %s \"off\" \\\n{'a': [1]} $$ <script>alert(1)</script>"
    assert polled.incident()["details"] == notes
    assert polled.unmapped == ["'); drop table production_data; --", '{"asset": null, "%s": "\\u0000"}']
    assert (polled.press["output_actual"], polled.rejected) == (60.0, [])


@pytest.mark.usefixtures("clean")
def test_a_reason_code_is_known_in_odd_spellings(spill: Spill, poll: Poll) -> None:
    spill(dirt.odd_reason_codes)

    polled = poll()

    assert [incident["reason_code"] for incident in polled.incidents] == [
        "safety issue",
        "Safety Issue",
        "Safety Issue",
        "safety issue",
        "SAFETY ISSUE",
    ]
    assert {incident["severity"] for incident in polled.incidents} == {"critical"}
    assert polled.press["downtime_minutes"] == 5.0
    assert polled.rejected == []


@pytest.mark.usefixtures("clean")
def test_a_misspelt_reason_code_is_downtime_until_it_is_mended(
    world: World, floor: Floor, spill: Spill, poll: Poll
) -> None:
    spill(dirt.misspelt_reason_codes)
    before = poll()
    floor.run("update downtime_records set reason_code = 'Safety Issue' where reason_code = 'Saftey Issue'")
    world.settings = {"safety_reason_codes": {"Safety Issue": "critical", "Safety Isue": "critical"}}
    world.now += QUARTER

    after = poll()

    assert (before.incidents, before.press["downtime_minutes"], before.rejected) == ([], 4.0, [])
    assert [incident["reason_code"] for incident in after.incidents] == ["Safety Isue", "Safety Issue"]


# amounts ---------------------------------------------------------------------------------------


@pytest.mark.usefixtures("clean")
def test_missing_values_are_refused_where_a_figure_rests_on_them(spill: Spill, poll: Poll) -> None:
    spill(dirt.missing_values)

    polled = poll()

    # Two minutes of thirty lost: performance 60 of 70, availability 28/30.
    assert polled.press == PRESS | {"downtime_minutes": 2.0, "oee_current": 76.0}
    assert polled.rejected == [
        ("downtime", Reason.NAME_MISSING),
        ("downtime", Reason.NAME_MISSING),
        ("labor", Reason.NUMBER_MISSING),
        ("labor", Reason.NAME_MISSING),
        ("oee", Reason.NUMBER_MISSING),
        ("oee", Reason.NAME_MISSING),
        ("output", Reason.NUMBER_MISSING),
        ("output", Reason.NAME_MISSING),
        ("quality", Reason.NUMBER_MISSING),
        ("quality", Reason.NUMBER_MISSING),
        ("quality", Reason.NAME_MISSING),
        ("safety", Reason.NAME_MISSING),
    ]
    assert polled.report["counts"]["rejected"] == 12
    incident = polled.incident()
    assert (incident["asset"], incident["minutes"], incident["details"]) == ("(unknown)", 4.0, None)


@pytest.mark.usefixtures("careless")
def test_rows_without_a_time_are_not_read_but_for_incidents(world: World, spill: Spill, poll: Poll) -> None:
    spill(dirt.missing_times)

    polled = poll()
    world.now += QUARTER
    again = poll()
    world.now += timedelta(hours=23)
    tomorrow = poll()

    assert polled.press == again.press == PRESS
    incident = polled.incident()
    assert (incident["asset"], incident["minutes"]) == ("PRESS-01", 4.0)
    assert incident["at"] == datetime(2026, 3, 11, 5, 0, tzinfo=UTC)  # the midnight that began the day
    assert incident["details"] == "Time unknown, stamped with the day of the poll. entered without a time"
    assert again.incidents == polled.incidents
    assert tomorrow.incidents == [incident | {"at": datetime(2026, 3, 12, 5, 0, tzinfo=UTC)}]
    assert polled.rejected == [("safety", Reason.TIME_MISSING)]


@pytest.mark.usefixtures("clean")
def test_negative_counts_are_refused(spill: Spill, poll: Poll) -> None:
    spill(dirt.negative_counts)

    polled = poll()

    assert polled.press == PRESS
    assert polled.rejected == [
        (query, Reason.NEGATIVE) for query in ("labor", "oee", "output", "quality", "quality")
    ]


@pytest.mark.usefixtures("clean")
def test_absurd_counts_are_refused(spill: Spill, poll: Poll) -> None:
    spill(dirt.absurd_counts)

    polled = poll()

    assert polled.press == PRESS
    assert polled.rejected == [
        ("labor", Reason.ABSURD),
        ("oee", Reason.OEE_OUT_OF_RANGE),
        ("output", Reason.ABSURD),
        ("output", Reason.ABSURD),
        ("quality", Reason.ABSURD),
        ("quality", Reason.ABSURD),
    ]


@pytest.mark.usefixtures("careless")
def test_counts_beyond_any_integer_do_not_end_a_query(spill: Spill, poll: Poll) -> None:
    spill(dirt.counts_beyond_any_integer)

    polled = poll()

    # The incidents are open-ended for what the plant knows: their stop fills the last two minutes.
    assert polled.press == PRESS | {"downtime_minutes": 2.0, "oee_current": 76.0}
    assert [incident["minutes"] for incident in polled.incidents] == [None, None]
    assert polled.rejected == [
        ("labor", Reason.ABSURD),
        ("oee", Reason.ABSURD),
        ("output", Reason.ABSURD),
        ("output", Reason.ABSURD),
        ("quality", Reason.ABSURD),
        ("quality", Reason.ABSURD),
        ("safety", Reason.ABSURD),
        ("safety", Reason.ABSURD),
    ]


@pytest.mark.usefixtures("careless")
def test_fractional_quantities_are_kept(spill: Spill, poll: Poll) -> None:
    spill(dirt.fractional_quantities)

    polled = poll()

    assert (polled.press["output_actual"], polled.press["slot_output"]) == (72.55, 72.55)
    assert (polled.press["downtime_minutes"], polled.press["labor_headcount"]) == (2.5, 2.5)
    assert polled.rejected == []


@pytest.mark.usefixtures("clean")
def test_duplicate_rows_count_as_what_they_may_be(spill: Spill, poll: Poll) -> None:
    spill(dirt.duplicate_rows)

    polled = poll()

    # Amounts twice, time and states once. Good 57 + 14 of 76 inspected would give a computed OEE.
    assert polled.press == {
        "output_actual": 74.0,
        "slot_output": 74.0,
        "downtime_minutes": 4.0,
        "good_count": 71.0,
        "reject_count": 5.0,
        "labor_headcount": 3.0,
        "oee_current": 70.0,
        "oee_source": "reported",
    }
    assert [incident["details"] for incident in polled.incidents] == ["the same", "the same"]
    assert polled.rejected == []


# times -----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("clean")
def test_late_rows_are_found_by_the_next_poll(world: World, spill: Spill, poll: Poll) -> None:
    before = poll()
    spill(dirt.late_rows)
    world.now += QUARTER

    after = poll()

    assert before.incidents == []
    assert after.incident()["at"] == datetime(2026, 3, 11, 10, 0, tzinfo=UTC)
    corrected = {"output_actual": 65.0, "slot_output": 65.0, "downtime_minutes": 2.0}
    assert {name: after.press[name] for name in corrected} == corrected
    assert after.press["good_count"] == 57.0


@pytest.mark.usefixtures("clean")
def test_open_downtime_lasts_to_the_end_of_the_window(spill: Spill, poll: Poll) -> None:
    spill(dirt.open_downtime)

    polled = poll()

    assert polled.press["downtime_minutes"] == 12.0
    assert polled.rejected == []


@pytest.mark.usefixtures("clean")
def test_overlapping_downtime_counts_once(spill: Spill, poll: Poll) -> None:
    spill(dirt.overlapping_downtime)

    polled = poll()

    assert polled.press["downtime_minutes"] == 15.0
    assert polled.rejected == []


@pytest.mark.usefixtures("clean")
def test_downtime_longer_than_the_window_fills_it(world: World, spill: Spill, poll: Poll) -> None:
    world.store.execute(
        "insert into public.assets (plant, name, source_name) values ('north', 'Press', 'PRESS-01-OLD')"
    )
    spill(dirt.downtime_longer_than_the_window)

    polled = poll()

    assert (polled.press["downtime_minutes"], polled.press["oee_current"]) == (30.0, None)
    assert snapshot_of(world, "PRESS-01-OLD")["downtime_minutes"] == 0.0  # begun more than seven days ago
    assert polled.rejected == []


@pytest.mark.usefixtures("clean")
def test_downtime_that_ends_before_it_starts_is_refused_but_for_incidents(spill: Spill, poll: Poll) -> None:
    spill(dirt.downtime_that_ends_before_it_starts)

    polled = poll()

    assert polled.press == PRESS
    assert polled.incident()["minutes"] is None
    assert polled.rejected == [("downtime", Reason.REVERSED)] * 2 + [("safety", Reason.NEGATIVE)]


@pytest.mark.usefixtures("clean")
def test_downtime_of_absurd_length_lasts_to_the_end_of_the_window(spill: Spill, poll: Poll) -> None:
    spill(dirt.downtime_of_absurd_length)

    polled = poll()

    assert polled.press["downtime_minutes"] == 10.0
    assert polled.incident()["minutes"] is None
    assert polled.rejected == [("safety", Reason.ABSURD)]


@pytest.mark.usefixtures("clean")
def test_dates_far_off_are_not_read_before_their_time(world: World, spill: Spill, poll: Poll) -> None:
    spill(dirt.dates_far_off)

    polled = poll()
    world.now += QUARTER
    later = poll()

    assert polled.press == PRESS
    assert (polled.incidents, polled.rejected) == ([], [])
    assert [incident["at"] for incident in later.incidents] == [datetime(2026, 3, 11, 17, 5, tzinfo=UTC)]


# assets ----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("clean")
def test_unknown_assets_by_the_thousand_are_capped_and_their_incidents_are_not(
    world: World, spill: Spill, poll: Poll
) -> None:
    spill(dirt.unknown_assets)

    polled = poll()

    assert polled.report["counts"]["assets_unknown"] == 5000
    assert len(polled.unmapped) == 201
    assert "(unknown assets)" in polled.unmapped
    assert len(polled.incidents) == 300
    assert len({incident["source_asset"] for incident in polled.incidents}) == 300
    assert sum(incident["asset"] == "(unknown assets)" for incident in polled.incidents) == 100
    assert len(world.rows("select distinct asset_id from public.live_snapshots")) == 2
    assert polled.press == PRESS


# the document ----------------------------------------------------------------------------------


def test_the_document_the_dirt_and_the_tests_cover_the_same_kinds() -> None:
    kinds = {kind.__name__ for kind in dirt.KINDS}
    table = DOCUMENT.read_text(encoding="utf-8").split("| --- |")[-1]
    documented = re.findall(r"^\| ([a-z ]+) \|", table, re.MULTILINE)

    tested = [name for test in _tests() for name in _kinds_in(test)]

    assert sorted(documented) == sorted(name.replace("_", " ") for name in kinds)
    assert sorted(tested) == sorted(kinds)


def _tests() -> list[ast.FunctionDef]:
    body = ast.parse(Path(__file__).read_text(encoding="utf-8")).body
    return [node for node in body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]


def _kinds_in(test: ast.FunctionDef) -> list[str]:
    """Return which kinds of dirt a test spills."""
    return [
        node.attr
        for node in ast.walk(test)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "dirt"
        and node.attr != "KINDS"
    ]
