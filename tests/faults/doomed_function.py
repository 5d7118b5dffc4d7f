"""The function in a process of its own, at a simulated instant, so that a test can kill it for real.

    python -m tests.faults.doomed_function 2026-03-11T17:15:40+00:00 2026-03-11T17:15:00+00:00

takes now and the slot; the settings come from PLANTPULSE_CONFIG and the environment, as in a cloud.
"""

import sys
from datetime import datetime

from plantpulse import database
from plantpulse.entry.service import Service
from plantpulse.live_pulse.job import LivePulse
from plantpulse.source import sqlserver


def main(now: str, slot: str) -> None:
    """Answer the tick of a slot, if there is time to."""
    service = Service(
        LivePulse(connect_source=sqlserver.connect),
        open_store=database.connect,
        clock=lambda: datetime.fromisoformat(now),
    )
    service.event({"scheduled_time": slot})


if __name__ == "__main__":
    main(*sys.argv[1:])
