"""Which server the adapter believes, through real pymssql and real TLS.

`traffic.logins` is what a server saw of logins, so an empty one proves that no password was sent.
"""

import os
import shutil
import socket
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pymssql
import pytest
import trustme

from devstack.sqlserver import Login, StandIn, Tls
from plantpulse.errors import ConfigurationError, PlantpulseError, SourceRefused, SourceUnavailable
from plantpulse.settings import Secret, SqlServerSettings
from plantpulse.settings.validation import validated
from plantpulse.source.query_files import make_query
from plantpulse.source.sqlserver import connect
from plantpulse.source.tls import find_obstacle
from plantpulse.source.trust import CONF_VARIABLE, trust
from tests.certificates import ADDRESS, NAME, certified
from tests.conftest import SqlServerUnderTest
from tests.eavesdropper import overheard
from tests.patience import ENDS_S, PATIENT_S, WITHOUT_TIME_OUT_S

pytestmark = pytest.mark.stand_in

PASSWORD = "n0t-to-be-seen"
WHO = make_query("quality", "select 'A' as asset, 1 as good, 2 as rejected")
START = Callable[[Tls | None], StandIn]


@dataclass(frozen=True)
class Authority:
    """An authority that signs certificates, and the PEM file that a plant's DBA would hand out."""

    signer: trustme.CA
    ca_file: Path

    def tls(self, *names: str, not_after: datetime | None = None) -> Tls:
        return certified(self.signer, *names, not_after=not_after)


@pytest.fixture
def found_authority(tmp_path: Path) -> Callable[[str], Authority]:
    def found(name: str) -> Authority:
        signer = trustme.CA()
        signer.cert_pem.write_to_path(tmp_path / f"{name}.pem")
        return Authority(signer, tmp_path / f"{name}.pem")

    return found


@pytest.fixture
def authority(found_authority: Callable[[str], Authority]) -> Authority:
    return found_authority("authority")


@pytest.fixture
def stranger(found_authority: Callable[[str], Authority]) -> Authority:
    return found_authority("stranger")


@pytest.fixture
def start(mssql: SqlServerUnderTest) -> Iterator[START]:
    """Start a SQL Server with a certificate, or with None."""
    assert mssql.stand_in is not None
    database_url = mssql.stand_in.database_url
    with ExitStack() as running:
        yield lambda tls: running.enter_context(
            StandIn(database_url, logins={"reader": Login(PASSWORD)}, tls=tls)
        )


def settings_for(server: StandIn, ca_file: Path | None = None, **changes: object) -> SqlServerSettings:
    return validated(
        SqlServerSettings,
        {
            "host": server.host,
            "port": server.port,
            "user": "reader",
            "password": Secret(PASSWORD),
            "database": server.database,
            "ca_file": ca_file,
            "login_timeout_s": PATIENT_S,
        }
        | changes,
    )


def read(settings: SqlServerSettings) -> list[tuple[object, ...]]:
    with connect(settings, seconds_left=lambda: 30.0) as connection:
        return connection.read(WHO, {"limit": 10}).rows


def refusal_of(server: StandIn, settings: SqlServerSettings) -> str:
    """Return how a server is refused, having made sure that it learned nothing."""
    with pytest.raises(SourceRefused) as caught:
        read(settings)

    assert not caught.value.is_retryable
    assert server.traffic.logins == []
    assert PASSWORD not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("host", [ADDRESS, NAME])
def test_a_server_with_a_certificate_of_the_authority_is_read(
    start: START, authority: Authority, host: str
) -> None:
    server = start(authority.tls(ADDRESS, NAME))

    assert read(settings_for(server, authority.ca_file, host=host)) == [("A", 1, 2)]


def test_a_server_of_another_authority_is_refused(
    start: START, authority: Authority, stranger: Authority
) -> None:
    server = start(stranger.tls(ADDRESS))

    refusal = refusal_of(server, settings_for(server, authority.ca_file))

    assert "certificate is refused: unable to get local issuer certificate" in refusal
    assert "Put its authority into `ca_file`" in refusal


def test_an_expired_certificate_is_refused(start: START, authority: Authority) -> None:
    server = start(authority.tls(ADDRESS, not_after=datetime.now(UTC) - timedelta(days=1)))

    refusal = refusal_of(server, settings_for(server, authority.ca_file))

    assert "certificate is refused: certificate has expired. Renew" in refusal


@pytest.mark.parametrize(
    ("host", "said"), [(ADDRESS, "IP address mismatch"), (NAME, "Hostname mismatch")], ids=["address", "name"]
)
def test_a_certificate_for_another_host_is_refused(
    start: START, authority: Authority, host: str, said: str
) -> None:
    server = start(authority.tls("mes.example"))

    refusal = refusal_of(server, settings_for(server, authority.ca_file, host=host))

    assert f"certificate is refused: {said}" in refusal
    assert "Set `host` to a name in the certificate" in refusal


