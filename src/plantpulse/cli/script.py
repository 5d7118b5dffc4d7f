"""The console script. Without the extra `cli` it says what to install: it needs neither click nor rich."""

import json
import sys
from typing import Final

CONFIGURATION: Final = 3  # exit_codes.py
_OF_THE_EXTRA: Final = ("click", "rich")
_TOLD: Final = "{} is not installed: `pip install 'plantpulse[cli]'`"


def run() -> None:
    """Run the command line."""
    try:
        from plantpulse.cli.main import run as run_command  # noqa: PLC0415 - it may be missing
    except ModuleNotFoundError as error:
        package = str(error.name).partition(".")[0]
        if package not in _OF_THE_EXTRA:
            raise
        _refuse(_TOLD.format(package))
    else:
        run_command()


def _refuse(message: str) -> None:
    if "--json" in sys.argv:
        body = {"code": "configuration_error", "message": message, "field": None}
        sys.stdout.write(json.dumps({"error": body}, indent=2) + "\n")
    else:
        sys.stderr.write(f"Error (configuration_error): {message}\n")
    sys.exit(CONFIGURATION)
