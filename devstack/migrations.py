"""The real Supabase CLI, run against a database: push the migrations, ask the advisors.

It needs no login and no Docker when it is given the address of a database.
"""

import os
import subprocess
from pathlib import Path

from devstack.postgrest import NODE_MODULES

REPOSITORY = Path(__file__).resolve().parents[1]

_TIMEOUT_S = 120


class CliFailed(Exception):
    """The Supabase CLI ended with an error; the message is what it printed."""


def push(database_url: str, project: Path = REPOSITORY) -> None:
    """Applies the migrations of `project`/supabase/migrations that the database has not had yet.

    Raises: CliFailed.
    """
    _run(project, "db", "push", f"--remote={database_url}")


def advise(database_url: str, project: Path = REPOSITORY) -> str:
    """Runs Supabase's security and performance advisors; returns what they printed, which finds nothing.

    Raises: CliFailed with the findings, of any level.
    """
    return _run(project, "db", "advisors", f"--remote={database_url}", "--level=info", "--fail-on=info")


def _run(project: Path, *arguments: str) -> str:
    cli = NODE_MODULES / ".bin" / "supabase"
    if not cli.exists():
        raise LookupError(f"{cli} is missing: run `npm ci --prefix devstack`")
    finished = subprocess.run(
        [str(cli), *arguments, "--agent=no", "--yes", f"--workdir={project}"],
        env={**os.environ, "SUPABASE_TELEMETRY_DISABLED": "1", "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    output = f"{finished.stdout}{finished.stderr}".strip()
    if finished.returncode:
        raise CliFailed(
            f"supabase {' '.join(arguments[:2])} ended with code {finished.returncode}:\n{output}"
        )
    return output
