"""boto3's clients, and what their errors mean.

boto3 takes a fifth of a second to import, so only what needs it imports this module. Lambda's runtime has it;
elsewhere the extra `aws` brings it.
"""

from dataclasses import dataclass
from typing import Any, Final

from plantpulse.errors import CloudRefused, CloudUnavailable, ConfigurationError, PlantpulseError

try:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        HTTPClientError,
        NoCredentialsError,
        NoRegionError,
    )
    from botocore.exceptions import (
        ConnectionError as NoConnection,
    )
except ImportError as error:
    raise ConfigurationError("boto3 is not installed: `pip install 'plantpulse[aws]'`") from error

# Two attempts take 10 s at most, which fits into what a function's time-out has over its job's.
_CONFIG: Final = Config(
    connect_timeout=2, read_timeout=3, retries={"total_max_attempts": 2, "mode": "standard"}
)

# What AWS says when it is only busy; a server error (5xx) is passing too.
_BUSY: Final = frozenset(
    {"Throttling", "ThrottlingException", "TooManyRequestsException", "RequestThrottled"}
)
_WORDS: Final = {
    "AccessDenied": "the identity may not do this",
    "AccessDeniedException": "the identity may not do this",
    "ResourceNotFoundException": "there is none of that name",
}

AwsError: Final = (ClientError, BotoCoreError)


@dataclass(frozen=True)
class Verdict:
    """What an error means: whether the same call may succeed later, AWS's word for it, and ours."""

    is_transient: bool
    code: str
    told: str


def client(service: str, *, region: str | None = None) -> Any:
    """Return a client that gives up in time; None means the region of the environment.

    Raises: AwsError.
    """
    return boto3.client(service, region_name=region, config=_CONFIG)


def judge(error: Exception) -> Verdict:
    """Return what one of boto3's errors means. AWS's own text stays in the cause: it may quote a request."""
    if isinstance(error, ClientError):
        code = str(error.response.get("Error", {}).get("Code", "unknown"))
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        is_passing = status >= 500 or code in _BUSY
        return Verdict(is_passing, code, _WORDS.get(code, "AWS refused") + f" ({code})")
    code = type(error).__name__
    if isinstance(error, (HTTPClientError, NoConnection)):
        return Verdict(True, code, f"AWS did not answer ({code})")
    if isinstance(error, NoCredentialsError):
        return Verdict(False, code, f"there are no credentials for AWS ({code})")
    if isinstance(error, NoRegionError):
        return Verdict(False, code, "no region is named: set AWS_REGION")
    return Verdict(False, code, f"AWS cannot be asked ({code})")


def refusal(service: str, error: Exception) -> PlantpulseError:
    """Return the error that one of boto3's stands for, on a service."""
    verdict = judge(error)
    told = f"{service}: {verdict.told}"
    return CloudUnavailable(told) if verdict.is_transient else CloudRefused(told)
