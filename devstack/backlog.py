"""Gives the plant's database its past at once: rows copied into the Postgres behind the stand-in.

`plant.writer` writes as a plant does, in T-SQL through the stand-in. That suits a quarter of an hour of rows,
but a day of them takes ten seconds. What is copied here looks the same to every reader.
"""

from dataclasses import astuple

import psycopg
from psycopg import sql

from devstack.plant.rows import Production, Row


def copy_in(database_url: str, production: Production) -> int:
    """Copy all rows into the stand-in's tables, which must be there; return their number."""
    with psycopg.connect(database_url) as connection:
        for rows in production.tables:
            if rows:
                _copy(connection, rows)
    return sum(len(rows) for rows in production.tables)


def _copy(connection: psycopg.Connection, rows: tuple[Row, ...]) -> None:
    columns = [sql.Identifier(name.strip("[]").lower()) for name in type(rows[0]).columns]
    statement = sql.SQL("copy dbo.{} ({}) from stdin").format(
        sql.Identifier(type(rows[0]).table), sql.SQL(", ").join(columns)
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(astuple(row)[1:])
