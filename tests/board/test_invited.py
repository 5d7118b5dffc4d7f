"""Somebody who was invited gets in, from the mail to the board, in front of the local project."""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from devstack.accounts import AuthMail
from devstack.supabase import Supabase
from tests.board.opening import WAIT_MS
from tests.patience import ENDS_S

EMAIL = "new@northfield.example"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(locale="en-GB")
    context.set_default_timeout(WAIT_MS)
    expect.set_options(timeout=WAIT_MS)
    yield context.new_page()
    context.close()


def test_an_invitation_and_a_forgotten_password_lead_in(
    local_supabase: Supabase, local_board: str, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    mails = list[AuthMail]()
    monkeypatch.setattr(local_supabase.accounts, "post", mails.append)
    monkeypatch.setattr(local_supabase.accounts, "site_url", local_board)
    headers = {"apikey": local_supabase.access.secret_key}
    invite = f"{local_supabase.access.url}/auth/v1/invite"
    httpx.post(invite, json={"email": EMAIL}, headers=headers, timeout=ENDS_S).raise_for_status()

    page.goto(mails[0].link)
    choose(page, "correct horse")
    expect(page.get_by_text(f"You are signed in as {EMAIL}")).to_be_visible()

    page.get_by_role("button", name="Sign out").first.click()
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_role("button", name="I forgot my password").click()
    expect(page.get_by_role("status")).to_contain_text("a link is on its way")
    page.goto(mails[1].link)
    choose(page, "battery staple")
    expect(page.get_by_text(f"You are signed in as {EMAIL}")).to_be_visible()

    page.get_by_role("button", name="Sign out").first.click()
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill("battery staple")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_text(f"You are signed in as {EMAIL}")).to_be_visible()

    page.get_by_role("button", name="Sign out").first.click()
    page.goto(mails[0].link)
    expect(page.get_by_role("alert")).to_contain_text("This link was used already")


def choose(page: Page, password: str) -> None:
    page.get_by_label("New password").fill(password)
    page.get_by_role("button", name="Save it").click()
