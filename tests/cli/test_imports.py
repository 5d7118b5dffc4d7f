"""The commands `plantpulse ... import`: a preview, all or nothing, and harmless to repeat."""

import os
import subprocess
from pathlib import Path

import pytest

from devstack.access import SupabaseAccess
from tests.cli.conftest import CommandLine
from tests.patience import ENDS_S

CENTERS = "name,standard_hourly_rate,scrap_unit_cost\nPressing,120.50,0.40\n"
ASSETS = "source_name,name,area,cost_center,ideal_units_per_hour\nPRESS-01,Press 1,Hall 1,Pressing,150\n"
TARGETS = (
    "asset;shift_name;starts_at;ends_at;target_output;days_of_week;breaks\n"
    "press-01;early;6:00;14:00;960;Mon-Fri;09:00-09:15\n"
    "press-01;night;22:00;6:00;800;Mon-Fri;\n"
)


@pytest.fixture
def tables(cli: CommandLine) -> CommandLine:
    """The command line in a folder with three tables that fit one another."""
    cli.write("centers.csv", CENTERS)
    cli.write("assets.csv", ASSETS)
    cli.write("targets.csv", TARGETS)
    return cli


def stored(supabase: SupabaseAccess) -> list[int]:
    """Return how many cost centers, assets and shift targets there are."""
    with supabase.connect() as store:
        counted = store.execute(
            """
            select (select count(*) from public.cost_centers) as centers,
                   (select count(*) from public.assets) as assets,
                   (select count(*) from public.shift_targets) as targets
            """
        ).fetchall()
    return list(counted[0].values())


def test_a_plant_comes_in_from_three_files(tables: CommandLine, supabase: SupabaseAccess) -> None:
    centers = tables("cost-centers", "import", "centers.csv", "--yes", "--json")
    assets = tables("assets", "import", "assets.csv", "--yes", "--json")
    targets = tables("targets", "import", "targets.csv", "--yes", "--json")

    assert [result.exit_code for result in (centers, assets, targets)] == [0, 0, 0]
    assert centers.json == {
        "is_written": True,
        "added": 1,
        "changed": 0,
        "unchanged": 0,
        "rows": [
            {
                "line": 2,
                "key": {"name": "Pressing"},
                "change": "added",
                "values": {"standard_hourly_rate": [None, 120.5], "scrap_unit_cost": [None, 0.4]},
            }
        ],
    }
    assert targets.json["added"] == 2
    assert stored(supabase) == [1, 1, 2]


def test_a_second_time_nothing_is_left_to_change(tables: CommandLine, supabase: SupabaseAccess) -> None:
    tables("cost-centers", "import", "centers.csv", "--yes")
    tables("assets", "import", "assets.csv", "--yes")

    again = tables("assets", "import", "assets.csv", "--yes")

    assert again.out == "nothing to write: 1 unchanged\n"
    assert stored(supabase) == [1, 1, 0]


def test_a_dry_run_shows_what_would_change_and_writes_nothing(
    tables: CommandLine, supabase: SupabaseAccess
) -> None:
    tables("cost-centers", "import", "centers.csv", "--yes")
    tables.write("centers.csv", CENTERS.replace("120.50", "130"))

    result = tables("cost-centers", "import", "centers.csv", "--dry-run")

    assert result.exit_code == 0
    assert "standard_hourly_rate: 120.5 → 130" in result.out
    assert "dry run, nothing is written: 0 to add, 1 to change, 0 unchanged" in result.out
    with supabase.connect() as store:
        [row] = store.execute(
            "select standard_hourly_rate::float as rate from public.cost_centers"
        ).fetchall()
    assert row["rate"] == 120.5


