"""Turns: what the deployed function, the physical floor and the bare client are told to do, slot after slot.

Both of the latter fetch rows over one connection with statements of the query files, and make one POST: the
snapshot rows of that slot into the same table. They build nothing and parse nothing. The physical floor asks
what the poll asks; the bare client six questions about the slot's own window, as a script would that claims
nothing and knows nothing of rows that come late.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from bench.plant import LOOKED_AT, PHYSICAL_FLOOR, WINDOW, parameters_of
from bench.stack import Servers
from plantpulse.live_pulse.second_look import SUMMED_FROM_ASSETS
from plantpulse.source.query_files import build_statement, load_queries

_ROWS = Path(__file__).with_name("rows.sql")
_POLLED_AFTER = timedelta(seconds=20)
_DAY = timedelta(days=1)
_LOOKED_AT_AGAIN = ("output", "output_sums", "downtime")

_FORGETTING = (
    "delete from public.live_snapshots where snapshot_timestamp = %(slot)s",
    "delete from public.pipeline_runs where slot = %(slot)s",
)

Order = Mapping[str, Any]


@dataclass
class Turns:
    """One slot after the other, first for the function and then for the others."""

    servers: Servers
    slot: datetime = field(init=False)

    def order_next_poll(self) -> Order:
        """Returns the order to poll the next slot."""
        self.slot = self.servers.clock.next_slot()
        return self.order_poll()

    def forget_poll(self) -> None:
        """Lets Supabase forget what was written of the slot, so that it can be polled again."""
        with psycopg.connect(self.servers.supabase.database_url, autocommit=True) as connection:
            for statement in _FORGETTING:
                connection.execute(statement, {"slot": self.slot})

    def order_poll(self) -> Order:
        """Returns the order to poll the slot that was polled last."""
        return {"slot": self.slot.isoformat(), "now": (self.slot + _POLLED_AFTER).isoformat()}

    def order_floor(self, plant: str) -> Order:
        """Returns the order of the physical floor or the bare client for the slot that was polled last."""
        scratch = self.servers.scratch
        rows = scratch / "rows.json"
        rows.write_text(json.dumps(self._rows(plant), default=_as_json, separators=(",", ":")))
        return {
            "server": self._server(),
            "statements": self._statements(is_looking_again=plant == PHYSICAL_FLOOR),
            "supabase": self._supabase(),
            "bodies": [("/rest/v1/live_snapshots", str(rows))],
        }

    def _rows(self, plant: str) -> list[dict[str, Any]]:
        """Returns the snapshots of the slot, as rows of a floor's own plant."""
        with psycopg.connect(self.servers.supabase.database_url, row_factory=dict_row) as connection:
            return connection.execute(_ROWS.read_bytes(), {"slot": self.slot, "plant": plant}).fetchall()

    def _statements(self, *, is_looking_again: bool) -> list[tuple[str, tuple[Any, ...]]]:
        spans = {"safety": _DAY} | dict.fromkeys(_LOOKED_AT_AGAIN if is_looking_again else (), LOOKED_AT)
        left_out = {"safety_codes"}  # a floor knows its codes
        if self.servers.assets >= SUMMED_FROM_ASSETS:
            spans["output"] = WINDOW
        if not is_looking_again or self.servers.assets < SUMMED_FROM_ASSETS:
            left_out.add("output_sums")
        return [
            build_statement(query, parameters_of(self.slot, spans.get(name, WINDOW)))
            for name, query in load_queries().items()
            if name not in left_out
        ]

    def _server(self) -> dict[str, str]:
        server = self.servers.sql_server
        return {
            "server": server.host,
            "port": str(server.port),
            "user": server.user,
            "password": server.password,
            "database": server.database,
        }

    def _supabase(self) -> dict[str, Any]:
        host, _, port = self.servers.supabase.url.removeprefix("http://").partition(":")
        headers = {
            "apikey": self.servers.supabase.secret_key,
            "Content-Type": "application/json",
            "Prefer": "return=minimal",
        }
        return {"host": host, "port": int(port), "headers": headers}


def _as_json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else float(value)
