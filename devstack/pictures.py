"""`make pictures`: a picture of every page of the board, for README and docs/board.md.

A day of the demonstration's plant is polled on the compressed clock, until its time is the real one. Then the
functions that have no such clock are called too, people do what people do, and a browser looks at all of it.
The plant's rows are drawn with one seed; which hours of them are seen depends on when this is run.
"""

import base64
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from typing import Final

import httpx
from playwright.sync_api import Browser, Page, expect, sync_playwright
from rich.console import Console

from devstack import chromium, stack
from devstack.backlog import copy_in
from devstack.clock import STEP
from devstack.function import Function
from devstack.machines import READ_ON_REQUEST, every_minute
from devstack.migrations import REPOSITORY
from devstack.patience import ENDS_S
from devstack.plant.model import northfield
from devstack.plant.producer import produce
from devstack.processes import Children
from devstack.sqlserver import Login, StandIn
from devstack.sqlserver.address import DATABASE, Address
from devstack.stack import Stack
from devstack.steps import Steps
from plantpulse.schedules.schedules import DailyAt
from plantpulse.schedules.slots import slot_at_or_before

FOLDER: Final = REPOSITORY / "docs" / "pictures"
_FORECASTS: Final = REPOSITORY / "functions" / "energy_forecasts" / "main.py"
_A_DAY: Final = timedelta(days=1)
# A day of polls takes a minute and a half, and a slow machine has time for each of them.
_TICK: Final = timedelta(seconds=1)
# The clock runs while the stack is started: these hours of the plant are never polled, and not looked at.
_LOST: Final = timedelta(hours=8)
# So many mornings are reported: as far back as stops are looked for.
_DAYS: Final = 7
# Of WebP; every picture stays below 150 kB.
_QUALITY: Final = 84


@dataclass(frozen=True)
class Picture:
    """A page as somebody sees it, and its file's name; text is sharp on most screens at this scale."""

    name: str
    path: str
    size: tuple[int, int] = (1280, 800)
    scale: float = 1.5
    query: str = ""


PICTURES: Final = (
    Picture("board", "board", size=(1280, 560)),
    Picture("asset", "asset/{asset}"),
    Picture("safety", "safety"),
    Picture("report", "report"),
    Picture("pipelines", "pipelines"),
    Picture("alerts", "alerts"),
    Picture("energy", "energy/DE"),
    Picture("tags", "tags"),
    Picture("tv", "board", size=(1920, 1080), scale=1, query="?tv"),
    Picture("phone", "board", size=(320, 640), scale=2),
)


def main() -> None:
    """Take all pictures anew."""
    console = Console(highlight=False)
    steps = Steps(console)
    start = slot_at_or_before(datetime.now(UTC), STEP) - _A_DAY - _LOST
    with stack.running(northfield(), start, steps, _TICK) as running, Children(running.folder) as children:
        with steps.step("The days before and after, all at once"):
            _work(running, start)
        with steps.step("A day of polls"):
            _poll_a_day(running)
        with every_minute(running.tags):
            with steps.step("What runs beside them, and what people do"):
                _call_the_others(running, children)
                _do_what_people_do(running)
            with steps.step("Pictures"), _browser() as browser:
                for picture in PICTURES:
                    _take(picture, browser, running)


def _work(running: Stack, start: datetime) -> None:
    """Write the rows before the stack's backlog, and those until now: at each tick it would take too long."""
    url, plant = running.supabase.postgres.url(DATABASE), running.plant
    copy_in(url, produce(plant, start - (_DAYS + 1) * _A_DAY, start - stack.BACKLOG))
    copy_in(url, produce(plant, start, datetime.now(UTC)))


def _poll_a_day(running: Stack) -> None:
    """Poll slot after slot until the plant's time is the real one, which it is from then on."""
    clock = running.clock
    while clock.slot_of(number := clock.tick_after(datetime.now(UTC))) <= datetime.now(UTC):
        time.sleep(max(0.0, clock.seconds_until(number, datetime.now(UTC))))
        running.function.deliver(clock.slot_of(number))
    running.supabase.use_clock(lambda: datetime.now(UTC))


