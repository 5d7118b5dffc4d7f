"""A function that is killed in the middle of its work, for real: no `finally` runs, nothing is closed.

The reply that it waits for is held back, so that the moment of death is exact: what it had asked for was
carried out, and it never came to know.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from devstack.fault_proxy import FaultProxy, Loss
from tests.faults.plant_in_trouble import AFTER_THE_SLOT, PlantInTrouble
from tests.patience import ENDS_S

ROOT = Path(__file__).parents[2]
CLAIM, SAFETY, COMMIT = b"/rpc/claim_run", b"/rpc/record_safety_events", b"/rpc/commit_live_pulse"
READING_OUTPUT = "production_data".encode("utf-16-le")


@pytest.fixture
def kill_at(plant: PlantInTrouble, tmp_path: Path) -> Callable[[int, FaultProxy, bytes], None]:
    """Deliver a quarter's tick to a function that is killed while it waits for the reply to a request."""
    config = tmp_path / "plantpulse.yaml"
    server = plant.reader
    config.write_text(
        f"""
        plants:
          north:
            time_zone: America/Chicago
            sql_server:
              host: {server.host}
              port: {server.port}
              user: {server.user}
              database: {server.database}
              encryption: "{plant.encryption}"
        """,
        encoding="utf-8",
    )
    environ = os.environ | {
        "PLANTPULSE_CONFIG": str(config),
        "MSSQL_PASSWORD": server.password,
        "SUPABASE_URL": plant.supabase.url,
        "SUPABASE_SECRET_KEY": plant.supabase.secret_key,
    }

    def kill(quarter: int, proxy: FaultProxy, request: bytes) -> None:
        proxy.lose_replies(request, loss=Loss.HELD)
        slot = plant.at(quarter)
        plant.now = slot + AFTER_THE_SLOT
        with subprocess.Popen(
            [sys.executable, "-m", "tests.faults.doomed_function", plant.now.isoformat(), slot.isoformat()],
            env=environ,
            cwd=ROOT,
        ) as function:
            is_held = proxy.is_held.wait(ENDS_S)
            function.kill()
        assert is_held
        assert function.returncode == -signal.SIGKILL
        assert proxy.wait_until_idle()
        proxy.heal()

    return kill


@pytest.mark.parametrize(
    ("request_", "left_behind", "recorded"),
    [
        pytest.param(CLAIM, ["running"], [], id="after the claim"),
        pytest.param(SAFETY, ["running"], ["12:03"], id="after safety"),
        pytest.param(
            READING_OUTPUT,
            ["running"],
            ["12:03"],
            id="while reading",
            marks=pytest.mark.stand_in,  # needs to see the wire, which TLS would hide
        ),
        pytest.param(COMMIT, ["succeeded"], ["12:03"], id="after the commit"),
    ],
)
def test_a_killed_function_loses_nothing(
    plant: PlantInTrouble,
    kill_at: Callable[[int, FaultProxy, bytes], None],
    request_: bytes,
    left_behind: list[str],
    recorded: list[str],
) -> None:
    plant.deliver(0)
    plant.work(1)

    kill_at(1, plant.source if request_ == READING_OUTPUT else plant.gateway, request_)
    runs, incidents, at_work = plant.run_statuses(), plant.incidents(), plant.still_at_work()
    again = plant.deliver(1)[1]["outcome"]
    plant.work(2)
    after = plant.deliver(2)

    assert (runs[1:], incidents, at_work) == (left_behind, recorded, [])
    assert again == ("duplicate" if left_behind == ["succeeded"] else "busy")
    assert (after[0], after[1]["outcome"]) == (200, "succeeded")
    assert plant.slot_outputs() == {"12:15": 1.0, "12:30": 2.0}
    assert plant.incidents() == ["12:03", "12:18"]
    assert plant.expired_runs() == []
    assert plant.slots_finished_twice() == []


def test_a_function_killed_in_the_middle_of_a_long_catch_up(
    plant: PlantInTrouble, kill_at: Callable[[int, FaultProxy, bytes], None]
) -> None:
    """500 assets make nineteen slots a commit, so that 26 slots take two; the first one stands."""
    plant.store.execute(
        "insert into public.assets (plant, name, source_name)"
        " select 'north', 'Robot ' || n, 'ROBOT-' || n from generate_series(1, 500) as n"
    )
    plant.deliver(0)
    plant.work(*range(1, 27))

    kill_at(25, plant.gateway, COMMIT)
    written_before = plant.slot_outputs()
    status, report = plant.deliver(26)

    assert list(written_before) == [
        "13:45", "14:00", "14:15", "14:30", "14:45", "15:00", "15:15", "15:30", "15:45", "16:00",
        "16:15", "16:30", "16:45", "17:00", "17:15", "17:30", "17:45", "18:00", "18:15",
    ]  # fmt: skip
    assert (status, report["outcome"]) == (200, "succeeded")
    assert list(plant.slot_outputs().values()) == [float(quarter) for quarter in range(1, 27)]
    assert len(plant.incidents()) == 26
    assert plant.run_statuses() == ["succeeded", "abandoned", "succeeded"]
    assert plant.still_at_work() == []
