"""The physical floor and the bare client: fetches rows and makes a POST for each line on stdin, no more.

A program that knows neither plantpulse nor what the rows mean: it runs the statements that it is given, sends
bytes that were made for it, and reads the answers without looking at them.
"""

import http.client
import json
import sys
import time
from pathlib import Path
from typing import Any

import pymssql


def fetch(server: dict[str, Any], statements: list[list[Any]]) -> int:
    """Returns how many rows the statements gave, over one connection."""
    rows = 0
    connection = pymssql.connect(autocommit=True, tds_version="7.4", **server)
    with connection, connection.cursor() as cursor:
        for statement, values in statements:
            cursor.execute(statement, tuple(values))
            rows += len(cursor.fetchall())
    return rows


def post(address: dict[str, Any], bodies: list[tuple[str, bytes]]) -> int:
    """Sends each body to its path over one connection; returns the size of the answers in bytes."""
    connection = http.client.HTTPConnection(address["host"], address["port"], timeout=60)
    size = 0
    for path, body in bodies:
        connection.request("POST", path, body, address["headers"])
        answer = connection.getresponse()
        size += len(answer.read())
        if answer.status >= http.client.BAD_REQUEST:
            raise ChildProcessError(f"{path} was refused: {answer.status}")
    connection.close()
    return size


def peak_kib() -> int:
    """Returns the most memory that this program has held."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    return 0


def run() -> None:
    """Answers lines until stdin ends."""
    for line in sys.stdin:
        order = json.loads(line)
        bodies = [(path, Path(file).read_bytes()) for path, file in order["bodies"]]
        started_s, started_cpu_s = time.perf_counter(), time.process_time()
        rows = fetch(order["server"], order["statements"])
        fetched_s = time.perf_counter()
        size = post(order["supabase"], bodies)
        answer = {
            "seconds": time.perf_counter() - started_s,
            "cpu_seconds": time.process_time() - started_cpu_s,
            "fetch_seconds": fetched_s - started_s,
            "rows": rows,
            "bytes": size,
            "peak_kib": peak_kib(),
        }
        print("BENCH " + json.dumps(answer), flush=True)


if __name__ == "__main__":
    run()
