"""The variables for secrets: by value, by reference, or for all plants or channels together.

Pure, except that it fetches secrets with an ARN. An error names the variable, never its content.
"""

import json
from collections.abc import Collection, Iterable

from plantpulse.errors import ConfigurationError

# These may be set by reference: NAME_ARN is then the ARN of a secret with NAME's value.
SECRETS = (
    "SUPABASE_SECRET_KEY",
    "SUPABASE_JWT_SECRET",
    "MSSQL_PASSWORD",
    "MSSQL_PASSWORDS",
    "CHANNEL_SECRETS",
    "ENTSOE_TOKEN",
    "EIA_API_KEY",
    "FRED_API_KEY",
    "SERIES_KEYS",
    "TAG_CREDENTIALS",
)
ARN_SUFFIX = "_ARN"
PASSWORD_OF_PLANT = "MSSQL_PASSWORD__"  # noqa: S105 - the start of a variable's name
# One secret for all plants, {"<plant>": "<password>"}: no environment has room for a thousand secrets.
PASSWORDS = "MSSQL_PASSWORDS"
SECRET_OF_CHANNEL = "CHANNEL_SECRET__"  # noqa: S105 - the start of a variable's name
CHANNEL_SECRETS = "CHANNEL_SECRETS"
SERIES_KEYS = "SERIES_KEYS"  # all publishers' keys, {"<publisher>": "<key>"}
# All devices' logins, {"<name>": {"user": "...", "password": "..."}}; a group names the one that it needs.
TAG_CREDENTIALS = "TAG_CREDENTIALS"
ONLY_PASSWORD = "MSSQL_PASSWORD"  # noqa: S105 - the variable of a single plant


def with_secrets(
    environ: dict[str, str], plants: Iterable[str], channels: Iterable[str] = ()
) -> dict[str, str]:
    """Return the environment, with the values of secrets instead of their ARNs.

    Raises: ConfigurationError; SecretRefused, SecretUnavailable.
    """
    secrets = (*SECRETS, *map(password_variable, plants), *map(channel_secret_variable, channels))
    references = {name + ARN_SUFFIX: environ.get(name + ARN_SUFFIX, "").strip() for name in secrets}
    references = {name: arn for name, arn in references.items() if arn and name not in secrets}
    if not references:
        return environ
    for reference in references:
        if environ.get(reference.removesuffix(ARN_SUFFIX)):
            raise ConfigurationError(
                f"{reference} and {reference.removesuffix(ARN_SUFFIX)} are both set: remove one of them"
            )
    from plantpulse.clouds.aws import secrets as store  # noqa: PLC0415 - only an ARN needs boto3

    shared = (PASSWORDS, CHANNEL_SECRETS, SERIES_KEYS, TAG_CREDENTIALS)
    together = {name + ARN_SUFFIX for name in shared}
    values = store.fetch(references, as_they_stand=together)
    return {**environ, **{name.removesuffix(ARN_SUFFIX): value for name, value in values.items()}}


def read_passwords(text: str) -> dict[str, str]:
    """Return the passwords by plant, even for removed plants: a secret may outlive them.

    Raises: ConfigurationError without the content.
    """
    return _texts_by_name(
        text, f'{PASSWORDS}: must be a JSON object of passwords by plant, {{"north": "...", "south": "..."}}'
    )


def read_channel_secrets(text: str) -> dict[str, str]:
    """Return the secrets by channel, even for removed channels. Raises: as `read_passwords` does."""
    return _texts_by_name(
        text,
        f'{CHANNEL_SECRETS}: must be a JSON object of secrets by channel, {{"office": "...", "team": "..."}}',
    )


def read_series_keys(text: str) -> dict[str, str]:
    """Return the keys by publisher. Raises: as `read_passwords` does."""
    return _texts_by_name(
        text, f'{SERIES_KEYS}: must be a JSON object of keys by publisher, {{"entsoe": "...", "eia": "..."}}'
    )


def _texts_by_name(text: str, refusal: str) -> dict[str, str]:
    try:
        texts = json.loads(text or "{}")
    except (ValueError, RecursionError):
        texts = None
    if not isinstance(texts, dict) or not all(isinstance(one, str) for one in texts.values()):
        raise ConfigurationError(refusal)
    return texts


def password_variable(plant: str) -> str:
    """Return the name of the environment variable that holds a plant's SQL Server password."""
    return PASSWORD_OF_PLANT + str(plant).upper()  # YAML may have read a number


def channel_secret_variable(channel: str) -> str:
    """Return the name of the environment variable that holds a channel's secret."""
    return SECRET_OF_CHANNEL + str(channel).upper()


def names_of_password(plant: str, plants: Collection[str]) -> tuple[str, ...]:
    """Return the variables that may hold a plant's password, the one that counts first.

    Only a single plant has the short name.
    """
    own = password_variable(plant)
    return (own, ONLY_PASSWORD) if len(plants) == 1 else (own,)
