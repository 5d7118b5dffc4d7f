"""How a test opens a page, signs in, and hears what the browser complains of."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from tests.board.northfield import NOW
from tests.board.project import EMAIL, PASSWORD, Project
from tests.patience import PATIENT_S

Opened = Callable[..., Page]

# For what comes by itself, on a busy machine too.
WAIT_MS: Final = PATIENT_S * 1000
# Reports of violations, before anything of the page runs.
HEAR_POLICY: Final = """
window.violations = [];
document.addEventListener('securitypolicyviolation', (event) =>
  window.violations.push(event.violatedDirective + ' ' + event.blockedURI));
"""
# What the browser and supabase-js themselves write when a server is away, which tests do on purpose.
_EXPECTED: Final = (
    "/realtime/",
    "Failed to load resource",
    "WebSocket connection to",
    "AuthRetryableFetchError",
)


@contextmanager
def opened(browser: Browser, project: Project) -> Iterator[Opened]:
    """Yield a function that opens a page. At the end it fails if a console or the CSP complained."""
    contexts, complaints = [], list[str]()

    def hear(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not any(part in message.text for part in _EXPECTED):
            complaints.append(message.text)

    def open_one(path: str = "board", *, query: str = "", sign_in: bool = True, **options: Any) -> Page:
        size = options.pop("size", (1440, 900))
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            locale=options.pop("locale", "en-GB"),
            timezone_id="America/New_York",
            **options,
        )
        contexts.append(context)
        context.set_default_timeout(WAIT_MS)
        expect.set_options(timeout=WAIT_MS)
        page = context.new_page()
        page.on("console", hear)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.add_init_script(HEAR_POLICY)
        page.clock.install(time=NOW)
        page.goto(f"{project.url}/{query}#/northfield/{path}")
        if sign_in:
            page.get_by_label("E-mail").fill(EMAIL)
            page.locator("input[type=password]").fill(PASSWORD)
            page.locator("button.strong").click()
            page.wait_for_selector("header")
        return page

    try:
        yield open_one
        for context in contexts:
            for page in context.pages:
                complaints += page.evaluate("window.violations ?? []")
        assert complaints == [], json.dumps(complaints, indent=1)
    finally:
        for context in contexts:
            context.close()
