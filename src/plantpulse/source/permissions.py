"""What the login may do besides reading; `plantpulse check` asks this, a poll never does."""

from pathlib import Path
from typing import Final

from plantpulse.source.query_files import Query

_FILE: Final = Path(__file__).with_name("permissions.sql")


def permissions_query() -> Query:
    """Return the query; its rows are (kind, securable, permission), the plant's own database first."""
    return Query(
        name="permissions",
        sql=_FILE.read_text(encoding="utf-8"),
        columns=("kind", "securable", "permission"),
        optional_columns=frozenset(),
        parameters=("limit",),
    )
