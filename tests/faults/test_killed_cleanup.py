"""A cleanup that is killed in the middle of its work, for real: the next one goes on where it was."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from devstack.access import SupabaseAccess
from devstack.fault_proxy import FaultProxy, Loss
from tests.functions.house import HOUR, NOON, House
from tests.patience import ENDS_S

MAIN = Path(__file__).parents[2] / "functions" / "cleanup" / "main.py"
DOOMED = f"""
import sys
from datetime import datetime
sys.path.insert(0, {str(MAIN.parent)!r})
import main
main._service.clock = lambda: datetime.fromisoformat(sys.argv[1])
main.handle_event({{"scheduled_time": sys.argv[2]}}, None)
"""


@pytest.mark.parametrize(
    ("request_", "left_behind", "ended"),
    [
        (b"/rpc/claim_run", 3, "abandoned"),
        (b"/rpc/remove_expired", 1, "abandoned"),
        (b"/rpc/complete_run", 1, "succeeded"),
    ],
)
def test_what_a_killed_cleanup_has_left_is_removed_by_the_next_one(
    supabase: SupabaseAccess, tmp_path: Path, request_: bytes, left_behind: int, ended: str
) -> None:
    (tmp_path / "plantpulse.yaml").write_text("plants: {north: {time_zone: UTC}}", encoding="utf-8")
    with (
        supabase.connect() as store,
        FaultProxy("127.0.0.1", int(supabase.url.rpartition(":")[2])) as proxy,
    ):
        house = House(supabase, store)
        house.add_snapshots(0, 25, 26)
        environ = os.environ | {
            "PLANTPULSE_CONFIG": str(tmp_path / "plantpulse.yaml"),
            "SUPABASE_URL": f"http://127.0.0.1:{proxy.port}",
            "SUPABASE_SECRET_KEY": supabase.secret_key,
        }
        proxy.lose_replies(request_, loss=Loss.HELD)

        command = [sys.executable, "-c", DOOMED, house.now.isoformat(), NOON.isoformat()]
        with subprocess.Popen(command, env=environ) as function:
            is_held = proxy.is_held.wait(ENDS_S)
            function.kill()
        assert proxy.wait_until_idle()
        found = len(house.snapshots())
        house.now += HOUR
        status, report = house.tick(NOON + HOUR)

        assert (is_held, function.returncode) == (True, -signal.SIGKILL)
        assert found == left_behind
        assert (status, report["outcome"], report["finished"]) == (200, "succeeded", True)
        assert house.snapshots() == [NOON]
        assert [run["status"] for run in house.runs("cleanup")] == [ended, "succeeded"]


def test_a_killed_cleanup_keeps_its_slot_until_its_lease_has_run_out(
    supabase: SupabaseAccess,
) -> None:
    with supabase.connect() as store:
        house = House(supabase, store)
        house.tick()
        store.execute("update public.pipeline_runs set status = 'running', finished_at = null, report = null")
        house.now += timedelta(seconds=149)
        early = house.tick()
        house.now += timedelta(seconds=1)
        later = house.tick()

        assert (early[0], early[1]["outcome"]) == (200, "busy")
        assert (later[0], later[1]["outcome"], later[1]["attempt"]) == (200, "succeeded", 2)
