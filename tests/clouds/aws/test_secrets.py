"""Secrets by ARN, from a real boto3 and moto's server."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plantpulse.clouds.aws.secrets import fetch
from plantpulse.errors import ConfigurationError, SecretRefused, SecretUnavailable
from plantpulse.settings import config
from plantpulse.tags.credentials import credentials_in
from tests.clouds.conftest import ScriptedAws

PASSWORD = "hunter2-hunter2"
GONE = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:nowhere-AbCdEf"
SERVER = {"MSSQL_HOST": "sql", "MSSQL_USER": "reader", "MSSQL_DATABASE": "mes", "MSSQL_TIMEZONE": "UTC"}


@pytest.fixture
def secret(aws: Callable[[str], Any]) -> Callable[..., str]:
    """Make a secret; return its ARN."""

    def make(value: str | bytes | None, name: str = "password") -> str:
        content = {"SecretBinary": value} if isinstance(value, bytes) else {"SecretString": value}
        answer = aws("secretsmanager").create_secret(Name=name, **(content if value is not None else {}))
        return str(answer["ARN"])

    return make


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_settings_have_the_values_of_the_secrets_that_the_environment_names(
    secret: Callable[..., str],
) -> None:
    settings = config.load(
        SERVER
        | {
            "MSSQL_PASSWORD_ARN": secret(PASSWORD),
            "SUPABASE_URL": "https://project.supabase.co",
            "SUPABASE_SECRET_KEY_ARN": secret("sb_secret_0123456789abcdef", "key"),
        }
    )

    server = settings.plants["plant"].sql_server
    assert server is not None
    assert server.password.reveal() == PASSWORD
    assert settings.require_supabase().secret_key.reveal() == "sb_secret_0123456789abcdef"


def test_each_plant_may_have_a_secret_of_its_own(secret: Callable[..., str], tmp_path: Path) -> None:
    server = "sql_server: {host: sql, user: reader, database: mes}, time_zone: UTC"
    (tmp_path / "plantpulse.yaml").write_text(
        f"plants: {{north: {{{server}}}, south: {{{server}}}}}", "utf-8"
    )

    plants = config.load(
        {
            "MSSQL_PASSWORD__NORTH_ARN": secret("of the north", "north"),
            "MSSQL_PASSWORD__SOUTH": "of the south",
        }
    ).plants

    assert [plant.sql_server and plant.sql_server.password.reveal() for plant in plants.values()] == [
        "of the north",
        "of the south",
    ]


def test_the_passwords_of_several_plants_are_one_secret(secret: Callable[..., str], tmp_path: Path) -> None:
    server = "sql_server: {host: sql, user: reader, database: mes}, time_zone: UTC"
    (tmp_path / "plantpulse.yaml").write_text(
        f"plants: {{north: {{{server}}}, password: {{{server}}}}}", "utf-8"
    )
    arn = secret('{"north": "of the north", "password": "of the plant called password"}\n', "passwords")

    settings, origins = config.load_with_origins({"MSSQL_PASSWORDS_ARN": arn})

    assert [
        plant.sql_server and plant.sql_server.password.reveal() for plant in settings.plants.values()
    ] == ["of the north", "of the plant called password"]
    assert origins["plants.north.sql_server.password"] == "MSSQL_PASSWORDS_ARN"


def test_channels_have_their_secrets_by_reference_too(secret: Callable[..., str], tmp_path: Path) -> None:
    channels = "channels: {team: {kind: slack}, password: {kind: pagerduty}, phones: {kind: apprise}}"
    (tmp_path / "plantpulse.yaml").write_text(f"plants: {{north: {{time_zone: UTC}}}}\n{channels}", "utf-8")
    together = secret('{"team": "of all", "password": "of the channel called password"}', "channels")

    settings, origins = config.load_with_origins(
        {"CHANNEL_SECRETS_ARN": together, "CHANNEL_SECRET__PHONES_ARN": secret("its own", "phones")}
    )

    assert {name: one.secret and one.secret.reveal() for name, one in settings.channels.items()} == {
        "team": "of all",
        "password": "of the channel called password",
        "phones": "its own",
    }
    assert origins["channels.team.secret"] == "CHANNEL_SECRETS_ARN"
    assert origins["channels.phones.secret"] == "CHANNEL_SECRET__PHONES_ARN"


def test_devices_have_their_logins_by_reference_too(secret: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "plantpulse.yaml").write_text("plants: {}\ntags: {}", "utf-8")
    together = secret('{"password": {"user": "anna", "password": "of the one called password"}}', "logins")

    settings = config.load({"TAG_CREDENTIALS_ARN": together})

    found = credentials_in(settings, "north")("password")
    assert (found.user, found.password) == ("anna", "of the one called password")


def test_a_plant_whose_name_ends_like_a_reference_keeps_its_password(tmp_path: Path) -> None:
    server = "sql_server: {host: sql, user: reader, database: mes}, time_zone: UTC"
    (tmp_path / "plantpulse.yaml").write_text(
        f"plants: {{north: {{{server}}}, north_arn: {{{server}}}}}", "utf-8"
    )

    plants = config.load({"MSSQL_PASSWORD__NORTH_ARN": PASSWORD}).plants

    assert plants["north"].sql_server is None
    assert plants["north_arn"].sql_server is not None


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        (PASSWORD, PASSWORD),
        (f"{PASSWORD}\n", PASSWORD),
        (json.dumps({"username": "reader", "password": PASSWORD, "engine": "sqlserver"}), PASSWORD),
        ('{"username": "reader"}', '{"username": "reader"}'),
        ("[1, 2]", "[1, 2]"),
        ("12345678", "12345678"),
    ],
)
def test_a_secret_is_a_text_or_the_consoles_database_credentials(
    secret: Callable[..., str], stored: str, read: str
) -> None:
    assert fetch({"MSSQL_PASSWORD_ARN": secret(stored)}) == {"MSSQL_PASSWORD_ARN": read}


@pytest.mark.parametrize("value", ["  \n", b"bytes", None])
def test_a_secret_without_a_text_is_refused_by_the_variables_name(
    secret: Callable[..., str], value: str | bytes | None
) -> None:
    with pytest.raises(SecretRefused, match=r"^MSSQL_PASSWORD_ARN: ") as refused:
        fetch({"MSSQL_PASSWORD_ARN": secret(value)})

    assert refused.value.is_retryable is False


def test_a_secret_that_does_not_exist_is_refused_by_the_variables_name(aws: Callable[[str], Any]) -> None:
    with pytest.raises(SecretRefused) as refused:
        fetch({"MSSQL_PASSWORD__NORTH_ARN": GONE})

    assert str(refused.value) == (
        "MSSQL_PASSWORD__NORTH_ARN: there is none with that name (ResourceNotFoundException);"
        " the secret has no value yet, or the ARN is wrong"
    )


def test_a_secret_that_is_marked_for_deletion_is_refused(
    secret: Callable[..., str], aws: Callable[[str], Any]
) -> None:
    arn = secret(PASSWORD)
    aws("secretsmanager").delete_secret(SecretId=arn)

    with pytest.raises(SecretRefused, match="marked for deletion"):
        fetch({"MSSQL_PASSWORD_ARN": arn})


@pytest.mark.parametrize(
    "arn", ["password", "arn:aws:ssm:eu-central-1:123456789012:parameter/password", "arn:aws:s3:::bucket"]
)
def test_what_is_no_secrets_arn_is_refused_without_its_value(arn: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^MSSQL_PASSWORD_ARN: must be a secret's ARN") as refused:
        config.load(SERVER | {"MSSQL_PASSWORD_ARN": arn})

    assert arn not in str(refused.value)


def test_a_secret_and_its_reference_at_once_are_refused() -> None:
    with pytest.raises(ConfigurationError) as refused:
        config.load(SERVER | {"MSSQL_PASSWORD": PASSWORD, "MSSQL_PASSWORD_ARN": GONE})

    assert str(refused.value) == "MSSQL_PASSWORD_ARN and MSSQL_PASSWORD are both set: remove one of them"


def test_one_secret_for_all_plants_is_asked_for_once(scripted_aws: ScriptedAws) -> None:
    scripted_aws.answers = [(200, {"SecretString": PASSWORD})]

    values = fetch({f"MSSQL_PASSWORD__{plant}_ARN": GONE for plant in ("NORTH", "SOUTH", "WEST")})

    assert set(values.values()) == {PASSWORD}
    assert scripted_aws.asked == ["secretsmanager.GetSecretValue"]


@pytest.mark.parametrize(
    ("status", "code"),
    [(500, "InternalServiceError"), (503, "Unavailable"), (400, "ThrottlingException")],
)
def test_a_store_that_is_busy_is_asked_again_and_then_given_up_for_now(
    scripted_aws: ScriptedAws, status: int, code: str
) -> None:
    scripted_aws.answers = [(status, {"__type": code, "message": PASSWORD})]

    with pytest.raises(SecretUnavailable, match=f"^MSSQL_PASSWORD_ARN: .*{code}") as failed:
        fetch({"MSSQL_PASSWORD_ARN": GONE})

    assert failed.value.is_retryable
    assert PASSWORD not in str(failed.value)
    assert len(scripted_aws.asked) == 2


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("AccessDeniedException", "grant secretsmanager:GetSecretValue on it"),
        ("DecryptionFailure", "grant kms:Decrypt on the secret's key"),
        ("SomethingNew", "AWS refused"),
    ],
)
def test_a_store_that_refuses_is_asked_once_and_says_what_to_do(
    scripted_aws: ScriptedAws, code: str, advice: str
) -> None:
    scripted_aws.answers = [(400, {"__type": code, "message": "no"})]

    with pytest.raises(SecretRefused, match=advice):
        fetch({"MSSQL_PASSWORD_ARN": GONE})

    assert len(scripted_aws.asked) == 1


def test_a_store_that_nobody_answers_for_is_given_up_for_now(
    aws: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")

    with pytest.raises(SecretUnavailable, match="AWS did not answer"):
        fetch({"MSSQL_PASSWORD_ARN": GONE})


def test_who_names_no_secret_by_arn_does_not_pay_for_the_client() -> None:
    code = (
        "import sys; from plantpulse.settings import config;"
        "config.load({'MSSQL_TIMEZONE': 'UTC', 'MSSQL_PASSWORD': 'x'}); print('boto3' in sys.modules)"
    )

    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert told.stdout == "False\n"


def test_where_the_client_is_not_installed_that_is_said() -> None:
    code = (
        "import sys; sys.modules['boto3'] = None; from plantpulse import errors\n"
        "from plantpulse.settings import config\n"
        "try: config.load({'MSSQL_TIMEZONE': 'UTC', 'MSSQL_PASSWORD_ARN': 'arn'})\n"
        "except errors.ConfigurationError as error: print(error)"
    )

    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert told.stdout == "boto3 is not installed: `pip install 'plantpulse[aws]'`\n"
