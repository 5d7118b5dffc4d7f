"""boto3's clients, and the meaning of their errors.

boto3 takes a fifth of a second to import, so only its users import this module. Lambda's runtime has it;
elsewhere the extra `aws` installs it.
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

# Two attempts take 10 s at most. A function's time-out is at least that much longer than its job's.
_CONFIG: Final = Config(
    connect_timeout=2, read_timeout=3, retries={"total_max_attempts": 2, "mode": "standard"}
)

# AWS's codes for being busy; a server error (5xx) passes too.
_BUSY: Final = frozenset(
    {"Throttling", "ThrottlingException", "TooManyRequestsException", "RequestThrottled"}
)
_WORDS: Final = {
    "AccessDenied": "the identity may not do this",
    "AccessDeniedException": "the identity may not do this",
    "ResourceNotFoundException": "there is none with that name",
}

AwsError: Final = (ClientError, BotoCoreError)


@dataclass(frozen=True)
class Verdict:
    """The meaning of an error: whether the same call may succeed later, AWS's code, and our message."""

    is_transient: bool
    code: str
    told: str


def client(service: str, *, region: str | None = None, within_s: float | None = None) -> Any:
    """Return a client that gives up in time; no region means the one of the environment.

    `within_s` bounds one attempt, for who has less time than usual. Raises: AwsError.
    """
    config = _CONFIG if within_s is None else _CONFIG.merge(_single_attempt(within_s))
    return boto3.client(service, region_name=region, config=config)


def _single_attempt(within_s: float) -> Config:
    """Return what gives up after a third of the time without a connection, and then without an answer."""
    waits = {"connect_timeout": min(2.0, within_s / 3), "read_timeout": min(5.0, within_s / 2)}
    return Config(**waits, retries={"total_max_attempts": 1, "mode": "standard"})


def judge(error: Exception) -> Verdict:
    """Return the meaning of a boto3 error. AWS's own text stays in the cause: it may quote a request."""
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
        return Verdict(False, code, "there is no region: set AWS_REGION")
    return Verdict(False, code, f"the call to AWS failed ({code})")


def refusal(service: str, error: Exception) -> PlantpulseError:
    """Return our error for a boto3 error of a service."""
    verdict = judge(error)
    told = f"{service}: {verdict.told}"
    return CloudUnavailable(told) if verdict.is_transient else CloudRefused(told)
