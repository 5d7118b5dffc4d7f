"""Google's Cloud Scheduler on loopback, as far as a deployment's schedules go.

Source: https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from google.auth.credentials import AnonymousCredentials

from plantpulse.clouds.google.schedules import GoogleSchedules

PARENT: Final = "projects/factory/locations/europe-west3"
_PAGE: Final = 2  # so that a test's few jobs make several pages


@dataclass
class CloudScheduler:
    """The jobs of one region by their ids, and which were run; `refusal` answers everything with an error."""

    endpoint: str
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    was_run: list[str] = field(default_factory=list)
    refusal: tuple[int, str] | None = None

    def add(self, name: str, schedule: str, zone: str, deployment: str = "plantpulse", **more: Any) -> None:
        """Make a job as Terraform would."""
        caller = f"{deployment}-scheduler@factory.iam.gserviceaccount.com"
        job = {
            "name": f"{PARENT}/jobs/{name}",
            "schedule": schedule,
            "timeZone": zone,
            "state": "ENABLED",
            "httpTarget": {"uri": "https://f.example", "oidcToken": {"serviceAccountEmail": caller}},
        }
        self.jobs[name] = job | more

    def schedules(self) -> GoogleSchedules:
        """Return the deployment `plantpulse` as the real client sees it here."""
        return GoogleSchedules(
            project="factory",
            region="europe-west3",
            deployment="plantpulse",
            credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
            endpoint=self.endpoint,
        )

    def answer(self, method: str, target: str) -> tuple[int, dict[str, Any]]:
        """Return the status and the body of a request."""
        if self.refusal:
            status, word = self.refusal
            return status, {"error": {"code": status, "status": word, "message": "no"}}
        url = urlsplit(target)
        if method == "GET" and url.path == f"/v1/{PARENT}/jobs":
            return 200, self._page(int(parse_qs(url.query).get("pageToken", ["0"])[0]))
        found = re.fullmatch(rf"/v1/{PARENT}/jobs/([\w-]+):(pause|resume|run)", url.path)
        if method != "POST" or not found or found[1] not in self.jobs:
            return 404, {"error": {"code": 404, "status": "NOT_FOUND", "message": "Job not found."}}
        job = self.jobs[found[1]]
        if found[2] == "run":
            self.was_run.append(found[1])
        else:
            job["state"] = "PAUSED" if found[2] == "pause" else "ENABLED"
        return 200, job

    def _page(self, start: int) -> dict[str, Any]:
        jobs = list(self.jobs.values())
        more = {"nextPageToken": str(start + _PAGE)} if start + _PAGE < len(jobs) else {}
        return {"jobs": jobs[start : start + _PAGE], **more}


@contextmanager
def cloud_scheduler() -> Iterator[CloudScheduler]:
    """Serve a Cloud Scheduler without jobs."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Conversation)
    server.daemon_threads = True
    scheduler = CloudScheduler(f"http://127.0.0.1:{server.server_port}")
    server.scheduler = scheduler  # type: ignore[attr-defined]
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield scheduler
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Conversation(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        scheduler: CloudScheduler = self.server.scheduler  # type: ignore[attr-defined]
        status, body = scheduler.answer(self.command, self.path)
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET  # noqa: N815 - the names are http.server's

    def log_message(self, *_: object) -> None:
        pass
