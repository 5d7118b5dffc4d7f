"""What becomes of a poll's read when the server, the network or the login misbehaves.

Through real pymssql, against a server that is scripted to fail; the figures of time are upper bounds.
"""

import json
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import asdict, replace
from itertools import chain, repeat
from multiprocessing import get_context
from typing import Any

import pytest

from devstack.sqlserver import tokens
from devstack.sqlserver.packets import HEADER, PacketKind, PacketStream
from plantpulse.errors import (
    OutOfTime,
    PlantpulseError,
    SourceLoginFailed,
    SourceQueryFailed,
    SourceRefused,
    SourceSchemaMismatch,
    SourceTableDenied,
    SourceTableMissing,
    SourceUnavailable,
)
from plantpulse.settings import Secret, SqlServerSettings
from plantpulse.source.query_files import make_query
from plantpulse.source.sqlserver import connect
from tests.faults.scripted_server import (
    DATETIME2_WHOLE_SECONDS,
    INT_NOT_NULL,
    TLS_REQUIRED,
    Answer,
    ScriptedServer,
    agree,
    end,
    error,
    ignore,
    refuse,
    reset,
    scripted_server,
    tell_the_time,
)
from tests.patience import ENDS_S, PATIENT_S, WITHOUT_TIME_OUT_S

PASSWORD = "c0rrect-h0rse"
RUN_S = 120.0  # longer than any time-out here, so that only its own can end a step in time
QUALITY = make_query("quality", "select top (@limit) asset, good, rejected from quality_records")
LIMIT = {"limit": 100}
Read = Callable[[SqlServerSettings], list[tuple[object, ...]]]
ROW = b"\xd1" + bytes(12)
COLUMNS = tokens.column_metadata([(name, INT_NOT_NULL) for name in ("asset", "good", "rejected")])


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as running:
        yield running


def settings_for(server: ScriptedServer, **changes: Any) -> SqlServerSettings:
    settings = SqlServerSettings(
        host="127.0.0.1",
        port=server.port,
        user="plantpulse_reader",
        password=Secret(PASSWORD),
        database="mes",
        encryption="off",
        login_timeout_s=PATIENT_S,
        query_timeout_s=PATIENT_S,
    )
    return replace(settings, **changes)


def read_quality(
    settings: SqlServerSettings, seconds_left: Callable[[], float] = lambda: RUN_S
) -> list[tuple[object, ...]]:
    with connect(settings, seconds_left=seconds_left) as connection:
        return connection.read(QUALITY, LIMIT).rows


@pytest.fixture
def read_in_new_process() -> Iterator[Read]:
    """`read_quality` in one other process: what the driver keeps of refused logins is the process's."""
    with ProcessPoolExecutor(1, get_context("spawn")) as other:
        yield lambda settings: other.submit(read_quality, settings).result()


def answer_rows(wire: PacketStream, client: socket.socket) -> None:
    wire.write(COLUMNS + ROW + end())
    wire.end_message()


def answer_never(wire: PacketStream, client: socket.socket) -> None:
    pass


def trickle(wire: PacketStream, client: socket.socket) -> None:
    """Send a row every half second for a minute: never silent, never done."""
    client.sendall(packet(COLUMNS))
    for _ in range(120):
        client.sendall(packet(ROW))
        client.settimeout(0.5)
        try:
            if not client.recv(1):
                return
        except TimeoutError:
            client.settimeout(None)


def drip(client: socket.socket) -> None:
    """Answer a byte every half second: an endless packet, never silent, never done."""
    client.sendall(HEADER.pack(PacketKind.RESPONSE, 0, 4096, 0, 1, 0))
    client.settimeout(0.5)
    for _ in range(120):
        with suppress(TimeoutError):
            while client.recv(4096):
                pass
            return
        client.sendall(b"\0")


def packet(payload: bytes) -> bytes:
    return HEADER.pack(PacketKind.RESPONSE, 0, HEADER.size + len(payload), 0, 1, 0) + payload


