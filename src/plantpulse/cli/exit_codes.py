"""The exit codes of `plantpulse`, for shells and schedulers; docs/command-line.md lists them."""

from typing import Final

from plantpulse.errors import ConfigurationError, Interrupted, InvalidRequest, PlantpulseError, TransientError

SUCCESS: Final = 0
FAILED: Final = 1
USAGE: Final = 2
CONFIGURATION: Final = 3
TRY_AGAIN: Final = 75  # EX_TEMPFAIL of sysexits.h
INTERRUPTED: Final = 130  # 128 + SIGINT, as in shells
BROKEN_PIPE: Final = 141  # 128 + SIGPIPE


def exit_code_of(error: PlantpulseError) -> int:
    """Return the exit code for an error; it says what the caller should do."""
    if isinstance(error, Interrupted):
        return INTERRUPTED
    if isinstance(error, TransientError):
        return TRY_AGAIN
    if isinstance(error, InvalidRequest):
        return USAGE
    return CONFIGURATION if isinstance(error, ConfigurationError) else FAILED
