"""Whatever the spelling, the server's collation and the engine: an incident is found, and an asset is one."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pymssql
import pytest

from devstack.sqlserver.collations import COLLATIONS, DEFAULT
from plantpulse.cli.assets import ASSETS
from plantpulse.cli.csv_tables import read_table
from plantpulse.database.changes import Changes
from plantpulse.plant.text import normalise_key
from plantpulse.source.query_files import BUILT_IN
from tests.conftest import SqlServerUnderTest
from tests.functions.conftest import Floor, World

QUARTER = timedelta(minutes=15)
SPELLINGS = {  # by the code in the settings
    "İş Kazası": [
        "İş Kazası",
        "iş kazası",
        "IŞ KAZASI",
        "İŞ KAZASI",
        "I\u0307s\u0327 Kazası",
        "İş\u00a0Kazası ",
    ],
    "ΑΤΥΧΗΜΑ ΕΡΓΑΣΙΑΣ": ["ΑΤΥΧΗΜΑ ΕΡΓΑΣΙΑΣ", "ατυχημα εργασιας", "Ατύχημα Εργασίας", "ατυχημα εργασιασ"],
    "Safety Issue": [
        "SAFETY ISSUE",
        "Safety\u3000Issue",
        "Safety\u202fIssue",
        "Safety\u2009issue",
        "Sa\u00adfety Issue",
    ],
    "Süd Unfall": ["Su\u0308d Unfall", "S\u00fcD UNFALL", "S\u00fcd\tUnfall"],
    "ﾛｳｻｲ": ["ロウサイ", "ﾛｳｻｲ"],
    "Schließunfall": ["SCHLIESSUNFALL", "schließunfall"],
}
EVERY_SPELLING = [spelling for spellings in SPELLINGS.values() for spelling in spellings]


@pytest.fixture(params=sorted(COLLATIONS))
def collation(request: pytest.FixtureRequest, mssql: SqlServerUnderTest) -> Iterator[str]:
    """The stand-in under each collation; afterwards it has the default one again."""
    assert mssql.stand_in
    mssql.stand_in.collate(COLLATIONS[request.param])
    try:
        yield request.param
    finally:
        mssql.stand_in.collate(DEFAULT)


def events_of(world: World) -> list[str]:
    rows = world.rows("select reason_code from public.safety_events order by event_timestamp")
    return [row["reason_code"] for row in rows]


def warnings_in(report: dict[str, Any]) -> list[str]:
    """Return what was warned of, but for the server's clock, which is not the one of the test."""
    return [one["code"] for one in report["warnings"] if one["code"] != "source_clock_skew"]


def stops(floor: Floor, codes: list[str], asset: str = "PRESS-01") -> None:
    for minute, code in enumerate(codes):
        floor.downtime(asset, code, 5, f"08:{minute:02}:00")


def shown(codes: list[str]) -> list[str]:
    return [" ".join(code.split()) for code in codes]


def test_an_incident_is_found_in_every_spelling(world: World, floor: Floor) -> None:
    world.settings = {"safety_reason_codes": dict.fromkeys(SPELLINGS, "high")}
    stops(floor, [*EVERY_SPELLING, "Jam", "Iş", "Safety"])

    _, report = world.tick()

    assert (report["status"], warnings_in(report)) == ("succeeded", [])
    assert events_of(world) == shown(EVERY_SPELLING)
    assert {row["severity"] for row in world.rows("select severity from public.safety_events")} == {"high"}


@pytest.mark.stand_in
def test_no_collation_hides_an_incident(world: World, floor: Floor, collation: str) -> None:
    world.settings = {"safety_reason_codes": dict.fromkeys(SPELLINGS, "high")}
    stops(floor, [*EVERY_SPELLING, "Jam"])

    world.tick()

    assert collation in COLLATIONS
    assert events_of(world) == shown(EVERY_SPELLING)


@pytest.mark.stand_in
@pytest.mark.parametrize(
    ("name", "equal", "lower"),
    [
        ("Latin1_General_CI_AS", 1, "issue"),
        ("Latin1_General_CS_AS", 0, "issue"),
        ("Turkish_CI_AS", 0, "ıssue"),
        ("Turkish_CS_AS", 0, "ıssue"),
    ],
)
def test_collations_do_not_agree_on_letters(
    mes: pymssql.Connection, mssql: SqlServerUnderTest, name: str, equal: int, lower: str
) -> None:
    assert mssql.stand_in
    mssql.stand_in.collate(COLLATIONS[name])
    try:
        with mes.cursor() as cursor:
            cursor.execute(
                "select case when N'ISSUE' = N'issue' then 1 else 0 end as e, lower(N'ISSUE') as l"
            )
            assert cursor.fetchone() == (equal, lower)
    finally:
        mssql.stand_in.collate(DEFAULT)


