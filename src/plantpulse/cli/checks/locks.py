"""The sessions that hold a lock on which a query file had to wait, in words for a DBA. Pure."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any, Final, NamedTuple

from plantpulse.plant.rounding import shown_span
from plantpulse.plant.text import clean_text

NOT_ALLOWED: Final = (
    "the login may not look which session holds the lock (that takes VIEW SERVER STATE): ask the DBA "
    "(sys.dm_tran_locks, or BlkBy in sp_who2)"
)
_RELEASED: Final = "no session holds a lock on its tables any more: check again"
_SHOWN: Final = 3
_LONGEST_NAME: Final = 60


class Holder(NamedTuple):
    """A session with a lock on a table, as the server lists it; `since_s`: since its last request began."""

    table: str
    session: int
    login: str
    host: str
    program: str
    status: str
    since_s: int


def describe_holders(rows: Sequence[Sequence[Any]], tables: Collection[str]) -> str:
    """Return who holds locks on these tables (bare names in lower case), and what to do."""
    holders = [Holder(*row) for row in rows if str(row[0]).lower() in tables]
    sessions: dict[int, Holder] = {}
    for holder in holders:
        sessions.setdefault(holder.session, holder)
    if not sessions:
        return _RELEASED
    oldest = list(sessions.values())
    told = "; ".join(_told(holder) for holder in oldest[:_SHOWN])
    more = f"; and {len(oldest) - _SHOWN} more" if len(oldest) > _SHOWN else ""
    return f"{told}{more}. Ask whoever runs this session; a DBA can end it with KILL {oldest[0].session}"


def _told(holder: Holder) -> str:
    open_for = " with an open transaction" if holder.status == "sleeping" else ""
    return (
        f"session {holder.session} holds a lock on {_shown(holder.table)}: login {_shown(holder.login)} on "
        f"{_shown(holder.host)}, {_shown(holder.program)}, {_shown(holder.status)}{open_for}, last request "
        f"{shown_span(timedelta(seconds=holder.since_s or 0))} ago"
    )


def _shown(name: Any) -> str:
    """Return a name that others chose, on one line and not too long; they are no rows of the plant's."""
    return clean_text(str(name or "unknown"))[:_LONGEST_NAME].strip()
