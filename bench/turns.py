"""Turns: what the deployed function and the two floors are told to do for one slot after the other.

A floor fetches rows with the same query files and makes two POSTs: one that is answered with the claim's
answer, and one with the snapshot rows of that slot into the same table. It builds nothing and parses nothing.
One floor fetches the rows that the poll reads; the other those of the slot's own window alone, as a client
would that knows nothing of rows that come late.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from psycopg.rows import dict_row

from bench.plant import LOOKED_AT, OURS, SAME_ROWS, WINDOW, parameters_of
from bench.stack import Servers
from plantpulse.live_pulse.second_look import SUMMED_FROM_ASSETS
from plantpulse.source.query_files import build_statement, load_queries

_ROWS = Path(__file__).with_name("rows.sql")
_POLLED_AFTER = timedelta(seconds=20)
_DAY = timedelta(days=1)
_LOOKED_AT_AGAIN = ("output", "output_sums", "downtime")

Order = Mapping[str, Any]


@dataclass
class Turns:
    """One slot after the other, first for the function and then for the floors."""

    servers: Servers
    slot: datetime = field(init=False)

    def order_poll(self) -> Order:
        """Returns the order to poll the next slot."""
        self.slot = self.servers.clock.next_slot()
        return {"slot": self.slot.isoformat(), "now": (self.slot + _POLLED_AFTER).isoformat()}

    def order_floor(self, plant: str) -> Order:
        """Returns the order to do the least for the slot that was polled last: SAME_ROWS or WINDOW_ALONE."""
        scratch = self.servers.scratch
        claim, rows = scratch / "claim.json", scratch / "rows.json"
        claim.write_text(json.dumps({"p_claim": self._claim()}))
        rows.write_text(json.dumps(self._rows(plant), default=_as_json, separators=(",", ":")))
        return {
            "server": self._server(),
            "statements": self._statements(is_looking_again=plant == SAME_ROWS),
            "supabase": self._supabase(),
            "bodies": [("/rest/v1/rpc/claim_run", str(claim)), ("/rest/v1/live_snapshots", str(rows))],
        }

    def _claim(self) -> dict[str, Any]:
        """Returns a claim that is answered as the poll's was and leaves no run; its lease is over at once."""
        return {
            "pipeline": "live_pulse",
            "plant": OURS,
            "trigger": "manual",
            "fence": str(uuid4()),
            "lease_s": 0,
            "is_dry_run": True,
            "window_start": (self.slot - WINDOW).isoformat(),
            "wants": ["assets", "shift_patterns", "closed_days"],
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
