"""The settings in a bundle mean what plantpulse.yaml means, whatever the environment adds."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from bundle.carried import carry, check
from bundle.refusal import BundleRefused
from plantpulse.deployment import Written, deployment_of
from plantpulse.errors import ConfigurationError
from plantpulse.settings import Settings, config
from plantpulse.settings.variables import ENVIRONMENT, is_overriding

ONE_PLANT = """
plants:
  north:
    name: " Northfield "
    time_zone: W. Europe Standard Time
    queries_dir: queries
    safety_reason_codes: {Safety Issue: critical, "Fire, small": low, " Fall ": high}
    planned_reason_codes: [Setup, " Cleaning "]
    language: de
    sql_server: {host: " sql.example ", user: reader, database: Mes, encryption: off}
live_pulse: {every_minutes: 5, window_minutes: 30}
manual_calls: {allowed_origins: ["https://pulse.example"]}
"""
SEVERAL = """
plants:
  north:
    time_zone: UTC
    sql_server: {host: sql.north, user: reader, database: mes}
    live_pulse: {every_minutes: 10}
  south:
    time_zone: Asia/Tokyo
    morning_report: {at: "05:30", send_to: [chief]}
  east:
    time_zone: UTC
    enabled: false
    sql_server: {host: sql.east, database: mes}
live_pulse: {window_minutes: 60, timeout_s: 50}
channels:
  chief: {kind: email, host: mail.example.com, sender: a@example.com, to: [b@example.com]}
"""
SUPABASE = {"SUPABASE_URL": "https://abc.supabase.co", "SUPABASE_SECRET_KEY": "sb_secret_" + "x" * 30}
ENVIRONMENTS: list[tuple[str, dict[str, str]]] = [
    (ONE_PLANT, {}),
    (ONE_PLANT, SUPABASE),
    (ONE_PLANT, SUPABASE | {"MSSQL_PASSWORD": "hunter2"}),
    (ONE_PLANT, {"SUPABASE_URL": "https://abc.supabase.co"}),
    (ONE_PLANT, SUPABASE | {"SUPABASE_JWT_SECRET": "s" * 40, "K_SERVICE": "pulse"}),
    (ONE_PLANT, {"POLL_INTERVAL_MINUTES": "5", "MSSQL_ENCRYPTION": "off", "MSSQL_PASSWORD": "pw"}),
    (ONE_PLANT, {"POLL_RUN_ON_STARTUP": "true", "MSSQL_TIMEZONE": "Europe/Berlin"}),
    (ONE_PLANT, {"POLL_INTERVAL_MINUTES": "10", "MSSQL_PASSWORD": "pw"}),
    (ONE_PLANT, {"MSSQL_HOST": "other.example", "MSSQL_PASSWORD": "pw"} | SUPABASE),
    (ONE_PLANT, {"SAFETY_REASON_CODES": "Fire=high,Fall"}),
    (SEVERAL, SUPABASE | {"MSSQL_PASSWORD__NORTH": "n"}),
    (SEVERAL, {"MSSQL_PASSWORDS": '{"north": "n", "east": "e", "gone": "g"}'}),
    (SEVERAL, {"POLL_TIMEOUT_SECONDS": "40", "MSSQL_PASSWORD__NORTH": "n"}),
    (ONE_PLANT, {"MSSQL_DATABASE": "MES", "MSSQL_USER": "Reader", "MSSQL_PASSWORD": "pw"}),
    (ONE_PLANT, {"SAFETY_REASON_CODES": "safety issue=critical"}),
    (ONE_PLANT, {"POLL_RUN_ON_STARTUP": "TRUE", "MSSQL_PASSWORD": "pw"}),
    (SEVERAL, {"MANUAL_CALLS": "supabase_user", "SNAPSHOT_RETENTION_HOURS": "48"}),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that is both a plant's and its bundle's, so that paths are the same in both."""
    (tmp_path / "queries").mkdir()
    (tmp_path / "bundle").mkdir()
    return tmp_path


def bundled(folder: Path, text: str) -> Path:
    """Return the plantpulse.json of a bundle, laid where plantpulse.yaml is."""
    (folder / "plantpulse.yaml").write_text(text, encoding="utf-8")
    carry(folder / "plantpulse.yaml", folder / "bundle")
    return (folder / "bundle" / "plantpulse.json").replace(folder / "plantpulse.json")


def load(file: Path, environ: Mapping[str, str]) -> Settings:
    return config.load({"PLANTPULSE_CONFIG": str(file)} | dict(environ))


