"""However a server fails, and after whichever byte of login, query and result: what is asked of it ends.

Through real pymssql, plain and over TLS. A server that says close_notify and goes leaves FreeTDS spinning in
C for ever, and some of its waits have no time-out: docs/decisions/0056-a-run-ends.md.
"""

import ssl
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

import pytest
import trustme

from devstack.sqlserver import tokens
from devstack.sqlserver.packets import PacketStream
from plantpulse.errors import PlantpulseError
from plantpulse.settings import Secret, SqlServerSettings
from plantpulse.source.query_files import make_query
from plantpulse.source.sqlserver import connect
from tests.certificates import ADDRESS, certified
from tests.faults.failing_server import EVERYTHING, FailingServer, Failure
from tests.faults.scripted_server import INT_NOT_NULL, end, listening
from tests.patience import ENDS_S

QUALITY = make_query("quality", "select top (@limit) asset, good, rejected from quality_records")
COLUMNS = tokens.column_metadata([(name, INT_NOT_NULL) for name in ("asset", "good", "rejected")])
ROW = b"\xd1" + bytes(12)
UNSURE_BYTES = 8  # a signature in a TLS handshake is now and then some bytes shorter or longer


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended: None with all rows, else the error; and how many bytes of answers there were."""

    error: PlantpulseError | None
    sent: int


@pytest.fixture(scope="module")
def tls() -> ssl.SSLContext:
    return certified(trustme.CA(), ADDRESS).context


def answer_rows(wire: PacketStream, _client: object) -> None:
    wire.write(COLUMNS + ROW + end())
    wire.end_message()


def attempt(failure: Failure, allowed: int, tls: ssl.SSLContext | None, *, timeout_s: int = 1) -> Outcome:
    """Log in and ask twice, the second time behind an ATTENTION that ends the first answer."""
    server = FailingServer(
        answers={"quality_records": answer_rows}, failure=failure, allowed=allowed, tls=tls
    )
    with listening(server):
        settings = SqlServerSettings(
            host=ADDRESS,
            port=server.port,
            user="reader",
            password=Secret("secret"),
            database="mes",
            encryption="require" if tls else "off",
            login_timeout_s=min(timeout_s, 60),
            query_timeout_s=timeout_s,
        )
        error = None
        try:
            with connect(settings, seconds_left=lambda: 300.0) as connection:
                for _ in range(2):
                    assert connection.read(QUALITY, {"limit": 1}).rows == [(0, 0, 0)]
        except PlantpulseError as told:
            error = told
        server.hung_up.wait(ENDS_S)
    return Outcome(error, server.sent)


def attempts(
    failure: Failure, places: Iterable[int], tls: ssl.SSLContext | None, at_once: int
) -> dict[int, Outcome | None]:
    """Return how attempts ended by the byte after which the server failed; None for those that have not."""
    outcomes: dict[int, Outcome | None] = dict.fromkeys(places)
    waiting = list(outcomes)

    def work() -> None:
        with suppress(IndexError):
            while True:
                place = waiting.pop()
                outcomes[place] = attempt(failure, place, tls)

    gives_up_at = time.monotonic() + ENDS_S
    threads = [threading.Thread(target=work, daemon=True) for _ in range(at_once)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, gives_up_at - time.monotonic()))
    return outcomes


@pytest.mark.parametrize(
    ("failure", "is_encrypted", "at_once", "step"),
    [
        (Failure.CUT, False, 8, 1),
        (Failure.RESET, False, 8, 1),
        (Failure.SILENCE, False, 64, 1),
        (Failure.CUT, True, 8, 1),
        (Failure.RESET, True, 8, 1),
        (Failure.SILENCE, True, 64, 3),  # each takes its time-out, and most are inside one TLS record
        (Failure.FAREWELL, True, 16, 1),  # until it is noticed each of them keeps a processor busy
    ],
    ids=str,
)
def test_what_is_asked_ends_after_whichever_byte_a_server_fails(
    tls: ssl.SSLContext, failure: Failure, is_encrypted: bool, at_once: int, step: int
) -> None:
    context = tls if is_encrypted else None
    whole = attempt(failure, EVERYTHING, context)
    assert whole.error is None

    outcomes = attempts(failure, range(0, whole.sent + UNSURE_BYTES, step), context, at_once)

    assert [place for place, outcome in outcomes.items() if outcome is None] == []
    complete = [place for place, outcome in outcomes.items() if outcome and outcome.error is None]
    assert min(complete) >= whole.sent - UNSURE_BYTES


def test_a_server_that_takes_its_leave_is_not_waited_for(tls: ssl.SSLContext) -> None:
    """A restart must not cost query_timeout_s of a busy processor."""
    whole = attempt(Failure.FAREWELL, EVERYTHING, tls)
    outcomes: list[Outcome] = []

    waiting = threading.Thread(
        target=lambda: outcomes.append(attempt(Failure.FAREWELL, whole.sent - 20, tls, timeout_s=300)),
        daemon=True,
    )
    waiting.start()
    waiting.join(ENDS_S)

    assert [str(outcome.error).partition(": ")[2][:23] for outcome in outcomes] == ["the connection was lost"]
