"""Puts a plant's rows into a SQL Server, or the stand-in for one, through a login that may write.

plantpulse itself never writes to SQL Server: this is the plant's side of the wire. The connections are
pymssql's.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar

import pymssql

from devstack.plant.dirt import Entry
from devstack.plant.rows import Downtime, Labor, Oee, Output, Production, Quality, Row

TABLES_SQL = Path(__file__).with_name("tables.sql")
CARELESS_TABLES_SQL = Path(__file__).with_name("careless_tables.sql")
T = TypeVar("T")

ROWS_PER_INSERT = 500  # SQL Server takes at most 1,000 rows in one VALUES


TABLES = tuple(row_type.table for row_type in (Output, Oee, Downtime, Quality, Labor))


def create_tables(connection: pymssql.Connection, script: Path = TABLES_SQL) -> None:
    """Create the five tables of a plant's database; they must not be there yet."""
    with connection.cursor() as cursor:
        cursor.execute(script.read_text(encoding="utf-8"))
    connection.commit()


def empty_tables(connection: pymssql.Connection) -> None:
    """Delete every row of the five tables."""
    _for_each_table(connection, "delete from {table}")


def drop_tables(connection: pymssql.Connection) -> None:
    """Remove the five tables, as far as they are there."""
    _for_each_table(connection, "drop table if exists {table}")


def write(connection: pymssql.Connection, production: Production) -> int:
    """Insert all rows in the order of entry, in one transaction unless the connection commits by itself.

    Returns the number of rows.
    """
    written = 0
    with connection.cursor() as cursor:
        for rows in production.tables:
            for batch in _batches(rows):
                cursor.execute(_insert(batch[0].table, batch[0].columns, len(batch)), _parameters(batch))
                written += len(batch)
    connection.commit()
    return written


def write_dirt(connection: pymssql.Connection, entries: Iterable[Entry]) -> None:
    """Insert entries in their order."""
    with connection.cursor() as cursor:
        for (table, columns), run in groupby(entries, key=lambda entry: (entry.table, tuple(entry.values))):
            for batch in _batches([tuple(entry.values.values()) for entry in run]):
                cursor.execute(
                    _insert(table, columns, len(batch)), tuple(value for row in batch for value in row)
                )
    connection.commit()


def _for_each_table(connection: pymssql.Connection, statement: str) -> None:
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(statement.format(table=table))
    connection.commit()


def _batches(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(rows), ROWS_PER_INSERT):
        yield rows[start : start + ROWS_PER_INSERT]


def _insert(table: str, columns: Sequence[str], rows: int) -> str:
    values = "(" + ", ".join(["%s"] * len(columns)) + ")"
    return f"insert into {table} ({', '.join(columns)}) values {', '.join([values] * rows)}"


def _parameters(batch: Sequence[Row]) -> tuple[Any, ...]:
    """The columns of every row, without `entered_at`, which is the first field and not stored."""
    return tuple(value for row in batch for value in astuple(row)[1:])
