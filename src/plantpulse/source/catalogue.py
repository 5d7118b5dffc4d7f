"""What the server's catalogue and its system views tell; `plantpulse check` asks this, a poll never does."""

from pathlib import Path
from typing import Final

from plantpulse.source.query_files import Query

_FOLDER: Final = Path(__file__).parent


def permissions_query() -> Query:
    """Return the query for what the login may do besides reading.

    Its rows are (kind, securable, permission), the plant's own database first.
    """
    return _query("permissions", "kind", "securable", "permission")


def offset_columns_query() -> Query:
    """Return the query for the columns that hold an offset; its rows are (table, column)."""
    return _query("offset_columns", "table_name", "column_name")


def lock_holders_query() -> Query:
    """Return the query for the sessions that hold locks on tables; its columns are in the file."""
    columns = ("table_name", "session_id", "login_name", "host_name", "program_name", "status", "since_s")
    return _query("lock_holders", *columns)


def _query(name: str, *columns: str) -> Query:
    return Query(
        name=name,
        sql=(_FOLDER / f"{name}.sql").read_text(encoding="utf-8"),
        columns=columns,
        optional_columns=frozenset(),
        parameters=("limit",),
    )
