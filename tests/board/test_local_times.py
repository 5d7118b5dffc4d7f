"""What time does to the board: data grows old, days have 23 or 25 hours, a project is away for a while.

The documents are real, and the local stack tells the database's functions what time it is in the plant.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from devstack.fault_proxy import FaultProxy
from devstack.members import sign_up
from devstack.processes import Children
from devstack.supabase import Supabase
from tests.board.local import LocalBoard, opened, serve
from tests.database.board.stories import BELOW, QUARTER, Story, slots

# The pages look for news each 45 s; nobody waits for that here.
_QUICKLY: Final = """
const repeat = window.setInterval;
window.setInterval = (call, every, ...rest) => repeat(call, every === 45000 ? 1000 : every, ...rest);
"""
_SPRING: Final = "12:00 14:00 16:00 18:00 20:00 22:00 00:00 04:00 06:00 08:00 10:00 12:00"
_AUTUMN: Final = "14:00 16:00 18:00 20:00 22:00 00:00 02:00 CEST 02:00 CET 04:00 06:00 08:00 10:00 12:00"
_MACHINES: Final = """
with made as (
  insert into public.assets (plant, name, source_name, area)
  select 'northfield', 'Cell ' || n, 'C-' || n, 'Line ' || lpad((n / 50)::text, 2, '0')
  from generate_series(0, 999) as n
  returning id, name
)
insert into public.live_snapshots (
  asset_id, snapshot_timestamp, window_start, output_actual, slot_output, output_target, variance_percent,
  status, oee_current, oee_source, downtime_minutes, slot_target, slot_downtime_minutes,
  shift_name, shift_starts_at, shift_ends_at, shift_target
)
select
  made.id, slot, slot - interval '30 min', 50, 25, 52, -3.8,
  case when made.name like '%%7' and slot = %(until)s then 'below_target' else 'on_target' end,
  71.5, 'reported', 0, 26, 0, 'early', %(until)s - interval '2 h', %(until)s + interval '6 h', 832
from made
cross join generate_series(%(until)s - interval '2 h', %(until)s, interval '15 min') as slot
"""


@dataclass
class Plant:
    """A plant of which a test says what it wrote and what time it is there."""

    supabase: Supabase
    proxy: FaultProxy
    database: psycopg.Connection[dict[str, Any]]

    def begin(self, now: datetime) -> Story:
        """Return a plant without a past, at a time of its own."""
        self.proxy.heal()
        self.at(now)
        for table in ("plants", "assets", "pipeline_runs", "safety_events", "alerts"):
            self.database.execute(f"truncate public.{table} cascade".encode())
        story = Story(self.database)
        story.card()
        return story

    def at(self, now: datetime) -> None:
        """Let it be this time in the plant."""
        self.supabase.use_clock(lambda: now)


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    with Supabase(tmp_path_factory.mktemp("logs")) as supabase:
        parts = urlsplit(supabase.access.url)
        with FaultProxy("127.0.0.1", parts.port or 0) as proxy, supabase.access.connect() as database:
            yield Plant(supabase, proxy, database)


@pytest.fixture(scope="module")
def served(plant: Plant, pages: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The board's address and its people; the project is behind a network that can be cut."""
    access = replace(plant.supabase.access, url=f"http://127.0.0.1:{plant.proxy.port}")
    with Children() as children:
        yield (
            serve(children, pages, access).url,
            {"viewer": sign_up(plant.supabase.access, "viewer", "northfield")},
        )


@pytest.fixture
def board(browser: Browser, served: tuple[str, dict[str, Any]]) -> Iterator[LocalBoard]:
    with opened(browser, *served) as local:
        yield local


NOON: Final = datetime(2026, 3, 11, 12, tzinfo=UTC)
SHIFT: Final = ("early", NOON - timedelta(hours=2), NOON + timedelta(hours=6))


def written(plant: Plant) -> Story:
    """A press that is on target, an oven that is not, and an incident, at noon."""
    story = plant.begin(NOON + timedelta(minutes=4))
    for name in ("Press 1", "Oven 2"):
        story.machine(name, "Stamping")
        story.made(name, [NOON - QUARTER], shift=SHIFT)
    story.made("Press 1", [NOON], shift=SHIFT)
    story.made("Oven 2", [NOON], shift=SHIFT, **BELOW)
    story.incident("Press 1", NOON - timedelta(minutes=20))
    story.polled(NOON)
    return story


def backgrounds(page: Page, selector: str) -> set[str]:
    """Return the background colours of what a selector finds."""
    found = page.eval_on_selector_all(
        selector, "(all) => all.map((one) => getComputedStyle(one).backgroundColor)"
    )
    return set(found)