def answer_a_day_beyond_the_calendar(wire: PacketStream, client: socket.socket) -> None:
    columns = [("asset", DATETIME2_WHOLE_SECONDS), ("good", INT_NOT_NULL), ("rejected", INT_NOT_NULL)]
    row = b"\xd1" + bytes([6]) + bytes(3) + b"\xff\xff\xff" + bytes(8)
    wire.write(tokens.column_metadata(columns) + row + end())
    wire.end_message()


def cut_in_the_middle(wire: PacketStream, client: socket.socket) -> None:
    wire.write(COLUMNS + ROW + ROW[:5])
    wire.cut()


def messages_of(failure: BaseException) -> str:
    parts: list[str] = []
    seen: BaseException | None = failure
    while seen is not None:
        parts += [str(seen), repr(seen)]
        seen = seen.__cause__ or seen.__context__
    return "\n".join(parts)


def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_rows_arrive_when_nothing_is_wrong(server: ScriptedServer) -> None:
    server.answers["quality_records"] = answer_rows

    with connect(settings_for(server), seconds_left=lambda: RUN_S) as connection:
        rows = connection.read(QUALITY, LIMIT)

    assert rows.rows == [(0, 0, 0)]
    assert not rows.is_truncated
    assert connection.server_clock.utc_now.isoformat() == "2026-11-22T12:00:00+00:00"
    assert connection.server_clock.utc_offset_minutes == -360
    assert server.hung_up.wait(ENDS_S)


def test_a_closed_port_is_unavailable() -> None:
    with pytest.raises(SourceUnavailable, match="Connection refused") as caught:
        read_quality(settings_for(ScriptedServer(port=unused_port())))

    assert "connecting on 127.0.0.1:" in str(caught.value)
    assert "/mes as plantpulse_reader" in str(caught.value)


def test_an_unknown_host_is_unavailable(server: ScriptedServer) -> None:
    with pytest.raises(SourceUnavailable, match="host name cannot be resolved"):
        read_quality(settings_for(server, host="mes.invalid"))


def test_a_server_that_never_answers_is_given_up_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        hole = ScriptedServer(port=listener.getsockname()[1])
        began = time.monotonic()

        with pytest.raises(SourceUnavailable, match="did not answer in time"):
            read_quality(settings_for(hole, login_timeout_s=1))

    assert time.monotonic() - began < WITHOUT_TIME_OUT_S


def test_the_runs_own_time_bounds_the_login(server: ScriptedServer) -> None:
    server.on_connection = ignore
    began = time.monotonic()

    with pytest.raises(SourceUnavailable):
        read_quality(settings_for(server, login_timeout_s=60), lambda: 1.2)

    assert time.monotonic() - began < WITHOUT_TIME_OUT_S


def test_nothing_is_begun_without_time(server: ScriptedServer) -> None:
    with pytest.raises(OutOfTime, match=r"connecting: not begun, the run has 0\.4 s left"):
        read_quality(settings_for(server), lambda: 0.4)

    assert server.logins == 0


def test_a_query_is_not_begun_without_time(server: ScriptedServer) -> None:
    left = iter([30.0, 30.0, 0.2])

    with pytest.raises(OutOfTime, match=r"quality\.sql: not begun"):
        read_quality(settings_for(server), lambda: next(left))

    assert not any("quality_records" in statement for statement in server.statements)


@pytest.mark.parametrize("encryption", ["require", "request", "off"])
def test_a_reset_connection_is_unavailable(server: ScriptedServer, encryption: str) -> None:
    def hear_and_reset(client: socket.socket) -> None:
        client.recv(4096)
        reset(client)

    server.on_connection = hear_and_reset

    with pytest.raises(SourceUnavailable, match="connection was reset"):
        read_quality(settings_for(server, encryption=encryption))


def test_a_server_that_hangs_up_is_unavailable(server: ScriptedServer) -> None:
    def hang_up(client: socket.socket) -> None:
        client.recv(4096)
        client.close()

    server.on_connection = hang_up

    with pytest.raises(SourceUnavailable, match="closed the connection"):
        read_quality(settings_for(server))


