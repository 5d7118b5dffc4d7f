"""docs/openapi.yaml against the functions as they are deployed: what it allows and what it does not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pymssql
import pytest
import schemathesis
import yaml
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi import checks

from bundle.targets import function_names
from devstack.access import SupabaseAccess
from devstack.openapi.__main__ import PAGE, text
from tests.conftest import SqlServerUnderTest
from tests.functions.conftest import add_plant_north
from tests.hostile.served import Way, application
from tests.hostile.values import REPEATABLE

DOCUMENT: Final = yaml.safe_load(PAGE.read_text(encoding="utf-8"))
CHECKS: Final = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
SETTINGS: Final = """\
plants:
  north:
    time_zone: America/Chicago
    sql_server: {{host: {host}, port: {port}, user: {user}, database: {database}, encryption: {encryption}}}
tags: {{}}
"""
# Events reach the same services, so some functions stand for all.
WAYS: Final = [
    *((name, "http") for name in function_names()),
    *((name, "function_url") for name in ("live_pulse", "tags", "health", "dashboard")),
]
FEW: Final = settings(REPEATABLE, max_examples=15, suppress_health_check=list(HealthCheck))


def test_it_is_what_the_code_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == text()


def test_it_is_a_description_by_the_standard() -> None:
    schemathesis.openapi.from_dict(DOCUMENT).validate()


def test_it_has_every_function() -> None:
    described = {path.split("/")[1] for path in DOCUMENT["paths"]}

    assert described == set(function_names())


@pytest.fixture
def served(
    supabase: SupabaseAccess,
    mssql: SqlServerUnderTest,
    mes: pymssql.Connection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A plant with an empty SQL Server, and the environment that Terraform would set."""
    with supabase.connect() as store:
        add_plant_north(store)
    reader = mssql.reader
    server = {"host": reader.host, "port": reader.port, "user": reader.user, "database": reader.database}
    file = tmp_path / "plantpulse.yaml"
    file.write_text(SETTINGS.format(**server, encryption=mssql.encryption), encoding="utf-8")
    pages = tmp_path / "dashboard"
    pages.mkdir()
    (pages / "index.html").write_text("<!doctype html>", encoding="utf-8")
    for name, value in {
        "PLANTPULSE_CONFIG": str(file),
        "SUPABASE_URL": supabase.url,
        "SUPABASE_SECRET_KEY": supabase.secret_key,
        "MSSQL_PASSWORD": reader.password,
        "DASHBOARD_PUBLISHABLE_KEY": "sb_publishable_abc",
        "DASHBOARD_FOLDER": str(pages),
    }.items():
        monkeypatch.setenv(name, value)


def operations(function: str, way: Way) -> Iterator[Any]:
    schema = schemathesis.openapi.from_dict(DOCUMENT)
    schema.app = application(way)
    for found in schema.get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr] # the description is valid, as tested above
        if operation.path.split("/")[1] == function:
            yield operation


@pytest.mark.usefixtures("served")
@pytest.mark.parametrize(("function", "way"), WAYS)
def test_whatever_is_sent_the_answer_is_as_described(function: str, way: Way) -> None:
    for operation in operations(function, way):
        judge(operation, schemathesis.GenerationMode.POSITIVE)
        if operation.method == "post":
            judge(operation, schemathesis.GenerationMode.NEGATIVE)


def judge(operation: Any, mode: schemathesis.GenerationMode) -> None:
    """Send what the description allows, or what it does not, and look at the answers."""

    @FEW
    @given(case=operation.as_strategy(generation_mode=mode))
    def look(case: Any) -> None:
        response = case.call()
        case.validate_response(response, checks=CHECKS)
        assert response.status_code not in (500, 503), response.content

    look()
