"""The board of the demonstration's plant: what its functions really wrote, and what the buttons do.

One stack for all: SQL Server's stand-in, machines, publishers of energy, and every function that writes. It
takes half a minute to start, so what needs no function is tested elsewhere, with rows that a test wrote.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Final

import httpx
import pytest
from playwright.sync_api import Browser, expect
from rich.console import Console

from devstack import stack
from devstack.clock import STEP
from devstack.function import Function
from devstack.machines import READ_ON_REQUEST, every_minute
from devstack.members import Person
from devstack.migrations import REPOSITORY
from devstack.plant.model import northfield
from devstack.processes import Children
from devstack.stack import Stack
from devstack.steps import Steps
from plantpulse.schedules.schedules import DailyAt
from plantpulse.schedules.slots import slot_at_or_before
from tests.board.barriers import violations
from tests.board.local import LocalBoard, opened, serve
from tests.patience import ENDS_S

_FORECASTS: Final = REPOSITORY / "functions" / "energy_forecasts" / "main.py"
# The page as a browser's address, and words that only the plant's own rows can have brought there.
PAGES: Final = (
    ("board", "Weld cell 2"),
    ("asset/{asset}", "Body Shop · Press 1 · last 24 hours"),
    ("safety", "Reason codes read until"),
    ("report", "Weld cell 2 made 0 of 2,340 planned units"),
    ("pipelines", "energy_actuals"),
    ("alerts", "Safety incident at"),
    ("energy/DE", "DE/load"),
    ("tags", "Zone 1"),
)


@dataclass(frozen=True)
class Plant:
    """The running stack with the functions for browsers, and the board in front of them."""

    stack: Stack
    url: str
    live_pulse: Function
    people: dict[str, Person]


@pytest.fixture(scope="module")
def plant(pages: Path) -> Iterator[Plant]:
    """A plant of which everything was written once, and of which the machines are polled meanwhile."""
    slot = slot_at_or_before(datetime.now(UTC), STEP)
    with ExitStack() as context:
        running = context.enter_context(stack.running(northfield(), slot, Steps(Console(quiet=True))))
        children = context.enter_context(Children(running.folder))
        settings = stack.settings_of(running.supabase, running.sql_server.reader)
        settings |= {"TMPDIR": str(running.folder), "PLANTPULSE_CONFIG": str(running.config_file)}
        for_browsers = settings | {
            "MANUAL_CALLS": "supabase_user",
            "PLANTPULSE_CONFIG": str(running.folder / "browsers.yaml"),
        }
        live_pulse, tags = (
            Function(children, source, for_browsers) for source in (stack.LIVE_PULSE, stack.TAGS)
        )
        told = {"DASHBOARD_LIVE_PULSE_URL": live_pulse.url, "DASHBOARD_TAGS_URL": tags.url}
        board = serve(children, pages, running.supabase.access, **told)
        # A function reads its settings when it is first asked.
        (running.folder / "browsers.yaml").write_text(
            running.config_file.read_text("utf-8")
            + f"\nmanual_calls: {{allowed_origins: ['{board.url.rstrip('/')}']}}\n",
            "utf-8",
        )
        context.enter_context(every_minute(running.tags))
        _call_all(running, Function(children, _FORECASTS, settings), slot)
        yield Plant(running, board.url, live_pulse, _people(running))


def _call_all(running: Stack, forecasts: Function, slot: datetime) -> None:
    for each in (slot - STEP, slot):
        running.function.deliver(each)
    running.morning_report.deliver(DailyAt(time(6), running.plant.timezone).slot_at_or_before(slot))
    for function, every in (
        (running.energy_actuals, 2 * STEP),
        (forecasts, 4 * STEP),
        (running.series_gaps, 16 * STEP),
        (running.health, timedelta(minutes=1)),
    ):
        assert function
        function.deliver(slot_at_or_before(datetime.now(UTC), every))


def _people(running: Stack) -> dict[str, Person]:
    return {"viewer": running.viewer, "operator": running.operator, "manager": running.manager}


@pytest.fixture
def board(browser: Browser, plant: Plant) -> Iterator[LocalBoard]:
    with opened(browser, plant.url, plant.people) as local:
        yield local


def asset_id(plant: Plant, name: str) -> int:
    [row] = plant.stack.viewer.read("assets", select="id", name=f"eq.{name}")
    number: int = row["id"]
    return number


@pytest.mark.parametrize(("path", "words"), PAGES)
def test_each_page_shows_what_the_functions_wrote_and_has_no_barrier(
    plant: Plant, board: LocalBoard, path: str, words: str
) -> None:
    page = board.open(path.format(asset=asset_id(plant, "Press 1")))

    expect(page.get_by_text(words).first).to_be_visible()
    assert violations(page) == []
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") == 320


def test_a_manager_polls_now(plant: Plant, board: LocalBoard) -> None:
    page = board.open("pipelines", who="manager")

    page.get_by_role("button", name="Poll now").click()

    expect(page.get_by_role("status").filter(has_text="Polled.")).to_be_visible()
    [run] = plant.stack.manager.read(
        "pipeline_runs", select="status,requested_by", trigger="eq.manual", pipeline="eq.live_pulse"
    )
    assert run["requested_by"] == plant.people["manager"].email
    assert run["status"] in {"succeeded", "partial"}


def test_a_manager_reads_a_group_now(board: LocalBoard) -> None:
    page = board.open("tags", who="manager")
    card = page.locator("section.card", has=page.get_by_role("heading", name=READ_ON_REQUEST))
    expect(card).to_contain_text("–")

    page.get_by_role("button", name="Read now").click()

    expect(card.locator("li")).to_contain_text(" g")


@pytest.mark.parametrize("who", ["viewer", "operator"])
def test_whoever_is_no_manager_has_no_such_buttons_and_is_refused_by_hand(
    plant: Plant, board: LocalBoard, who: str
) -> None:
    page = board.open("pipelines", who=who)
    expect(page.get_by_text("live_pulse").first).to_be_visible()
    expect(page.get_by_role("button", name="Poll now")).to_have_count(0)

    answer = httpx.post(
        plant.live_pulse.url,
        json={"plant": "northfield"},
        headers={"Authorization": f"Bearer {plant.people[who].token}", "Origin": plant.url.rstrip("/")},
        timeout=ENDS_S,
    )

    assert answer.status_code == 403
