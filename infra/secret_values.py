"""The values of secrets that the environment holds, under the names that the code reads."""

from collections.abc import Mapping

from plantpulse.deployment.secrets import OF_ONE_VALUE
from plantpulse.settings.secret_variables import (
    ONLY_PASSWORD,
    PASSWORD_OF_PLANT,
    PASSWORDS,
    password_variable,
    read_passwords,
)

_SECRETS = (*OF_ONE_VALUE, ONLY_PASSWORD)


def secrets_from(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the secrets by name; MSSQL_PASSWORDS counts for each of its plants.

    Raises: ConfigurationError (MSSQL_PASSWORDS).
    """
    shared = read_passwords(environ.get(PASSWORDS, ""))
    return {password_variable(plant): password for plant, password in shared.items()} | {
        name: value.strip()
        for name, value in environ.items()
        if value.strip() and (name in _SECRETS or name.startswith(PASSWORD_OF_PLANT))
    }
