"""The links from here to a plant's SQL Server, in a poll's order: network, TLS, login, query files.

Only SELECT and SET are sent, over one connection. A refused login is not tried again, because that locks
accounts.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from plantpulse.cli import formats
from plantpulse.cli.checks import network
from plantpulse.cli.checks.findings import Finding, Found, Link, walk
from plantpulse.cli.checks.query_files import QueryLinks
from plantpulse.cli.checks.rights import judge_rights
from plantpulse.errors import PermanentError, PlantpulseError, SourceLoginFailed
from plantpulse.runs import Budget
from plantpulse.settings import PlantSettings, Settings, SqlServerSettings
from plantpulse.source.catalogue import permissions_query
from plantpulse.source.query_files import load_queries
from plantpulse.source.sqlserver import SourceConnection, connect
from plantpulse.source.tls import NoSqlServer, look_for_obstacle

TIME_S: Final = 60.0
WARNED_SKEW: Final = timedelta(minutes=1)
WRONG_SKEW: Final = timedelta(minutes=5)  # from this skew on a poll warns too
MOST_PERMISSIONS: Final = 500


def check_plant(plant: str, settings: Settings, now: Callable[[], datetime]) -> Iterator[Finding]:
    """Look at a plant's links, one after the other."""
    with ExitStack() as stack:
        yield from walk(plant, _Links(plant, settings, now, stack).in_order())


class _Links:
    """The links of one plant. The login opens the connection, and the later links use it."""

    def __init__(self, plant: str, settings: Settings, now: Callable[[], datetime], stack: ExitStack) -> None:
        self._name = plant
        self._settings = settings
        self._plant: PlantSettings = settings.plants[plant]
        self._now = now
        self._stack = stack
        self._budget = Budget.start(TIME_S, TIME_S)
        self._connection: SourceConnection | None = None

    def in_order(self) -> Sequence[Link]:
        """Return the links; each one needs those before it."""
        queries = QueryLinks(self._name, self._settings, self._now, lambda: self._open)
        return [
            Link("settings", self._find_settings, _settings_remedy),
            Link("dns", self._look_up),
            Link("tcp", self._knock),
            Link("tls", self._shake_hands),
            Link("login", self._log_in, self._login_remedy),
            Link("read-only", self._ask_permissions, is_needed=False),
            Link("clock", self._compare_clocks, is_needed=False),
            *queries.in_order(),
        ]

    @property
    def _server(self) -> SqlServerSettings:
        return self._settings.sql_server_of(self._name)

    @property
    def _host(self) -> str:
        return self._server.host.partition("\\")[0]

    def _find_settings(self) -> Found:
        server = self._server
        load_queries(self._plant.queries_dir)
        return Found(f"{server.host}:{server.port}/{server.database} as {server.user}")

    def _look_up(self) -> Found:
        return network.look_up(self._host, self._server.port, "the host (MSSQL_HOST)")

    def _knock(self) -> Found:
        return network.knock(self._host, self._server.port, "the port (MSSQL_PORT)")

    def _shake_hands(self) -> Found:
        server = self._server
        try:
            obstacle = look_for_obstacle(server, timeout_s=network.PATIENCE_S)
        except TimeoutError:
            return Found(
                f"port {server.port} of {self._host} takes connections, but is silent",
                "look at the server's load, and at what stands between it and this machine",
                is_wrong=True,
            )
        except (OSError, NoSqlServer):
            return Found(
                f"what listens on port {server.port} of {self._host} does not answer as a SQL Server does",
                "check the host and the port (MSSQL_HOST, MSSQL_PORT), and that the server is not starting",
                is_wrong=True,
            )
        if obstacle:
            return Found(obstacle.reason, obstacle.advice, is_wrong=True)
        if server.encryption != "require":
            return Found(
                f"encryption is {server.encryption}: rows and perhaps the password are sent in plain text",
                "give the server a certificate, and set encryption: require",
            )
        if server.ca_file is None:
            return Found(
                "encrypted, but any certificate is accepted",
                "set ca_file (MSSQL_CA_FILE) to the authority behind the server's certificate",
            )
        return Found("encrypted, certificate verified")

    def _log_in(self) -> Found:
        self._connection = self._stack.enter_context(
            connect(self._server, seconds_left=self._budget.seconds_left)
        )
        return Found(f"{self._server.user} may open {self._server.database}")

    def _login_remedy(self, error: PlantpulseError) -> str:
        server = self._server
        if isinstance(error, SourceLoginFailed):
            return (
                f"correct MSSQL_USER or MSSQL_PASSWORD; or, as a DBA: USE [{server.database}]; "
                f"CREATE USER [{server.user}] FOR LOGIN [{server.user}]"
            )
        return "do what the message says; the login was not tried again"

    @property
    def _open(self) -> SourceConnection:
        assert self._connection is not None  # noqa: S101 - the links after the login are skipped without it
        return self._connection

    def _ask_permissions(self) -> Found:
        try:
            held = self._open.read(permissions_query(), {"limit": MOST_PERMISSIONS}).rows
        except PermanentError as error:  # another engine, or a login that may not look at the catalogue
            return Found(f"unknown: {error}", "ask the DBA whether the login may only SELECT")
        return judge_rights(held, self._server.user, self._server.database)

    def _compare_clocks(self) -> Found:
        """Compare with the middle of the question: the time of the login is long over."""
        asked_at = self._now()
        clock = self._open.ask_clock()
        middle = asked_at + (self._now() - asked_at) / 2
        return judge_clock(
            clock.utc_now - middle, clock.utc_offset_minutes, self._plant.time_zone, clock.utc_now
        )


def judge_clock(skew: timedelta, offset_minutes: int, time_zone: str, now: datetime) -> Found:
    """Return how a server's clock differs from ours, and from the time zone in the settings."""
    message = f"{formats.offset(skew)} from this machine's, UTC{offset_minutes / 60:+g} h"
    if abs(skew) >= WARNED_SKEW:
        return Found(
            message,
            "start the time service on the server, or on this machine: rows fall into the wrong windows",
            is_wrong=abs(skew) >= WRONG_SKEW,
        )
    expected = now.astimezone(ZoneInfo(time_zone)).utcoffset() or timedelta(0)
    if expected != timedelta(minutes=offset_minutes):
        hours = expected / timedelta(hours=1)
        return Found(
            f"{message}, but {time_zone} has {hours:+g} h",
            "set time_zone to the zone of the times in the rows, unless the clients write those themselves",
        )
    return Found(f"{message}, like {time_zone}")


def _settings_remedy(error: PlantpulseError) -> str:
    return "set it in plantpulse.yaml or the environment; see `plantpulse config show`"