def test_data_is_old_after_two_intervals_and_says_since_when_and_why(plant: Plant, board: LocalBoard) -> None:
    story = written(plant)
    page = board.open(script=_QUICKLY)
    expect(page.get_by_text("4 min old")).to_be_visible()
    expect(page.locator("a.tile")).to_have_count(2)
    coloured = backgrounds(page, "a.tile")

    plant.at(NOON + timedelta(minutes=29, seconds=50))
    expect(page.get_by_text("29 min old")).to_be_visible()
    assert backgrounds(page, "a.tile") == coloured
    failed = {"status": "failed", "error_code": "source_unavailable", "is_retryable": True}
    story.polled(NOON + 2 * QUARTER, snapshots_until=None, safety_until=None, error_message="x", **failed)
    plant.at(NOON + timedelta(minutes=33))

    expect(page.get_by_text("Nothing new since 13:00. What you see is old.")).to_be_visible()
    expect(page.get_by_text("Newest poll: SQL Server does not answer.")).to_be_visible()
    expect(page.locator("a.tile", has_text="Oven 2")).to_have_css("outline-style", "dashed")
    assert len(backgrounds(page, "a.tile, .sign, .big")) <= 2
    assert backgrounds(page, ".band-safety") == {"rgb(173, 15, 28)"}
    assert coloured != backgrounds(page, "a.tile")


def test_a_project_that_is_away_is_told_and_asked_until_it_is_back(plant: Plant, board: LocalBoard) -> None:
    story = written(plant)
    board.forgiven += ["Failed to load resource", "WebSocket connection to"]
    page = board.open(script=_QUICKLY)
    expect(page.locator("header")).to_contain_text("● live")

    plant.proxy.refuse()

    expect(page.locator("header")).to_contain_text("○")
    told_why = page.get_by_text("This page cannot be refreshed since")
    expect(told_why).to_contain_text("Supabase does not answer.")
    expect(page.get_by_text("Oven 2").first).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("Guard open")

    story.database.execute(
        "delete from public.live_snapshots where asset_id = %s", (story.numbers["Oven 2"],)
    )
    plant.proxy.heal()

    expect(told_why).to_have_count(0)
    expect(page.locator("header")).to_contain_text("● live")
    expect(page.locator("a.tile", has_text="Oven 2")).to_contain_text("no data")


@pytest.mark.parametrize(
    ("slot", "rows", "hours"),
    [
        # At 02:00 it is 03:00 at once: 24 hours before 13:00 it was 12:00.
        (datetime(2026, 3, 29, 11, tzinfo=UTC), ["03:00", "01:45", "Sat 28 Mar, 12:15"], _SPRING),
        # At 03:00 it is 02:00 again, and each time says which of the two it is.
        (datetime(2026, 10, 25, 12, tzinfo=UTC), ["02:00 CET", "02:45 CEST", "Sat 24 Oct, 14:15"], _AUTUMN),
    ],
    ids=["23 hours", "25 hours"],
)
def test_a_day_of_23_or_25_hours_has_all_its_slots_by_the_plants_clock(
    plant: Plant, board: LocalBoard, slot: datetime, rows: list[str], hours: str
) -> None:
    story = plant.begin(slot + timedelta(minutes=4))
    number = story.machine("Press 1", "Stamping")
    story.made("Press 1", slots(slot - timedelta(hours=24) + QUARTER, slot), shift=SHIFT)
    story.polled(slot)

    page = board.open(f"asset/{number}")

    table = page.get_by_role("region", name="The same in numbers").locator("tbody tr td:first-child")
    expect(table).to_have_count(96)
    times = table.all_inner_texts()
    assert times[0] == "13:00"
    place = times.index(rows[0])
    assert [times[place], times[place + 1], times[-1]] == rows
    assert len(set(times)) == 96
    assert page.get_by_role("img", name="96 × on target").count() == 1
    axis = page.locator("section svg").first.locator("text").all_text_contents()
    assert " ".join(text for text in axis if ":" in text) == hours


@pytest.mark.parametrize(
    ("slot", "shift", "words"),
    [
        (
            datetime(2026, 3, 29, 0, 30, tzinfo=UTC),
            (datetime(2026, 3, 28, 21, tzinfo=UTC), datetime(2026, 3, 29, 4, tzinfo=UTC)),
            ["Data until 01:30", "night 22:00–06:00", "3 h 26 min left"],
        ),
        (
            datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
            (datetime(2026, 10, 24, 20, tzinfo=UTC), datetime(2026, 10, 25, 5, tzinfo=UTC)),
            ["Data until 02:30 CEST", "night 22:00–06:00", "4 h 26 min left"],
        ),
    ],
    ids=["7 hours", "9 hours"],
)
def test_a_night_of_7_or_9_hours_is_from_ten_to_six(
    plant: Plant, board: LocalBoard, slot: datetime, shift: tuple[datetime, datetime], words: list[str]
) -> None:
    story = plant.begin(slot + timedelta(minutes=4))
    story.machine("Press 1", "Stamping")
    story.made("Press 1", [slot], shift=("night", *shift))
    story.polled(slot)

    page = board.open()

    for text in words:
        expect(page.get_by_text(text).first).to_be_visible()


def test_a_thousand_machines_are_on_one_screen_and_on_a_wall(plant: Plant, board: LocalBoard) -> None:
    story = plant.begin(NOON + timedelta(minutes=4))
    story.database.execute(_MACHINES.encode(), {"until": NOON})
    story.polled(NOON)

    page = board.open()

    expect(page.locator("a.cell")).to_have_count(1000)
    expect(page.locator("a.cell.amber")).to_have_count(100)
    assert page.evaluate("document.documentElement.scrollHeight") <= 900
    wall = board.open(query="?tv", size=(1920, 1080))
    expect(wall.locator(".cell")).to_have_count(1000)
    assert wall.locator("button, a[href]:not(.skip), select, input").count() == 0
    assert wall.evaluate("document.documentElement.scrollHeight") <= 1080
