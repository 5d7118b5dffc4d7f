"""Applies the migrations that a Supabase project has not had yet, with the Supabase CLI: `make migrate`.

SUPABASE_DB_URL is the project's database as its dashboard shows it (Connect, session pooler or direct
connection), with the password: postgresql://postgres.<ref>:<password>@<host>:5432/postgres.
"""

import os
import sys
from collections.abc import Mapping
from urllib.parse import urlsplit

from devstack.migrations import CliFailed, push

VARIABLE = "SUPABASE_DB_URL"
_FORM = "postgresql://user:password@host:port/database"


def main(environ: Mapping[str, str]) -> int:
    """Apply the migrations; return the exit code."""
    url = environ.get(VARIABLE, "").strip()
    if not _is_database_url(url):
        print(f"{VARIABLE} must be the project's database, as {_FORM}", file=sys.stderr)
        return 1
    try:
        push(url)
    except CliFailed as error:
        print(error, file=sys.stderr)
        return 1
    print("The database has every migration.")
    return 0


def _is_database_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in {"postgres", "postgresql"} and bool(parts.username and parts.port)
    except ValueError:
        return False


if __name__ == "__main__":
    sys.exit(main(os.environ))