def test_a_server_without_tls_is_refused_when_tls_is_required(server: ScriptedServer) -> None:
    with pytest.raises(
        SourceRefused, match=r"the server has no TLS, and the setting `encryption` requires it"
    ):
        read_quality(settings_for(server, encryption="require"))

    assert server.logins == 0


def test_a_server_that_insists_on_tls_is_refused_when_tls_is_off(server: ScriptedServer) -> None:
    server.offer = TLS_REQUIRED

    with pytest.raises(SourceRefused, match=r"insists on TLS.* Set it to require"):
        read_quality(settings_for(server, encryption="off"))

    assert server.logins == 0


def cut_in_the_handshake(client: socket.socket) -> None:
    """Offer TLS, and close the connection as the client begins it."""
    wire = PacketStream(client)
    wire.read_message()
    wire.write(struct.pack(">BHHBHHB", 0, 11, 6, 1, 17, 1, 0xFF) + bytes(6) + bytes([TLS_REQUIRED]))
    wire.end_message()
    wire.read_message()


def test_a_connection_that_is_cut_in_the_tls_handshake_is_tried_again(server: ScriptedServer) -> None:
    server.on_connection = cut_in_the_handshake

    with pytest.raises(SourceUnavailable, match=r"was closed during the TLS handshake\. The next delivery"):
        read_quality(settings_for(server, encryption="require"))


def test_a_value_of_a_row_that_the_server_quotes_is_not_told(server: ScriptedServer) -> None:
    server.answers["quality_records"] = refuse(
        245, 16, "Conversion failed when converting the varchar value 'Anna' to data type int."
    )

    with pytest.raises(SourceQueryFailed, match="245, a value does not fit its type") as caught:
        read_quality(settings_for(server))

    assert "Anna" not in str(caught.value)


def test_a_value_that_the_driver_cannot_read_is_no_error_of_ours(server: ScriptedServer) -> None:
    """A byte that was altered on its way makes one; so may another engine."""
    server.answers["quality_records"] = answer_a_day_beyond_the_calendar

    with connect(settings_for(server), seconds_left=lambda: RUN_S) as connection:
        with pytest.raises(SourceUnavailable, match="a value arrived that the driver cannot read"):
            connection.read(QUALITY, LIMIT)
        with pytest.raises(SourceUnavailable, match="it is not used again"):
            connection.read(QUALITY, LIMIT)


@pytest.mark.parametrize("clock", [agree, answer_rows])
def test_a_server_that_does_not_tell_its_clock_is_refused(server: ScriptedServer, clock: Answer) -> None:
    server.answers["SYSUTCDATETIME"] = clock

    with pytest.raises(SourceRefused, match="the server did not tell its clock"):
        read_quality(settings_for(server))


def test_a_wrong_password_is_tried_once(server: ScriptedServer) -> None:
    server.refusal = error(18456, 14, "Login failed for user 'plantpulse_reader'.")

    with pytest.raises(SourceLoginFailed, match="18456") as caught:
        read_quality(settings_for(server))

    assert server.logins == 1
    assert PASSWORD not in messages_of(caught.value)


def test_a_missing_database_is_refused(server: ScriptedServer) -> None:
    server.refusal = error(4060, 11, 'Cannot open database "mes" requested by the login.')

    with pytest.raises((SourceRefused, SourceLoginFailed)) as caught:
        read_quality(settings_for(server))

    assert not caught.value.is_retryable


def test_a_database_named_with_the_login_error_points_at_both(server: ScriptedServer) -> None:
    """SQL Server sends 4060 and then 18456; the driver keeps the severer."""
    server.refusal = error(4060, 11, 'Cannot open database "mes".') + error(18456, 14, "Login failed.")

    with pytest.raises(SourceLoginFailed, match="that the database exists"):
        read_quality(settings_for(server))