def test_a_certificate_for_the_name_does_not_count_for_the_address(
    start: START, authority: Authority
) -> None:
    server = start(authority.tls(NAME))

    refusal_of(server, settings_for(server, authority.ca_file, host=ADDRESS))


def test_without_a_ca_file_any_certificate_will_do(start: START, stranger: Authority) -> None:
    """Said openly in docs/settings.md: `require` alone keeps listeners out, not impostors."""
    server = start(stranger.tls("mes.example", not_after=datetime.now(UTC) - timedelta(days=1)))

    assert read(settings_for(server)) == [("A", 1, 2)]


@pytest.mark.parametrize("is_verified", [True, False])
def test_a_server_without_tls_is_refused(start: START, authority: Authority, is_verified: bool) -> None:
    server = start(None)

    refusal = refusal_of(server, settings_for(server, authority.ca_file if is_verified else None))

    assert "the server has no TLS" in refusal


def test_a_server_that_insists_on_tls_is_not_read_without(start: START, authority: Authority) -> None:
    server = start(certified(authority.signer, ADDRESS, is_required=True))

    refusal = refusal_of(server, settings_for(server, encryption="off"))

    assert (
        "the server insists on TLS, and the setting `encryption` turns it off. Set it to require" in refusal
    )
    assert read(settings_for(server, encryption="request")) == [("A", 1, 2)]


def test_two_plants_may_have_two_authorities(start: START, authority: Authority, stranger: Authority) -> None:
    here, there = start(authority.tls(ADDRESS)), start(stranger.tls(ADDRESS))

    with connect(settings_for(here, authority.ca_file), seconds_left=lambda: 30.0) as connection:
        assert read(settings_for(there, stranger.ca_file)) == [("A", 1, 2)]
        assert connection.read(WHO, {"limit": 10}).rows == [("A", 1, 2)]

    assert read(settings_for(here, authority.ca_file)) == [("A", 1, 2)]
    there.traffic.clear()
    refusal_of(there, settings_for(there, authority.ca_file))