def test_every_wrong_line_is_told_at_once_and_nothing_is_written(
    tables: CommandLine, supabase: SupabaseAccess
) -> None:
    tables.write("assets.csv", "source_name,ideal_units_per_hour\nA,fast\n,10\nC,10\n")

    shown, data = (
        tables("assets", "import", "assets.csv", "--yes"),
        tables("assets", "import", "assets.csv", "--yes", "--json"),
    )

    assert (shown.exit_code, shown.out) == (2, "")
    assert "line 2, ideal_units_per_hour: 'fast' is not a number such as 1250 or 0.75" in shown.err
    assert "line 3, source_name: must not be empty" in shown.err
    assert data.json["error"]["mistakes"] == [
        {
            "line": 2,
            "column": "ideal_units_per_hour",
            "message": "'fast' is not a number such as 1250 or 0.75",
        },
        {"line": 3, "column": "source_name", "message": "must not be empty"},
    ]
    assert stored(supabase) == [0, 0, 0]


def test_of_many_mistakes_the_first_are_shown_but_the_json_has_them_all(tables: CommandLine) -> None:
    tables.write(
        "assets.csv", "source_name,is_active\n" + "".join(f"A{number},maybe\n" for number in range(60))
    )

    shown, data = (
        tables("assets", "import", "assets.csv", "--yes"),
        tables("assets", "import", "assets.csv", "--yes", "--json"),
    )

    assert len(shown.err.splitlines()) == 52
    assert shown.err.splitlines()[-2].startswith("line 51, is_active:")
    assert shown.err.splitlines()[-1] == "and 10 more: --json shows them"
    assert len(data.json["error"]["mistakes"]) == 60


def test_what_only_the_database_knows_is_told_by_line_too(
    tables: CommandLine, supabase: SupabaseAccess
) -> None:
    result = tables("assets", "import", "assets.csv", "--yes")

    assert result.exit_code == 2
    assert 'line 2, cost_center: there is no cost center "Pressing": import it first' in result.err
    assert stored(supabase) == [0, 0, 0]


def test_a_cost_center_twice_in_a_file_is_a_mistake(tables: CommandLine) -> None:
    tables.write("centers.csv", CENTERS + "Pressing,99,\n")

    result = tables("cost-centers", "import", "centers.csv", "--yes")

    assert result.exit_code == 2
    assert "line 3, name: the same as in line 2" in result.err


def test_without_a_terminal_somebody_must_be_sure(tables: CommandLine, supabase: SupabaseAccess) -> None:
    result = tables.process("cost-centers", "import", "centers.csv")

    assert result.exit_code == 2
    assert "--yes" in result.err
    assert stored(supabase) == [0, 0, 0]


