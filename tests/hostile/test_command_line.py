"""Any argument of any command: an answer or an error in words, never a traceback."""

import contextlib
import io
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Final

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plantpulse.cli.app import App
from plantpulse.cli.arguments import Day, Instant, Since, Span
from plantpulse.cli.main import main, root
from plantpulse.cli.series_times import Moment, MomentType
from tests.hostile.values import ODD_TEXTS, ODD_TIMES, REPEATABLE, damaged, texts

NOW: Final = datetime(2026, 11, 20, 10, 10, tzinfo=UTC)
# They speak to a cloud, a SQL Server or a channel before anything else.
ELSEWHERE: Final = {"alarms", "channels", "check", "dead-letters", "schedule"}
VALUES: Final = (
    *ODD_TIMES,
    *(one for one in ODD_TEXTS if one not in ("\0", "\ud800")),
    "\udcff",
    "99999d",
    "00000m",
    "\u0663h",
    "-1",
    "0",
    "1",
    "9" * 19,
    "north",
    "DE",
    "WTI",
    "DE/load",
    "-",
    "--",
    "@",
    "x" * 300,
    "Mon-Fri",
    "06:00-14:00",
    "[",
    "1,2",
    "1..3",
)


def leaves(
    command: click.Command, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield every command that has none below it."""
    if not isinstance(command, click.Group):
        yield path, command
        return
    context = click.Context(command, obj=App())
    for name in command.list_commands(context):
        if name not in ELSEWHERE:
            found = command.get_command(context, name)
            assert found is not None
            yield from leaves(found, (*path, name))


COMMANDS: Final = dict(leaves(root))


class Anything(BaseHTTPRequestHandler):
    """A Supabase that answers every request with nothing."""

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b"{}" if "/rpc/" in self.path else b"[]"
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Range", "*/0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.do_GET()

    def do_PATCH(self) -> None:
        self.do_GET()

    def do_DELETE(self) -> None:
        self.do_GET()

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("command-line")
    (folder / "plantpulse.yaml").write_text(
        "plants: {north: {time_zone: America/Chicago}}\nseries: {}\ntags: {}\n"
    )
    return folder


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Anything)
    Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.fixture
def project(folder: Path, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"name\n")))
    monkeypatch.setenv("SUPABASE_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("SUPABASE_SECRET_KEY", "sb_secret_" + "k" * 30)


def calls(path: tuple[str, ...], command: click.Command) -> Iterator[list[str]]:
    """Yield calls of a command that have a hostile value in one place each."""
    needed = [one for one in command.params if isinstance(one, click.Argument) and one.required]
    usual = [_usual(one) for one in needed]
    for value in VALUES:
        if command.name == "status":
            yield ["--config", value, *path]
        for place in range(len(needed)):
            yield [*path, "--", *usual[:place], value, *usual[place + 1 :]]
        for one in command.params:
            if isinstance(one, click.Option) and not one.is_flag and not one.hidden:
                yield [*path, one.opts[0], value, *usual]


def _usual(one: click.Parameter) -> str:
    return "1" if isinstance(one.type, click.IntRange | click.types.IntParamType) else "north"


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_any_argument_has_an_answer_or_an_error_in_words(path: tuple[str, ...]) -> None:
    for call in calls(path, COMMANDS[path]):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(call, App(clock=lambda: NOW))

        assert code in (0, 1, 2, 3, 75), (call, err.getvalue())
        assert "internal_error" not in err.getvalue(), (call, err.getvalue())
        assert code == 0 or (out.getvalue() + err.getvalue()).strip(), call


TIMES: Final = (
    texts
    | damaged(st.sampled_from([one.encode() for one in ODD_TIMES])).map(
        lambda one: one.decode("utf-8", "replace")
    )
    | st.datetimes(timezones=st.timezones() | st.none()).map(datetime.isoformat)
    | st.dates().map(date.isoformat)
    | st.from_regex(r"\d{1,6}[mhd]", fullmatch=True)
)


@REPEATABLE
@given(text=TIMES)
def test_any_time_is_one_that_can_be_used_or_refused(text: str) -> None:
    for kind in (Since(), Instant(), MomentType(), Day(), Span()):
        try:
            found = kind.convert(text, None, None)
        except click.BadParameter:
            continue
        if isinstance(found, Moment):
            found = found.at
        if isinstance(found, datetime) and found.tzinfo:
            found = found.astimezone(UTC)
        json.dumps(str(found))
        if isinstance(found, timedelta):
            assert NOW + found
