"""A deployed function: runs a slot for each line on stdin and prints what that took.

A program, `python deployed.py http|event [function]`, live_pulse unless another is named. Nothing is imported
that a function would not import, and the clock alone is another one: it stands at the moment that the line
names.
"""

import json
import sys
import time
from datetime import datetime
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any

FUNCTIONS = Path(__file__).resolve().parents[2] / "functions"


class Request:
    """The part of a Flask request that an entry point reads."""

    method = "POST"
    path = "/"

    def __init__(self, slot: str) -> None:
        self.headers = {"X-CloudScheduler-ScheduleTime": slot}
        self.stream = BytesIO()


def run_slot(main: Any, way_in: str, slot: str) -> dict[str, Any]:
    """Returns the run report of a slot. Raises: ChildProcessError when it did not succeed."""
    if way_in == "http":
        body, _status, _headers = main.handle_http(Request(slot))
        report = json.loads(body)
    else:
        report = main.handle_event({"scheduled_time": slot}, None)
    if report.get("outcome") != "succeeded":
        raise ChildProcessError(f"the run of {slot} was not one: {report}")
    return dict(report)


def rows_fetched(counts: dict[str, int]) -> int:
    """Returns how many rows a run has fetched; those that SQL Server summed up are none of them."""
    return sum(count for name, count in counts.items() if name.endswith("_rows") and name != "summed_rows")


def peak_kib() -> int:
    """Returns the most memory that this program has held; ru_maxrss would count what started it as well."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    return 0


def run(way_in: str, function: str = "live_pulse") -> None:
    """Answers lines until stdin ends."""
    if way_in == "http":
        import_module("functions_framework")
    sys.path.append(str(FUNCTIONS / function))
    main = import_module("main")

    for line in sys.stdin:
        order = json.loads(line)
        moment = datetime.fromisoformat(order["now"])
        main._service.clock = lambda at=moment: at
        started_s, started_cpu_s = time.perf_counter(), time.process_time()
        report = run_slot(main, way_in, order["slot"])
        answer = {
            "seconds": time.perf_counter() - started_s,
            "cpu_seconds": time.process_time() - started_cpu_s,
            "report": report,
            "rows": rows_fetched(report["counts"]),
            "peak_kib": peak_kib(),
        }
        print("BENCH " + json.dumps(answer), flush=True)


if __name__ == "__main__":
    run(*sys.argv[1:])
