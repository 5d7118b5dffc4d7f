"""What a login may do besides reading, and how a DBA takes it away. Pure."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from plantpulse.cli.checks.findings import Found

_NEIGHBOURS: Final = ("master", "tempdb")


class Right(NamedTuple):
    """One permission on a database, a schema, a table or a procedure; `kind` says on which of them."""

    kind: str
    securable: str
    permission: str


def judge_rights(rows: Sequence[Sequence[Any]], user: str, database: str) -> Found:
    """Return what the login may change, and the remedy for the widest of it.

    A procedure is a warning only: it runs with its owner's rights, but nobody sees from here what it does.
    """
    held = [Right(*map(str, row)) for row in rows]
    writing = [right for right in held if right.kind != "PROCEDURE"]
    if writing:
        first = writing[0].securable
        return Found(
            f"the login can change the plant's server: {_told(writing)}",
            f"as a DBA: {_remedy([right for right in writing if right.securable == first], user, database)}",
            is_wrong=True,
        )
    if held:
        return Found(
            f"the login may run procedures, which may write: {_told(held)}",
            f"as a DBA, unless they only read: REVOKE EXECUTE ON {held[0].securable} FROM [{user}]",
        )
    return Found("the login can change nothing")


def _told(held: Sequence[Right]) -> str:
    """Return all permissions on the first thing, and how many other things there are."""
    first = held[0].securable
    permissions = ", ".join(right.permission for right in held if right.securable == first)
    others = len({right.securable for right in held}) - 1
    return f"{permissions} on {first}" + (f" and {others} more" if others else "")


def _remedy(held: Sequence[Right], user: str, database: str) -> str:
    kind, securable = held[0].kind, held[0].securable
    permissions = ", ".join(right.permission for right in held)
    if kind == "OBJECT":
        return f"REVOKE {permissions} ON {securable} FROM [{user}]"
    if kind == "SCHEMA":
        return (
            f"ALTER AUTHORIZATION ON SCHEMA::[{securable}] TO dbo if it owns the schema, "
            f"else REVOKE {permissions} ON SCHEMA::[{securable}] FROM [{user}]"
        )
    if securable in _NEIGHBOURS and securable != database:
        return f"USE {securable}; remove the login's roles there, or its server roles"
    return (
        f"remove its roles (ALTER ROLE db_datawriter DROP MEMBER [{user}] and so on), "
        f"or DENY INSERT, UPDATE, DELETE, ALTER ON DATABASE::[{database}] TO [{user}]"
    )
