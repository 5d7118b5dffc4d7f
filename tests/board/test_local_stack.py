"""The board in front of a real project: Postgres, PostgREST, sign-in and Realtime of the local stack.

Here nobody imitates a document or a policy, and the pages come from the board's own function. An incident
arrives by a broadcast, since the pages' own poll is switched off.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from devstack.access import SupabaseAccess
from devstack.function import Function
from devstack.members import Person, sign_up
from devstack.processes import Children
from devstack.supabase import Supabase
from plantpulse.schedules.slots import slot_at_or_before
from tests.board.opening import WAIT_MS
from tests.database.board.stories import BELOW, Story

QUARTER: Final = timedelta(minutes=15)
DASHBOARD: Final = Path(__file__).resolve().parents[2] / "functions" / "dashboard" / "main.py"
SignedIn = Callable[..., Page]
# Of all that repeats, the poll is the one that comes each 45 s.
_WITHOUT_POLL: Final = """
const repeat = window.setInterval;
window.setInterval = (call, every, ...rest) => every === 45000 ? 0 : repeat(call, every, ...rest);
"""


@pytest.fixture(scope="module")
def access(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SupabaseAccess]:
    with Supabase(tmp_path_factory.mktemp("logs")) as running:
        yield running.access


@pytest.fixture(scope="module")
def url(access: SupabaseAccess, pages: Path) -> Iterator[str]:
    told = {
        "SUPABASE_URL": access.url,
        "DASHBOARD_PUBLISHABLE_KEY": access.publishable_key,
        "DASHBOARD_FOLDER": str(pages),
    }
    with Children() as children:
        yield Function(children, DASHBOARD, told).url


@pytest.fixture(scope="module")
def story(access: SupabaseAccess) -> Iterator[Story]:
    """A press that was just polled, in a shift of now."""
    slot = slot_at_or_before(datetime.now(UTC), QUARTER)
    shift = ("early", slot - timedelta(hours=2), slot + timedelta(hours=6))
    with access.connect() as connection:
        told = Story(connection)
        told.card()
        told.machine("Press 1", "Stamping")
        told.made("Press 1", [slot], shift=shift)
        told.polled(slot)
        yield told


@pytest.fixture(scope="module")
def people(access: SupabaseAccess) -> dict[str, Person]:
    return {
        "viewer": sign_up(access, "viewer", "northfield"),
        "operator": sign_up(access, "operator", "northfield", "operator"),
        "neighbour": sign_up(access, "neighbour", "southfield", "manager"),
        "stranger": sign_up(access, "stranger"),
    }


@pytest.fixture
def signed_in(browser: Browser, url: str, people: dict[str, Person]) -> Iterator[SignedIn]:
    """Open a page as one of the people, in a browser of their own."""
    contexts: list[BrowserContext] = []

    def sign_in(who: str, path: str = "board") -> Page:
        context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
        contexts.append(context)
        context.set_default_timeout(WAIT_MS)
        expect.set_options(timeout=WAIT_MS)
        page = context.new_page()
        page.add_init_script(_WITHOUT_POLL)
        page.goto(f"{url}#/northfield/{path}")
        page.get_by_label("E-mail").fill(people[who].email)
        page.locator("input[type=password]").fill(people[who].password)
        page.locator("button.strong").click()
        return page

    yield sign_in
    for context in contexts:
        context.close()


@pytest.mark.usefixtures("story")
def test_a_member_sees_the_plant_and_hears_of_its_changes(signed_in: SignedIn) -> None:
    page = signed_in("viewer")

    expect(page.locator("header")).to_contain_text("Northfield")
    expect(page.get_by_text("Press 1").first).to_be_visible()
    expect(page.locator("header")).to_contain_text("live")


@pytest.mark.usefixtures("story")
@pytest.mark.parametrize("who", ["stranger", "neighbour"])
def test_nobody_else_sees_any_of_it(signed_in: SignedIn, people: dict[str, Person], who: str) -> None:
    page = signed_in(who)

    expect(page.get_by_text(people[who].email).first).to_be_visible()
    expect(page.get_by_text("Press 1")).to_have_count(0)


def test_an_incident_arrives_and_its_acknowledgement_is_seen_in_another_browser(
    signed_in: SignedIn, story: Story
) -> None:
    watching, acting = signed_in("viewer"), signed_in("operator")
    for page in (watching, acting):
        expect(page.locator("header")).to_contain_text("live")

    story.incident("Press 1", datetime.now(UTC) - timedelta(minutes=3))

    expect(watching.get_by_role("alert")).to_contain_text("Guard open")
    expect(watching.get_by_role("alert")).to_contain_text("Not yet seen by anybody")
    expect(watching.get_by_role("button", name="Acknowledge")).to_have_count(0)
    acting.get_by_role("button", name="Acknowledge").click()
    expect(watching.get_by_role("alert")).to_contain_text("Acknowledged, still open.")


def test_what_a_poll_committed_is_shown(signed_in: SignedIn, story: Story) -> None:
    page = signed_in("viewer")
    expect(page.locator("header")).to_contain_text("live")
    expect(page.get_by_text("±0%").first).to_be_visible()
    slot = slot_at_or_before(datetime.now(UTC), QUARTER) + QUARTER
    shift = ("early", slot - timedelta(hours=2), slot + timedelta(hours=6))
    story.database.execute("delete from public.live_snapshots")

    story.made("Press 1", [slot - QUARTER], shift=shift, **BELOW)
    run = story.polled(slot - timedelta(seconds=1), status="running", finished_at=None, snapshots_until=None)
    _succeed(story.database, run, slot - QUARTER)

    expect(page.get_by_text("−60%").first).to_be_visible()


def _succeed(database: psycopg.Connection[dict[str, object]], run: int, until: datetime) -> None:
    database.execute(
        "update public.pipeline_runs set status = 'succeeded', finished_at = now(), snapshots_until = %s"
        " where id = %s",
        (until, run),
    )
