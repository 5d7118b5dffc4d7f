"""Who sees and does what, in front of the real policies of the local stack, each in a browser of their own.

What happens arrives by a broadcast, since the pages' own poll is switched off.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from devstack.access import SupabaseAccess
from devstack.members import Person, sign_up
from devstack.processes import Children
from devstack.supabase import Supabase
from plantpulse.schedules.slots import slot_at_or_before
from tests.board.local import LocalBoard, opened, serve
from tests.database.board.stories import BELOW, Story

QUARTER: Final = timedelta(minutes=15)
# What anybody's page could send: method, path and body.
DEEDS: Final = {
    "see an incident": ("GET", "safety_events?select=id", None),
    "acknowledge an incident": ("PATCH", "safety_events?id=eq.{incident}", {"is_acknowledged": True}),
    "acknowledge an alert": ("PATCH", "alerts?id=eq.{alert}", {"is_acknowledged": True}),
    "silence": (
        "POST",
        "silences",
        {"plant": "northfield", "ends_at": "{later}", "why": "x", "rule": "no_output"},
    ),
    "stop a group": ("POST", "tag_commands", {"plant": "northfield", "kind": "stop"}),
}
# As its own page would: with the token that the browser keeps, whatever buttons there are.
_SEND: Final = """
async ([method, path, body]) => {
  const { url, key } = window.PLANTPULSE
  const { access_token } = JSON.parse(localStorage.getItem('plantpulse-session'))
  const headers = { apikey: key, Authorization: `Bearer ${access_token}`, Prefer: 'return=representation' }
  headers['Content-Type'] = 'application/json'
  const sent = { method, headers, body: body && JSON.stringify(body) }
  const answer = await fetch(`${url}/rest/v1/${path}`, sent)
  const found = await answer.json()
  return answer.ok ? (found.length ?? found) : found.code
}
"""


@pytest.fixture(scope="module")
def access(local_supabase: Supabase) -> Iterator[SupabaseAccess]:
    with local_supabase.fresh_database() as access:
        yield access


@pytest.fixture(scope="module")
def url(access: SupabaseAccess, pages: Path) -> Iterator[str]:
    with Children() as children:
        yield serve(children, pages, access).url


@pytest.fixture(scope="module")
def connection(access: SupabaseAccess) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    with access.connect() as connection:
        yield connection


@pytest.fixture(scope="module")
def story(connection: psycopg.Connection[dict[str, Any]]) -> Story:
    """A press that was just polled, in a shift of now, and a group of tags."""
    slot = slot_at_or_before(datetime.now(UTC), QUARTER)
    story = Story(connection)
    story.card()
    Story(connection, "southfield").card()
    story.machine("Press 1", "Stamping")
    story.made("Press 1", [slot], shift=shift_at(slot))
    story.polled(slot)
    connection.execute(
        "insert into public.tag_groups (plant, name, address) values ('northfield', 'Oven', 'modbus://10.0.0.5')"
    )
    return story


def shift_at(slot: datetime) -> tuple[str, datetime, datetime]:
    return "early", slot - timedelta(hours=2), slot + timedelta(hours=6)


@pytest.fixture(scope="module")
def people(access: SupabaseAccess) -> dict[str, Person]:
    return {
        "viewer": sign_up(access, "viewer", "northfield"),
        "operator": sign_up(access, "operator", "northfield", "operator"),
        "manager": sign_up(access, "manager", "northfield", "manager"),
        "neighbour": sign_up(access, "neighbour", "southfield", "manager"),
        "director": sign_up(access, "director", "*", "viewer"),
        "stranger": sign_up(access, "stranger"),
    }


@pytest.fixture
def rows(connection: psycopg.Connection[dict[str, Any]], story: Story) -> dict[str, int]:
    """The ids of an open incident and of an open alert, of which nobody knows yet."""
    for table in ("silences", "alerts", "safety_events", "tag_commands"):
        connection.execute(f"delete from public.{table}".encode())
    connection.execute("update public.tag_groups set active = true")
    at = datetime.now(UTC) - timedelta(minutes=3)
    made = connection.execute(
        "insert into public.alerts (rule, plant, scope, severity, opened_at, observed_at, last_seen_at)"
        " values ('overdue', 'northfield', 'live_pulse', 'critical', %(at)s, %(at)s, %(at)s) returning id",
        {"at": at},
    ).fetchone()
    assert made
    return {"incident": story.incident("Press 1", at), "alert": made["id"]}


@pytest.fixture
def board(browser: Browser, url: str, people: dict[str, Person]) -> Iterator[LocalBoard]:
    with opened(browser, url, people) as local:
        yield local


def buttons(page: Page) -> list[str]:
    """Return the names of the buttons of the page itself, once it is there."""
    expect(page.locator("main .card").first).to_be_visible()
    return [text.strip() for text in page.locator("main button").all_inner_texts()]


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize(
    ("who", "on_safety", "on_alerts", "on_tags"),
    [
        ("viewer", [], [], []),
        ("director", [], [], []),
        ("operator", ["Acknowledge", "Resolve …"], ["Acknowledge", "Silence …"], ["Stop …"]),
        ("manager", ["Acknowledge", "Resolve …"], ["Acknowledge", "Silence …"], ["Stop …"]),
    ],
)
def test_a_member_sees_the_plant_and_the_buttons_of_the_role(
    board: LocalBoard, who: str, on_safety: list[str], on_alerts: list[str], on_tags: list[str]
) -> None:
    page = board.open(who=who)
    expect(page.locator("header strong, header select").first).to_contain_text("Northfield")
    expect(page.get_by_text("Press 1").first).to_be_visible()

    found = []
    for name in ("Safety", "Alerts", "Tags"):
        page.get_by_role("link", name=name, exact=True).first.click()
        expect(page.locator("nav [aria-current=page]")).to_have_text(name)
        found.append(buttons(page))

    assert found == [on_safety, on_alerts, on_tags]


@pytest.mark.parametrize(
    ("who", "words"),
    [
        ("stranger", "You are signed in as stranger@northfield.example, but you may not see any plant yet."),
        ("neighbour", "There is no such plant, or you may not see it."),
    ],
)
def test_nobody_else_sees_any_of_it(rows: dict[str, int], board: LocalBoard, who: str, words: str) -> None:
    page = board.open(who=who)

    expect(page.get_by_text(words)).to_be_visible()
    expect(page.get_by_text("Press 1")).to_have_count(0)
    told = page.evaluate(_SEND, ["POST", "rpc/board_safety", {"p_plant": "northfield"}])
    assert set(told) == {"now", "plant"}
    assert told["plant"] is None


@pytest.mark.parametrize(
    ("who", "outcomes"),
    [
        ("stranger", [0, 0, 0, "42501", "42501"]),
        ("neighbour", [0, 0, 0, "42501", "42501"]),
        ("viewer", [1, 0, 0, "42501", "42501"]),
        ("director", [1, 0, 0, "42501", "42501"]),
        ("operator", [1, 1, 1, 1, 1]),
        ("manager", [1, 1, 1, 1, 1]),
    ],
)
def test_the_database_refuses_what_a_role_may_not_even_where_no_button_was_pressed(
    rows: dict[str, int], board: LocalBoard, who: str, outcomes: list[int | str]
) -> None:
    board.forgiven.append("the server responded with a status of 403")
    page = board.open(who=who)
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()

    found = []
    for method, path, body in DEEDS.values():
        told = body and {name: later if value == "{later}" else value for name, value in body.items()}
        found.append(page.evaluate(_SEND, [method, path.format(**rows), told]))

    assert dict(zip(DEEDS, found, strict=True)) == dict(zip(DEEDS, outcomes, strict=True))


def test_an_incident_arrives_and_its_acknowledgement_is_seen_in_another_browser(
    board: LocalBoard, rows: dict[str, int], story: Story
) -> None:
    story.database.execute("delete from public.safety_events")
    watching, acting = board.open(), board.open(who="operator")
    for page in (watching, acting):
        expect(page.locator("header")).to_contain_text("● live")

    story.incident("Press 1", datetime.now(UTC) - timedelta(minutes=3))

    expect(watching.get_by_role("alert")).to_contain_text("Guard open")
    expect(watching.get_by_role("alert")).to_contain_text("Not yet seen by anybody")
    acting.get_by_role("button", name="Acknowledge").click()
    expect(watching.get_by_role("alert")).to_contain_text("Acknowledged, still open.")


def test_an_incident_is_signed_with_the_keyboard_alone_from_signing_in_on(
    board: LocalBoard, people: dict[str, Person], rows: dict[str, int]
) -> None:
    page = board.open(who=None)
    keys = page.keyboard
    keys.press("Tab")
    keys.type(people["operator"].email)
    keys.press("Tab")
    keys.type(people["operator"].password)
    keys.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()

    _tab_to(page, "Safety")
    keys.press("Enter")
    expect(page.get_by_role("button", name="Resolve …")).to_be_visible()
    _tab_to(page, "Resolve …")
    keys.press("Enter")
    keys.type("Gate adjusted.")
    keys.press("Tab")
    keys.press("Enter")

    expect(page.get_by_role("cell", name="Gate adjusted.")).to_be_visible()
    [signed] = people["viewer"].read("safety_events", select="resolution,resolved_by_name")
    assert signed == {"resolution": "Gate adjusted.", "resolved_by_name": "operator@northfield.example"}


def _tab_to(page: Page, name: str) -> None:
    """Press Tab until something of this name has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText?.trim()") == name:
            return
    raise AssertionError(f"{name} cannot be reached with the Tab key")


def test_what_a_poll_committed_is_shown(board: LocalBoard, story: Story) -> None:
    page = board.open()
    expect(page.locator("header")).to_contain_text("● live")
    expect(page.get_by_text("±0%").first).to_be_visible()
    slot = slot_at_or_before(datetime.now(UTC), QUARTER)
    story.database.execute("delete from public.live_snapshots")

    story.made("Press 1", [slot], shift=shift_at(slot), **BELOW)
    run = story.polled(
        slot + QUARTER - timedelta(seconds=1), status="running", finished_at=None, snapshots_until=None
    )
    story.database.execute(
        "update public.pipeline_runs set status = 'succeeded', finished_at = now(), snapshots_until = %s"
        " where id = %s",
        (slot, run),
    )

    expect(page.get_by_text("−60%").first).to_be_visible()