def test_a_table_comes_from_stdin(tables: CommandLine, supabase: SupabaseAccess) -> None:
    ended = subprocess.run(
        [tables.script, "cost-centers", "import", "-", "--yes"],
        cwd=tables.folder, env=tables.environ, input=CENTERS, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert (ended.returncode, ended.stderr) == (0, "")
    assert stored(supabase) == [1, 0, 0]


@pytest.mark.parametrize(("answer", "exit_code", "written"), [("y", 0, 1), ("n", 130, 0)])
def test_on_a_terminal_the_preview_is_shown_and_somebody_is_asked(
    tables: CommandLine, supabase: SupabaseAccess, answer: str, exit_code: int, written: int
) -> None:
    ours, theirs = os.openpty()
    with os.fdopen(theirs) as terminal, os.fdopen(ours, "w") as person:
        process = subprocess.Popen(
            [tables.script, "cost-centers", "import", "centers.csv"],
            cwd=tables.folder, env=tables.environ, stdin=terminal,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        person.write(f"{answer}\n")
        person.flush()
        out, err = process.communicate(timeout=ENDS_S)

    assert process.returncode == exit_code, err
    assert "standard_hourly_rate: 120.5" in out
    assert "Write this to plant north?" in err
    assert stored(supabase) == [written, 0, 0]


def test_a_file_that_there_is_not_and_one_without_rows_are_told(tables: CommandLine) -> None:
    tables.write("empty.csv", "name,standard_hourly_rate\n")

    missing = tables("cost-centers", "import", "nowhere.csv", "--yes")
    empty = tables("cost-centers", "import", "empty.csv", "--yes")

    assert (missing.exit_code, empty.exit_code) == (2, 2)
    assert "nowhere.csv" in missing.err
    assert "there are no rows" in empty.err


def test_a_preview_of_much_is_cut_but_the_json_has_it_all(tables: CommandLine) -> None:
    rows = "".join(f"Cell {number},10,\n" for number in range(50))
    tables.write("centers.csv", f"name,standard_hourly_rate,scrap_unit_cost\n{rows}")

    shown, data = (
        tables("cost-centers", "import", "centers.csv", "--dry-run"),
        tables("cost-centers", "import", "centers.csv", "--dry-run", "--json"),
    )

    assert len(shown.out.splitlines()) == 23
    assert "and 30 more" in shown.out
    assert len(data.json["rows"]) == 50


def test_the_tables_of_the_documentation_are_read(cli: CommandLine, supabase: SupabaseAccess) -> None:
    guide = (Path(__file__).parents[2] / "docs" / "command-line.md").read_text(encoding="utf-8")
    blocks = guide.split("```csv\n")[1:]

    names = ("cost-centers", "assets", "targets", "closed-days", "product-rates")
    for command, block in zip(names, blocks, strict=True):
        cli.write("table.csv", block.partition("```")[0])
        result = cli(command, "import", "table.csv", "--yes")
        assert result.exit_code == 0, result.err

    assert stored(supabase) == [2, 3, 4]


def test_shifts_at_the_same_hours_are_asked_about(tables: CommandLine, supabase: SupabaseAccess) -> None:
    tables("cost-centers", "import", "centers.csv", "--yes")
    tables("assets", "import", "assets.csv", "--yes")
    tables.write(
        "targets.csv",
        "asset,shift_name,starts_at,ends_at,target_output\n"
        "press-01,early,6:00,14:00,960\n"
        "PRESS\u200d-01,day,8:00,16:00,800\n",
    )

    shown = tables("targets", "import", "targets.csv", "--dry-run")
    written = tables("targets", "import", "targets.csv", "--yes", "--json")

    message = 'shift "day" works at the same hours as shift "early" in line 2: both targets count, added up'
    assert f"line 3: {message}" in " ".join(shown.out.split())
    assert written.json["questions"] == [{"line": 3, "other_line": 2, "message": message}]
    assert stored(supabase) == [1, 1, 2]


def test_one_cost_center_in_two_spellings_is_a_mistake(tables: CommandLine, supabase: SupabaseAccess) -> None:
    tables.write("centers.csv", "name,standard_hourly_rate\nDöküm,1\nDO\u0308KU\u0308M,2\n")

    refused = tables("cost-centers", "import", "centers.csv", "--yes")

    assert "line 3, name: the same as in line 2" in refused.err
    assert stored(supabase) == [0, 0, 0]


def test_closed_days_are_previewed_written_and_harmless_to_repeat(
    tables: CommandLine, supabase: SupabaseAccess
) -> None:
    tables("cost-centers", "import", "centers.csv", "--yes")
    tables("assets", "import", "assets.csv", "--yes")
    tables.write(
        "closed.csv",
        "date;name;asset;is_closed\n2026-12-25;Christmas Day;;\n2026-12-25;Emergency line;press-01;no\n",
    )

    shown = tables("closed-days", "import", "closed.csv", "--dry-run")
    written = tables("closed-days", "import", "closed.csv", "--yes", "--json")
    again = tables("closed-days", "import", "closed.csv", "--yes", "--json")

    assert "dry run, nothing is written: 2 to add, 0 to change, 0 unchanged" in shown.out
    assert [row["key"] for row in written.json["rows"]] == [
        {"date": "2026-12-25"},
        {"asset": "PRESS-01", "date": "2026-12-25"},
    ]
    assert (written.json["is_written"], written.json["added"]) == (True, 2)
    assert (again.json["is_written"], again.json["unchanged"]) == (False, 2)


def test_a_closed_day_that_is_wrong_is_reported_by_its_line(tables: CommandLine) -> None:
    tables.write("closed.csv", "date,name,is_closed\n25.12.2026,Christmas Day,\n2026-12-26,,maybe\n")

    refused = tables("closed-days", "import", "closed.csv", "--yes", "--json")

    assert refused.exit_code == 2
    assert [(one["line"], one["column"]) for one in refused.json["error"]["mistakes"]] == [
        (2, "date"),
        (3, "is_closed"),
        (3, "name"),
    ]
