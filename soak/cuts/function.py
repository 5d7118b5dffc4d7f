"""The function in a process of its own: each line of stdin is an order, and is answered by a poll.

`python -m soak.cuts.function`. What ends a run that does not end by itself is real: it may end
this process.
"""

import json
import os
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from devstack.patience import ENDS_S
from plantpulse import database
from plantpulse.entry.service import Service
from plantpulse.live_pulse.job import LivePulse
from plantpulse.settings import PlantSettings, Secret, Settings, SqlServerSettings, SupabaseSettings
from plantpulse.settings.validation import validated
from plantpulse.source import sqlserver
from soak.checks.resources import Resources
from soak.world import Request

MARK = b"CUTS "  # the function logs to stdout too


def main() -> None:
    """Answer until stdin ends."""
    for line in sys.stdin:
        print(MARK.decode() + json.dumps(_answer(json.loads(line))), flush=True)


def _answer(order: Mapping[str, Any]) -> dict[str, Any]:
    settings, now = _settings(order), datetime.fromisoformat(order["now"])
    service = Service(
        LivePulse(connect_source=sqlserver.connect),
        open_store=database.connect,
        load_settings=lambda: settings,
        clock=lambda: now,
    )
    threads = set(threading.enumerate())
    before, files = Resources.now(), _open_files()
    started_s = time.monotonic()
    _, status, _ = service.http(Request({"X-CloudScheduler-ScheduleTime": order["slot"]}, b"{}"))
    took_s = time.monotonic() - started_s
    for thread in set(threading.enumerate()) - threads:
        thread.join(ENDS_S)
    after = Resources.now()
    return {
        "status": status,
        "took_s": took_s,
        "threads": after.threads - before.threads,
        "descriptors": after.descriptors - before.descriptors,
        "files": after.files - before.files,
        "memory_mb": after.memory_mb,
        "told": ", ".join(sorted(_open_files() - files)),
    }


def _open_files() -> set[str]:
    """Return what is open: descriptor and file."""
    found = set()
    for name in os.listdir("/proc/self/fd"):
        with suppress(FileNotFoundError):  # that of the list itself
            found.add(f"{name} {os.readlink(f'/proc/self/fd/{name}')}")
    return found


def _settings(order: Mapping[str, Any]) -> Settings:
    server = order["sql_server"]
    ca_file, queries = server.pop("ca_file"), order["queries_dir"]
    plant = {
        "time_zone": order["time_zone"],
        "queries_dir": Path(queries) if queries else None,
        "oee_scale": "fraction",
        "sql_server": validated(
            SqlServerSettings,
            {
                **server,
                "password": Secret(server["password"]),
                "ca_file": Path(ca_file) if ca_file else None,
            },
        ),
    }
    return validated(
        Settings,
        {
            "plants": {order["plant"]: validated(PlantSettings, plant)},
            "live_pulse": {"window_minutes": 15, "timeout_s": order["timeout_s"]},
            "supabase": SupabaseSettings(url=order["url"], secret_key=Secret(order["key"])),
        },
    )


if __name__ == "__main__":
    main()
