"""The queries of a poll: each is one file of plain T-SQL with fixed result columns.

The built-in files are in `queries/`. A plant with other tables replaces some of them by files of the same
name: the columns are the contract, the tables are not. `readings.COLUMNS` has the columns and their order.
Pure, except that it reads the files; `sqlserver` has the connection.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

from plantpulse.errors import ConfigurationError, SourceSchemaMismatch
from plantpulse.late_dataclasses import dataclass, replace
from plantpulse.plant.readings import COLUMNS

BUILT_IN: Final = Path(__file__).with_name("queries")

# The parameters of a file, and their types. Whole seconds, so that a bound is the same literal under every
# login language, and for `datetime` and `datetime2` columns.
PARAMETER_TYPES: Final[Mapping[str, str]] = {
    "from": "datetime2(0)",
    "until": "datetime2(0)",
    "limit": "int",
    "bucket_s": "int",
    "reason_codes": "nvarchar(max)",
}
_PARAMETER: Final = re.compile(r"(?<!@)@(" + "|".join(PARAMETER_TYPES) + r")\b", re.IGNORECASE)

# Compiled on use, after a failure.
_NO_CODE: Final = r"(?s)--[^\n]*|/\*.*?\*/|N?'(?:[^']|'')*'"
_FROM_NO_TABLE: Final = r"(?i)\btrim\s*\([^()]*?\bfrom\b|\bdistinct\s+from\b"
_NAME: Final = r"(?:\[[^\]]+\]|\"[^\"]+\"|[A-Za-z_#][\w$#]*)"
_TABLE: Final = rf"(?i)(?<![@\w])(?:from|join)\s+({_NAME}(?:\s*\.{{1,2}}\s*{_NAME}){{0,3}})(?![\w$#]|\s*[(.])"
_NAMED_QUERY: Final = rf"(?i)(?:\bwith|,)\s+({_NAME})\s*(?:\([^)]*\)\s*)?as\s*\("

_OPTIONAL_COLUMNS: Final[Mapping[str, frozenset[str]]] = {
    "safety": frozenset({"source_id"}),
    "downtime": frozenset({"minutes"}),
    "output": frozenset({"product"}),
}


@dataclass(frozen=True)
class Query:
    """One query.

    `columns` is the order of a row's values; those in `optional_columns` may be missing from the result.
    `parameters` are the ones in the text, without the @. `is_own`: the plant brought
    the file.
    """

    name: str
    sql: str
    columns: tuple[str, ...]
    optional_columns: frozenset[str]
    parameters: tuple[str, ...]
    is_own: bool = False

    @property
    def file_name(self) -> str:
        """The name of the query for people."""
        return f"{self.name}.sql"


def load_queries(queries_dir: Path | None = None) -> dict[str, Query]:
    """Return the queries by name, each from `queries_dir` if it has a file with that name.

    `safety_codes` is left out if only `safety` is the plant's own: the built-in file would read the codes of
    another table. So is `output_sums` if only one of it and `output` is the plant's own.
    Raises: ConfigurationError if the folder or a file cannot be read, or a file has an unknown name.
    """
    replaced = _replacements(queries_dir) if queries_dir else {}
    queries = {
        name: replace(
            make_query(name, _read(replaced.get(name, BUILT_IN / f"{name}.sql"))), is_own=name in replaced
        )
        for name in COLUMNS
    }
    if queries["safety"].is_own and not queries["safety_codes"].is_own:
        del queries["safety_codes"]
    if queries["output"].is_own != queries["output_sums"].is_own:
        del queries["output_sums"]
    return queries


def make_query(name: str, sql: str) -> Query:
    """Return the query `name` with this text. Parameters in comments count, which does no harm."""
    used = {found[1].lower() for found in _PARAMETER.finditer(sql)}
    return Query(
        name=name,
        sql=sql,
        columns=COLUMNS[name],
        optional_columns=_OPTIONAL_COLUMNS.get(name, frozenset()),
        parameters=tuple(parameter for parameter in PARAMETER_TYPES if parameter in used),
    )


def build_statement(query: Query, parameters: Mapping[str, object]) -> tuple[str, tuple[Any, ...]]:
    """Return the batch that runs a query file, and its values for pymssql.

    The file's text is a value like the others: the driver quotes it, so a % or an apostrophe in it has no
    effect. SQL Server keeps one plan for the text, for all parameters.
    """
    # In a T-SQL literal a backslash at the end of a line swallows the line break: a comment that ends in one
    # would take the next line of the query with it.
    sql = re.sub(r"\\(?=\r?\n)", r"\\ ", query.sql)
    declared = ", ".join(f"@{name} {PARAMETER_TYPES[name]}" for name in query.parameters)
    given = "".join(f", @{name} = %s" for name in query.parameters)
    values = [_literal(parameters[name]) for name in query.parameters]
    if not values:
        return "EXEC sp_executesql %s", (sql,)
    return f"EXEC sp_executesql %s, %s{given}", (sql, declared, *values)


def tables_in(sql: str) -> list[str]:
    """Return the tables that a query file reads, in its spelling, each once, as far as they can be found."""
    code = re.sub(_FROM_NO_TABLE, " ", re.sub(_NO_CODE, " ", sql))
    named = {name.lower() for name in re.findall(_NAMED_QUERY, code)}
    tables = {table.lower(): table for table in re.findall(_TABLE, code)}
    return [table for key, table in tables.items() if key not in named]


def table_names(query: Query) -> frozenset[str]:
    """Return the bare names of the tables that a query file reads, in lower case."""
    return frozenset(table.rpartition(".")[2].strip().strip('[]"').lower() for table in tables_in(query.sql))


def find_columns(query: Query, names: Sequence[str], place: str) -> list[int | None]:
    """Return the position of each column of the contract in a result; None for a missing optional one.

    Letter case and further columns do not matter. Raises: SourceSchemaMismatch with file and columns.
    """
    found = {name.strip().lower(): position for position, name in enumerate(names)}
    missing = [name for name in query.columns if name not in found and name not in query.optional_columns]
    if missing:
        columns = ", ".join(name or "(no name)" for name in names) or "no result at all"
        raise SourceSchemaMismatch(
            f"{query.file_name} on {place}: the result has no column {', '.join(missing)}; "
            f"expected {', '.join(query.columns)}, found {columns}. Name the columns with AS in the file"
        )
    return [found.get(name) for name in query.columns]


def in_order(rows: list[tuple[Any, ...]], positions: list[int | None], width: int) -> list[tuple[Any, ...]]:
    """Return the rows with the values at the given positions, None without a position."""
    if positions == list(range(width)):
        return rows
    if None in positions:
        rows = [(*row, None) for row in rows]
    return list(map(itemgetter(*(width if position is None else position for position in positions)), rows))


def _replacements(queries_dir: Path) -> dict[str, Path]:
    if not queries_dir.is_dir():
        raise ConfigurationError(f"queries_dir: {queries_dir} is not a folder")
    found = {path.stem.lower(): path for path in sorted(queries_dir.glob("*.sql"))}
    if unknown := sorted(found.keys() - COLUMNS.keys()):
        raise ConfigurationError(
            f"queries_dir: {found[unknown[0]].name} replaces nothing; the files are "
            + ", ".join(f"{name}.sql" for name in COLUMNS)
        )
    return found


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").removeprefix("\ufeff")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"queries_dir: {path.name} cannot be read as UTF-8 text") from error


def _literal(value: Any) -> Any:
    if not isinstance(value, datetime):
        return value
    if value.tzinfo is not None:
        raise ValueError("a bound must be naive plant-local time")
    return value.isoformat(timespec="seconds")
