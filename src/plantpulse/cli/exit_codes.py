"""What `plantpulse` tells a shell or a scheduler when it ends; docs/command-line.md lists them."""

from typing import Final

SUCCESS: Final = 0
FAILED: Final = 1
USAGE: Final = 2
CONFIGURATION: Final = 3
TRY_AGAIN: Final = 75  # EX_TEMPFAIL of sysexits.h
INTERRUPTED: Final = 130  # 128 + SIGINT, as shells say it
BROKEN_PIPE: Final = 141  # 128 + SIGPIPE
