"""The values of secrets that the environment holds, under the names that the code reads."""

from collections.abc import Iterator, Mapping

from plantpulse.deployment.secrets import OF_ONE_VALUE
from plantpulse.errors import ConfigurationError
from plantpulse.settings.secret_variables import (
    CHANNEL_SECRETS,
    ONLY_PASSWORD,
    PASSWORD_OF_PLANT,
    PASSWORDS,
    SECRET_OF_CHANNEL,
    SERIES_KEYS,
    TAG_CREDENTIALS,
    channel_secret_variable,
    password_variable,
    read_channel_secrets,
    read_passwords,
    read_series_keys,
)
from plantpulse.settings.series import KEY_VARIABLES
from plantpulse.settings.tags import check_logins

_SECRETS = (*OF_ONE_VALUE, TAG_CREDENTIALS, ONLY_PASSWORD, *KEY_VARIABLES.values())
_STARTS = (PASSWORD_OF_PLANT, SECRET_OF_CHANNEL)


def secrets_from(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the secrets by name, also those that one variable holds for all plants, channels or publishers.

    Raises: ConfigurationError (MSSQL_PASSWORDS, CHANNEL_SECRETS, SERIES_KEYS, TAG_CREDENTIALS).
    """
    found = _not_empty(dict(_shared(environ))) | _not_empty(
        {name: value for name, value in environ.items() if name in _SECRETS or name.startswith(_STARTS)}
    )
    _check_logins(found.get(TAG_CREDENTIALS, "{}"))
    return found


def _check_logins(text: str) -> None:
    try:
        check_logins(text)
    except ValueError as error:
        raise ConfigurationError(f"{TAG_CREDENTIALS}: {error}") from None


def _shared(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield each part of the variables that hold several secrets, under a name of its own."""
    for plant, value in read_passwords(environ.get(PASSWORDS, "")).items():
        yield password_variable(plant), value
    for channel, value in read_channel_secrets(environ.get(CHANNEL_SECRETS, "")).items():
        yield channel_secret_variable(channel), value
    for publisher, value in read_series_keys(environ.get(SERIES_KEYS, "")).items():
        if publisher in KEY_VARIABLES:
            yield KEY_VARIABLES[publisher], value


def _not_empty(values: Mapping[str, str]) -> dict[str, str]:
    return {name: value.strip() for name, value in values.items() if value.strip()}