@pytest.mark.stand_in
def test_without_an_incident_safety_is_one_statement(
    world: World, floor: Floor, mssql: SqlServerUnderTest
) -> None:
    assert mssql.stand_in
    stops(floor, ["Jam", "No material"])
    mssql.stand_in.traffic.clear()

    world.tick()

    asked = [seen.text for seen in mssql.stand_in.traffic.statements if "-- safety" in seen.text]
    assert [text.split("-- ")[1].split(":")[0] for text in asked] == ["safety_codes.sql"]


def test_more_spellings_than_a_result_may_have_are_read_in_parts(world: World, floor: Floor) -> None:
    world.pulse = {"row_limit": 3}
    world.settings = {"safety_reason_codes": dict.fromkeys(SPELLINGS, "high")}
    stops(floor, EVERY_SPELLING)

    world.tick()

    assert set(shown(EVERY_SPELLING)) == set(events_of(world))


def test_an_own_safety_file_of_before_still_finds_what_its_server_finds(
    world: World, floor: Floor, tmp_path: Path
) -> None:
    old = (BUILT_IN / "safety.sql").read_text().split("where charindex")[0] + (
        "where charindex(N'|' + lower(ltrim(rtrim(stop.reason_code))) + N'|', @reason_codes) > 0\n"
        "order by stop.stopped_at;"
    )
    (tmp_path / "safety.sql").write_text(old)
    world.settings = {"queries_dir": tmp_path}
    stops(floor, ["SAFETY ISSUE ", "Safety Issue", "Jam"])

    _, report = world.tick()

    assert events_of(world) == ["SAFETY ISSUE", "Safety Issue"]
    assert warnings_in(report) == ["safety_codes_unread"]


# assets ----------------------------------------------------------------------------------------

NAMES = [  # as the plant model has a name, and as rows spell it
    ("İzmir Pres", "İZMİR PRES"),
    ("İzmir Pres", "izmir pres"),
    ("Κοπτης", "ΚΟΠΤΗΣ"),
    ("WELD 01", "WELD\u00a001"),
    ("S\u00fcd-01", "Su\u0308d-01"),
    ("ﾌﾟﾚｽ１", "プレス1"),
    ("Press\u200d\u00ad 7", "PRESS 7\u200f"),
]


def outputs_of(world: World) -> list[tuple[Any, ...]]:
    rows = world.rows(
        """
        select a.source_name, s.output_actual::float
        from public.live_snapshots as s
        join public.assets as a on a.id = s.asset_id
        where s.snapshot_timestamp = '2026-03-11T17:00:00Z' and s.output_actual > 0
        order by a.id
        """
    )
    return [tuple(row.values()) for row in rows]


@pytest.mark.parametrize(("name", "spelling"), NAMES)
def test_an_asset_is_one_in_every_spelling(world: World, floor: Floor, name: str, spelling: str) -> None:
    world.store.execute(
        "insert into public.assets (plant, name, source_name) values ('north', 'It', %s)", [name]
    )
    floor.output(name, 4, "11:50:00")
    floor.output(spelling, 3, "11:55:00")

    world.tick()

    assert outputs_of(world) == [(name, 7.0)]
    assert world.rows("select id from public.assets where not is_mapped") == []


@pytest.mark.parametrize(("name", "spelling"), NAMES)
def test_a_name_that_polls_found_is_mapped_by_an_import(
    world: World, floor: Floor, name: str, spelling: str
) -> None:
    floor.output(spelling, 3, "11:55:00")
    floor.downtime(spelling, "Safety Issue", 5, "08:00:00")
    world.tick()
    table = read_table(f"source_name,area\n{name},Hall 1\n", ASSETS.cells)
    rows = [row | {"name_key": normalise_key(row["source_name"])} for row in table.rows]

    with Changes(world.load_settings().require_supabase(), seconds_left=lambda: 30.0) as changes:
        answer = changes.import_rows(ASSETS.function, "north", table.columns, rows, is_dry_run=False)

    assert [row["change"] for row in answer["rows"]] == ["changed"]
    shown = " ".join(spelling.split())
    (asset,) = world.rows("select source_name, is_mapped, area from public.assets where area is not null")
    assert asset == {"source_name": shown, "is_mapped": True, "area": "Hall 1"}
    assert len(world.rows("select id from public.assets")) == 4


def test_of_two_assets_with_one_key_one_gets_what_was_made(world: World, floor: Floor) -> None:
    world.store.execute(
        """
        insert into public.assets (plant, name, source_name, name_key)
        values ('north', 'one', 'Κοπτης', 'κοπτησ'), ('north', 'two', 'ΚΟΠΤΗΣ', 'κοπτησ' || chr(31) || '2')
        """
    )
    floor.output("ΚΟΠΤΗΣ", 3, "11:55:00")

    world.tick()

    assert outputs_of(world) == [("Κοπτης", 3.0)]
