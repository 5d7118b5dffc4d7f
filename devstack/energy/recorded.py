"""Recorded replies of the real hosts, served again to the same question.

A folder has them: ENTSO-E's documents as .xml or .zip, the others' as .json. What a document answers is read
from itself: its type, area and span. Of Yahoo's recordings the address stands beside the body, or the span in
the name of the file.
"""

import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

from devstack.energy.exchange import JSON, XML, Reply, Request

Question = tuple[str, ...]
_DOMAINS: Final = re.compile(r"(Domain|BiddingZone_Domain)$")
_CHART: Final = re.compile(r"^chart-.*-(\d{4}-\d\d-\d\d)-to-(\d{4}-\d\d-\d\d)$")
_YAHOO_JSON: Final = "application/json;charset=utf-8"


@dataclass(frozen=True, slots=True)
class Recorded:
    """The replies by the questions that they answer."""

    replies: Mapping[Question, Reply]

    @classmethod
    def read(cls, folder: Path) -> "Recorded":
        """Return what a folder, and the folders in it, has; what is of no known kind is passed over."""
        found = (known for path in sorted(folder.rglob("*")) for known in _known(path))
        return cls(dict(found))

    def answer(self, request: Request) -> Reply | None:
        """Return the reply that was recorded for this question."""
        return self.replies.get(_question(request))


def _question(request: Request) -> Question:
    if request.path == "/api":
        area = next((value for name, value in request.parameters if _DOMAINS.search(name)), "")
        process = request.get("processType") or "A16"
        facts = map(request.get, ("documentType", "periodStart", "periodEnd"))
        return ("entsoe", process, area, *facts)
    if request.path.startswith("/v2/"):
        series = request.under("facets[series]")
        return ("eia", *series, request.get("start"), request.get("end"))
    if request.path.startswith("/fred/"):
        facts = map(request.get, ("series_id", "realtime_start", "realtime_end", "output_type"))
        return (request.path, *facts)
    return ("yahoo", request.path, request.get("period1"), request.get("period2"))


def _known(path: Path) -> Iterator[tuple[Question, Reply]]:
    match path.suffix:
        case ".xml":
            content = path.read_bytes()
            yield from ((question, Reply(content, XML)) for question in _of_document(content))
        case ".zip":
            content = path.read_bytes()
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                document = archive.read(archive.namelist()[0])
            yield from ((question, Reply(content, "application/zip")) for question in _of_document(document))
        case ".json":
            yield from _of_json(path)


def _of_document(content: bytes) -> Iterator[Question]:
    root = ElementTree.fromstring(content)  # noqa: S314 - files of the developer's own
    facts: dict[str, str] = {}
    for item in root.iter():
        name = item.tag.rpartition("}")[2]
        facts.setdefault(name, (item.text or "").strip())
    area = next((text for name, text in facts.items() if name.endswith("Domain.mRID")), "")
    if "type" in facts and area:
        process = facts.get("process.processType", "A16")
        span = (re.sub(r"\D", "", facts.get(name, "")) for name in ("start", "end"))
        yield ("entsoe", process, area, facts["type"], *span)


def _of_json(path: Path) -> Iterator[tuple[Question, Reply]]:
    content: Any = json.loads(path.read_bytes())
    asked = content.get("request", {})
    if "url" in asked and "bodyJson" in content.get("response", {}):
        address = urlsplit(asked["url"])
        period = (parse_qs(address.query).get(name, [""])[0] for name in ("period1", "period2"))
        body = json.dumps(content["response"]["bodyJson"], separators=(",", ":")).encode()
        yield ("yahoo", address.path, *period), Reply(body, _YAHOO_JSON, content["response"]["status"])
    elif "chart" in content and (named := _CHART.search(path.stem)):
        symbol = content["chart"]["result"][0]["meta"]["symbol"]
        period = (str(int(datetime.fromisoformat(f"{day}T00:00Z").timestamp())) for day in named.groups())
        yield ("yahoo", f"/v8/finance/chart/{symbol}", *period), Reply(path.read_bytes(), _YAHOO_JSON)
    elif "facets" in asked.get("params", {}):
        params = asked["params"]
        yield (
            ("eia", *params["facets"]["series"], params["start"], params["end"]),
            Reply(path.read_bytes(), JSON),
        )
    elif "observations" in content:
        # The name of the file says which series it is: observations_GDP_2024-10-30.json.
        facts = [content[name] for name in ("realtime_start", "realtime_end")]
        output = "" if content["output_type"] == 1 else str(content["output_type"])
        question = ("/fred/series/observations", path.stem.split("_")[1], *facts, output)
        yield question, Reply(path.read_bytes(), JSON)
