"""The variables that functions get."""

from pathlib import Path

import pytest

from plantpulse.settings import config
from tests.unit.deployment.conftest import Deploy

EVERYTHING = """
plants:
  north:
    time_zone: W. Europe Standard Time
    sql_server: {host: sql.example, port: 14330, user: reader, database: mes, encryption: off}
    safety_reason_codes: {Safety Issue: critical, "Near = Miss": low}
live_pulse: {every_minutes: 5, window_minutes: 10, timeout_s: 90, run_on_startup: no}
cleanup: {snapshot_retention_hours: 48}
"""


def test_they_say_what_the_file_says_and_no_more(deploy: Deploy) -> None:
    functions = deploy(EVERYTHING).functions

    common = {
        "PLANTPULSE_CONFIG": "plantpulse.json",
        "POLL_INTERVAL_MINUTES": "5",
        "POLL_WINDOW_MINUTES": "10",
        "POLL_TIMEOUT_SECONDS": "90",
        "POLL_RUN_ON_STARTUP": "false",
        "SNAPSHOT_RETENTION_HOURS": "48",
    }
    assert functions["health"].environment == common
    assert functions["live_pulse"].environment == common | {
        "MSSQL_HOST": "sql.example",
        "MSSQL_PORT": "14330",
        "MSSQL_USER": "reader",
        "MSSQL_DATABASE": "mes",
        "MSSQL_TIMEZONE": "Europe/Berlin",
        "MSSQL_ENCRYPTION": "off",
        "SAFETY_REASON_CODES": "Near = Miss=low,Safety Issue=critical",
    }


def test_they_mean_what_the_file_means(deploy: Deploy, tmp_path: Path) -> None:
    variables = deploy(EVERYTHING).functions["live_pulse"].environment
    from_the_file = {"PLANTPULSE_CONFIG": str(tmp_path / "plantpulse.yaml"), "MSSQL_PASSWORD": "secret"}

    assert config.load({**variables, **from_the_file}) == config.load(from_the_file)


def test_with_several_plants_what_is_one_plants_stays_in_the_file(deploy: Deploy) -> None:
    deployment = deploy("plants: {a: {time_zone: UTC}, b: {time_zone: UTC}}\nlive_pulse: {timeout_s: 90}")

    assert deployment.functions["live_pulse"].environment == {
        "PLANTPULSE_CONFIG": "plantpulse.json",
        "POLL_TIMEOUT_SECONDS": "90",
    }


def test_a_code_that_no_variable_can_say_stays_in_the_file(deploy: Deploy) -> None:
    deployment = deploy("plants: {a: {time_zone: UTC, safety_reason_codes: {'Fire, smoke': high}}}")

    assert "SAFETY_REASON_CODES" not in deployment.functions["live_pulse"].environment


@pytest.mark.parametrize("path", ["certificates/ca.pem", "../ca.pem", "/etc/ssl/ca.pem"])
def test_a_path_is_handed_on_as_the_file_says_it(path: str, deploy: Deploy) -> None:
    deployment = deploy(
        f"plants: {{a: {{time_zone: UTC, sql_server: {{host: h, user: u, database: d, ca_file: {path}}}}}}}"
    )

    assert deployment.functions["live_pulse"].environment["MSSQL_CA_FILE"] == path
