"""The plant that is measured: its size, its clock, its rows and its place in Supabase.

Time is simulated from one fixed morning on, so that no run of the benchmark meets a clock change or another
shift than the last one did. The statements stand in `plant.sql` and `model.sql`.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

OURS = "bench"
# Where the others write what the poll wrote: assets of their own, in the same table.
PHYSICAL_FLOOR = "physical_floor"
BARE_CLIENT = "bare_client"
ZONE = ZoneInfo("America/Chicago")
EVERY = timedelta(minutes=15)
WINDOW = timedelta(minutes=30)
# A poll reads its window, and output and downtime of the two slots before it as well.
LOOKED_AT = WINDOW + 2 * EVERY
# 08:00 in the early shift; in the week after a change of the clock a poll asks for an hour of stops more.
FIRST_SLOT = datetime(2026, 3, 18, 13, 0, tzinfo=UTC)
HISTORY = LOOKED_AT // EVERY
_SQL = Path(__file__).parent


@dataclass
class PlantClock:
    """Slots, one after the other; each is made up of rows before it is given out."""

    database_url: str
    assets: int
    turn: int = field(default=0, init=False)

    def start(self) -> None:
        """Enters the rows of the time before the first slot."""
        self.turn = -HISTORY
        while self.turn < 0:
            self._enter()

    def next_slot(self) -> datetime:
        """Returns the next slot, whose rows are there by now."""
        self._enter()
        return self._end_of(self.turn - 1)

    def _end_of(self, turn: int) -> datetime:
        return FIRST_SLOT + turn * EVERY

    def _enter(self) -> None:
        until = local(self._end_of(self.turn))
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            connection.execute(
                (_SQL / "plant.sql").read_bytes(),
                {"assets": self.assets, "until": until, "turn": self.turn},
            )
            connection.execute("analyze")
        self.turn += 1


def enter_model(database_url: str, plant: str, assets: int) -> None:
    """Tells Supabase of a plant with so many assets."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute((_SQL / "model.sql").read_bytes(), {"plant": plant, "assets": assets})
        connection.execute("analyze")


def local(at: datetime) -> datetime:
    """Returns the naive time that the plant's clock shows."""
    return at.astimezone(ZONE).replace(tzinfo=None)


def parameters_of(slot: datetime, span: timedelta) -> dict[str, Any]:
    """Returns the parameters of the query files for the span that ends with a slot."""
    until = local(slot)
    return {
        "from": until - span,
        "until": until,
        "limit": 50_000,
        "bucket_s": int(EVERY.total_seconds()),
        "reason_codes": "|Safety Issue|",
    }
