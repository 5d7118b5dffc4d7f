"""A burst for `bench tags`: it polls until it is relieved or told to end, and prints when each read began.

    python tags_burst.py

The project is in SUPABASE_URL and SUPABASE_SECRET_KEY.
"""

import json
import os
import resource
import time
import uuid
from collections.abc import Sequence

from plantpulse import database
from plantpulse.settings import Secret, SupabaseSettings
from plantpulse.settings.tags import TagsSettings
from plantpulse.tags.burst import Burst, stopping_on_sigterm
from plantpulse.tags.devices import Devices
from plantpulse.tags.line import Line
from plantpulse.tags.link import Credentials
from plantpulse.tags.readings import Reading

_HOUR_S = 3600.0
_began: list[tuple[str, float, float]] = []


def _no_credentials(name: str) -> Credentials:
    raise LookupError(name)


def _watched(self: Line, deadline_s: float) -> Sequence[Reading]:
    """Read, and note when that began and ended."""
    at = time.time()
    try:
        return _read(self, deadline_s)
    finally:
        _began.append((self.group.name, at, time.time() - at))


def main() -> None:
    """Poll the plant `bench`."""
    project = SupabaseSettings(
        url=os.environ["SUPABASE_URL"], secret_key=Secret(os.environ["SUPABASE_SECRET_KEY"])
    )
    devices = Devices(("127.0.0.0/8",), _no_credentials)
    with database.connect(project, seconds_left=lambda: _HOUR_S) as store:
        burst = Burst("bench", str(uuid.uuid4()), store, devices, TagsSettings(connect_timeout_s=3))
        with stopping_on_sigterm(burst):
            started_s, cpu_s = time.monotonic(), time.process_time()
            ended = burst.run()
    used = resource.getrusage(resource.RUSAGE_SELF)
    answer = {
        "reads": _began,
        "counts": ended.counts,
        "cpu_percent": 100 * (time.process_time() - cpu_s) / (time.monotonic() - started_s),
        "peak_mib": used.ru_maxrss / 1024,
    }
    print("BENCH " + json.dumps(answer), flush=True)


_read = Line.read
Line.read = _watched  # type: ignore[method-assign] # every read is noted on its way
main()
