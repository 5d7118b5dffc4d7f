"""Reads replies of ENTSO-E, one for each line on stdin, in the way that the argument names.

It runs in any interpreter: what it measures is imported only by the contestant that is it. A line is
{"path": ..., "kind": ..., "area": ..., "values": bool}; the answer has seconds of the processor, peak memory
and, if asked for, the values as [instant, value].
"""

import importlib
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import iterparse, parse
from xml.parsers import expat

Pairs = list[tuple[str, float]]


def expat_alone(order: dict[str, Any]) -> int:
    """The floor: looks at every element and every text, and keeps nothing."""
    content = Path(order["path"]).read_bytes()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = lambda _name, _attributes: None
    parser.EndElementHandler = lambda _name: None
    parser.CharacterDataHandler = lambda _text: None
    parser.Parse(content, True)
    return 0


def plantpulse(order: dict[str, Any]) -> Callable[[], Pairs]:
    """What is deployed: from bytes to blocks."""
    documents = importlib.import_module("plantpulse.series.sources.entsoe.documents")
    areas = importlib.import_module("plantpulse.settings.areas")
    replies = importlib.import_module("plantpulse.series.sources.entsoe.replies")
    content = Path(order["path"]).read_bytes()
    answer = replies.read(content, documents.ASKED[order["kind"]], areas.AREAS[order["area"]])
    return lambda: [
        (point.at.isoformat(), float(point.value)) for block in answer.blocks for point in block.points()
    ]


def tree(order: dict[str, Any]) -> Callable[[], Pairs]:
    """The whole document as a tree, as a short script would do it: points as they are, none put back."""
    pairs: Pairs = []
    for period in parse(order["path"]).getroot().iter("{*}Period"):  # noqa: S314 - its own file
        start = datetime.fromisoformat(period.findtext("{*}timeInterval/{*}start") or "")
        step = timedelta(minutes=int((period.findtext("{*}resolution") or "")[2:-1]))
        for point in period.iterfind("{*}Point"):
            position, value = point.findtext("{*}position"), point.findtext("{*}quantity")
            at = start + step * (int(position or 0) - 1)
            pairs.append((at.astimezone(UTC).isoformat(), float(value or "nan")))
    return lambda: pairs


def entsoe_py(order: dict[str, Any]) -> Callable[[], Pairs]:
    """The parsers of entsoe-py, which give frames of pandas."""
    parsers = importlib.import_module("entsoe.parsers")
    pandas = importlib.import_module("pandas")
    content = Path(order["path"]).read_bytes()
    if content.startswith(b"PK"):
        volumes = order["kind"] == "imbalance_volume"
        read = parsers.parse_imbalance_volumes_zip if volumes else parsers.parse_imbalance_prices_zip
        frames = [read(content)]
    else:
        frames = _frames(parsers, order["kind"], content.decode())
    return lambda: [pair for frame in frames for pair in _pairs(pandas, frame)]


def _frames(parsers: Any, kind: str, text: str) -> list[Any]:
    if kind == "day_ahead_price":
        return list(parsers.parse_prices(text).values())
    process = {"load": "A16", "load_forecast": "A01", "weekly_load_forecast": "A33"}.get(kind)
    return [parsers.parse_loads(text, process_type=process) if process else parsers.parse_generation(text)]


def _pairs(pandas: Any, frame: Any) -> Iterator[tuple[str, float]]:
    columns = [frame] if isinstance(frame, pandas.Series) else [frame[name] for name in frame.columns]
    for column in columns:
        for at, value in column.dropna().items():
            yield at.tz_convert("UTC").isoformat(), float(value)


def dlt(order: dict[str, Any]) -> Callable[[], Pairs]:
    """A pipeline of dlt: extract and normalise to the rows that it would load. Nothing is put back."""
    package = importlib.import_module("dlt")
    rows = 0

    def points() -> Iterator[dict[str, Any]]:
        nonlocal rows
        for _, element in iterparse(order["path"]):  # noqa: S314 - its own file
            if element.tag.endswith("}Point"):
                rows += 1
                yield {"position": int(element[0].text or 0), "value": float(element[1].text or "nan")}
                element.clear()

    with tempfile.TemporaryDirectory() as folder:
        pipeline = package.pipeline("bench", pipelines_dir=folder, destination="dummy", dataset_name="bench")
        pipeline.extract(package.resource(points, name="points"))
        pipeline.normalize()
    return lambda: [("", 0.0)] * rows


READERS: dict[str, tuple[Callable[[dict[str, Any]], Any], str, str]] = {
    "expat": (expat_alone, "xml.parsers.expat", ""),
    "tree": (tree, "xml.etree.ElementTree", ""),
    "plantpulse": (plantpulse, "plantpulse.series.sources.entsoe.replies", "plantpulse"),
    "entsoe-py": (entsoe_py, "entsoe.parsers", "entsoe-py"),
    "dlt": (dlt, "dlt", "dlt"),
}


def peak_mib() -> float:
    """Return the most memory that this program has held; ru_maxrss would count what started it as well."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def main(name: str) -> None:
    """Answer line after line."""
    read, module, distribution = READERS[name]
    began_s = time.process_time()
    try:
        importlib.import_module(module)
    except ImportError:
        print("BENCH", json.dumps({"missing": True}), flush=True)
        return
    import_s = time.process_time() - began_s
    start_mib = peak_mib()
    known = {
        "missing": False,
        "version": version(distribution) if distribution else "",
        "import_s": import_s,
        "start_mib": start_mib,
    }
    for line in sys.stdin:
        order = json.loads(line)
        began_s = time.process_time()
        pairs = read(order)
        answer = known | {"seconds": time.process_time() - began_s, "peak_mib": peak_mib()}
        if pairs and order.get("values"):
            answer["values"] = pairs()
        print("BENCH", json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
