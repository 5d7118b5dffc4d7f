"""A run that C code does not give back: it is recorded as failed, and its process ends."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from devstack.function import Function
from devstack.processes import Children
from plantpulse.entry.last_resort import GRACE_S, IN_C_S, RECORDING_S
from tests.functions.conftest import NOON_IN_CHICAGO, World
from tests.patience import ENDS_S

ROOT = Path(__file__).parents[2]
STUCK = Path(__file__).with_name("stuck_function.py")


@pytest.fixture
def environ(world: World, tmp_path: Path) -> dict[str, str]:
    """The settings of a function that never gets to its SQL Server."""
    config = tmp_path / "plantpulse.yaml"
    config.write_text(
        "plants:\n  north:\n    time_zone: America/Chicago\n    sql_server:\n"
        "      {host: 127.0.0.1, user: reader, database: mes}\n",
        encoding="utf-8",
    )
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "PLANTPULSE_CONFIG": str(config),
        "MSSQL_PASSWORD": "secret",
        "SUPABASE_URL": world.supabase.url,
        "SUPABASE_SECRET_KEY": world.supabase.secret_key,
    }


def tick_stuck(how: str, environ: dict[str, str], now: datetime) -> subprocess.CompletedProcess[str]:
    """Deliver noon's tick to a function that is stuck in one way or the other."""
    return subprocess.run(
        [sys.executable, STUCK, how, now.isoformat(), NOON_IN_CHICAGO.isoformat()],
        env=environ, cwd=ROOT, capture_output=True, text=True, timeout=ENDS_S, check=False,
    )  # fmt: skip


def test_a_run_that_does_not_end_is_recorded_as_failed_and_its_process_ends(
    world: World, environ: dict[str, str]
) -> None:
    ended = tick_stuck("waiting", environ, world.now)

    assert ended.returncode == 1
    [run] = world.rows("select status, error_code, error_message, is_retryable from public.pipeline_runs")
    assert run == {
        "status": "failed",
        "error_code": "out_of_time",
        "error_message": "it did not end by itself within 15 s; its process was ended",
        "is_retryable": True,
    }
    where, told = (json.loads(line) for line in ended.stdout.splitlines())
    assert any("stuck_function.py" in frame for frame in where["frames"])
    assert (told["message"], told["severity"], told["status"]) == ("run failed", "ERROR", "failed")
    assert world.tick()[1]["attempt"] == 2  # the next delivery polls the slot


def test_a_process_ends_even_where_python_cannot_run(world: World, environ: dict[str, str]) -> None:
    """Nobody can record it; its lease runs out, and the next claim marks it abandoned."""
    ended = tick_stuck("holding", environ, world.now)

    assert ended.returncode == 1
    assert "stuck_function.py" in ended.stderr
    assert [run["status"] for run in world.rows("select status from public.pipeline_runs")] == ["running"]


def test_functions_framework_starts_a_new_process_for_the_next_call(
    world: World, environ: dict[str, str], tmp_path: Path
) -> None:
    slot = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)

    with Children(tmp_path) as children:
        function = Function(children, STUCK, environ)
        with pytest.raises(httpx.RemoteProtocolError):
            function.deliver(slot)
        with pytest.raises(httpx.RemoteProtocolError):
            function.deliver(slot)

    statuses = world.rows("select status, error_code from public.pipeline_runs")
    assert statuses == [{"status": "failed", "error_code": "out_of_time"}] * 2


def test_what_is_done_after_the_time_out_fits_into_five_seconds() -> None:
    assert 0 < GRACE_S < GRACE_S + RECORDING_S < IN_C_S < 5
