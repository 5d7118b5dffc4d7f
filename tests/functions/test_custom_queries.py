"""A plant with other tables brings its own query files: the example and the how-to, held to their word."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pymssql
import pytest
import sqlglot
from sqlglot import exp

from devstack.sqlserver.address import connect
from plantpulse.plant.readings import COLUMNS
from plantpulse.settings import config
from plantpulse.source.query_files import (
    PARAMETER_TYPES,
    build_statement,
    find_columns,
    load_queries,
    make_query,
)
from tests.conftest import SqlServerUnderTest
from tests.functions.conftest import NOON_IN_CHICAGO, Floor, World

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "queries" / "order-based-mes"
HOW_TO = (ROOT / "docs" / "how-to-custom-queries.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"```sql\n(.*?)```", HOW_TO, re.DOTALL)
FILES = {found[1]: text for text in SNIPPETS if (found := re.match(r"-- (\w+)\.sql\n", text))}

# Its stops have an end, so no file need say how long they lasted; its units have one rate for all products.
_LEFT_OUT = {("downtime", "minutes"), ("output", "product")}
EXAMPLE_COLUMNS = {
    name: [column for column in columns if (name, column) not in _LEFT_OUT]
    for name, columns in COLUMNS.items()
}

QUARTER = timedelta(minutes=15)
SIX_IN_HAMBURG = NOON_IN_CHICAGO  # 18:00 there, one hour ahead of UTC
VALUES: dict[str, object] = {
    "from": datetime(2026, 3, 11, 17, 30),  # noqa: DTZ001 - plant-local
    "until": datetime(2026, 3, 11, 18, 0),  # noqa: DTZ001
    "limit": 1000,
    "bucket_s": 900,
    "reason_codes": "|Safety Issue|",
}

Ask = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
def hamburg(world: World, mes_tables: pymssql.Connection) -> World:
    """The plant as one in Hamburg: its own clock, units, shift and files, and figures in fractions."""
    world.settings = {
        "time_zone": "Europe/Berlin",
        "queries_dir": EXAMPLE,
        "oee_scale": "fraction",
        "safety_reason_codes": {"Safety Issue": "high", "Near miss": "low"},
    }
    world.store.execute("truncate public.assets cascade")
    world.store.execute(
        """
        insert into public.assets (plant, name, source_name, ideal_units_per_hour)
        values ('north', 'Can filler', 'L1/FILLER', 1600), ('north', 'Keg filler', 'L2/FILLER', 120)
        """
    )
    world.store.execute(
        """
        insert into public.shift_targets
            (asset_id, shift_name, starts_at, ends_at, days_of_week, valid_from, target_output, breaks)
        select id, 'late', '14:00', '22:00', '{1,2,3,4,5,6,7}', '2026-01-01',
               case source_name when 'L1/FILLER' then 4800 else 480 end, '[]'
        from public.assets
        """
    )
    return world


def snapshots_of(world: World) -> list[dict[str, Any]]:
    return world.rows(
        """
        select a.source_name, s.output_actual::float, s.slot_output::float, s.output_target::float,
               s.variance_percent::float, s.status, s.oee_current::float, s.oee_source,
               s.downtime_minutes::float, s.good_count::float, s.reject_count::float,
               s.labor_headcount::float
        from public.live_snapshots as s
        join public.assets as a on a.id = s.asset_id
        where s.snapshot_timestamp = '2026-03-11T17:00:00Z'
        order by a.source_name
        """
    )


def warnings_in(report: dict[str, Any]) -> list[str]:
    """Return what was warned of, but for the server's clock, which is not the one of the test."""
    codes = [warning["code"] for warning in report["warnings"]]
    return [code for code in codes if code != "source_clock_skew"]


# the example -----------------------------------------------------------------------------------


def test_a_plant_with_other_tables_is_polled_through_its_own_files(hamburg: World) -> None:
    status, report = hamburg.tick(SIX_IN_HAMBURG)

    assert (status, report["error"], warnings_in(report)) == (200, None, ["rows_rejected"])
    assert snapshots_of(hamburg) == [
        {
            "source_name": "L1/FILLER",
            "output_actual": 480.0,  # 20 cases of 24, good and scrap
            "slot_output": 240.0,
            "output_target": 300.0,
            "variance_percent": 60.0,
            "status": "above_target",
            "oee_current": 71.25,
            "oee_source": "reported",
            "downtime_minutes": 11.0,
            "good_count": 456.0,
            "reject_count": 24.0,
            "labor_headcount": 2.0,
        },
        {
            "source_name": "L2/FILLER",
            "output_actual": 30.0,
            "slot_output": 30.0,
            "output_target": 30.0,
            "variance_percent": 0.0,
            "status": "on_target",
            "oee_current": 50.0,  # availability 25/30, performance 30/50, quality 1
            "oee_source": "computed",
            "downtime_minutes": 5.0,
            "good_count": 30.0,
            "reject_count": 0.0,
            "labor_headcount": 1.0,
        },
    ]


