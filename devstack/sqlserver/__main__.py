"""The stand-in as a process of its own: `python -m devstack.sqlserver --database-url ... --port ...`.

Its logins are `plantpulse_reader`, who may only read, and `plant`, who may write; their passwords come
from the environment. Prints one line when it is ready and stops on SIGTERM or Ctrl-C.
"""

import argparse
import os
import signal
import threading
from collections.abc import Sequence

from devstack.sqlserver import Login, StandIn
from devstack.sqlserver.engines import ENGINES

READER_PASSWORD = "STANDIN_READER_PASSWORD"
WRITER_PASSWORD = "STANDIN_WRITER_PASSWORD"


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until it is told to stop."""
    options = _parse(arguments)
    logins = {
        "plantpulse_reader": Login(os.environ[READER_PASSWORD]),
        "plant": Login(os.environ[WRITER_PASSWORD], can_write=True),
    }
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    with StandIn(
        options.database_url,
        logins=logins,
        database=options.database,
        time_zone=options.time_zone,
        port=options.port,
    ).posing_as(ENGINES[options.engine]) as stand_in:
        print(f"SQL Server stand-in ready on {stand_in.host}:{stand_in.port}", flush=True)
        stopped.wait()


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="devstack.sqlserver", description=__doc__)
    parser.add_argument("--database-url", required=True, help="the Postgres database that holds its tables")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--database", default="mes", help="the name under which clients ask for it")
    parser.add_argument("--time-zone", default="UTC", help="of the server's clock, such as America/Chicago")
    parser.add_argument("--engine", choices=ENGINES, default="sqlserver", help="whose errors it tells")
    options = parser.parse_args(arguments)
    missing = [name for name in (READER_PASSWORD, WRITER_PASSWORD) if not os.environ.get(name)]
    if missing:
        parser.error(f"the passwords of its logins are missing from the environment: {', '.join(missing)}")
    return options


if __name__ == "__main__":
    main()
