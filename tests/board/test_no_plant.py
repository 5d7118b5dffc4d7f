"""What is of no plant wakes the pages too: series, and their alerts. In front of the local project."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from devstack.members import sign_up
from devstack.supabase import Supabase
from tests.board.opening import WAIT_MS

# Of all that repeats, the poll is the one that comes each 45 s.
_WITHOUT_POLL = """
const repeat = window.setInterval;
window.setInterval = (call, every, ...rest) => every === 45000 ? 0 : repeat(call, every, ...rest);
"""


@pytest.fixture
def page(browser: Browser, local_supabase: Supabase, local_board: str) -> Iterator[Page]:
    """Open the alerts of one of two plants, as a member of both."""
    ada = sign_up(local_supabase.access, "ada.of.two", "northfield")
    with local_supabase.access.connect() as database:
        database.execute(
            "insert into public.plant_members (user_id, plant, role) values (%s, 'southfield', 'viewer')",
            [ada.user_id],
        )
    context = browser.new_context(locale="en-GB")
    context.set_default_timeout(WAIT_MS)
    expect.set_options(timeout=WAIT_MS)
    page = context.new_page()
    page.add_init_script(_WITHOUT_POLL)
    page.goto(f"{local_board}#/northfield/alerts")
    page.get_by_label("E-mail").fill(ada.email)
    page.locator("input[type=password]").fill(ada.password)
    page.locator("button.strong").click()
    yield page
    context.close()


def test_an_alert_of_no_plant_arrives_on_the_pages_of_every_plant(
    local_supabase: Supabase, page: Page
) -> None:
    expect(page.locator("header")).to_contain_text("● live")
    open_alert(local_supabase, "DE/load")
    expect(page.get_by_text("No new values of DE/load")).to_be_visible()

    # The topic is left and joined again with the other plant.
    page.get_by_label("Plant").select_option(label="southfield")
    expect(page.locator("header")).to_contain_text("● live")
    open_alert(local_supabase, "FR/load")

    expect(page.get_by_text("No new values of FR/load")).to_be_visible()


def open_alert(supabase: Supabase, series: str) -> None:
    with supabase.access.connect() as database:
        database.execute(
            """
            insert into public.alerts
              (rule, plant, scope, subject, severity, facts, opened_at, observed_at, last_seen_at)
            values ('series_stale', '(no plant)', 'energy_actuals', %s, 'warning',
                    jsonb_build_object('series', %s::text), now(), now(), now())
            """,
            [series, series],
        )
