"""What a board of 1,000 machines takes in a browser: until it is there, and at each of a thousand updates.

The whole way on this machine: Chromium, the board's function, sign-in, PostgREST, Postgres and a broadcast.
Time of the main thread and memory are Chromium's own figures.
"""

import gzip
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import psycopg
from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from bench import board
from bench.figures import Samples, Table
from devstack import chromium
from devstack.function import Function
from devstack.members import Person, sign_up
from devstack.processes import Children
from devstack.stack import DASHBOARD, PAGES
from devstack.supabase import Supabase

_PATIENCE_MS: Final = 120_000
# From the click on to the frame in which the last machine is there.
_UNTIL_COMPLETE: Final = """
(machines) => new Promise((complete) => {
  const button = document.querySelector('button.strong')
  const began = performance.now()
  const look = () => document.querySelectorAll('a.cell').length < machines
    ? requestAnimationFrame(look)
    : requestAnimationFrame(() => setTimeout(() => complete(performance.now() - began)))
  button.click()
  look()
})
"""
# A page asks at most once a second. Here it may ask again at once.
_WITHOUT_PAUSE: Final = """
const later = window.setTimeout;
window.setTimeout = (call, ms, ...rest) => later(call, ms > 0 && ms <= 1000 ? 0 : ms, ...rest);
"""
_FIRST_CELL: Final = "document.querySelector('a.cell').getAttribute('aria-label')"


@dataclass(frozen=True)
class Plan:
    """How much is measured: `starts` sign-ins, `updates` one by one, `refreshes` of one page."""

    assets: int
    starts: int
    updates: int
    refreshes: int
    look_each: int


WHOLE = Plan(assets=1_000, starts=15, updates=20, refreshes=1_000, look_each=200)
QUICK = Plan(assets=200, starts=1, updates=1, refreshes=4, look_each=2)


@dataclass
class Figures:
    """Seconds, and what a page keeps after how many updates: MB of JavaScript, nodes, listeners."""

    start: Samples = field(default_factory=Samples)
    seen: Samples = field(default_factory=Samples)
    main_thread: Samples = field(default_factory=Samples)
    kept: list[tuple[int, float, int, int]] = field(default_factory=list)
    script_bytes: int = 0


def measure(supabase: Supabase, children: Children, plan: Plan) -> Figures:
    """Returns the figures, in the project's own database."""
    pages = Path(os.environ.get("DASHBOARD_FOLDER", PAGES))
    if not (pages / "index.html").is_file():
        sys.exit("the board is not built: make dashboard")
    figures = Figures(script_bytes=sum(len(gzip.compress(file.read_bytes())) for file in pages.rglob("*.js")))
    access = supabase.access
    with psycopg.connect(access.database_url, autocommit=True) as database:
        board.store(database, board.Plan(assets=plan.assets, rounds=0))
        supabase.use_clock(lambda: board.SLOT + timedelta(minutes=4))
        person = sign_up(access, "viewer", "bench")
        told = {
            "SUPABASE_URL": access.url,
            "DASHBOARD_PUBLISHABLE_KEY": access.publishable_key,
            "DASHBOARD_FOLDER": str(pages),
        }
        url = Function(children, DASHBOARD, told).url
        with _browser() as browser:
            for _ in range(plan.starts + 1):
                figures.start.seconds.append(_start(browser, url, person, plan))
            del figures.start.seconds[0]  # the first one warms Postgres and the function
            _update(browser, url, person, plan, database, figures)
            _refresh(browser, url, person, plan, database, figures)
    return figures


def tables(figures: Figures, plan: Plan) -> list[Table]:
    """Returns the figures as they are printed."""
    times = Table(
        f"Board: {plan.assets:,} machines in a browser, ms", ["", "median (minimum)", "most", "asked for"]
    )
    for what, samples, asked in (
        ("from signing in to the whole board", figures.start, "1,500"),
        ("main thread for an update of all machines", figures.main_thread, "300"),
        ("from the commit of a poll to the page that shows it", figures.seen, "2,000"),
    ):
        times.add(what, samples.show(), f"{max(samples.seconds) * 1000:,.0f}", asked)
    times.add("JavaScript, bytes of gzip", f"{figures.script_bytes:,}", "-", "110,000")
    kept = Table("Board: what a page keeps", ["updates", "JavaScript, MB", "nodes", "listeners"])
    for number, megabytes, nodes, listeners in figures.kept:
        kept.add(f"{number:,}", f"{megabytes:.1f}", f"{nodes:,}", f"{listeners:,}")
    return [times, kept]


@contextmanager
def _browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        path = chromium.find(playwright)
        if path is None:
            sys.exit("no Chromium: apt-get install chromium")
        with chromium.launch(playwright, path) as browser:
            yield browser