@pytest.mark.parametrize(("text", "environ"), ENVIRONMENTS)
def test_a_bundle_means_what_the_file_means(folder: Path, text: str, environ: dict[str, str]) -> None:
    file = bundled(folder, text)

    assert load(file, environ) == load(folder / "plantpulse.yaml", environ)


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        (
            {"SUPABASE_URL": "https://x.example/path"},
            "SUPABASE_URL: must be the project's URL without a path",
        ),
        ({"SUPABASE_SECRET_KEY": "short"}, "SUPABASE_SECRET_KEY: must be printable ASCII"),
        ({"SUPABASE_JWT_SECRET": "short"}, "SUPABASE_JWT_SECRET: must have at least 32 characters"),
        ({"POLL_INTERVAL_MINUTES": "7"}, "live_pulse: every_minutes must divide a day"),
        ({"POLL_TIMEOUT_SECONDS": "soon"}, "POLL_TIMEOUT_SECONDS: must be a whole number from 20 to 900"),
        ({"MSSQL_PASSWORDS": "pw"}, "MSSQL_PASSWORDS: must be a JSON object"),
        ({"MSSQL_ENCRYPTION": "OFF"}, "MSSQL_ENCRYPTION: must be require, request or off"),
        ({"MANUAL_CALLS": "PLATFORM"}, "MANUAL_CALLS: must be platform or supabase_user"),
    ],
)
def test_a_wrong_variable_is_refused_in_the_same_words(
    folder: Path, environ: dict[str, str], told: str
) -> None:
    file = bundled(folder, ONE_PLANT)

    with pytest.raises(ConfigurationError) as from_bundle:
        load(file, SUPABASE | environ)
    with pytest.raises(ConfigurationError) as from_file:
        load(folder / "plantpulse.yaml", SUPABASE | environ)

    assert told in str(from_bundle.value)
    assert str(from_bundle.value) == str(from_file.value)


def test_a_variable_of_one_plant_is_refused_where_there_are_several(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match="MSSQL_HOST is for a single plant"):
        load(bundled(folder, SEVERAL), {"MSSQL_HOST": "sql.example"})


@pytest.mark.parametrize("name", ["password", "passwort", "pasword"])
def test_no_secret_is_carried_whatever_it_is_called(folder: Path, name: str) -> None:
    server = f"{{host: sql.north, user: u, {name}: hunter2-hunter2}}"

    with pytest.raises(BundleRefused) as refused:
        bundled(folder, f"plants: {{north: {{time_zone: UTC, sql_server: {server}}}}}")

    assert "hunter2" not in str(refused.value)
    assert "did you mean password" not in str(refused.value)
    assert not (folder / "bundle" / "plantpulse.json").exists()


@pytest.mark.parametrize(("text", "environ"), ENVIRONMENTS)
def test_the_variables_of_a_deployment_override_nothing(
    folder: Path, text: str, environ: dict[str, str]
) -> None:
    file = bundled(folder, text)
    settings, places = config.load_with_origins({"PLANTPULSE_CONFIG": str(folder / "plantpulse.yaml")})
    connected = check(folder / "plantpulse.yaml")
    functions = deployment_of(connected, Written(places.keys(), folder)).functions
    tree = json.loads(file.read_text(encoding="utf-8"))["settings"]

    handed_on = functions["live_pulse"].environment if "live_pulse" in functions else {}

    assert settings
    assert [
        name for name, text in handed_on.items() if name in ENVIRONMENT and is_overriding(name, text, tree)
    ] == []


def test_the_same_file_is_carried_as_the_same_bytes(folder: Path) -> None:
    first = bundled(folder, SEVERAL).read_bytes()

    assert bundled(folder, SEVERAL).read_bytes() == first


@pytest.mark.parametrize(
    ("variables", "imported"),
    [
        ({"MSSQL_PASSWORD": "pw", "POLL_INTERVAL_MINUTES": "5"}, []),
        ({"MSSQL_PASSWORD": "pw", "POLL_INTERVAL_MINUTES": "10"}, ["pydantic"]),
    ],
)
def test_only_a_variable_that_overrides_costs_the_import_of_what_checks_it(
    folder: Path, variables: dict[str, str], imported: list[str]
) -> None:
    environ = {"PLANTPULSE_CONFIG": str(bundled(folder, ONE_PLANT))} | SUPABASE | variables
    code = (
        "import sys; from plantpulse.settings import config;"
        f"config.load({environ!r});"
        "print([name for name in ('pydantic', 'yaml') if name in sys.modules])"
    )

    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert told.stdout.strip() == str(imported)
