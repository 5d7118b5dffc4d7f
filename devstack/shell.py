"""The file of `make up` that a shell sources: plantpulse, psql and curl then work against the running stack.

It stands in the stack's own folder, which only this account may read, and goes with it: it holds keys. The
plant's clock is compressed, so `plantpulse` is a script of the stack that tells the command line the time.
Only machines are read in real time.
"""

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from psycopg.conninfo import conninfo_to_dict

from devstack.clock import CompressedClock
from devstack.migrations import REPOSITORY
from plantpulse.cli.app import App
from plantpulse.cli.main import run

FILE_NAME: Final = "environment"
_LIBPQ: Final = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
}


def write(
    folder: Path, variables: Mapping[str, str], clock: CompressedClock, database_url: str, binaries: Path
) -> Path:
    """Write the file and the script into a folder; return the file to source."""
    commands = folder / "bin"
    commands.mkdir()
    script = commands / "plantpulse"
    script.write_text(_script(), encoding="utf-8")
    script.chmod(0o700)
    database = conninfo_to_dict(database_url)
    libpq = {name: str(database[key]) for key, name in _LIBPQ.items() if key in database}
    exports = {**variables, **clock.as_environment(), **libpq}
    lines = [f"export {name}={shlex.quote(value)}" for name, value in exports.items()]
    path = ":".join(map(str, (commands, Path(sys.executable).parent, binaries)))
    file = folder / FILE_NAME
    file.touch(mode=0o600)
    file.write_text("\n".join([*lines, f'export PATH={shlex.quote(path)}:"$PATH"', ""]), encoding="utf-8")
    return file


def _script() -> str:
    module = [sys.executable, "-m", "devstack.shell"]
    return f'#!/bin/sh\nPYTHONPATH={shlex.quote(str(REPOSITORY))} exec {shlex.join(module)} "$@"\n'


def main() -> None:
    """Run the command line on the clock of the stack; what concerns machine tags on the real one."""
    is_of_machines = "tags" in sys.argv[1:]
    run(App(clock=None if is_of_machines else CompressedClock.from_environment(os.environ).now))


if __name__ == "__main__":
    main()
