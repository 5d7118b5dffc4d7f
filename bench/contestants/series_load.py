"""From a reply of ENTSO-E to rows in Postgres and a look for gaps, in the way that the argument names.

It runs in any interpreter, as `series_parse.py` does. A line on stdin is {"path", "key", "turn", "database"};
the answer has seconds by step, those of the processor in all, and peak memory.
"""

import importlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4
from xml.etree.ElementTree import iterparse

from series_parse import peak_mib  # type: ignore[import-not-found] # it stands beside this file

Steps = dict[str, float]
_KNOWN = datetime(2026, 2, 1, tzinfo=UTC)


class Watch:
    """Seconds of each step."""

    def __init__(self) -> None:
        self.steps: Steps = {}
        self._began_s = time.perf_counter()

    def done(self, step: str) -> None:
        """Note that a step is over, and begin the next one."""
        now_s = time.perf_counter()
        self.steps[step], self._began_s = now_s - self._began_s, now_s


def plantpulse(order: dict[str, Any]) -> Steps:
    """What is deployed: read, one call that stores, one that looks for gaps; over PostgREST."""
    documents = importlib.import_module("plantpulse.series.sources.entsoe.documents")
    areas = importlib.import_module("plantpulse.settings.areas")
    replies = importlib.import_module("plantpulse.series.sources.entsoe.replies")
    batches = importlib.import_module("plantpulse.series.batches")
    store = _store()
    watch = Watch()
    answer = replies.read(Path(order["path"]).read_bytes(), documents.ASKED["load"], areas.AREAS["NL"])
    watch.done("read")
    fence = str(uuid4())
    store.claim_run(_claim(fence))
    series = [batches.series_as_json(block.series) for block in answer.blocks[:1]]
    blocks = [block.as_json() for block in answer.blocks]
    known_at = (_KNOWN + timedelta(minutes=order["turn"])).isoformat()
    batch = {"known_at": known_at, "blocks": blocks, "collection": None}
    store.commit_series(fence, {"series": series, "batches": [batch], "completion": None})
    watch.done("store")
    until = answer.blocks[-1].until
    look = {"group": "NL/load", "from": answer.blocks[0].start.isoformat(), "due": until.isoformat()}
    found = store.watch_series_gaps(fence, [look])
    watch.done("look for gaps")
    if found["open"]:
        raise ValueError(f"a year without a gap has {found['open']}")
    return watch.steps


def _store() -> Any:
    database = importlib.import_module("plantpulse.database")
    settings = importlib.import_module("plantpulse.settings")
    own = settings.SupabaseSettings(
        url=os.environ["SUPABASE_URL"], secret_key=settings.Secret(os.environ["SUPABASE_SECRET_KEY"])
    )
    return database.connect(own, seconds_left=lambda: 600.0)


def _claim(fence: str) -> dict[str, Any]:
    return {
        "pipeline": f"bench {fence}", "plant": "(no plant)", "trigger": "manual", "slot": None,
        "fence": fence,
        "idempotency_key": None, "requested_by": None, "lease_s": 900, "window_start": None,
        "window_until": None, "code_version": "bench", "is_dry_run": False, "wants": [],
    }  # fmt: skip


def dlt(order: dict[str, Any]) -> Steps:
    """A pipeline of dlt that merges rows by their key into Postgres; it finds no gaps."""
    package = importlib.import_module("dlt")
    os.environ["DESTINATION__POSTGRES__CREDENTIALS"] = order["database"]
    watch = Watch()

    def points() -> Iterator[dict[str, Any]]:
        start, step = datetime(2023, 12, 31, 23, tzinfo=UTC), timedelta(minutes=15)
        for _, element in iterparse(order["path"]):  # noqa: S314 - its own file
            if element.tag.endswith("}Point"):
                at = start + step * (int(element[0].text or 0) - 1)
                yield {"series": "NL/load", "at": at, "minutes": 15, "value": float(element[1].text or "nan")}
                element.clear()

    rows = package.resource(points, name="points", write_disposition="merge", primary_key=("series", "at"))
    with tempfile.TemporaryDirectory() as folder:
        pipeline = package.pipeline(
            "bench", pipelines_dir=folder, destination="postgres", dataset_name="dlt_points"
        )
        pipeline.extract(rows)
        pipeline.normalize()
        watch.done("read")
        pipeline.load()
    watch.done("store")
    return watch.steps


def entsoe_py(order: dict[str, Any]) -> Steps:
    """entsoe-py reads into a frame, and pandas finds what its index lacks; it stores nothing."""
    pandas = importlib.import_module("pandas")
    parsers = importlib.import_module("entsoe.parsers")
    watch = Watch()
    frame = parsers.parse_loads(Path(order["path"]).read_text("utf-8"), process_type="A16")
    watch.done("read")
    whole = pandas.date_range(frame.index.min(), frame.index.max(), freq="15min")
    missing = whole.difference(frame.index)
    watch.done("look for gaps")
    if len(missing):
        raise ValueError(f"a year without a gap lacks {len(missing)} points")
    return watch.steps


LOADERS: dict[str, tuple[Callable[[dict[str, Any]], Steps], str]] = {
    "plantpulse": (plantpulse, "plantpulse.series.sources.entsoe.replies"),
    "dlt": (dlt, "dlt"),
    "entsoe-py": (entsoe_py, "entsoe.parsers"),
}


def main(name: str) -> None:
    """Answer line after line."""
    load, module = LOADERS[name]
    try:
        importlib.import_module(module)
    except ImportError:
        print("BENCH", json.dumps({"missing": True}), flush=True)
        return
    for line in sys.stdin:
        began_s, began_cpu_s = time.perf_counter(), time.process_time()
        steps = load(json.loads(line))
        answer = {
            "missing": False,
            "steps": steps,
            "seconds": time.perf_counter() - began_s,
            "cpu_s": time.process_time() - began_cpu_s,
            "peak_mib": peak_mib(),
        }
        print("BENCH", json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
