"""The one list of secrets, and where their values come from."""

from pathlib import Path

import pytest

from plantpulse.deployment.secrets import OF_ONE_VALUE, Secret
from tests.unit.deployment.conftest import Deploy

REPOSITORY = Path(__file__).parents[3]
CHANNELS = """
channels:
  switch: {kind: healthchecks}
  office: {kind: email, host: h, user: u, sender: a@example.com, to: [b@example.com]}
  relay: {kind: email, host: h, encryption: off, sender: a@example.com, to: [b@example.com]}
  asleep: {kind: pagerduty, enabled: false}
"""
SERVER = "sql_server: {host: h, user: u, database: d}"


@pytest.mark.parametrize(
    ("plants", "parts"),
    [
        ("{}", {}),
        ("{north: {time_zone: UTC}}", {}),
        (f"{{north: {{time_zone: UTC, {SERVER}}}}}", {"north": ("MSSQL_PASSWORD__NORTH", "MSSQL_PASSWORD")}),
        (
            f"{{north: {{time_zone: UTC, enabled: false, {SERVER}}}, east: {{time_zone: UTC, {SERVER}}}}}",
            {"east": ("MSSQL_PASSWORD__EAST",), "north": ("MSSQL_PASSWORD__NORTH",)},
        ),
    ],
    ids=["no plant", "no server", "one plant", "two plants"],
)
def test_the_secrets_are_the_same_whatever_plants_there_are(
    plants: str, parts: dict[str, tuple[str, ...]], deploy: Deploy
) -> None:
    secrets = deploy(f"plants: {plants}").secrets

    assert secrets == {
        "SUPABASE_SECRET_KEY": Secret(None),
        "MSSQL_PASSWORDS": Secret(parts, "plant"),
        "CHANNEL_SECRETS": Secret({}, "channel"),
        "SERIES_KEYS": Secret({}, "publisher"),
        "TAG_CREDENTIALS": Secret(default="{}"),
    }


def test_no_function_reads_a_secret_that_is_not_in_the_list(deploy: Deploy) -> None:
    deployment = deploy(
        f"plants: {{north: {{time_zone: UTC, {SERVER}}}}}\nchannels: {{team: {{kind: slack}}}}\n"
        "series: {}\ntags: {}"
    )

    read = {secret for function in deployment.functions.values() for secret in function.secrets}

    shared = {"MSSQL_PASSWORDS", "CHANNEL_SECRETS", "SERIES_KEYS", "TAG_CREDENTIALS"}
    assert read == set(deployment.secrets) == {*OF_ONE_VALUE, *shared}


@pytest.mark.parametrize(
    ("series", "parts"),
    [
        ("{}", {"eia": ("EIA_API_KEY",), "entsoe": ("ENTSOE_TOKEN",), "fred": ("FRED_API_KEY",)}),
        ("{areas: {}, yahoo: {}, fred: {enabled: false}}", {"eia": ("EIA_API_KEY",)}),
    ],
)
def test_a_publisher_has_a_part_where_it_is_asked_and_wants_a_key(
    series: str, parts: dict[str, tuple[str, ...]], deploy: Deploy
) -> None:
    assert deploy(f"plants: {{}}\nseries: {series}").secrets["SERIES_KEYS"] == Secret(parts, "publisher")


def test_only_who_asks_publishers_reads_their_keys(deploy: Deploy) -> None:
    deployment = deploy(f"plants: {{north: {{time_zone: UTC, {SERVER}}}}}\nseries: {{}}")

    reading = {name for name, one in deployment.functions.items() if "SERIES_KEYS" in one.secrets}

    assert reading == {
        *("commodity_prices", "energy_actuals", "energy_forecasts"),
        *("series_gaps", "series_backfill"),
    }
    assert not any("MSSQL_PASSWORDS" in deployment.functions[name].secrets for name in reading)


def test_only_who_reads_devices_has_their_logins_and_no_password_of_a_sql_server(deploy: Deploy) -> None:
    deployment = deploy(f"plants: {{north: {{time_zone: UTC, {SERVER}}}}}\nseries: {{}}\ntags: {{}}")

    assert deployment.functions["tags"].secrets == ("SUPABASE_SECRET_KEY", "TAG_CREDENTIALS")
    assert {name for name, one in deployment.functions.items() if "TAG_CREDENTIALS" in one.secrets} == {
        "tags"
    }
    assert not any(name.startswith("MSSQL_") for name in deployment.functions["tags"].environment)


def test_a_channel_has_a_part_where_it_is_on_and_needs_a_secret(deploy: Deploy) -> None:
    secrets = deploy(f"plants: {{}}\n{CHANNELS}").secrets

    assert secrets["CHANNEL_SECRETS"] == Secret(
        {"office": ("CHANNEL_SECRET__OFFICE",), "switch": ("CHANNEL_SECRET__SWITCH",)}, "channel"
    )


def test_every_function_that_opens_channels_reads_their_secrets(deploy: Deploy) -> None:
    deployment = deploy(f"{CHANNELS}\nplants: {{north: {{time_zone: UTC}}}}\nseries: {{}}\ntags: {{}}")
    mains = {path.parent.name: path.read_text("utf-8") for path in REPOSITORY.glob("functions/*/main.py")}

    reading = {name for name, one in deployment.functions.items() if "CHANNEL_SECRETS" in one.secrets}

    assert reading == {name for name, text in mains.items() if "open_channel" in text}
    assert {"live_pulse", "morning_report", "cleanup", "health", "energy_actuals"} <= reading


@pytest.mark.parametrize(
    "channel",
    [
        "{kind: email, host: h, sender: a@example.com, to: [b@example.com]}",
        "{kind: slack, enabled: false}",
        "{kind: sns, topic_arn: 'arn:aws:sns:eu-central-1:123456789012:alerts'}",
    ],
    ids=["without a login", "switched off", "with the function's own identity"],
)
def test_without_a_secret_to_read_no_function_reads_those_of_channels(channel: str, deploy: Deploy) -> None:
    deployment = deploy(f"plants: {{}}\nchannels: {{own: {channel}}}")

    assert deployment.secrets["CHANNEL_SECRETS"] == Secret({}, "channel")
    assert not any("CHANNEL_SECRETS" in one.secrets for one in deployment.functions.values())
