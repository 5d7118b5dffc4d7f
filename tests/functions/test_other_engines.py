"""A poll of engines that speak T-SQL with error numbers, words and refusals of their own.

The same plant behind a stand-in that tells errors as another engine would. What numbers and words mean is
tested in tests/unit/source/test_meanings.py; here it is what becomes of a poll.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from devstack.sqlserver import Login, StandIn
from devstack.sqlserver.address import Address
from devstack.sqlserver.engines import ENGINES
from tests.conftest import SqlServerUnderTest
from tests.functions.conftest import Floor, World

pytestmark = pytest.mark.stand_in  # which plays the other engines

PASSWORD = "0ther-engine"


@pytest.fixture
def engine(request: pytest.FixtureRequest, mssql: SqlServerUnderTest) -> Iterator[StandIn]:
    """The plant's database behind the engine that the test is parametrised with."""
    assert mssql.stand_in is not None
    logins = {"reader": Login(PASSWORD), "owner": Login(PASSWORD, can_write=True)}
    server = StandIn(mssql.stand_in.database_url, logins=logins, time_zone="America/Chicago")
    with server.posing_as(ENGINES[request.param]) as running:
        yield running


@pytest.fixture
def other(world: World, engine: StandIn) -> World:
    """The plant `north`, read through that engine."""
    world.reader = Address(engine.host, engine.port, "reader", PASSWORD, engine.database)
    return world


def warnings_of(report: dict[str, Any]) -> dict[str, str]:
    return {warning["code"]: warning["message"] for warning in report["warnings"]}


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_a_poll_reads_whatever_engine_it_is(other: World, floor: Floor) -> None:
    floor.output("PRESS-01", 60, "11:45:00")
    floor.downtime("PRESS-01", "Safety Issue", 5, "11:40:00")

    status, report = other.tick()

    assert (status, report["outcome"]) == (200, "succeeded")
    assert report["counts"]["safety_recorded"] == 1
    assert report["source"]["utc_offset_minutes"] in (-300, -360)


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_a_wrong_password_is_tried_once_a_slot_whatever_its_number(other: World, engine: StandIn) -> None:
    other.reader = replace(other.reader, password="wrong")

    first = other.tick()
    again = other.tick()

    assert [(status, report["outcome"]) for status, report in (first, again)] == [
        (200, "failed"),
        (200, "refused"),
    ]
    assert first[1]["error"]["is_retryable"] is False
    assert len(engine.traffic.logins) == 1


@pytest.mark.parametrize("engine", ["sqlserver", "foreign", "babelfish"], indirect=True)
def test_a_wrong_password_is_named_where_the_words_tell(other: World) -> None:
    other.reader = replace(other.reader, password="wrong")

    _, report = other.tick()

    assert report["error"]["code"] == "source_login_failed"


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_a_missing_optional_table_makes_a_poll_partial_whatever_its_number(
    other: World, floor: Floor
) -> None:
    floor.output("PRESS-01", 60, "11:45:00")
    floor.run("drop table labor_records")

    status, report = other.tick()

    assert (status, report["outcome"]) == (200, "partial")
    assert "labor_records" in warnings_of(report)["optional_query_failed"]


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_a_missing_required_table_fails_for_good(other: World, floor: Floor) -> None:
    floor.run("drop table production_data")

    status, report = other.tick()

    assert (status, report["outcome"]) == (200, "failed")
    assert report["error"]["code"] == "source_schema_mismatch"
    assert "production_data" in report["error"]["message"]


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_a_query_that_is_wrong_in_itself_fails_for_good(other: World, floor: Floor, tmp_path: Path) -> None:
    (tmp_path / "oee.sql").write_text(
        "select locationName as asset, 1 / 0 as oee, 0 as availability, 0 as performance, 0 as quality,"
        " [timestamp] as [at] from oee_metrics"
    )
    floor.oee("PRESS-01", 80, "11:45:00")
    other.settings |= {"queries_dir": tmp_path}

    status, report = other.tick()

    assert (status, report["outcome"]) == (200, "failed")
    assert report["error"]["code"] == "source_query_failed"


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_a_lock_is_waited_for_and_tried_again_whatever_its_number(other: World, floor: Floor) -> None:
    other.sql_server = {"lock_timeout_ms": 1000}
    floor.run("begin transaction")
    floor.run("select count(*) as rows_held from production_data with (tablockx, holdlock)")
    try:
        status, report = other.tick()
    finally:
        floor.run("rollback transaction")

    assert (status, report["error"]["code"]) == (503, "source_unavailable")
    assert other.tick()[1]["outcome"] == "succeeded"


@pytest.mark.parametrize("engine", ["sqlserver", "foreign"], indirect=True)
def test_a_server_that_obeys_all_settings_is_told_of_none(other: World, engine: StandIn) -> None:
    _, report = other.tick()

    assert set(report["source"]) == {"utc_offset_minutes", "clock_skew_s"}
    assert sum("SET" in statement.text for statement in engine.traffic.statements) == 7


@pytest.mark.parametrize("engine", ["babelfish", "mute"], indirect=True)
def test_settings_that_are_refused_are_told_and_the_rest_is_obeyed(
    other: World, engine: StandIn, floor: Floor
) -> None:
    _, report = other.tick()

    assert report["source"]["refused_settings"] == ["SET DATEFORMAT ymd", "SET DEADLOCK_PRIORITY LOW"]
    assert report["outcome"] == "succeeded"
    assert list(warnings_of(report)) == ["source_clock_skew"]  # of a test's clock that stands still
    obeyed = [statement.text for statement in engine.traffic.statements]
    assert "SET TRANSACTION ISOLATION LEVEL READ COMMITTED" in obeyed
    assert len(engine.traffic.logins) == 1
