"""The set-up of a session on a plant's server: its statements, and which of them may be refused.

SQL Server takes all of them in one round trip. Other engines that speak T-SQL refuse some (Babelfish for
PostgreSQL: DATEFORMAT and DEADLOCK_PRIORITY). Then each statement is sent alone, and a refusal is only
reported, unless the poll would read in another way than configured. Pure.
"""

from typing import Final

# ODBC and SSMS set the first line, a DB-Library login does not: indexed views need it, it shares plans with
# the DBA's query window, and long texts are not cut at 4096 bytes.
_SETTINGS: Final = """\
SET ANSI_NULLS, ANSI_PADDING, ANSI_WARNINGS, ARITHABORT, CONCAT_NULL_YIELDS_NULL, QUOTED_IDENTIFIER ON;
SET TEXTSIZE 2147483647;
SET NOCOUNT ON;
SET DATEFORMAT ymd;
SET LOCK_TIMEOUT {lock_timeout_ms};
SET DEADLOCK_PRIORITY LOW;
SET TRANSACTION ISOLATION LEVEL {isolation};"""
# The offset is in seconds, because two calls may straddle a minute, and not a datetimeoffset, which may
# arrive as bytes. The second query is for servers without the finer clock.
CLOCKS: Final = (
    "SELECT SYSUTCDATETIME() AS utc_now, DATEDIFF(second, SYSUTCDATETIME(), SYSDATETIME()) AS utc_offset_s;",
    "SELECT GETUTCDATE() AS utc_now, DATEDIFF(second, GETUTCDATE(), GETDATE()) AS utc_offset_s;",
)
_EVERYWHERE_THE_DEFAULT: Final = "read committed"


def settings(*, lock_timeout_ms: int, isolation: str) -> list[str]:
    """Return the statements that set up a session."""
    return _SETTINGS.format(lock_timeout_ms=lock_timeout_ms, isolation=isolation.upper()).split("\n")


def is_needed(setting: str, *, isolation: str) -> bool:
    """Say whether a poll needs a setting: only a configured isolation level.

    The bounds of a query are literals with the same meaning under every date format. A poll never waits for
    locks longer than `query_timeout_s`. The others are defaults of most engines.
    """
    return "ISOLATION LEVEL" in setting and isolation != _EVERYWHERE_THE_DEFAULT
