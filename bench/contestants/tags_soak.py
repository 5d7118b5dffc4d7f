"""Bursts for `bench tags_soak`, all in one process as a warm function has them; each relieves the one before.

    python tags_soak.py <hand-overs> <seconds between them> <hand-overs between two looks>

The project is in SUPABASE_URL and SUPABASE_SECRET_KEY. Prints a line of JSON at each look.
"""

import gc
import json
import os
import random
import sys
import threading
import time
import uuid
from pathlib import Path

from plantpulse import database
from plantpulse.settings import Secret, SupabaseSettings
from plantpulse.settings.tags import TagsSettings
from plantpulse.tags.burst import Burst
from plantpulse.tags.devices import Devices
from plantpulse.tags.link import Credentials

_DAY_S = 86_400.0
_FLUSH_S, _LEAD_S = 0.3, 1.0


def _no_credentials(name: str) -> Credentials:
    raise LookupError(name)


def _poll(project: SupabaseSettings, failures: list[str]) -> None:
    """Poll the plant `bench` until another burst relieves this one."""
    devices = Devices(("127.0.0.0/8",), _no_credentials)
    settings = TagsSettings(connect_timeout_s=1)
    try:
        with database.connect(project, seconds_left=lambda: _DAY_S) as store:
            Burst(
                "bench", str(uuid.uuid4()), store, devices, settings, flush_s=_FLUSH_S, lead_s=_LEAD_S
            ).run()
    except Exception as error:
        failures.append(repr(error)[:200])


def _look(hand_overs: int, failures: list[str]) -> dict[str, object]:
    gc.collect()
    status = Path("/proc/self/status").read_text(encoding="ascii")
    resident = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return {
        "hand_overs": hand_overs,
        "resident_kib": int(resident.split()[1]),
        "threads": threading.active_count(),
        "descriptors": len(os.listdir("/proc/self/fd")),
        "objects": len(gc.get_objects()),
        "failures": failures,
    }


def main(hand_overs: int, every_s: float, looks_every: int) -> None:
    """Let one burst follow another, and look at the process now and then."""
    project = SupabaseSettings(
        url=os.environ["SUPABASE_URL"], secret_key=Secret(os.environ["SUPABASE_SECRET_KEY"])
    )
    failures: list[str] = []
    draws = random.Random(1)  # noqa: S311 - arrivals anywhere in their period, the same in every soak
    running: list[threading.Thread] = []
    for number in range(hand_overs + 1):
        running.append(threading.Thread(target=_poll, args=(project, failures)))
        running[-1].start()
        time.sleep(every_s * draws.uniform(0.6, 1.4))
        # The one before has been relieved by now, so one burst with its groups is left at each look.
        for thread in running[:-1]:
            thread.join()
        running = running[-1:]
        if number and number % looks_every == 0:
            print("BENCH " + json.dumps(_look(number, failures)), flush=True)
    os._exit(0)  # the last burst would go on


main(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]))
