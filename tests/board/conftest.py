"""The board in a real browser, in front of a project that a test commands; skipped without a Chromium."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from devstack import chromium
from devstack.function import Function
from devstack.processes import Children
from devstack.supabase import Supabase
from tests.board.opening import Opened, opened
from tests.board.project import Project, served
from tests.patience import ENDS_S

FUNCTION: Final = Path(__file__).resolve().parents[2] / "functions" / "dashboard" / "main.py"
DASHBOARD: Final = Path(__file__).resolve().parents[2] / "dashboard"


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the built pages: what is tested is what would be served."""
    npm = shutil.which("npm")
    if npm is None or not (DASHBOARD / "node_modules" / ".installed").exists():
        pytest.skip("the board's packages are not installed: make check")
    folder = tmp_path_factory.mktemp("dashboard")
    build = [npm, "run", "--silent", "build", "--", "--logLevel", "warn", "--outDir", str(folder)]
    subprocess.run(build, cwd=DASHBOARD, check=True, timeout=ENDS_S)
    return folder


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        path = chromium.find(playwright)
        if path is None:
            pytest.skip("no Chromium: apt-get install chromium, or PLANTPULSE_TEST_CHROMIUM")
        with chromium.launch(playwright, path) as started:
            yield started


@pytest.fixture
def project(pages: Path) -> Iterator[Project]:
    with served(pages) as imitated:
        yield imitated


@pytest.fixture
def open_page(browser: Browser, project: Project) -> Iterator[Opened]:
    """Open a page as somebody who is signed in; afterwards nothing may stand on its console."""
    with opened(browser, project) as open_one:
        yield open_one


@pytest.fixture
def board(open_page: Opened) -> Page:
    page = open_page("board")
    page.wait_for_selector("div.figures")
    return page


@pytest.fixture
def local_board(local_supabase: Supabase, pages: Path) -> Iterator[str]:
    """Yield the address of the board's own function, in front of the local project."""
    told = {
        "SUPABASE_URL": local_supabase.access.url,
        "DASHBOARD_PUBLISHABLE_KEY": local_supabase.access.publishable_key,
        "DASHBOARD_FOLDER": str(pages),
    }
    with Children() as children:
        yield Function(children, FUNCTION, told).url
