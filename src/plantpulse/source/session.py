"""How the session on a plant's server is set up: what is sent, and what may be refused.

SQL Server takes all of it in one round trip. Other engines that speak T-SQL refuse some of it (Babelfish for
PostgreSQL: DATEFORMAT and DEADLOCK_PRIORITY); then every statement is sent alone, and a refusal is reported
but ends nothing, unless the poll would then read otherwise than it was configured to. Pure.
"""

from typing import Final

# The first line is what ODBC and SSMS set and a DB-Library login lacks: views with indexes need it, plans are
# shared with the DBA's query window, and long texts are not cut at 4096 bytes.
_SETTINGS: Final = """\
SET ANSI_NULLS, ANSI_PADDING, ANSI_WARNINGS, ARITHABORT, CONCAT_NULL_YIELDS_NULL, QUOTED_IDENTIFIER ON;
SET TEXTSIZE 2147483647;
SET NOCOUNT ON;
SET DATEFORMAT ymd;
SET LOCK_TIMEOUT {lock_timeout_ms};
SET DEADLOCK_PRIORITY LOW;
SET TRANSACTION ISOLATION LEVEL {isolation};"""
# The offset is asked for in seconds, because two calls may straddle a minute, and not as datetimeoffset,
# which may arrive as bytes. The second is for servers that lack the finer clock.
CLOCKS: Final = (
    "SELECT SYSUTCDATETIME() AS utc_now, DATEDIFF(second, SYSUTCDATETIME(), SYSDATETIME()) AS utc_offset_s;",
    "SELECT GETUTCDATE() AS utc_now, DATEDIFF(second, GETUTCDATE(), GETDATE()) AS utc_offset_s;",
)
_EVERYWHERE_THE_DEFAULT: Final = "read committed"


def settings(*, lock_timeout_ms: int, isolation: str) -> list[str]:
    """Return the statements that set up a session, one each."""
    return _SETTINGS.format(lock_timeout_ms=lock_timeout_ms, isolation=isolation.upper()).split("\n")


def is_needed(setting: str, *, isolation: str) -> bool:
    """Say whether a poll must not go on without a setting: only an isolation level that was asked for.

    The bounds of a query are literals that mean the same under every date format; locks are waited for
    no longer than `query_timeout_s` in any case; the others are defaults of most engines.
    """
    return "ISOLATION LEVEL" in setting and isolation != _EVERYWHERE_THE_DEFAULT