def test_a_safety_code_on_any_level_is_an_incident_with_its_severity(hamburg: World) -> None:
    hamburg.tick(SIX_IN_HAMBURG)

    found = hamburg.rows(
        """
        select lower(source_id) as source_id, source_asset, reason_code, severity, event_timestamp,
               downtime_minutes::float as minutes, details
        from public.safety_events
        order by event_timestamp
        """
    )
    assert found == [
        {
            "source_id": "a0000000-0000-4000-8000-000000000004",
            "source_asset": "L2/FILLER",
            "reason_code": "Near miss",
            "severity": "low",
            "event_timestamp": datetime(2026, 3, 11, 8, 0, tzinfo=UTC),
            "minutes": 10.5,
            "details": None,
        },
        {
            "source_id": "a0000000-0000-4000-8000-000000000003",
            "source_asset": "L2/FILLER",
            "reason_code": "SAFETY issue",
            "severity": "high",
            "event_timestamp": datetime(2026, 3, 11, 16, 20, tzinfo=UTC),
            "minutes": 15.0,
            "details": "Schutzgitter offen",
        },
    ]


def test_dirt_in_other_tables_is_refused_as_in_the_built_in_ones(hamburg: World) -> None:
    _, report = hamburg.tick(SIX_IN_HAMBURG)

    assert (report["outcome"], report["counts"]["rejected"]) == ("partial", 3)
    rejected = hamburg.rows("select query, \"row\" ->> 'asset' as asset, reason from public.rejected_records")
    assert sorted((row["query"], row["asset"], row["reason"]) for row in rejected) == [
        ("downtime", "L1/PACKER", "the downtime ends before it starts"),
        ("output", "L1/PACKER", "a count, share or duration is negative"),
        ("quality", "L1/PACKER", "a count, share or duration is negative"),
    ]
    assert hamburg.rows("select source_name from public.assets where not is_mapped") == [
        {"source_name": "L1/PACKER"}
    ]


def test_a_corrected_stop_corrects_its_event(hamburg: World, floor: Floor) -> None:
    hamburg.tick(SIX_IN_HAMBURG)
    floor.run(
        """
        update EquipmentStop
        set StartTime = '2026-03-11T09:05:00', Comment = N'Palette gekippt'
        where Reason2 = 'Near miss'
        """
    )
    hamburg.now += QUARTER

    _, report = hamburg.tick(SIX_IN_HAMBURG + QUARTER)

    assert (report["counts"]["safety_recorded"], report["counts"]["safety_updated"]) == (0, 1)
    corrected = hamburg.rows(
        "select event_timestamp, details from public.safety_events where severity = 'low'"
    )
    assert corrected == [
        {"event_timestamp": datetime(2026, 3, 11, 8, 5, tzinfo=UTC), "details": "Palette gekippt"}
    ]


def test_a_missing_optional_table_warns_and_an_empty_file_does_not(
    hamburg: World, floor: Floor, tmp_path: Path
) -> None:
    hamburg.settings |= {"queries_dir": copy_example(tmp_path, leave_out="oee")}
    hamburg.pulse = {"rejected_share_for_partial": 1}
    hamburg.store.execute("update public.assets set ideal_units_per_hour = null")
    floor.run("drop table oee_metrics")

    _, without_file = hamburg.tick(SIX_IN_HAMBURG)
    (tmp_path / "oee.sql").write_text(FILES["oee"], encoding="utf-8")
    hamburg.now += QUARTER
    _, with_empty_file = hamburg.tick(SIX_IN_HAMBURG + QUARTER)

    assert without_file["outcome"] == "partial"
    assert warnings_in(without_file) == ["optional_query_failed"]
    assert "oee.sql" in without_file["warnings"][-1]["message"]
    assert len(snapshots_of(hamburg)) == 2
    assert (with_empty_file["outcome"], warnings_in(with_empty_file)) == ("succeeded", [])


