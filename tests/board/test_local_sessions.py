"""A session that renews itself: access tokens live for seconds.

Auth, Data API and Realtime are those of the local stack.
"""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import httpx
import pytest
from playwright.sync_api import Browser, Page, Request, expect

from devstack.members import sign_up
from devstack.processes import Children
from devstack.supabase import Supabase
from plantpulse.schedules.slots import slot_at_or_before
from tests.board.local import LocalBoard, opened, serve
from tests.database.board.stories import BELOW, QUARTER, Story
from tests.patience import ENDS_S

LIFETIME_S: Final = 15
EVERY_S: Final = 2
# The pages look for news each 45 s; nobody waits for that here.
_QUICKLY: Final = f"""
const repeat = window.setInterval;
window.setInterval = (call, every, ...rest) =>
  repeat(call, every === 45000 ? {EVERY_S * 1000} : every, ...rest);
"""


@pytest.fixture(scope="module")
def renewing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Supabase]:
    with Supabase(tmp_path_factory.mktemp("logs")) as supabase:
        supabase.accounts.lifetime_s = LIFETIME_S
        yield supabase


@pytest.fixture
def board(renewing: Supabase, browser: Browser, pages: Path) -> Iterator[LocalBoard]:
    people = {"viewer": sign_up(renewing.access, "viewer", "northfield")}
    with Children() as children:
        url = serve(children, pages, renewing.access).url
        with opened(browser, url, people) as local:
            yield local


def test_a_page_goes_on_by_itself_when_its_tokens_expire(renewing: Supabase, board: LocalBoard) -> None:
    slot = slot_at_or_before(datetime.now(UTC), QUARTER)
    shift = ("early", slot - timedelta(hours=2), slot + timedelta(hours=6))
    asked: list[str] = []
    renewals: list[str] = []

    def hear(request: Request) -> None:
        if "/rest/v1/" in request.url and request.method != "OPTIONS":
            asked.append(request.headers["authorization"])
        if "grant_type=refresh_token" in request.url:
            renewals.append(request.url)

    with renewing.access.connect() as database:
        story = Story(database)
        story.card()
        story.machine("Press 1", "Stamping")
        story.made("Press 1", [slot - QUARTER], shift=shift)
        story.polled(slot - QUARTER)
        began_s = time.monotonic()
        page = board.open(script=_QUICKLY)
        page.on("request", hear)
        expect(page.get_by_text("±0%").first).to_be_visible()

        until_refused(page, renewing.access.rest_url, renewing.access.publishable_key, asked)
        story.made("Press 1", [slot], shift=shift, **BELOW)
        story.polled(slot)

        expect(page.get_by_text("−60%").first).to_be_visible()
    expect(page.locator("header")).to_contain_text("● live")
    assert len(set(asked)) >= 4
    # A loop would ask at once again, for new tokens or for documents.
    assert len(asked) <= (time.monotonic() - began_s) / EVERY_S + 10
    assert len(renewals) <= 2 * len(asked)


def until_refused(page: Page, rest_url: str, key: str, asked: list[str]) -> None:
    """Let the page go on until the Data API no longer takes the first token that it sent."""
    ends_s = time.monotonic() + ENDS_S
    while time.monotonic() < ends_s:
        page.wait_for_timeout(500)
        headers = {"apikey": key, "Authorization": asked[0]} if asked else {}
        if (
            asked
            and httpx.post(f"{rest_url}/rpc/board_plants", headers=headers, timeout=ENDS_S).status_code == 401
        ):
            return
    raise AssertionError("the first token is accepted for ever")
