"""A SQL Server that goes silent as the driver waits for the answer to an ATTENTION.

The driver sends one before each query that follows a result, and waits for its answer without a time-out
that could be set.
"""

from collections.abc import Iterator

import pytest
import trustme

from devstack.sqlserver import Login, StandIn
from tests.certificates import ADDRESS, certified
from tests.conftest import SqlServerUnderTest
from tests.functions.conftest import World

pytestmark = pytest.mark.stand_in

PASSWORD = "secret"


@pytest.fixture(params=["off", "require"])
def server(world: World, mssql: SqlServerUnderTest, request: pytest.FixtureRequest) -> Iterator[StandIn]:
    """The plant's SQL Server, plain and over TLS."""
    assert mssql.stand_in
    tls = certified(trustme.CA(), ADDRESS) if request.param == "require" else None
    logins = {"reader": Login(PASSWORD)}
    with StandIn(mssql.stand_in.database_url, logins=logins, time_zone="America/Chicago", tls=tls) as running:
        world.sql_server = {
            "port": running.port,
            "user": "reader",
            "password": PASSWORD,
            "database": running.database,
            "encryption": request.param,
            "query_timeout_s": 1,
        }
        yield running


@pytest.mark.parametrize("attention", [1, 2, 3, 4])
def test_a_poll_ends_and_is_recorded_whichever_attention_is_not_answered(
    world: World, server: StandIn, attention: int
) -> None:
    server.faults.attentions_until_silence = attention

    status, report = world.tick()

    assert (status, report["error"]["code"]) == (503, "source_unavailable")
    assert "no complete answer within 1 s (query_timeout_s)" in report["error"]["message"]
    assert [run["status"] for run in world.rows("select status from public.pipeline_runs")] == ["failed"]
    assert server.faults.attentions_until_silence == 0


def test_the_next_poll_of_the_same_process_succeeds(world: World, server: StandIn) -> None:
    server.faults.attentions_until_silence = 2
    world.tick()

    status, report = world.tick()

    assert (status, report["outcome"]) == (200, "succeeded")
