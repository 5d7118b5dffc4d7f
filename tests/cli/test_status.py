"""`plantpulse status`: every pipeline on a line, judged as health judges it, with its last day."""

import json
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from plantpulse import database
from plantpulse.cli.status import notes_on, strip
from plantpulse.health.service import HealthService
from plantpulse.schedules.slots import slot_at_or_before
from tests.cli.conftest import CommandLine
from tests.functions.conftest import Request, World


def ran(world: World, *hours_ago: float, status: str = "succeeded", pipeline: str = "live_pulse") -> None:
    """Record scheduled runs of plant north that began so many hours ago and took 3 s.

    One of the last quarter of an hour is for the present slot.
    """
    now = datetime.now(UTC)
    present = slot_at_or_before(now, timedelta(minutes=15))
    for hours in hours_ago:
        began = now - timedelta(hours=hours)
        slot = present if hours < 0.25 else began.replace(second=0, microsecond=0)
        world.store.execute(
            """
            insert into public.pipeline_runs
                (pipeline, plant, trigger, slot, status, fence, started_at, lease_expires_at, finished_at,
                 snapshots_until, counts, error_code, error_message, is_retryable)
            values (%s, 'north', 'schedule', %s, %s, gen_random_uuid(), %s, %s, %s, %s,
                    '{"snapshots_written": 2, "snapshots_updated": 1, "output_rows": 9}', %s, %s, %s)
            """,
            [
                *(
                    pipeline,
                    slot,
                    status,
                    began,
                    began + timedelta(minutes=1),
                    began + timedelta(seconds=3),
                    slot,
                ),
                *(("source_unavailable", "no answer", True) if status == "failed" else (None, None, None)),
            ],
        )


def live_pulse(cli: CommandLine) -> dict[str, Any]:
    pipelines: Sequence[dict[str, Any]] = cli("status", "--json").json["pipelines"]
    return next(one for one in pipelines if one["pipeline"] == "live_pulse")


def test_a_new_plant_has_new_pipelines_that_never_ran(cli: CommandLine, world: World) -> None:
    result = cli("status")

    assert result.exit_code == 0
    [line] = [line for line in result.out.splitlines() if line.startswith("live_pulse")]
    assert line.split()[:4] == ["live_pulse", "north", "new", "never"]
    assert line.endswith("·" * 24)


def test_a_pipeline_that_runs_shows_its_figures(cli: CommandLine, world: World) -> None:
    ran(world, 1.11, 0.11)

    line = next(line for line in cli("status").out.splitlines() if line.startswith("live_pulse"))

    assert line.split()[:5] == ["live_pulse", "north", "running", "6", "min"]
    assert " 3.0 s " in line
    assert "0 of 2" in line
    assert line.split()[-1] == "·" * 22 + "##"
    assert live_pulse(cli)["counts"]["snapshots_written"] == 2


def test_the_strip_shows_the_worst_of_every_hour(cli: CommandLine, world: World) -> None:
    ran(world, 23.9, 5.5, 5.4, 2.6, 0.3)
    ran(world, 5.7, status="failed")
    ran(world, 2.3, status="partial")
    ran(world, 3.5, status="abandoned")
    ran(world, 24.5, status="failed")

    hours = live_pulse(cli)["hours"]

    assert strip(hours).plain == "#·················x·x~·#"
    assert hours[2] == {"hours_ago": 3, "succeeded": 0, "partial": 0, "failed": 1}


def test_a_pipeline_that_is_down_ends_with_1_and_names_its_last_error(cli: CommandLine, world: World) -> None:
    ran(world, 6)
    ran(world, 1.1, 0.1, status="failed")

    result = cli("status")

    assert result.exit_code == 1
    assert result.out.startswith("unhealthy\n")
    assert "live_pulse of north: last error source_unavailable; plantpulse runs show 3" in result.out


def test_the_judgement_is_healths_own(cli: CommandLine, world: World) -> None:
    ran(world, 6, 0.1)
    ran(world, 1.1, status="failed")
    service = HealthService(open_store=database.connect, load_settings=world.load_settings)
    service.http(Request(method="GET"))  # from now on the pipelines are watched

    shown, health = cli("status", "--json").json, json.loads(service.http(Request(method="GET"))[0])

    moving = {"data_age_s", "next_poll_scheduled", "hours"}
    assert shown["status"] == health["status"]
    assert [without(one, moving) for one in shown["pipelines"]] == [
        without(one, moving) for one in health["pipelines"]
    ]


def without(pipeline: dict[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in pipeline.items() if name not in names}


def test_a_look_writes_nothing(cli: CommandLine, world: World) -> None:
    cli("status")

    assert world.rows("select * from public.watched_pipelines") == []


def test_a_plant_without_a_server_is_told_what_to_set(cli: CommandLine, world: World) -> None:
    text = (cli.folder / "plantpulse.yaml").read_text(encoding="utf-8")
    cli.write("plantpulse.yaml", text.replace("      host", "      # host"))

    result = cli("status")

    assert "not configured" in result.out
    assert "live_pulse of north: set MSSQL_HOST" in result.out


def test_one_plant_can_be_looked_at(cli: CommandLine, world: World) -> None:
    assert {one["plant"] for one in cli("status", "--plant", "north", "--json").json["pipelines"]} == {
        "north"
    }


def test_a_narrow_terminal_keeps_what_matters(cli: CommandLine, world: World) -> None:
    ran(world, 0.1)
    cli.environ["COLUMNS"] = "60"

    lines = cli("status").out.splitlines()

    assert max(map(len, lines[:-1])) <= 60
    assert lines[2].split()[:5] == ["Pipeline", "Plant", "State", "Last", "success"]
    assert lines[4].startswith("  failed 0 of 1  24 h ·")


def test_a_project_that_is_away_ends_with_75(cli: CommandLine) -> None:
    cli.environ["SUPABASE_URL"] = "http://127.0.0.1:9"

    assert cli("status").exit_code == 75


@pytest.mark.parametrize("package", ["pymssql", "plantpulse.entry.service", "plantpulse.source.sqlserver"])
def test_status_does_not_wait_for_what_only_runs_need(package: str) -> None:
    code = f"import plantpulse.cli.status, plantpulse.cli.main, sys; sys.exit({package!r} in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("package", ["httpx", "postgrest"])
def test_a_status_needs_no_library_for_tables(cli: CommandLine, package: str) -> None:
    """Both take longer to import than Supabase takes to answer."""
    code = "from plantpulse.cli.main import *; sys.exit(main(['status']) or sys.argv[1] in sys.modules)"

    ended = subprocess.run(
        [sys.executable, "-c", code, package], cwd=cli.folder, env=cli.environ, check=False
    )

    assert ended.returncode == 0


def test_what_somebody_should_know_is_noted() -> None:
    pipeline: dict[str, Any] = {"last_error": None, "missing_settings": [], "is_data_behind": True}

    assert notes_on(pipeline) == ["runs succeed without data: see their warnings"]