@contextmanager
def _page(browser: Browser, url: str, person: Person, script: str = "") -> Iterator[Page]:
    """A page in a browser of its own, before the click that signs in."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
    context.set_default_timeout(_PATIENCE_MS)
    page = context.new_page()
    page.add_init_script(script)
    page.goto(f"{url}#/bench/board")
    page.get_by_label("E-mail").fill(person.email)
    page.locator("input[type=password]").fill(person.password)
    try:
        yield page
    finally:
        context.close()


def _start(browser: Browser, url: str, person: Person, plan: Plan) -> float:
    with _page(browser, url, person) as page:
        milliseconds: float = page.evaluate(_UNTIL_COMPLETE, plan.assets)
    return milliseconds / 1000


def _update(
    browser: Browser,
    url: str,
    person: Person,
    plan: Plan,
    database: psycopg.Connection[tuple[Any, ...]],
    figures: Figures,
) -> None:
    """Commit polls that change every machine, and see each of them arrive by its broadcast."""
    with _page(browser, url, person) as page:
        page.evaluate(_UNTIL_COMPLETE, plan.assets)
        page.get_by_text("● live").wait_for()
        session = _metrics(page)
        for number in range(plan.updates + 1):
            page.wait_for_timeout(1500)  # the page asks once a second at most, and is at rest then
            label = page.evaluate(_FIRST_CELL)
            before_s = _metric(session, "TaskDuration")
            run = _change(database, number)
            committed_s = time.perf_counter()
            database.execute(_SUCCEED, (board.SLOT, run))
            page.wait_for_function(f"(label) => {_FIRST_CELL} !== label", arg=label)
            seen_s = time.perf_counter()
            page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
            if number:  # the first one compiles
                figures.seen.seconds.append(seen_s - committed_s)
                figures.main_thread.seconds.append(_metric(session, "TaskDuration") - before_s)


def _refresh(
    browser: Browser,
    url: str,
    person: Person,
    plan: Plan,
    database: psycopg.Connection[tuple[Any, ...]],
    figures: Figures,
) -> None:
    """Refresh one page again and again, with changed machines, and look at what it keeps."""
    with _page(browser, url, person, _WITHOUT_PAUSE) as page:
        page.evaluate(_UNTIL_COMPLETE, plan.assets)
        page.get_by_text("● live").wait_for()
        session = _metrics(page)
        for number in range(plan.refreshes + 1):
            if number % plan.look_each == 0:
                figures.kept.append((number, *_kept(session)))
            database.execute(_CHANGE, {"slot": board.SLOT, "number": number})
            with page.expect_response(lambda answer: answer.url.endswith("/rpc/board")) as answered:
                page.evaluate("dispatchEvent(new Event('online'))")
            answered.value.finished()


def _kept(session: CDPSession) -> tuple[float, int, int]:
    session.send("HeapProfiler.collectGarbage")
    used = session.send("Runtime.getHeapUsage")["usedSize"] / 1_000_000
    return used, int(_metric(session, "Nodes")), int(_metric(session, "JSEventListeners"))


def _metrics(page: Page) -> CDPSession:
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    return session


def _metric(session: CDPSession, name: str) -> float:
    found = session.send("Performance.getMetrics")["metrics"]
    value: float = next(one["value"] for one in found if one["name"] == name)
    return value


def _change(database: psycopg.Connection[tuple[Any, ...]], number: int) -> int:
    """Let a poll that is not committed yet change every machine; return its id."""
    database.execute(_CHANGE, {"slot": board.SLOT, "number": number})
    [(run,)] = database.execute(_RUN, {"slot": board.SLOT}).fetchall()
    return int(run)


_CHANGE: Final = """
    update public.live_snapshots as s
    set
      output_actual = 40 + (s.asset_id + %(number)s) %% 17,
      variance_percent = 4 * ((s.asset_id + %(number)s) %% 17 - 12),
      status = (array['on_target', 'below_target'])[1 + ((s.asset_id + %(number)s) %% 10 = 0)::integer]
    from public.assets as asset
    where asset.id = s.asset_id and asset.plant = 'bench' and s.snapshot_timestamp = %(slot)s
"""
_RUN: Final = """
    insert into public.pipeline_runs (pipeline, plant, trigger, fence, started_at, lease_expires_at, status)
    values (
      'live_pulse', 'bench', 'manual', gen_random_uuid(),
      %(slot)s + interval '1 min', %(slot)s + interval '3 min', 'running'
    )
    returning id
"""
_SUCCEED: Final = """
    update public.pipeline_runs
    set status = 'succeeded', finished_at = started_at + interval '1 s', snapshots_until = %s
    where id = %s
"""
