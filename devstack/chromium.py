"""Which Chromium is driven by tests, pictures and the bench: the one that is there."""

import os
import shutil
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Playwright

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# A closed network must not be asked for updates; QUIC would be.
_ARGUMENTS: Final = (
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find(playwright: Playwright) -> str | None:
    """Return the path of a Chromium, or None if there is none."""
    own = playwright.chromium.executable_path
    named = os.environ.get("PLANTPULSE_TEST_CHROMIUM")
    if named or Path(own).exists():
        return named or own
    return next((found for name in _NAMES if (found := shutil.which(name))), None)


def launch(playwright: Playwright, path: str) -> Browser:
    """Start it without a window."""
    return playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
