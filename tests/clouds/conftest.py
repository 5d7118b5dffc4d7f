"""AWS on loopback: moto's server, which boto3 reaches as it reaches AWS, and a server that does as told."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import boto3
import httpx
import pytest
from moto.server import ThreadedMotoServer

from tests.patience import ENDS_S

REGION = "eu-central-1"


@pytest.fixture(scope="session")
def moto_server() -> Iterator[str]:
    """The address of moto's server."""
    with running_moto() as address:
        yield address


@contextmanager
def running_moto() -> Iterator[str]:
    """Serve an AWS account on loopback; gives its address."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        yield "http://{}:{}".format(*server.get_host_and_port())
    finally:
        server.stop()


@pytest.fixture
def aws(moto_server: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """An empty AWS account, and a way to get clients of it; boto3 finds it by the environment alone."""
    httpx.post(f"{moto_server}/moto-api/reset", timeout=ENDS_S).raise_for_status()
    for name, value in environment_of(moto_server).items():
        monkeypatch.setenv(name, value)
    make_client: Callable[[str], Any] = boto3.client
    return make_client


def environment_of(moto_server: str) -> dict[str, str]:
    """Return the variables by which boto3 takes moto's server for AWS."""
    return {
        "AWS_ENDPOINT_URL": moto_server,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


class ScriptedAws(ThreadingHTTPServer):
    """A server that gives its answers in order, the last one for ever, and notes what was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.answers: list[tuple[int, dict[str, Any] | str]] = []
        self.asked: list[str] = []
        self.bodies: list[bytes] = []


def sns_answer(action: str, content: str) -> str:
    """Return what SNS answers to an action, in the XML that it speaks."""
    name = f"{action}Response"
    return f'<{name} xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><{action}Result>{content}</{action}Result></{name}>'


def sns_subscriptions(*subscriptions: tuple[str, str, str]) -> str:
    """Return what SNS answers when asked who has subscribed: protocol, endpoint and ARN of each."""
    members = "".join(
        f"<member><Protocol>{protocol}</Protocol><Endpoint>{endpoint}</Endpoint>"
        f"<SubscriptionArn>{arn}</SubscriptionArn></member>"
        for protocol, endpoint, arn in subscriptions
    )
    return sns_answer("ListSubscriptionsByTopic", f"<Subscriptions>{members}</Subscriptions>")


class _Conversation(BaseHTTPRequestHandler):
    server: ScriptedAws

    def do_POST(self) -> None:
        self.server.bodies.append(self.rfile.read(int(self.headers["Content-Length"] or 0)))
        self.server.asked.append(self.headers["X-Amz-Target"] or self.path)
        status, body = self.server.answers[0]
        if len(self.server.answers) > 1:
            self.server.answers.pop(0)
        content = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST  # noqa: N815 - the names are http.server's

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def running_script() -> Iterator[ScriptedAws]:
    """Serve on loopback what a test tells."""
    with ScriptedAws() as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def scripted_aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedAws]:
    """AWS as a test wants it."""
    with running_script() as server:
        for name, value in environment_of(f"http://127.0.0.1:{server.server_port}").items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.fixture
def functions(aws: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedAws]:
    """Lambda beside moto's AWS: takes every event and notes it."""
    with running_script() as server:
        server.answers = [(202, {})]
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", f"http://127.0.0.1:{server.server_port}")
        yield server
