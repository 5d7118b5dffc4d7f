"""A mailbox for the local stack: a real SMTP server and an HTTP endpoint that keep what arrives.

    with running() as mailbox:
        ...  # send to 127.0.0.1:mailbox.smtp_port, post to mailbox.url
        mailbox.mails(), mailbox.posts()

Both listen on loopback alone. Nothing is delivered anywhere, and nothing outlives the process.
"""

import asyncio
import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

LOOPBACK: Final = "127.0.0.1"


@dataclass(frozen=True)
class Mail:
    """One mail that was accepted: its envelope, and the message itself."""

    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage

    @property
    def subject(self) -> str:
        """Return the subject, decoded."""
        return str(self.message["Subject"])

    @property
    def text(self) -> str:
        """Return the plain text."""
        return self._part("plain")

    @property
    def html(self) -> str:
        """Return the HTML; empty if there is none."""
        return self._part("html")

    def _part(self, kind: str) -> str:
        part = self.message.get_body((kind,))
        return str(part.get_content()).replace("\r\n", "\n") if part else ""


@dataclass(frozen=True)
class Post:
    """One request that arrived over HTTP."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """Return the body, read as JSON."""
        return json.loads(self.body)


class Mailbox:
    """What has arrived, in order. `wait` is for who has to wait until something arrives.

    With a folder each mail is a file in it too, which a mail reader opens.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        if folder:
            folder.mkdir(mode=0o700)
        self.smtp_port = 0
        self.url = ""
        self._mails: list[Mail] = []
        self._posts: list[Post] = []
        self._changed = threading.Condition()

    def mails(self, to: str | None = None) -> list[Mail]:
        """Return the mails so far; with `to` only those that this address received."""
        with self._changed:
            return [mail for mail in self._mails if to is None or to in mail.recipients]

    def posts(self, path: str | None = None) -> list[Post]:
        """Return the requests so far; with `path` only those to this path."""
        with self._changed:
            return [post for post in self._posts if path in (None, post.path)]

    def clear(self) -> None:
        """Forget what has arrived."""
        with self._changed:
            self._mails.clear()
            self._posts.clear()

    def wait(self, is_enough: Callable[["Mailbox"], bool], within_s: float) -> bool:
        """Wait until enough has arrived, such as `lambda box: box.mails()`; say whether it has."""
        with self._changed:
            return self._changed.wait_for(lambda: is_enough(self), within_s)

    def keep(self, arrived: Mail | Post) -> None:
        """Keep what has arrived."""
        with self._changed:
            if isinstance(arrived, Mail):
                self._mails.append(arrived)
                if self._folder:
                    file = self._folder / f"{len(self._mails):04}.eml"
                    file.write_bytes(arrived.message.as_bytes())
            else:
                self._posts.append(arrived)
            self._changed.notify_all()


@contextmanager
def running(
    *,
    login: tuple[str, str] | None = None,
    tls: ssl.SSLContext | None = None,
    refused: Mapping[str, str] = {},
    folder: Path | None = None,
) -> Iterator[Mailbox]:
    """Run both servers. `login` and `tls` (STARTTLS) are demanded if they are given.

    `refused` has replies to recipients that are not accepted: {"gone@example.com": "550 no such user"}.
    """
    mailbox = Mailbox(folder)
    handler = _Keeper(mailbox, refused)

    def authenticate(_: SMTP, __: Session, ___: Envelope, ____: str, given: LoginPassword) -> AuthResult:
        is_right = login is not None and (given.login, given.password) == tuple(map(str.encode, login))
        return AuthResult(success=is_right, handled=False)

    def session() -> SMTP:
        return SMTP(
            handler,
            hostname="mailbox.localhost",
            tls_context=tls,
            require_starttls=tls is not None,
            auth_required=login is not None,
            auth_require_tls=tls is not None,
            authenticator=authenticate,
            loop=asyncio.get_running_loop(),
        )

    with _serving_smtp(session) as port, _serving_http(mailbox) as url:
        mailbox.smtp_port, mailbox.url = port, url
        yield mailbox


class _Keeper:
    """aiosmtpd's hooks."""

    def __init__(self, mailbox: Mailbox, refused: Mapping[str, str]) -> None:
        self._mailbox = mailbox
        self._refused = refused

    async def handle_RCPT(  # noqa: N802 - the name is aiosmtpd's
        self, _: SMTP, __: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self._refused:
            return self._refused[address]
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        message = message_from_bytes(content, policy=policy.default)
        assert isinstance(message, EmailMessage)  # noqa: S101 - the policy makes it
        self._mailbox.keep(Mail(str(envelope.mail_from), tuple(envelope.rcpt_tos), message))
        return "250 kept"


@contextmanager
def _serving_smtp(session: Callable[[], SMTP]) -> Iterator[int]:
    """Serve SMTP from a thread; gives the port."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="mailbox-smtp", daemon=True)
    thread.start()
    serving = asyncio.run_coroutine_threadsafe(loop.create_server(session, LOOPBACK, 0), loop).result()
    try:
        yield serving.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(_end(serving), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end(serving: asyncio.Server) -> None:
    serving.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


@contextmanager
def _serving_http(mailbox: Mailbox) -> Iterator[str]:
    """Serve HTTP from a thread; gives the address."""

    class Sink(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            mailbox.keep(Post(self.path, dict(self.headers), body))
            self.send_response(202)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer((LOOPBACK, 0), Sink) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="mailbox-http", daemon=True)
        thread.start()
        yield f"http://{LOOPBACK}:{server.server_port}"
        server.shutdown()
        thread.join()
