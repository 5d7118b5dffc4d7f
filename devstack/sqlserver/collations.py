"""The collations that the stand-in imitates, as far as letter case goes.

A collation belongs to the database, so every stand-in on one Postgres database has the same one.
Source: "Collation and Unicode support" of SQL Server. In Turkish, i and U+0130 are one letter, U+0131 and I
another.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_LOWER: Final = "pg_catalog.lower(value collate pg_c_utf8)"
_TURKISH_LOWER: Final = "pg_catalog.lower(translate(value, U&'I\\0130', U&'\\0131i') collate pg_c_utf8)"


@dataclass(frozen=True)
class Collation:
    """How letters are made small, and the form in which two texts are compared (both SQL over `value`)."""

    lower: str
    fold: str

    @property
    def definition(self) -> str:
        """The SQL that makes a database compare so."""
        return f"""
            create or replace function mssql.lower(value text) returns text
            language sql immutable parallel safe return {self.lower};
            create or replace function mssql.fold(value text) returns text
            language sql immutable parallel safe return {self.fold};
        """


DEFAULT: Final = Collation(_LOWER, _LOWER)
COLLATIONS: Final[Mapping[str, Collation]] = {
    "Latin1_General_CI_AS": DEFAULT,
    "Latin1_General_CS_AS": Collation(_LOWER, "value"),
    "Turkish_CI_AS": Collation(_TURKISH_LOWER, _TURKISH_LOWER),
    "Turkish_CS_AS": Collation(_TURKISH_LOWER, "value"),
}
