"""The exit codes of `plantpulse`, for shells and schedulers; docs/command-line.md lists them."""

from typing import Final

SUCCESS: Final = 0
FAILED: Final = 1
USAGE: Final = 2
CONFIGURATION: Final = 3
TRY_AGAIN: Final = 75  # EX_TEMPFAIL of sysexits.h
INTERRUPTED: Final = 130  # 128 + SIGINT, as in shells
BROKEN_PIPE: Final = 141  # 128 + SIGPIPE