def test_safety_without_a_key_is_known_by_asset_time_and_code(
    hamburg: World, mes_tables: pymssql.Connection, floor: Floor, tmp_path: Path
) -> None:
    hamburg.settings |= {"queries_dir": copy_example(tmp_path, leave_out="safety")}
    (tmp_path / "safety.sql").write_text(FILES["safety"], encoding="utf-8")
    floor.run(
        """
        insert into EquipmentStop (StopId, EquipmentId, StartTime, EndTime, Reason3)
        values ('a0000000-0000-4000-8000-000000000009', 110, '2026-03-11T17:20:00', null, N'safety issue')
        """
    )

    _, first = hamburg.tick(SIX_IN_HAMBURG)
    floor.run("update EquipmentStop set Comment = N'Schutzgitter repariert' where Comment like N'Schutz%'")
    hamburg.now += QUARTER
    _, later = hamburg.tick(SIX_IN_HAMBURG + QUARTER)

    counted = [
        (report["counts"]["safety_recorded"], report["counts"]["safety_updated"]) for report in (first, later)
    ]
    assert counted == [(1, 0), (0, 1)]
    assert hamburg.rows("select source_id, details, downtime_minutes::float from public.safety_events") == [
        {"source_id": None, "details": "Schutzgitter repariert", "downtime_minutes": 15.0}
    ]


def copy_example(folder: Path, *, leave_out: str) -> Path:
    for file in EXAMPLE.glob("*.sql"):
        if file.stem != leave_out:
            (folder / file.name).write_bytes(file.read_bytes())
    return folder


@pytest.mark.parametrize("name", sorted(COLUMNS))
def test_an_example_file_can_be_pasted_behind_the_declarations_of_its_header(
    name: str, mes_tables: pymssql.Connection
) -> None:
    sql = (EXAMPLE / f"{name}.sql").read_text(encoding="ascii")
    declarations = "\n".join(line[3:] for line in sql.splitlines() if line.startswith("-- declare"))

    with mes_tables.cursor() as cursor:
        cursor.execute(declarations + "\n" + sql)

        assert [column[0] for column in cursor.description or ()] == EXAMPLE_COLUMNS[name]
        assert cursor.fetchall() != []


@pytest.mark.parametrize("name", sorted(COLUMNS))
def test_an_example_file_declares_what_it_uses_and_keeps_the_rules(name: str) -> None:
    sql = (EXAMPLE / f"{name}.sql").read_text(encoding="ascii")
    statement = re.sub(r"--.*", "", sql).lower()
    declared = dict(re.findall(r"^-- declare @(\w+) (\S+) =", sql, re.MULTILINE))

    assert declared == {name: PARAMETER_TYPES[name] for name in re.findall(r"@(\w+)", statement)}
    assert re.findall(r"^--   (\w+)  ", sql, re.MULTILINE) == EXAMPLE_COLUMNS[name]
    assert statement.split()[:3] == ["select", "top", "(@limit)"]
    assert "order by" in statement
    assert statement.count(";") == 1
    assert not re.search(r"\bbetween\b|\blike\b|nolock|<= @until", statement)


# the how-to ------------------------------------------------------------------------------------


def test_the_how_to_tells_the_columns_and_parameters_of_the_contract() -> None:
    files = re.findall(r"^\| `(\w+)\.sql` \| ([^|]+) \|", HOW_TO, re.MULTILINE)
    parameters = re.findall(r"^\| `@(\w+)` \| `([^`]+)` \|", HOW_TO, re.MULTILINE)

    assert {name: tuple(re.findall(r"`(\w+)`", columns)) for name, columns in files} == COLUMNS
    assert dict(parameters) == PARAMETER_TYPES


def test_the_how_to_s_settings_are_settings(tmp_path: Path) -> None:
    (yaml,) = re.findall(r"```yaml\n(.*?)```", HOW_TO, re.DOTALL)
    file = tmp_path / "plantpulse.yaml"
    file.write_text(yaml, encoding="utf-8")

    plant = config.load({"PLANTPULSE_CONFIG": str(file)}).plants["northfield"]

    assert (plant.queries_dir, plant.oee_scale) == (tmp_path / "queries/northfield", "fraction")
    assert plant.safety_reason_codes == {"Safety Issue": "critical", "Near miss": "low"}


def test_every_snippet_of_the_how_to_is_one_that_is_tested_here() -> None:
    begins = [" ".join(text.split()[:2]) for text in SNIPPETS]

    assert begins == [
        "-- quality.sql",
        "declare @from",
        "create login",
        "select has_perms_by_name(N'dbo.ProductionCount',",
        "create index",
        "-- output.sql",
        "-- oee.sql",
        "-- safety_codes.sql",
        "-- safety.sql",
    ]


