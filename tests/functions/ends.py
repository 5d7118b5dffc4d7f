"""A deployment whose channels end at real servers on loopback. A test moves the clock of its health.

Postgres, the store, health and the channels are the real ones. Nothing here waits.
"""

import multiprocessing
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from email import message_from_bytes, policy
from email.message import Message
from multiprocessing.context import SpawnProcess
from types import SimpleNamespace
from typing import Any

from plantpulse import database
from plantpulse.alerts.channels import open_channel
from plantpulse.alerts.outbox import OpenChannel
from plantpulse.alerts.switch import pinging
from plantpulse.health.service import HealthService
from plantpulse.health.watch import Watch
from plantpulse.settings import ChannelSettings, HealthSettings, Secret, Settings
from tests.alerts.conftest import Script, line_from, request_from, talking
from tests.functions.conftest import Request
from tests.functions.stories import Story

SIGNING_KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OK = b"HTTP/1.1 200 OK\r\n\r\n"


@dataclass
class Deployment(Story):
    """A story whose sweeps are scheduled calls of health."""

    timeout_s: int = 30
    open_channel: OpenChannel = open_channel

    @property
    def settings(self) -> Settings:
        return replace(super().settings, health=HealthSettings(timeout_s=self.timeout_s))

    def sweep(self, *_names: str) -> None:
        """Call health as the scheduler does."""
        self.see_as(self.settings, self.now)

    def see_as(self, settings: Settings, now: datetime) -> None:
        """Call health with settings, at an instant."""
        health = HealthService(
            open_store=database.connect,
            watch=Watch(database.connect, self.open_channel, pinging(self.open_channel)),
            load_settings=lambda: settings,
            clock=lambda: now,
        )
        _, status, _ = health.http(Request({"X-CloudScheduler-ScheduleTime": now.isoformat()}))
        assert status == 200

    def minutes_of(
        self, minutes: int, count: Callable[[], int], sees: Callable[[float], tuple[Any, ...]]
    ) -> list[int]:
        """Let health run every minute; return the minutes in which something arrived."""
        arrived = []
        for _ in range(minutes):
            before = count()
            self.runs(1, sees=sees)
            arrived += [int(self.minute)] * (count() - before)
        return arrived


def always(*rules: Any) -> Callable[[float], tuple[Any, ...]]:
    return lambda _minute: rules


def webhook(port: int, **other: Any) -> ChannelSettings:
    """A webhook to a sink on loopback."""
    url = f"http://127.0.0.1:{port}/hook"
    given: dict[str, Any] = {"kind": "webhook", "url": url, "secret": Secret(SIGNING_KEY)}
    return ChannelSettings(**given | {"allow_internal": True} | other)


@dataclass
class Sink:
    """An HTTP end: it gives the next answer of a list, then the last one again; it keeps what arrives."""

    answers: list[bytes]
    ids: list[str] = field(default_factory=list)
    port: int = 0

    def talk(self, client: socket.socket) -> None:
        request = request_from(client)
        self.ids.append(request.lower().partition(b"webhook-id: ")[2].split(b"\r\n")[0].decode())
        client.sendall(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])


@contextmanager
def sink(*answers: bytes) -> Iterator[Sink]:
    """Serve a sink."""
    end = Sink(list(answers))
    with talking(end.talk) as server:
        end.port = server.port
        yield end


@dataclass
class MailEnd:
    """An SMTP end that a test can break: `before` runs at the greeting, `after` once it has the text."""

    mails: list[Message] = field(default_factory=list)
    before: Script | None = None
    after: Script | None = None
    port: int = 0

    def talk(self, client: socket.socket) -> None:
        if self.before:
            self.before(client)
            return
        client.sendall(b"220 script\r\n")
        while command := line_from(client).split()[0].upper():
            client.sendall({b"DATA": b"354 go on\r\n", b"QUIT": b"221 bye\r\n"}.get(command, b"250 OK\r\n"))
            if command == b"DATA":
                self._take(client)
                if self.after:
                    self.after(client)
                    return
                client.sendall(b"250 kept\r\n")
            if command == b"QUIT":
                return

    def subjects(self) -> list[str]:
        return [str(mail["Subject"]) for mail in self.mails]

    def _take(self, client: socket.socket) -> None:
        lines: list[bytes] = []
        while (line := line_from(client)) != b".\r\n":
            lines.append(line)
        self.mails.append(message_from_bytes(b"".join(lines), policy=policy.default))


@contextmanager
def mail_end() -> Iterator[MailEnd]:
    """Serve an SMTP end."""
    end = MailEnd()
    with talking(end.talk) as server:
        end.port = server.port
        yield end


def never_answer(client: socket.socket) -> None:
    while client.recv(4096):
        pass


@dataclass
class Elsewhere:
    """Calls of health in processes of their own, which an end may kill."""

    deployment: Deployment
    processes: list[SpawnProcess] = field(default_factory=list)
    started: threading.Event = field(default_factory=threading.Event)

    def sweep(self, at_once: int = 1) -> list[int | None]:
        """Run health in processes; return how they ended."""
        context = multiprocessing.get_context("spawn")
        known = self.deployment.supabase  # the keys of its project cannot go into another process
        supabase: Any = SimpleNamespace(url=known.url, secret_key=known.secret_key)
        there = replace(self.deployment, supabase=supabase)
        self.processes = [context.Process(target=there.sweep) for _ in range(at_once)]
        for process in self.processes:
            process.start()
        self.started.set()
        for process in self.processes:
            process.join()
        codes = [process.exitcode for process in self.processes]
        for process in self.processes:
            process.close()
        return codes

    def kill(self, client: socket.socket) -> None:
        """Kill the process that is connected, before it hears another word."""
        self.started.wait()
        os.kill(int(self.processes[0].pid or 0), signal.SIGKILL)
        never_answer(client)


def closed_port() -> int:
    """Return a port on which nobody listens."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        return int(server.getsockname()[1])
