"""The side of AWS Lambda that a function talks to: hands out events one by one, and takes the answers.

A stand-in for the Lambda service alone; the client inside the function (`awslambdaric`) is the real one.
Source: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import json
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Final, Self

from devstack.patience import ENDS_S
from devstack.processes import Child, Children, Program

_VERSION: Final = "/2018-06-01/runtime"
_DEADLINE_S: Final = 90.0
_FUNCTION: Final = "arn:aws:lambda:eu-central-1:123456789012:function:plantpulse"


class InvocationFailed(Exception):
    """The function raised: what Lambda counts as an error, and tries again when a scheduler asked."""


@dataclass(frozen=True)
class Outcome:
    """What came back for an event, or instead of the first one: how it ended, and its JSON."""

    ending: str
    body: Any


class LambdaRuntime(ThreadingHTTPServer):
    """The runtime API on 127.0.0.1, for one function at a time, until its context is left."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.events: SimpleQueue[Any] = SimpleQueue()
        self.outcomes: SimpleQueue[Outcome] = SimpleQueue()
        self.is_over = threading.Event()
        self._thread = threading.Thread(target=self.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.is_over.set()
        self.shutdown()
        self.server_close()
        self._thread.join()

    def handle_error(self, *_: object) -> None:
        """Take a function that ended in the middle of a request as it is."""

    def start(self, children: Children, folder: Path, python: Path, settings: Mapping[str, str]) -> Child:
        """Start the handler of an unpacked bundle, as Lambda does: in its folder, with its settings."""
        surroundings = {
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self.server_port}",
            "LAMBDA_TASK_ROOT": str(folder),
        }
        arguments = [str(python), "-m", "awslambdaric", "main.handle_event"]
        program = Program("lambda", arguments, env={**surroundings, **settings}, folder=folder)
        return children.start(program, lambda: True)

    def invoke(self, event: Any) -> Any:
        """Return what the handler returns for an event. Raises: InvocationFailed."""
        self.events.put(event)
        try:
            outcome = self.outcomes.get(timeout=ENDS_S)
        except Empty:
            raise InvocationFailed(f"no answer within {ENDS_S:.0f} s") from None
        if outcome.ending != "response":
            raise InvocationFailed(json.dumps(outcome.body))
        return outcome.body


class _Conversation(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: LambdaRuntime

    def do_GET(self) -> None:
        """Hand out the next event, however long that takes."""
        if self.path != f"{_VERSION}/invocation/next":
            return self._answer(HTTPStatus.NOT_FOUND, {})
        while not self.server.is_over.is_set():
            try:
                event = self.server.events.get(timeout=0.1)
            except Empty:
                continue
            return self._answer(HTTPStatus.OK, event, _headers())
        return self._answer(HTTPStatus.GONE, {})

    def do_POST(self) -> None:
        """Take an answer, an error, or the news that the function could not be loaded."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.outcomes.put(Outcome(self.path.rpartition("/")[2], body))
        self._answer(HTTPStatus.ACCEPTED, {"status": "OK"})

    def log_message(self, *_: object) -> None:
        """Stay silent."""

    def _answer(self, status: HTTPStatus, body: Any, headers: Mapping[str, str] | None = None) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


def _headers() -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "Lambda-Runtime-Aws-Request-Id": str(uuid.uuid4()),
        "Lambda-Runtime-Deadline-Ms": str(int((time.time() + _DEADLINE_S) * 1000)),
        "Lambda-Runtime-Invoked-Function-Arn": _FUNCTION,
    }