@pytest.fixture
def ask(mes_tables: pymssql.Connection) -> Ask:
    """Runs a file of the how-to as a poll would, and returns its rows in the contract's order."""

    def run(name: str) -> list[tuple[Any, ...]]:
        query = make_query(name, FILES[name])
        with mes_tables.cursor() as cursor:
            cursor.execute(*build_statement(query, VALUES))
            names = [column[0] for column in cursor.description or ()]
            find_columns(query, names, "here")
            return list(cursor.fetchall() or ())

    return run


def test_the_how_to_s_files_answer(ask: Ask) -> None:
    assert ask("quality") == [("FILLER ", 49.0, 1.0), ("PACKER ", 7.0, 0.0)]
    assert ask("oee") == []
    assert ask("safety") == []  # the incident began before half past five


def test_the_how_to_s_trial_in_a_query_window_answers(mes_tables: pymssql.Connection) -> None:
    with mes_tables.cursor() as cursor:
        cursor.execute(SNIPPETS[1])

        assert cursor.fetchall() == [("FILLER ", 49.0, 1.0), ("PACKER ", 7.0, 0.0)]
    assert SNIPPETS[1].partition("\n\n")[2] == FILES["quality"].partition("\n")[2]


def test_the_how_to_s_login_may_read_what_the_files_read_and_nothing_else() -> None:
    read = {
        table.name
        for query in load_queries(EXAMPLE).values()
        for table in sqlglot.parse_one(re.sub(r"--.*", "", query.sql), read="tsql").find_all(exp.Table)
    }
    create_login, create_user, *grants = SNIPPETS[2].strip().replace("\n\n", "\n").splitlines()

    assert create_login.startswith("create login plantpulse_reader with password = ")
    assert create_user == "create user plantpulse_reader for login plantpulse_reader;"
    assert grants == [f"grant select on dbo.{table} to plantpulse_reader;" for table in sorted(read)]


def test_the_how_to_s_permission_check_answers(
    mes_tables: pymssql.Connection, mssql: SqlServerUnderTest
) -> None:
    with connect(mssql.reader) as connection, connection.cursor() as cursor:
        cursor.execute(SNIPPETS[3])
        permissions: Any = cursor.fetchone()

    assert permissions == (1, 0 if mssql.stand_in else 1)  # outside, reader and owner are one login


def test_the_how_to_s_indexes_can_be_made(mes_tables: pymssql.Connection) -> None:
    with mes_tables.cursor() as cursor:
        cursor.execute(SNIPPETS[4])
        mes_tables.commit()

    assert SNIPPETS[4].count("create index") == 4


def test_a_missing_column_is_told_as_the_how_to_says(hamburg: World, tmp_path: Path) -> None:
    (told,) = re.findall(r"```text\n(.*?)\n```", HOW_TO, re.DOTALL)
    hamburg.settings |= {"queries_dir": copy_example(tmp_path, leave_out="quality")}
    wrong = FILES["quality"].replace("as rejected", "as scrap")
    (tmp_path / "quality.sql").write_text(wrong, encoding="utf-8")

    _, report = hamburg.tick(SIX_IN_HAMBURG)

    assert report["error"]["code"] == "source_schema_mismatch"
    assert report["error"]["is_retryable"] is False
    assert re.sub(r" on \S+ as \w+:", "", report["error"]["message"]) == re.sub(r" on \S+ as \w+:", "", told)
    assert snapshots_of(hamburg) == []
    assert len(hamburg.rows("select id from public.safety_events")) == 2


@pytest.mark.stand_in  # SQL Server's error numbers
def test_a_misnamed_column_of_a_table_is_told_in_sql_servers_words(hamburg: World, tmp_path: Path) -> None:
    hamburg.settings |= {"queries_dir": copy_example(tmp_path, leave_out="quality")}
    wrong = FILES["quality"].replace("booking.ScrapCases", "booking.ScrapCase")
    (tmp_path / "quality.sql").write_text(wrong, encoding="utf-8")

    _, report = hamburg.tick(SIX_IN_HAMBURG)

    assert report["error"]["code"] == "source_schema_mismatch"
    assert report["error"]["message"].startswith("quality.sql on ")
    assert "Invalid column name 'ScrapCase'" in report["error"]["message"]
    assert "Invalid column name 'ScrapCase'" in HOW_TO
