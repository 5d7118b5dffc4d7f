"""The command line in a folder of its own with the plant `north`, whose servers are the tests' own."""

import contextlib
import fcntl
import io
import json
import os
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pymssql
import pytest

from devstack.access import SupabaseAccess
from plantpulse.cli.main import main
from tests.conftest import SqlServerUnderTest
from tests.functions.conftest import Floor, World, add_plant_north
from tests.patience import ENDS_S, PATIENT_S

SETTINGS = """\
plants:
  north:
    time_zone: America/Chicago
    sql_server:
      host: {host}
      port: {port}
      user: {user}
      database: {database}
      encryption: {encryption}
      login_timeout_s: {patient_s}
      query_timeout_s: {patient_s}
"""


@dataclass(frozen=True)
class Result:
    """How a call of the command line ended."""

    exit_code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What stands on stdout, read as JSON."""
        return json.loads(self.out)


@dataclass
class CommandLine:
    """`plantpulse` in a folder with a plantpulse.yaml, and an environment that holds nothing else."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict, repr=False)

    def __call__(self, *arguments: str) -> Result:
        """Run a command in this process."""
        out, err = io.StringIO(), io.StringIO()
        with (
            contextlib.chdir(self.folder),
            self._environment(),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            exit_code = main(arguments)
        return Result(exit_code, out.getvalue(), err.getvalue())

    def process(self, *arguments: str, **environ: str) -> Result:
        """Run a command as a process of its own."""
        ended = subprocess.run(
            [self.script, *arguments],
            cwd=self.folder,
            env=self.environ | environ,
            capture_output=True,
            text=True,
            timeout=ENDS_S,
            check=False,
        )
        return Result(ended.returncode, ended.stdout, ended.stderr)

    def terminal(self, *arguments: str, columns: int = 120, answer: str = "", **environ: str) -> Result:
        """Run a command on a terminal of its own, which answers once; `out` is all that the terminal got."""
        ours, theirs = os.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        kept = {name: value for name, value in self.environ.items() if name != "COLUMNS"}
        with os.fdopen(theirs, "w") as terminal:
            process = subprocess.Popen(
                [self.script, *arguments],
                cwd=self.folder,
                env={"TERM": "xterm-256color", "NO_COLOR": "1"} | kept | environ,
                stdin=terminal,
                stdout=terminal,
                stderr=terminal,
                start_new_session=True,
            )
        shown = b""
        with os.fdopen(ours, "r+b", buffering=0) as screen:
            screen.write(answer.encode())
            while part := _read(screen.fileno()):
                shown += part
        text = shown.decode(environ.get("PYTHONIOENCODING", "utf-8"))
        return Result(process.wait(), text.replace("\r\n", "\n"), "")

    @property
    def script(self) -> str:
        """The installed console script."""
        return str(Path(sys.executable).with_name("plantpulse"))

    def write(self, name: str, text: str) -> Path:
        """Put a file into the folder."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    @contextlib.contextmanager
    def _environment(self) -> Iterator[None]:
        kept = dict(os.environ)
        os.environ.clear()
        os.environ.update(self.environ)
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(kept)


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 4096)
    except OSError:  # Linux: the other end is closed
        return b""


@pytest.fixture
def bare(tmp_path: Path) -> CommandLine:
    """The command line in an empty folder."""
    return CommandLine(tmp_path, {"PATH": os.environ["PATH"], "COLUMNS": "120"})


@pytest.fixture
def cli(bare: CommandLine, supabase: SupabaseAccess, mssql: SqlServerUnderTest) -> CommandLine:
    """The command line where plant north is configured; nothing has run yet."""
    server = mssql.reader
    bare.write(
        "plantpulse.yaml",
        SETTINGS.format(
            host=server.host,
            port=server.port,
            user=server.user,
            database=server.database,
            encryption=mssql.encryption,
            patient_s=PATIENT_S,
        ),
    )
    bare.environ |= {
        "SUPABASE_URL": supabase.url,
        "SUPABASE_SECRET_KEY": supabase.secret_key,
        "MSSQL_PASSWORD": server.password,
    }
    return bare


@pytest.fixture
def world(supabase: SupabaseAccess, mssql: SqlServerUnderTest, mes: pymssql.Connection) -> Iterator[World]:
    """Plant north with its assets, polled when a test says so, and its store as the owner sees it."""
    with supabase.connect() as store:
        add_plant_north(store)
        yield World(supabase, store, mssql.reader, mssql.encryption)


@pytest.fixture
def floor(mes: pymssql.Connection) -> Floor:
    """The plant's own tables, empty."""
    return Floor(mes)
