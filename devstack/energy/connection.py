"""The HTTP of the stand-in: one thread for each connection, compressed XML, and replies that never come."""

import gzip
import select
import socket
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final, Protocol

from devstack.energy.exchange import XML, Reply, Request

LOOKS_EVERY_S: Final = 0.05


class Silence(Enum):
    """No reply: the connection is cut, after the client has waited, or at once."""

    STALL = "stall"
    RESET = "reset"


class Answering(Protocol):
    """Who answers requests."""

    @property
    def is_stopped(self) -> bool: ...
    def answer(self, request: Request) -> Reply | Silence: ...


class EnergyServer(ThreadingHTTPServer):
    """An HTTP server that knows who answers."""

    daemon_threads = True
    answering: Answering


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: EnergyServer

    def do_GET(self) -> None:
        reply = self.server.answering.answer(Request.read(self.path, dict(self.headers)))
        if isinstance(reply, Silence):
            self._be_silent(reply)
            return
        body, headers = reply.body, dict(reply.headers)
        if reply.content_type == XML and "gzip" in self.headers.get("Accept-Encoding", ""):
            body = gzip.compress(body, 1)
            headers |= {"Content-Encoding": "gzip", "Vary": "accept-encoding"}
        self.send_response(reply.status)
        for name, value in {"Content-Type": reply.content_type, **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass

    def _be_silent(self, silence: Silence) -> None:
        """Cut the connection; a stall first waits until the client has left, or the server is stopped."""
        self.close_connection = True
        while silence is Silence.STALL and not self.server.answering.is_stopped:
            readable, _, _ = select.select([self.connection], [], [], LOOKS_EVERY_S)
            if readable and not self.connection.recv(1, socket.MSG_PEEK):
                return