def test_an_earlier_wrong_password_does_not_colour_a_later_outage(server: ScriptedServer) -> None:
    server.refusal = error(18456, 14, "Login failed for user 'plantpulse_reader'.")
    with pytest.raises(SourceLoginFailed):
        read_quality(settings_for(server))

    with pytest.raises(SourceUnavailable, match="Connection refused"):
        read_quality(settings_for(ScriptedServer(port=unused_port())))


def test_an_earlier_busy_server_does_not_hide_a_wrong_password(server: ScriptedServer) -> None:
    """The library keeps a login's error number until a more severe one comes: a process of its own may."""
    server.refusal = error(40613, 17, "Database 'mes' is not currently available.")
    program = (
        "import json, sys\n"
        "from plantpulse.settings.validation import validated\n"
        "from plantpulse.errors import PlantpulseError\n"
        "from plantpulse.source.sqlserver import connect\n"
        "from plantpulse.settings import SqlServerSettings\n"
        "for _ in range(2):\n"
        "    try:\n"
        "        settings = validated(SqlServerSettings, json.loads(sys.argv[1]))\n"
        "        with connect(settings, seconds_left=lambda: 30.0): pass\n"
        "    except PlantpulseError as error: print(type(error).__name__, flush=True)\n"
        "    sys.stdin.readline()\n"
    )
    settings = asdict(settings_for(server)) | {"password": PASSWORD}

    with subprocess.Popen(
        [sys.executable, "-c", program, json.dumps(settings)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as polling:
        assert polling.stdin is not None
        assert polling.stdout is not None
        first = polling.stdout.readline()
        server.refusal = error(18456, 14, "Login failed for user 'plantpulse_reader'.")
        polling.stdin.write("\n")
        polling.stdin.flush()
        second = polling.stdout.readline()
        polling.communicate("\n", timeout=ENDS_S)

    assert (first, second) == ("SourceUnavailable\n", "SourceLoginFailed\n")


TOO_MANY = error(33557097, 16, "sorry, too many clients already")


def test_a_refusal_is_heard_however_many_there_were_before(
    server: ScriptedServer, read_in_new_process: Read
) -> None:
    """The library keeps the severest error of all logins, and loses the words of those that come later."""
    for refusal, expected, words in (
        (error(33557097, 20, "sorry, too many clients already"), SourceUnavailable, "too many clients"),
        (TOO_MANY, SourceUnavailable, "33557097, sorry, too many clients already"),
        (TOO_MANY, SourceUnavailable, "33557097, sorry, too many clients already"),
        (error(4060, 11, 'Cannot open database "mes".'), SourceRefused, "4060, Cannot open database"),
    ):
        server.refusal, before = refusal, server.logins
        with pytest.raises(expected, match=words):
            read_in_new_process(settings_for(server))
        assert server.logins == before + 1


def test_a_wrong_password_keeps_its_number_and_is_never_repeated(
    server: ScriptedServer, read_in_new_process: Read
) -> None:
    server.refusal = error(18456, 14, "Login failed for user 'plantpulse_reader'.")

    for logins in (1, 2, 3):
        with pytest.raises(SourceLoginFailed, match="18456, Login failed for user"):
            read_in_new_process(settings_for(server))
        assert server.logins == logins


def test_a_poll_reads_and_fails_as_before_after_refused_logins(
    server: ScriptedServer, read_in_new_process: Read
) -> None:
    server.answers["quality_records"] = answer_rows
    for server.refusal in (TOO_MANY, TOO_MANY):
        with pytest.raises(SourceUnavailable):
            read_in_new_process(settings_for(server))
    server.refusal = None

    assert len(read_in_new_process(settings_for(server))) == 1
    server.answers["quality_records"] = refuse(1222, 16, "Lock request time out period exceeded.")
    with pytest.raises(SourceUnavailable, match="1222"):
        read_in_new_process(settings_for(server))
    server.answers["use "] = refuse(916, 14, "The server principal is not able to access the database.")
    with pytest.raises(SourceRefused, match="916"):
        read_in_new_process(settings_for(server))


def test_a_connection_whose_database_is_refused_is_closed(server: ScriptedServer) -> None:
    server.answers["use "] = refuse(916, 14, "The server principal is not able to access the database.")

    with pytest.raises(SourceRefused, match="916"):
        read_quality(settings_for(server))

    assert server.hung_up.wait(ENDS_S)


def test_a_database_that_is_being_recovered_is_tried_again(server: ScriptedServer) -> None:
    server.answers["use "] = refuse(922, 14, "Database 'mes' is being recovered.")

    with pytest.raises(SourceUnavailable, match="922"):
        read_quality(settings_for(server))

    assert server.logins == 1
    assert server.hung_up.wait(ENDS_S)


def test_silence_after_the_login_ends(server: ScriptedServer) -> None:
    server.answers["use "] = answer_never
    began = time.monotonic()

    with pytest.raises(SourceUnavailable):
        read_quality(settings_for(server, login_timeout_s=1))

    assert time.monotonic() - began < WITHOUT_TIME_OUT_S
    assert server.hung_up.wait(ENDS_S)


def test_a_login_that_drips_does_not_stretch_the_time_out(server: ScriptedServer) -> None:
    server.on_connection = drip
    began = time.monotonic()

    with pytest.raises(SourceUnavailable, match=r"connecting on .*not over within 1 s \(login_timeout_s\)"):
        read_quality(settings_for(server, login_timeout_s=1))

    assert time.monotonic() - began < WITHOUT_TIME_OUT_S
    assert server.hung_up.wait(ENDS_S)


def test_a_database_that_opens_in_drips_does_not_stretch_the_time_out(server: ScriptedServer) -> None:
    server.answers["use "] = trickle
    began = time.monotonic()

    with pytest.raises(SourceUnavailable, match="not over within 1 s"):
        read_quality(settings_for(server, login_timeout_s=1))

    assert time.monotonic() - began < WITHOUT_TIME_OUT_S
    assert server.hung_up.wait(ENDS_S)


def test_a_login_that_is_over_after_its_time_is_not_used(server: ScriptedServer) -> None:
    def agree_late(wire: PacketStream, client: socket.socket) -> None:
        client.settimeout(ENDS_S)
        client.recv(1, socket.MSG_PEEK)  # it ends when the login is cut
        agree(wire, client)

    server.answers["use "] = agree_late

    with pytest.raises(SourceUnavailable, match="not over within 1 s"):
        read_quality(settings_for(server, login_timeout_s=1))


def test_cutting_a_login_leaves_other_connections_to_the_server_alone(server: ScriptedServer) -> None:
    server.answers["quality_records"] = answer_rows

    with connect(settings_for(server), seconds_left=lambda: RUN_S) as open_before:
        server.on_connection = drip
        with pytest.raises(SourceUnavailable, match="not over within 1 s"):
            read_quality(settings_for(server, login_timeout_s=1))
        rows = open_before.read(QUALITY, LIMIT)

    assert rows.rows == [(0, 0, 0)]


def test_the_first_connection_of_a_process_is_bounded_too(server: ScriptedServer) -> None:
    """The library's time-out is process-wide: only a new process can show that it is set early enough."""
    server.answers["use "] = answer_never
    program = (
        "import json, sys\n"
        "from plantpulse.settings.validation import validated\n"
        "from plantpulse.errors import SourceUnavailable\n"
        "from plantpulse.source.sqlserver import connect\n"
        "from plantpulse.settings import SqlServerSettings\n"
        "try:\n"
        "    with connect(validated(SqlServerSettings, json.loads(sys.argv[1])), seconds_left=lambda: 1.5):\n"
        "        pass\n"
        "except SourceUnavailable: print('unavailable')\n"
    )
    settings = asdict(settings_for(server, login_timeout_s=1)) | {"password": PASSWORD}

    ended = subprocess.run(
        [sys.executable, "-c", program, json.dumps(settings)],
        capture_output=True,
        text=True,
        timeout=ENDS_S,
        check=True,
    )

    assert ended.stdout == "unavailable\n"


def test_a_query_without_an_answer_ends_in_time(server: ScriptedServer) -> None:
    server.answers["quality_records"] = answer_never
    began = time.monotonic()

    with pytest.raises(SourceUnavailable, match=r"quality\.sql on .*within 1 s \(query_timeout_s\)"):
        read_quality(settings_for(server, query_timeout_s=1))

    assert time.monotonic() - began < WITHOUT_TIME_OUT_S


def test_rows_that_trickle_do_not_stretch_the_time_out(server: ScriptedServer) -> None:
    server.answers["quality_records"] = trickle
    began = time.monotonic()

    with pytest.raises(SourceUnavailable, match="no complete answer within 1 s"):
        read_quality(settings_for(server, query_timeout_s=1))

    assert time.monotonic() - began < WITHOUT_TIME_OUT_S


def test_the_runs_own_time_ends_a_query(server: ScriptedServer) -> None:
    server.answers["quality_records"] = trickle
    left = chain(
        [RUN_S, RUN_S], repeat(1.1)
    )  # the login takes two looks at the clock, and is not what is asked
    began = time.monotonic()

    with pytest.raises(OutOfTime, match=r"quality\.sql on .*after 1\.1 s"):
        read_quality(settings_for(server), lambda: next(left))

    assert time.monotonic() - began < WITHOUT_TIME_OUT_S


@pytest.mark.parametrize("fault", [cut_in_the_middle, lambda wire, client: reset(client)])
def test_a_cut_connection_gives_no_rows(server: ScriptedServer, fault: Callable[..., None]) -> None:
    server.answers["quality_records"] = fault

    with pytest.raises(SourceUnavailable, match=r"quality\.sql"):
        read_quality(settings_for(server))


def test_a_dead_connection_is_not_used_again(server: ScriptedServer) -> None:
    server.answers["quality_records"] = cut_in_the_middle

    with connect(settings_for(server), seconds_left=lambda: RUN_S) as connection:
        with pytest.raises(SourceUnavailable):
            connection.read(QUALITY, LIMIT)
        with pytest.raises(SourceUnavailable, match="not used again"):
            connection.read(QUALITY, LIMIT)

    assert server.logins == 1
    assert sum("quality_records" in statement for statement in server.statements) == 1


def test_a_failed_query_leaves_the_connection_to_the_next(server: ScriptedServer) -> None:
    server.answers["quality_records"] = refuse(208, 16, "Invalid object name 'quality_records'.")

    with connect(settings_for(server), seconds_left=lambda: RUN_S) as connection:
        with pytest.raises(SourceTableMissing, match=r"quality\.sql on .*208, Invalid object name"):
            connection.read(QUALITY, LIMIT)
        server.answers["quality_records"] = answer_rows
        rows = connection.read(QUALITY, LIMIT)

    assert rows.rows == [(0, 0, 0)]
    assert server.logins == 1


@pytest.mark.parametrize(
    ("number", "severity", "expected"),
    [(207, 16, SourceSchemaMismatch), (229, 14, SourceTableDenied), (1222, 16, SourceUnavailable)],
)
def test_the_servers_error_becomes_ours_with_its_cause(
    server: ScriptedServer, number: int, severity: int, expected: type[PlantpulseError]
) -> None:
    server.answers["quality_records"] = refuse(number, severity, "Said by the server.")

    with pytest.raises(expected, match=str(number)) as caught:
        read_quality(settings_for(server))

    assert caught.value.__cause__ is not None
    assert PASSWORD not in messages_of(caught.value)


def test_an_error_after_the_first_rows_is_an_error(server: ScriptedServer) -> None:
    def deadlock(wire: PacketStream, client: socket.socket) -> None:
        wire.write(COLUMNS + ROW + error(1205, 13, "Deadlocked.") + end(failed=True))
        wire.end_message()

    server.answers["quality_records"] = deadlock

    with pytest.raises(SourceUnavailable, match="1205"):
        read_quality(settings_for(server))


def test_a_file_without_top_reads_no_more_than_the_limit(server: ScriptedServer) -> None:
    def many(wire: PacketStream, client: socket.socket) -> None:
        wire.write(COLUMNS + ROW * 5000 + end())
        wire.end_message()

    server.answers["quality_records"] = many

    with connect(settings_for(server), seconds_left=lambda: RUN_S) as connection:
        rows = connection.read(QUALITY, LIMIT)

    assert len(rows.rows) == 100
    assert rows.is_truncated


def test_the_session_cannot_harm_the_plants_own_work(server: ScriptedServer) -> None:
    server.answers["quality_records"] = answer_rows

    read_quality(settings_for(server, lock_timeout_ms=700, isolation="read uncommitted"))

    set_up = next(statement for statement in server.statements if "SYSUTCDATETIME" in statement)
    assert "SET LOCK_TIMEOUT 700;" in set_up
    assert "SET DEADLOCK_PRIORITY LOW;" in set_up
    assert "SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED;" in set_up
    assert "SET DATEFORMAT ymd;" in set_up
    assert "BEGIN TRAN" not in "".join(server.statements)


def test_a_server_without_lock_timeout_is_read(server: ScriptedServer) -> None:
    server.answers["quality_records"] = answer_rows
    server.answers["LOCK_TIMEOUT"] = refuse(195, 15, "'LOCK_TIMEOUT' is not a recognized SET option.")

    with connect(settings_for(server), seconds_left=lambda: RUN_S) as connection:
        rows = connection.read(QUALITY, LIMIT)

    assert rows.rows == [(0, 0, 0)]
    assert connection.refused_settings == ["SET LOCK_TIMEOUT 5000"]
    assert server.logins == 1


def test_a_server_without_the_finer_clock_is_asked_for_the_other(server: ScriptedServer) -> None:
    server.answers["SYSUTCDATETIME"] = refuse(99_999, 16, "Anfrage abgelehnt.")
    server.answers["GETUTCDATE"] = tell_the_time

    with connect(settings_for(server), seconds_left=lambda: RUN_S) as connection:
        assert connection.server_clock.utc_offset_minutes == -360

    assert connection.refused_settings == []


@pytest.mark.parametrize(("isolation", "is_needed"), [("snapshot", True), ("read committed", False)])
def test_a_poll_does_not_go_on_without_the_isolation_that_was_asked_for(
    server: ScriptedServer, isolation: str, is_needed: bool
) -> None:
    server.answers["ISOLATION"] = refuse(99_999, 16, "Anfrage abgelehnt.")
    server.answers["quality_records"] = answer_rows
    settings = settings_for(server, isolation=isolation)

    if is_needed:
        with pytest.raises(SourceQueryFailed, match=r"setting up the session on .*99999"):
            read_quality(settings)
    else:
        assert read_quality(settings) == [(0, 0, 0)]


def test_a_refused_question_for_rows_is_not_asked_of_a_dead_connection(server: ScriptedServer) -> None:
    server.answers["quality_records"] = refuse(99_999, 21, "Ende.")

    with pytest.raises(SourceUnavailable):
        read_quality(settings_for(server))

    assert not any("is_there" in statement for statement in server.statements)


def test_a_table_that_is_there_is_not_called_missing(server: ScriptedServer) -> None:
    server.answers["is_there"] = answer_rows
    server.answers["quality_records"] = refuse(99_999, 16, "Anfrage abgelehnt.")

    with pytest.raises(SourceQueryFailed, match=r"quality\.sql on .*99999") as caught:
        read_quality(settings_for(server))

    assert not isinstance(caught.value, SourceTableMissing)
    assert [statement for statement in server.statements if "is_there" in statement] == [
        "SELECT 1 AS is_there FROM quality_records WHERE 1 = 0;"
    ]
