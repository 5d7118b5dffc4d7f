"""What T-SQL may say here: statements, functions and schemas by name, and nothing else.

The Postgres account behind the stand-in is a superuser, and Postgres has functions that read files or
change settings. A name that is not T-SQL's is refused as SQL Server would refuse it.
"""

from typing import Final

from sqlglot import exp

from devstack.sqlserver.errors import SqlServerError

_STATEMENTS: Final = (exp.Query, exp.Insert, exp.Update, exp.Delete, exp.Create, exp.Drop, exp.TruncateTable)
_OBJECTS: Final = ("TABLE", "INDEX", "VIEW")
_SCHEMAS: Final = ("", "dbo", "information_schema")
# Views of SQL Server's that Postgres lacks or has otherwise, and what schema mssql calls them.
SYSTEM_VIEWS: Final = {
    ("information_schema", "columns"): "columns",
    ("sys", "dm_exec_sessions"): "dm_exec_sessions",
    ("sys", "dm_tran_locks"): "dm_tran_locks",
    ("sys", "time_zone_info"): "time_zone_info",
}
_FUNCTIONS: Final = frozenset(
    name
    for line in (
        # numbers
        "abs acos asin atan ceiling cos degrees exp floor log10 pi power radians round sign sin sqrt tan",
        # aggregates and windows
        "avg count count_big max min stdev stdevp string_agg sum var varp",
        "dense_rank first_value lag last_value lead ntile rank row_number",
        # strings
        "hashbytes",
        "char charindex concat concat_ws datalength left len lower ltrim nchar replace replicate reverse",
        "quotename right rtrim substring trim upper",
        # time
        "current_timestamp dateadd datediff datediff_big datefromparts datepart day eomonth getdate",
        "getutcdate month switchoffset sysdatetime sysdatetimeoffset sysutcdatetime todatetimeoffset year",
        # choices, names and permissions
        "app_name coalesce db_id db_name greatest has_perms_by_name host_name iif isnull least newid nullif",
        "object_id object_name original_login scope_identity suser_name suser_sname",
    )
    for name in line.split()
)


def check_vocabulary(tree: exp.Expr) -> None:
    """Refuse what the stand-in does not know.

    Raises: SqlServerError: 102 statement, 195 function, 208 schema.
    """
    is_object = not isinstance(tree, exp.Create | exp.Drop) or str(tree.args.get("kind")).upper() in _OBJECTS
    if not isinstance(tree, _STATEMENTS) or not is_object:
        raise SqlServerError(102, f"Incorrect syntax near '{tree.key.upper()}'.")
    for function in tree.find_all(exp.Anonymous):
        if function.name.lower() not in _FUNCTIONS:
            raise SqlServerError(195, f"'{function.name}' is not a recognized built-in function name.")
    for table in tree.find_all(exp.Table):
        if table.db.lower() not in _SCHEMAS and (table.db.lower(), table.name.lower()) not in SYSTEM_VIEWS:
            raise SqlServerError(208, f"Invalid object name '{written_name(table)}'.")


def written_name(table: exp.Table) -> str:
    """A table's name with all the parts that the query gave it."""
    return ".".join(part.name for part in table.parts)
