"""The values of secrets that the environment holds, under the names that the code reads."""

from collections.abc import Mapping

from plantpulse.deployment.secrets import OF_ONE_VALUE
from plantpulse.settings.secret_variables import (
    CHANNEL_SECRETS,
    ONLY_PASSWORD,
    PASSWORD_OF_PLANT,
    PASSWORDS,
    SECRET_OF_CHANNEL,
    channel_secret_variable,
    password_variable,
    read_channel_secrets,
    read_passwords,
)

_SECRETS = (*OF_ONE_VALUE, ONLY_PASSWORD)
_STARTS = (PASSWORD_OF_PLANT, SECRET_OF_CHANNEL)


def secrets_from(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the secrets by name; MSSQL_PASSWORDS and CHANNEL_SECRETS count for each plant and channel.

    Raises: ConfigurationError (MSSQL_PASSWORDS, CHANNEL_SECRETS).
    """
    passwords = read_passwords(environ.get(PASSWORDS, ""))
    of_channels = read_channel_secrets(environ.get(CHANNEL_SECRETS, ""))
    shared = {password_variable(plant): value for plant, value in passwords.items()} | {
        channel_secret_variable(channel): value for channel, value in of_channels.items()
    }
    return _not_empty(shared) | _not_empty(
        {name: value for name, value in environ.items() if name in _SECRETS or name.startswith(_STARTS)}
    )


def _not_empty(values: Mapping[str, str]) -> dict[str, str]:
    return {name: value.strip() for name, value in values.items() if value.strip()}
