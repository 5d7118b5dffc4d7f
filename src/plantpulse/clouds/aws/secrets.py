"""Secrets of AWS Secrets Manager, for variables that name them by ARN.

They are fetched once per cold start, and each secret once for all its variables. Errors name the variable,
never its content.
"""

import json
import re
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from plantpulse.clouds.aws.clients import AwsError, client, judge
from plantpulse.errors import ConfigurationError, PlantpulseError, SecretRefused, SecretUnavailable

_ARN: Final = re.compile(r"arn:aws[a-z-]*:secretsmanager:(?P<region>[a-z0-9-]+):\d{12}:secret:\S+")
_AT_ONCE: Final = 8
_ADVICE: Final = {
    "AccessDeniedException": "grant secretsmanager:GetSecretValue on it, and kms:Decrypt on its own key",
    "ResourceNotFoundException": "the secret has no value yet, or the ARN is wrong",
    "InvalidRequestException": "the secret is marked for deletion",
    "DecryptionFailure": "grant kms:Decrypt on the secret's key",
}


def fetch(references: Mapping[str, str], *, as_they_stand: Collection[str] = ()) -> dict[str, str]:
    """Return the values of secrets by the variables that name their ARNs.

    The console stores database credentials as a JSON object; of these only `password` is returned. Secrets in
    `as_they_stand` are returned unchanged.
    Raises: ConfigurationError, SecretRefused, SecretUnavailable; each names a variable.
    """
    variables = {arn: variable for variable, arn in references.items()}
    clients = {region: _client(region) for region in {_region(name, arn) for arn, name in variables.items()}}

    def value_of(arn: str) -> str:
        variable = variables[arn]
        text = _text_of(clients[_region(variable, arn)], arn, variable)
        return _required(text if variable in as_they_stand else _password_in(text), variable)

    with ThreadPoolExecutor(min(_AT_ONCE, len(variables))) as pool:
        values = dict(zip(variables, pool.map(value_of, variables), strict=True))
    return {variable: values[arn] for variable, arn in references.items()}


def _client(region: str) -> Any:
    return client("secretsmanager", region=region)


def _region(variable: str, arn: str) -> str:
    found = _ARN.fullmatch(arn)
    if not found:
        raise ConfigurationError(
            f"{variable}: must be a secret's ARN, arn:aws:secretsmanager:<region>:<account>:secret:<name>"
        )
    return found["region"]


def _text_of(secrets: Any, arn: str, variable: str) -> str:
    try:
        answer = secrets.get_secret_value(SecretId=arn)
    except AwsError as error:
        raise _refusal(error, variable) from error
    return answer.get("SecretString") or ""


def _required(value: str, variable: str) -> str:
    if not value.strip():
        raise SecretRefused(f"{variable}: the secret is empty or not text")
    return value.strip()


def _password_in(text: str) -> str:
    """Return the password of the console's database credentials, or the text itself."""
    try:
        content = json.loads(text)
    except ValueError:
        return text
    password = content.get("password") if isinstance(content, dict) else None
    return password if isinstance(password, str) else text


def _refusal(error: Exception, variable: str) -> PlantpulseError:
    verdict = judge(error)
    if verdict.is_transient:
        return SecretUnavailable(f"{variable}: {verdict.told}")
    advice = _ADVICE.get(verdict.code)
    return SecretRefused(f"{variable}: {verdict.told}" + (f"; {advice}" if advice else ""))
