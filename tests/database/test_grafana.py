"""The dashboards for Grafana ask for what there is."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from plantpulse.health.metrics import metrics_of
from tests.database.conftest import Connection
from tests.unit.health.test_metrics import FIGURES, PIPELINE

GRAFANA = Path("examples/grafana")
BOARDS = sorted(GRAFANA.glob("*.json"))


def targets(board: Path) -> Iterator[dict[str, Any]]:
    for panel in json.loads(board.read_text(encoding="utf-8"))["panels"]:
        yield from panel["targets"]


QUERIES = [target["rawSql"] for board in BOARDS for target in targets(board) if "rawSql" in target]
EXPRESSIONS = [target["expr"] for board in BOARDS for target in targets(board) if "expr" in target]


def test_both_dashboards_have_questions() -> None:
    assert [board.name for board in BOARDS] == ["health.json", "plant.json"]
    assert len(QUERIES) >= 5
    assert len(EXPRESSIONS) >= 5


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_metric_that_a_dashboard_names_is_served(expression: str) -> None:
    served = set(
        re.findall(r"^(plantpulse_\w+)", metrics_of({"pipelines": [PIPELINE]}, FIGURES), re.MULTILINE)
    )

    named = set(re.findall(r"plantpulse_\w+", expression))

    assert named
    assert named <= served


@pytest.fixture
def reader(database: Connection) -> Iterator[psycopg.Connection[Any]]:
    """A connection as the role that reader.sql makes."""
    statements = (GRAFANA / "reader.sql").read_text(encoding="utf-8")
    database.execute(statements.encode())
    database.commit()
    info = database.info
    try:
        with psycopg.connect(
            host=info.host, port=info.port, dbname=info.dbname, user="grafana_reader", password="change-me"
        ) as connection:
            yield connection
    finally:
        database.execute("grant grafana_reader to current_user with inherit true")
        database.execute("drop owned by grafana_reader")
        database.execute("drop role grafana_reader")
        database.commit()


def test_every_query_of_a_dashboard_runs_as_the_role_that_reads(reader: psycopg.Connection[Any]) -> None:
    for query in QUERIES:
        filled = re.sub(
            r"\$__timeFilter\(([\w.]+)\)", r"\1 between now() - interval '1 day' and now()", query
        )
        reader.execute(filled.encode()).fetchall()


@pytest.mark.parametrize(
    "statement",
    [
        b"select error_message from public.pipeline_runs",
        b"select * from public.plant_members",
        b"select * from public.notifications",
        b"delete from public.alerts",
    ],
)
def test_the_role_reads_nothing_else_and_writes_nothing(
    reader: psycopg.Connection[Any], statement: bytes
) -> None:
    with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction)):
        reader.execute(statement)
