"""`plantpulse config`: what the settings come to, without their secrets, and a schema for editors."""

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from plantpulse.errors import ConfigurationError
from plantpulse.settings import config
from tests.cli.conftest import CommandLine

EXAMPLE = Path(__file__).parents[2] / "plantpulse.yaml"


def shown(cli: CommandLine, *arguments: str) -> dict[str, tuple[Any, str]]:
    rows = cli(*arguments, "config", "show", "--json").json["settings"]
    return {row["setting"]: (row["value"], row["origin"]) for row in rows}


def test_every_setting_is_shown_with_its_value_and_origin(bare: CommandLine) -> None:
    bare.write(
        "plantpulse.yaml",
        "plants: {north: {time_zone: UTC, live_pulse: {every_minutes: 5}, morning_report: {at: '05:30'}}}\n"
        "live_pulse: {window_minutes: 60}\n"
        "morning_report: {day_starts_at: '06:00'}\n"
        "manual_calls: {allowed_origins: [https://pulse.example.com]}",
    )
    bare.environ["POLL_TIMEOUT_SECONDS"] = "50"

    settings = shown(bare)

    assert settings["plants.north.time_zone"] == ("UTC", "plantpulse.yaml")
    assert settings["plants.north.live_pulse.every_minutes"] == (5, "plantpulse.yaml")
    assert settings["plants.north.live_pulse.window_minutes"] == (60, "plantpulse.yaml")
    assert settings["plants.north.morning_report.at"] == ("05:30", "plantpulse.yaml")
    assert settings["plants.north.morning_report.day_starts_at"] == ("06:00", "plantpulse.yaml")
    assert settings["plants.north.morning_report.row_limit"] == (50000, "default")
    assert settings["manual_calls.allowed_origins"] == (["https://pulse.example.com"], "plantpulse.yaml")
    assert settings["live_pulse.timeout_s"] == (50, "POLL_TIMEOUT_SECONDS")
    assert settings["live_pulse.row_limit"] == (50000, "default")
    assert settings["plants.north.sql_server"] == (
        None,
        "not configured: set MSSQL_HOST, MSSQL_USER, MSSQL_PASSWORD, MSSQL_DATABASE",
    )


def test_secrets_are_said_to_be_set_and_never_shown(cli: CommandLine) -> None:
    table, data = cli("config", "show"), cli("config", "show", "--json")

    assert shown(cli)["plants.north.sql_server.password"] == ("set", "MSSQL_PASSWORD")
    assert shown(cli)["supabase.secret_key"] == ("set", "SUPABASE_SECRET_KEY")
    for secret in (cli.environ["MSSQL_PASSWORD"], cli.environ["SUPABASE_SECRET_KEY"]):
        assert secret not in table.out + table.err + data.out + data.err


def test_a_mistake_is_told_without_its_value_and_ends_with_3(cli: CommandLine) -> None:
    cli.environ["MSSQL_PORT"] = "hunter2"

    result = cli("config", "show")

    assert (result.exit_code, result.out) == (3, "")
    assert "MSSQL_PORT" in result.err
    assert "hunter2" not in result.err


def test_a_folder_without_settings_says_so(bare: CommandLine) -> None:
    result = bare("status")

    assert (result.exit_code, result.out) == (3, "")
    assert f"there is no plantpulse.yaml in {bare.folder}" in result.err


def test_another_file_can_be_named(bare: CommandLine) -> None:
    bare.write("other.yaml", "plants: {south: {time_zone: UTC}}")

    assert shown(bare, "--config", "other.yaml")["plants.south.time_zone"] == ("UTC", "other.yaml")
    missing = bare("--config", "missing.yaml", "config", "show")
    assert (missing.exit_code, missing.out) == (3, "")
    assert missing.err == "Error (configuration_error): there is no file missing.yaml\n"


@pytest.fixture
def schema(bare: CommandLine) -> jsonschema.Draft202012Validator:
    printed = bare("config", "schema").json
    jsonschema.Draft202012Validator.check_schema(printed)
    return jsonschema.Draft202012Validator(printed)


ACCEPTED = [
    EXAMPLE.read_text(encoding="utf-8"),
    "plants: {north: {time_zone: UTC}}",
    "plants: {north: {time_zone: UTC, sql_server: {host: sql.example}}}",
    "plants: {north: {time_zone: UTC, live_pulse: {every_minutes: 5}}}",
    "plants: {north: {time_zone: UTC, safety_reason_codes: {Injury: high}}}",
]
REFUSED = [
    "live_pulse: {every_minutes: 15}",
    "plants:",
    "plants: {North!: {time_zone: UTC}}",
    "plants: {north: {time_zone: UTC, tiem_zone: UTC}}",
    "plants: {north: {time_zone: UTC, sql_server: {password: hunter2}}}",
    "plants: {north: {time_zone: UTC, sql_server: {port: 99999, host: h}}}",
    "plants: {north: {time_zone: UTC, safety_reason_codes: {Injury: awful}}}",
    "plants: {north: {time_zone: UTC}}\nsupabase: {url: 'https://x.example'}",
    "plants: {north: {time_zone: UTC}}\nlive_pulse: {every_minutes: often}",
]


@pytest.mark.parametrize("text", ACCEPTED)
def test_the_schema_takes_what_the_settings_take(
    text: str, schema: jsonschema.Draft202012Validator, tmp_path: Path
) -> None:
    file = tmp_path / "tried.yaml"
    file.write_text(text, encoding="utf-8")

    config.load({}, file=file)
    assert list(schema.iter_errors(yaml.safe_load(text))) == []


@pytest.mark.parametrize("text", REFUSED)
def test_the_schema_refuses_what_the_settings_refuse(
    text: str, schema: jsonschema.Draft202012Validator, tmp_path: Path
) -> None:
    file = tmp_path / "tried.yaml"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(ConfigurationError):
        config.load({"MSSQL_USER": "u", "MSSQL_PASSWORD": "p", "MSSQL_DATABASE": "d"}, file=file)
    assert list(schema.iter_errors(yaml.safe_load(text))) != []
