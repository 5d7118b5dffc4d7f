"""Variables of T-SQL: those a batch declares, and those the server keeps for every session."""

from dataclasses import dataclass
from typing import Final

INTEGER: Final = "integer"
TEXT: Final = "text"


@dataclass(frozen=True)
class Variable:
    """A Postgres type and a value as Postgres would write it; None is NULL."""

    type: str
    value: str | None


Scope = dict[str, Variable]


@dataclass(frozen=True)
class Identity:
    """Who is logged in, to what, and from where."""

    login: str
    can_write: bool
    can_view_server_state: bool
    database: str
    application: str
    host: str
    session: int
    version: str


@dataclass
class Counters:
    """What changes while a session runs."""

    transactions: int = 0
    rows: int = 0
    last_error: int = 0
    lock_timeout_ms: int = -1


def globals_of(identity: Identity, counters: Counters) -> Scope:
    """The @@ variables, and some of our own that stand for functions such as DB_NAME()."""
    numbers = {
        "@@trancount": counters.transactions,
        "@@rowcount": counters.rows,
        "@@error": counters.last_error,
        "@@lock_timeout": counters.lock_timeout_ms,
        "@@spid": identity.session,
        "@@can_write": int(identity.can_write),
    }
    texts = {
        "@@version": identity.version,
        "@@servername": "STANDIN",
        "@@app_name": identity.application,
        "@@host_name": identity.host,
        "@@db_name": identity.database,
        "@@login": identity.login,
    }
    return {name: Variable(INTEGER, str(value)) for name, value in numbers.items()} | {
        name: Variable("varchar(4000)", value) for name, value in texts.items()
    }
