"""The two dialects between which sqlglot translates, bent to what the stand-in needs.

Functions are deliberately not understood on the T-SQL side: their names pass through and
`functions.sql` defines them in Postgres, so that their meaning is stated in SQL and not by a rewrite.
"""

from typing import Any, ClassVar, Final

from sqlglot import exp
from sqlglot.dialects.postgres import Postgres
from sqlglot.dialects.tsql import TSQL
from sqlglot.generators.postgres import PostgresGenerator
from sqlglot.parsers.tsql import TSQLParser
from sqlglot.tokenizer_core import TokenType

from devstack.sqlserver.errors import SqlServerError

_SYNTAX_OF_THEIR_OWN: Final = ("CAST", "CONVERT", "TRIM", "TRY_CAST", "TRY_CONVERT")
_FINEST: Final = 6  # Postgres keeps microseconds where SQL Server keeps 100 ns
_DEFAULT_CHARACTERS: Final = 30  # of CAST(x AS varchar)

_DATA: Final = exp.DType
_PLAIN_TYPES: Final = {
    _DATA.INT: "integer",
    _DATA.BIGINT: "bigint",
    _DATA.SMALLINT: "smallint",
    _DATA.TINYINT: "mssql.tinyint",
    _DATA.UTINYINT: "mssql.tinyint",
    _DATA.BIT: "mssql.bit",
    _DATA.MONEY: "numeric(19,4)",
    _DATA.SMALLMONEY: "numeric(10,4)",
    _DATA.FLOAT: "real",
    _DATA.TEXT: "text",
    _DATA.DATETIME: "timestamp(3)",
    _DATA.SMALLDATETIME: "timestamp(0)",
    _DATA.DATE: "date",
    _DATA.BINARY: "bytea",
    _DATA.VARBINARY: "bytea",
    _DATA.IMAGE: "bytea",
    _DATA.ROWVERSION: "bytea",
    _DATA.UUID: "uuid",
}
_FRACTIONAL_TYPES: Final = {
    _DATA.DATETIME2: "timestamp",
    _DATA.TIME: "time",
    _DATA.TIMESTAMPTZ: "mssql.datetimeoffset",
}
_CHARACTER_TYPES: Final = {
    _DATA.CHAR: "char",
    _DATA.NCHAR: "char",
    _DATA.VARCHAR: "varchar",
    _DATA.NVARCHAR: "varchar",
}


class TSql(TSQL):
    """T-SQL as the stand-in reads it."""

    class Tokenizer(TSQL.Tokenizer):
        """FLOAT and REAL are two types."""

        KEYWORDS: ClassVar[dict[str, TokenType]] = {
            **TSQL.Tokenizer.KEYWORDS,
            "FLOAT": TokenType.DOUBLE,
            "SYSNAME": TokenType.NVARCHAR,
        }

    class Parser(TSQLParser):
        """Only functions with a syntax of their own are parsed as more than a name and arguments."""

        FUNCTIONS: ClassVar[dict[str, Any]] = {}
        FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
            name: parse for name, parse in TSQLParser.FUNCTION_PARSERS.items() if name in _SYNTAX_OF_THEIR_OWN
        }


class StandInPostgres(Postgres):
    """Postgres with the types of schema mssql."""

    class Generator(PostgresGenerator):
        """Writes types, national strings and binary literals as this stand-in stores them."""

        def datatype_sql(self, expression: exp.DataType) -> str:
            """The Postgres name of a SQL Server type."""
            return postgres_type(expression)


def postgres_type(kind: exp.DataType) -> str:
    """The Postgres name of a T-SQL type as parsed.

    Raises: SqlServerError: 243, no such type.
    """
    sizes = [size.name.lower() for size in kind.expressions]
    if kind.this in _PLAIN_TYPES:
        return _PLAIN_TYPES[kind.this]
    if kind.this in _FRACTIONAL_TYPES:
        digits = min(int(sizes[0]), _FINEST) if sizes else _FINEST
        return f"{_FRACTIONAL_TYPES[kind.this]}({digits})"
    if kind.this in _CHARACTER_TYPES:
        return _character_type(_CHARACTER_TYPES[kind.this], sizes, kind)
    if kind.this == _DATA.DECIMAL:
        return f"numeric({', '.join(sizes) or '18'})"
    if kind.this == _DATA.DOUBLE:
        return "real" if sizes and int(sizes[0]) <= 24 else "double precision"
    raise SqlServerError(243, f"Type {kind.sql()} is not a defined system type.")


def _character_type(name: str, sizes: list[str], kind: exp.DataType) -> str:
    if sizes == ["max"]:
        return "text"
    is_cast = isinstance(kind.parent, exp.Cast)
    return f"{name}({sizes[0] if sizes else _DEFAULT_CHARACTERS if is_cast else 1})"