def test_plants_polled_at_the_same_time_keep_their_authorities(
    start: START, authority: Authority, stranger: Authority
) -> None:
    here, there = start(authority.tls(ADDRESS)), start(stranger.tls(ADDRESS))
    patient = {"login_timeout_s": 20}  # sixteen handshakes at once, on whatever machine this is
    right = [
        settings_for(here, authority.ca_file, **patient),
        settings_for(there, stranger.ca_file, **patient),
    ]
    wrong = [
        settings_for(here, stranger.ca_file, **patient),
        settings_for(there, authority.ca_file, **patient),
    ]
    outcomes: list[str] = []

    def poll(settings: SqlServerSettings, outcome: str) -> None:
        try:
            outcomes.append(outcome if read(settings) == [("A", 1, 2)] else "other rows")
        except PlantpulseError as error:
            outcomes.append(outcome if "certificate is refused" in str(error) else repr(error))

    threads = [threading.Thread(target=poll, args=(one, "as it should be")) for one in 4 * (right + wrong)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(ENDS_S)

    assert outcomes == ["as it should be"] * 16
    assert (len(here.traffic.logins), len(there.traffic.logins)) == (4, 4)


def test_an_authority_that_is_replaced_counts_from_the_next_connection(
    start: START, authority: Authority, stranger: Authority
) -> None:
    old, new = start(authority.tls(ADDRESS)), start(stranger.tls(ADDRESS))
    ca_file = authority.ca_file
    assert read(settings_for(old, ca_file)) == [("A", 1, 2)]

    shutil.copy(stranger.ca_file, ca_file)

    assert read(settings_for(new, ca_file)) == [("A", 1, 2)]
    old.traffic.clear()
    refusal_of(old, settings_for(old, ca_file))


def test_a_file_may_hold_several_authorities_and_remarks(
    start: START, authority: Authority, stranger: Authority, tmp_path: Path
) -> None:
    server = start(authority.tls(ADDRESS))
    bundle = tmp_path / "both # of them; système.pem"
    bundle.write_bytes(
        "# Für das Werk\n".encode() + stranger.ca_file.read_bytes() + authority.ca_file.read_bytes()
    )

    assert read(settings_for(server, bundle)) == [("A", 1, 2)]


@pytest.mark.parametrize("content", [None, b"", b"not a certificate", b"\x30\x82\x01\x0a\x02\x82\x01\x01"])
def test_a_ca_file_that_is_none_is_a_mistake_in_the_settings(
    start: START, authority: Authority, tmp_path: Path, content: bytes | None
) -> None:
    server = start(authority.tls(ADDRESS))
    ca_file = tmp_path / "some.pem"
    if content is not None:
        ca_file.write_bytes(content)

    with pytest.raises(ConfigurationError, match=r"sql_server\.ca_file \(MSSQL_CA_FILE\): ") as caught:
        read(settings_for(server, ca_file))

    assert "some.pem" not in str(caught.value)
    assert server.traffic.connections == 0


def test_what_the_driver_reads_is_private(start: START, authority: Authority) -> None:
    server = start(authority.tls(ADDRESS))

    read(settings_for(server, authority.ca_file))

    conf = Path(os.environ[CONF_VARIABLE])
    assert stat.S_IMODE(conf.parent.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in conf.parent.iterdir()} == {0o600}
    assert PASSWORD not in conf.read_text()


def test_without_what_the_driver_reads_there_is_no_connection(start: START, authority: Authority) -> None:
    server = start(authority.tls(ADDRESS))
    name = trust(server.host, server.port, authority.ca_file)

    shutil.rmtree(Path(os.environ[CONF_VARIABLE]).parent)

    with pytest.raises(pymssql.OperationalError):
        pymssql.connect(server=name, port=str(server.port), user="reader", password=PASSWORD)
    assert server.traffic.connections == 0
    assert read(settings_for(server, authority.ca_file)) == [("A", 1, 2)]


def test_another_freetds_conf_cannot_loosen_it(
    start: START, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start(authority.tls("mes.example"))
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "freetds.conf").write_text("[global]\ncheck certificate hostname = no\n")
    monkeypatch.setenv("FREETDS", str(tmp_path))

    refusal_of(server, settings_for(server, authority.ca_file))


def test_an_unknown_host_stays_unavailable(start: START, authority: Authority) -> None:
    server = start(authority.tls(ADDRESS))

    with pytest.raises(SourceUnavailable, match="host name cannot be resolved"):
        read(settings_for(server, authority.ca_file, host="mes.invalid"))


def test_a_slow_query_is_ended_inside_tls(start: START, authority: Authority) -> None:
    server = start(authority.tls(ADDRESS))
    slow = make_query("quality", "waitfor delay '00:01:15'; select 'A' as asset, 1 as good, 2 as rejected")
    began = time.monotonic()

    settings = settings_for(server, authority.ca_file, query_timeout_s=1)
    with (
        connect(settings, seconds_left=lambda: 120.0) as connection,
        pytest.raises(SourceUnavailable, match="within 1 s"),
    ):
        connection.read(slow, {"limit": 10})

    assert time.monotonic() - began < WITHOUT_TIME_OUT_S


def ask_for_login_encryption_only(prelogin: bytes) -> bytes:
    """Alter what a client's first packet says of encryption, its second option."""
    payload = bytearray(prelogin[8:])
    wish = int.from_bytes(payload[6:8], "big")
    assert payload[5] == 1
    assert payload[wish] == 1
    payload[wish] = 0
    return prelogin[:8] + bytes(payload)


def test_a_connection_that_was_talked_down_to_plain_text_is_not_read(
    start: START, authority: Authority
) -> None:
    server = start(authority.tls(ADDRESS))

    with (
        overheard(server.port, alter_first=ask_for_login_encryption_only) as (port, heard),
        pytest.raises(SourceRefused, match="the server answered unencrypted"),
    ):
        read(settings_for(server, authority.ca_file, port=port))

    assert "sp_executesql".encode("utf-16-le") not in heard
    assert not any("headcount" in statement.text for statement in server.traffic.statements)


def test_a_wildcard_is_named_as_what_the_driver_does_not_accept(
    start: START, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start(authority.tls("*.plant.example"))
    at_home = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (server.host, server.port))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: at_home)

    verdict = find_obstacle(settings_for(server, authority.ca_file, host="mes.plant.example"), timeout_s=60.0)

    assert verdict is not None
    assert "only by a wildcard" in verdict.reason
    assert server.traffic.logins == []


@pytest.mark.parametrize("encryption", ["request", "off"])
def test_a_ca_file_without_required_tls_is_refused(authority: Authority, encryption: str) -> None:
    with pytest.raises(ConfigurationError, match="ca_file needs encryption: require"):
        validated(
            SqlServerSettings,
            {
                "host": "mes.example",
                "user": "reader",
                "password": PASSWORD,
                "database": "mes",
                "ca_file": authority.ca_file,
                "encryption": encryption,
            },
        )


def test_a_ca_file_needs_a_host_without_an_instance(authority: Authority) -> None:
    with pytest.raises(ConfigurationError, match="ca_file needs a host without an instance name"):
        validated(
            SqlServerSettings,
            {
                "host": "mes\\PROD",
                "user": "reader",
                "password": PASSWORD,
                "database": "mes",
                "ca_file": authority.ca_file,
            },
        )
