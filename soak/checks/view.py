"""What every check looks at: the database, the plants, the ledger, and the count of what was checked."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg.rows import dict_row

from soak.ledger import Ledger
from soak.plant import Plant


@dataclass(slots=True)
class View:
    """The database of one seed beside the truth about it."""

    connection: psycopg.Connection[Any]
    plants: Mapping[str, Plant]
    ledger: Ledger
    checked: Counter[str] = field(default_factory=Counter)

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """Return the rows of a query."""
        with self.connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(query.encode(), values).fetchall()

    def incidents_of(self, plant: str) -> set[int]:
        """Return the ids of the incidents that are stored of a plant."""
        rows = self.rows("select id from public.safety_events where plant = %s", plant)
        return {row["id"] for row in rows}

    def incidents(self) -> list[int]:
        """Return the ids of the incidents that are stored."""
        return [row["id"] for row in self.rows("select id from public.safety_events order by id")]