def _call_the_others(running: Stack, children: Children) -> None:
    """Call the functions that need no compressed clock: each morning's report, then what is due now."""
    with _real_sql_server(running) as reader:
        settings = stack.settings_of(running.supabase, reader)
        settings |= {"PLANTPULSE_CONFIG": str(running.config_file), "TMPDIR": str(running.folder)}
        now = datetime.now(UTC)
        report = Function(children, stack.MORNING_REPORT, settings)
        morning = DailyAt(time_of_day(6), running.plant.timezone).slot_at_or_before(now)
        for ago in reversed(range(_DAYS)):
            report.deliver(morning - ago * _A_DAY)
    httpx.post(running.tags.url, json={"plant": running.plant.key, "group": READ_ON_REQUEST}, timeout=ENDS_S)
    for source, every in (
        (stack.ENERGY_ACTUALS, 2 * STEP),
        (_FORECASTS, 4 * STEP),
        (stack.SERIES_GAPS, 16 * STEP),
        (stack.HEALTH, timedelta(minutes=1)),
    ):
        Function(children, source, settings).deliver(slot_at_or_before(now, every))


@contextmanager
def _real_sql_server(running: Stack) -> Iterator[Address]:
    """The same plant's SQL Server with a clock that is right."""
    stand_in, reader = running.sql_server.stand_in, running.sql_server.reader
    logins = {reader.user: Login(reader.password)}
    zone = running.plant.timezone.key
    with StandIn(stand_in.database_url, logins=logins, database=DATABASE, time_zone=zone) as right:
        yield replace(reader, port=right.port)


def _do_what_people_do(running: Stack) -> None:
    """Let incidents be resolved, the last but one be seen, and an alert be silenced."""
    [*older, seen, _] = running.viewer.read("safety_events", select="id", order="event_timestamp")
    for event in older:
        signed = {"is_resolved": True, "resolution": "Freed, checked, and released by the shift leader."}
        running.manager.change("safety_events", event["id"], signed)
    running.operator.change("safety_events", seen["id"], {"is_acknowledged": True})
    ends_at = (datetime.now(UTC) + timedelta(hours=4)).isoformat()
    silence = {"plant": running.plant.key, "rule": "no_output", "ends_at": ends_at}
    running.operator.write("silences", silence | {"why": "The sensor of PRESS-01 is replaced until noon."})


@contextmanager
def _browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        path = chromium.find(playwright)
        if path is None:
            raise SystemExit("no Chromium: apt-get install chromium")
        with chromium.launch(playwright, path) as browser:
            yield browser


def _take(picture: Picture, browser: Browser, running: Stack) -> None:
    """Sign in, open the page, and write what is seen."""
    if running.board is None:
        raise SystemExit("the board is not built: make dashboard")
    width, height = picture.size
    context = browser.new_context(
        viewport={"width": width, "height": height}, device_scale_factor=picture.scale, locale="en-GB"
    )
    context.set_default_timeout(ENDS_S * 1000)
    expect.set_options(timeout=ENDS_S * 1000)
    page = context.new_page()
    [asset] = running.viewer.read("assets", select="id", name="eq.Press 2")
    page.goto(f"{running.board.url}{picture.query}#/northfield/{picture.path.format(asset=asset['id'])}")
    page.get_by_label("E-mail").fill(running.operator.email)
    if picture.name == "board":
        _write("sign-in", page)
    page.locator("input[type=password]").fill(running.operator.password)
    page.locator("button.strong").click()
    expect(page.locator("header")).to_contain_text("● live")
    page.locator("main .card").first.wait_for()
    page.wait_for_load_state("networkidle")
    _write(picture.name, page)
    context.close()


def _write(name: str, page: Page) -> None:
    session = page.context.new_cdp_session(page)
    taken = session.send("Page.captureScreenshot", {"format": "webp", "quality": _QUALITY})
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{name}.webp").write_bytes(base64.b64decode(taken["data"]))


if __name__ == "__main__":
    main()
