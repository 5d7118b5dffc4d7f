"""What crosses the wire: connections, requests and bytes of a poll, counted at the sockets.

Two proxies stand before the gateway and before SQL Server and pass on what they count. A poll that finds a
safety incident makes one request more.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psycopg

from bench.figures import Table
from bench.listener import Listener
from bench.polls import HTTP, WARM_UP
from bench.processes import running
from bench.stack import Servers
from bench.turns import Turns

_REQUEST = b"POST /"
_BLOCK_BYTES = 64 * 1024
_INCIDENT = """
    insert into dbo.downtime_records (locationname, reason_code, downtime_minutes, "timestamp", notes)
    select 'ASSET-00001', 'Safety Issue', 3, max("timestamp"), 'hand in the guard'
    from dbo.labor_records
"""


@dataclass
class Count:
    """What went through a proxy: `up` towards the server, `down` back."""

    connections: int = 0
    requests: int = 0
    up: int = 0
    down: int = 0

    def show(self) -> tuple[str, str, str]:
        return str(self.connections), f"{self.up:,}", f"{self.down:,}"


class Proxy:
    """Passes on what comes to a port of its own, and counts it."""

    def __init__(self, upstream_port: int) -> None:
        self._upstream_port = upstream_port
        self.count = Count()
        self.listener = Listener(self._pass_on)

    def take(self) -> Count:
        """Returns what was counted and begins anew."""
        counted, self.count = self.count, Count()
        return counted

    def _pass_on(self, client: socket.socket) -> None:
        server = socket.create_connection(("127.0.0.1", self._upstream_port))
        self.count.connections += 1
        threading.Thread(target=self._pass_up, args=(client, server), daemon=True).start()
        threading.Thread(target=self._pass_down, args=(server, client), daemon=True).start()

    def _pass_up(self, client: socket.socket, server: socket.socket) -> None:
        end = b""
        for block in _blocks(client, server):
            self.count.up += len(block)
            self.count.requests += (end + block).count(_REQUEST)
            end = block[1 - len(_REQUEST) :]

    def _pass_down(self, server: socket.socket, client: socket.socket) -> None:
        for block in _blocks(server, client):
            self.count.down += len(block)


def _blocks(source: socket.socket, target: socket.socket) -> Iterator[bytes]:
    """Yields what is read, having passed it on; at the end the other side is told."""
    with suppress(OSError):
        while block := source.recv(_BLOCK_BYTES):
            yield block
            target.sendall(block)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@contextmanager
def _counted(servers: Servers) -> Iterator[tuple[Servers, Proxy, Proxy]]:
    supabase_port = int(servers.supabase.url.rpartition(":")[2])
    supabase, sql_server = Proxy(supabase_port), Proxy(servers.sql_server.port)
    try:
        through = servers.seen_through(f"http://127.0.0.1:{supabase.listener.port}", sql_server.listener.port)
        yield through, supabase, sql_server
    finally:
        supabase.listener.close()
        sql_server.listener.close()


def new_table() -> Table:
    """Returns the table that `measure` adds to."""
    columns = ["poll", "requests to Supabase", "connections", "bytes up", "bytes down"]
    return Table("Calls of a poll, counted at the sockets", [*columns, "to SQL Server", "up", "down"])


def measure(servers: Servers, table: Table) -> None:
    """Counts a poll as it mostly is, and one that finds a safety incident."""
    with _counted(servers) as (through, supabase, sql_server), running(HTTP, through.settings()) as ours:
        turns = Turns(through)
        for _ in range(WARM_UP):
            ours.answer(turns.order_next_poll())
        for name in ("steady", "with an incident"):
            order = turns.order_next_poll()
            if name != "steady":
                _report_incident(servers)
            supabase.take()
            sql_server.take()
            ours.answer(order)
            to_supabase, to_source = supabase.take(), sql_server.take()
            requests = str(to_supabase.requests)
            table.add(f"{servers.assets:,}, {name}", requests, *to_supabase.show(), *to_source.show())


def _report_incident(servers: Servers) -> None:
    with psycopg.connect(servers.clock.database_url, autocommit=True) as connection:
        connection.execute(_INCIDENT)
