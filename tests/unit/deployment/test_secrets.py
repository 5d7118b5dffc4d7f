"""The one list of secrets, and where their values come from."""

import pytest

from plantpulse.deployment.secrets import OF_ONE_VALUE, Secret
from tests.unit.deployment.conftest import Deploy

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

    assert secrets == {"SUPABASE_SECRET_KEY": Secret(None), "MSSQL_PASSWORDS": Secret(parts)}


def test_no_function_reads_a_secret_that_is_not_in_the_list(deploy: Deploy) -> None:
    deployment = deploy(f"plants: {{north: {{time_zone: UTC, {SERVER}}}}}")

    read = {secret for function in deployment.functions.values() for secret in function.secrets}

    assert read == set(deployment.secrets) == {*OF_ONE_VALUE, "MSSQL_PASSWORDS"}
