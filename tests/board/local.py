"""The board in front of the local stack: its own function serves it, and people sign in with passwords.

Here nobody imitates a document, a policy or a clock. At the end nothing may stand on a console, and no report
of the Content-Security-Policy, except what a test has broken on purpose.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from devstack.access import SupabaseAccess
from devstack.function import Function
from devstack.members import Person
from devstack.processes import Children
from devstack.stack import DASHBOARD
from tests.board.opening import HEAR_POLICY, WAIT_MS

# Of all that repeats, the poll is the one that comes each 45 s.
WITHOUT_POLL: Final = """
const repeat = window.setInterval;
window.setInterval = (call, every, ...rest) => every === 45000 ? 0 : repeat(call, every, ...rest);
"""


def serve(children: Children, pages: Path, access: SupabaseAccess, **told: str) -> Function:
    """Start the board's function for a project; `told` are more of its variables."""
    variables = {
        "SUPABASE_URL": access.url,
        "DASHBOARD_PUBLISHABLE_KEY": access.publishable_key,
        "DASHBOARD_FOLDER": str(pages),
    }
    return Function(children, DASHBOARD, variables | told)


@dataclass
class LocalBoard:
    """The board at an address, and who may sign in there; `forgiven` are complaints that a test expects."""

    browser: Browser
    url: str
    people: Mapping[str, Person]
    forgiven: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    _contexts: list[BrowserContext] = field(default_factory=list)

    def open(
        self,
        path: str = "board",
        *,
        who: str | None = "viewer",
        plant: str = "northfield",
        query: str = "",
        size: tuple[int, int] = (1440, 900),
        **options: Any,
    ) -> Page:
        """Open a page in a browser of its own, signed in as one of the people, or as nobody."""
        script = options.pop("script", WITHOUT_POLL)
        context = self.browser.new_context(
            viewport={"width": size[0], "height": size[1]}, **{"locale": "en-GB"} | options
        )
        self._contexts.append(context)
        context.set_default_timeout(WAIT_MS)
        expect.set_options(timeout=WAIT_MS)
        page = context.new_page()
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.add_init_script(HEAR_POLICY + script)
        page.goto(f"{self.url}{query}#/{plant}/{path}")
        if who:
            self.sign_in(page, who)
        return page

    def sign_in(self, page: Page, who: str) -> None:
        """Fill in the form and wait for what is behind it."""
        page.get_by_label("E-mail").fill(self.people[who].email)
        page.locator("input[type=password]").fill(self.people[who].password)
        page.locator("button.strong").click()
        page.wait_for_selector("header")

    def close(self) -> None:
        """Close every browser; fail if one of them complained."""
        for context in self._contexts:
            for page in context.pages:
                self.complaints += page.evaluate("window.violations ?? []")
            context.close()
        heard = [one for one in self.complaints if not any(part in one for part in self.forgiven)]
        assert heard == [], json.dumps(heard, indent=1)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{message.text} {message.location['url']}")


@contextmanager
def opened(browser: Browser, url: str, people: Mapping[str, Person]) -> Iterator[LocalBoard]:
    """Yield a board whose browsers are closed at the end."""
    board = LocalBoard(browser, url, people)
    try:
        yield board
    except BaseException:
        board.forgiven.append("")
        raise
    finally:
        board.close()
