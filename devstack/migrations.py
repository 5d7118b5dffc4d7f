"""The real Supabase CLI, run against a database: push the migrations, ask the advisors.

It needs no login and no Docker when it is given the address of a database.
"""

import json
import os
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from devstack.postgrest import NODE_MODULES

REPOSITORY = Path(__file__).resolve().parents[1]

_TIMEOUT_S = 600
_QUIET = {"SUPABASE_TELEMETRY_DISABLED": "1", "NO_COLOR": "1"}


@dataclass(frozen=True)
class Finding:
    """One remark of the advisors: the lint's name, its level (INFO, WARN, ERROR) and what it is about."""

    name: str
    level: str
    detail: str


class CliFailed(Exception):
    """The Supabase CLI ended with an error; the message is what it printed."""


def push(database_url: str, project: Path = REPOSITORY) -> None:
    """Apply the migrations of `project`/supabase/migrations that the database has not had yet.

    Raises: CliFailed.
    """
    _run(project, database_url, "db", "push", f"--remote={_without_password(database_url)}")


def advise(database_url: str, project: Path = REPOSITORY) -> list[Finding]:
    """Return what Supabase's security and performance advisors find, of every level.

    `unused_index` is found for every index that no query has used yet: in a database made for a test
    it says nothing about the index.

    Raises: CliFailed when they could not be asked.
    """
    answer = _run(
        project,
        database_url,
        "db",
        "advisors",
        f"--remote={_without_password(database_url)}",
        "--level=info",
        "--fail-on=none",
    )
    return [Finding(item["name"], item["level"], item["detail"]) for item in json.loads(answer or "[]")]


def _without_password(url: str) -> str:
    """The URL as it may stand on a command line, which every user of the machine can read."""
    parts = urlsplit(url)
    return parts._replace(netloc=f"{parts.username}@{parts.hostname}:{parts.port}").geturl()


def _run(project: Path, database_url: str, *arguments: str) -> str:
    cli = NODE_MODULES / ".bin" / "supabase"
    if not cli.exists():
        raise LookupError(f"{cli} is missing: run any make target that needs it, such as `make run`")
    password = unquote(urlsplit(database_url).password or "")
    # It unpacks a part of itself among the temporary files and keeps notes at home, and leaves both there.
    with tempfile.TemporaryDirectory(prefix="plantpulse-cli-") as scratch:
        code, printed, errors = _finish(
            subprocess.Popen(
                [str(cli), *arguments, "--agent=no", "--yes", f"--workdir={project}"],
                env={**os.environ, **_QUIET, "TMPDIR": scratch, "HOME": scratch, "PGPASSWORD": password},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
        )
    if code:
        command = " ".join(arguments[:2])
        raise CliFailed(f"supabase {command} ended with code {code}:\n{f'{printed}{errors}'.strip()}")
    return printed


def _finish(cli: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Wait for the CLI. It is two processes: whatever breaks the wait off must end both."""
    with cli:
        try:
            printed, errors = cli.communicate(timeout=_TIMEOUT_S)
        except BaseException:
            os.killpg(cli.pid, signal.SIGKILL)
            raise
    return cli.returncode, printed, errors
