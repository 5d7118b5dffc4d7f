"""The variables that hold secrets: by value, by reference, or all plants' together.

A pure reading of the environment that it is given, but for secrets that are named by their ARN: those are
fetched. What is wrong is told by the variable's name, never by what it holds.
"""

import json
from collections.abc import Iterable

from plantpulse.errors import ConfigurationError

# These may be set by reference: NAME_ARN then holds the ARN of the secret that holds NAME's value.
SECRETS = ("SUPABASE_SECRET_KEY", "SUPABASE_JWT_SECRET", "MSSQL_PASSWORD", "MSSQL_PASSWORDS")
ARN_SUFFIX = "_ARN"
PASSWORD_OF_PLANT = "MSSQL_PASSWORD__"  # noqa: S105 - the start of a variable's name
# One secret for all plants, {"<plant>": "<password>"}: a thousand of their own would fit into no environment.
PASSWORDS = "MSSQL_PASSWORDS"


def with_secrets(environ: dict[str, str], plants: Iterable[str]) -> dict[str, str]:
    """Return the environment with the values of secrets that it names by ARN.

    Raises: ConfigurationError; SecretRefused, SecretUnavailable.
    """
    secrets = (*SECRETS, *map(password_variable, plants))
    references = {name + ARN_SUFFIX: environ.get(name + ARN_SUFFIX, "").strip() for name in secrets}
    references = {name: arn for name, arn in references.items() if arn and name not in secrets}
    if not references:
        return environ
    for reference in references:
        if environ.get(reference.removesuffix(ARN_SUFFIX)):
            raise ConfigurationError(
                f"{reference} and {reference.removesuffix(ARN_SUFFIX)} are both set: leave one of them"
            )
    from plantpulse.clouds.aws import secrets as store  # noqa: PLC0415 - only who names an ARN pays for boto3

    values = store.fetch(references, as_they_stand={PASSWORDS + ARN_SUFFIX})
    return {**environ, **{name.removesuffix(ARN_SUFFIX): value for name, value in values.items()}}


def read_passwords(text: str) -> dict[str, str]:
    """Return the passwords by plant, of plants that are gone too: a secret may outlive them.

    Raises: ConfigurationError, which does not show what stands there.
    """
    try:
        passwords = json.loads(text or "{}")
    except ValueError:
        passwords = None
    if not isinstance(passwords, dict) or not all(isinstance(one, str) for one in passwords.values()):
        raise ConfigurationError(
            f'{PASSWORDS}: must be a JSON object of passwords by plant, {{"north": "...", "south": "..."}}'
        )
    return passwords


def password_variable(plant: str) -> str:
    """Return the name of the environment variable that holds a plant's SQL Server password."""
    return PASSWORD_OF_PLANT + str(plant).upper()  # YAML may have read a number
