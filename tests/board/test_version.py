"""A screen that stays on takes the version that is served, once, and never under somebody's hands."""

from playwright.sync_api import Page, expect

from tests.board.opening import Opened
from tests.board.project import Project

_MARK = "window.isOfBefore = true"


def look(page: Page, project: Project) -> None:
    """Let the page look at the version, and wait until it has the answer."""
    with page.expect_response(f"{project.url}/config.js"):
        page.clock.fast_forward("10:00")


def test_another_version_is_loaded(project: Project, board: Page) -> None:
    board.evaluate(_MARK)
    look(board, project)
    assert board.evaluate("window.isOfBefore")

    project.version = "2"
    with board.expect_event("load"):
        board.clock.fast_forward("10:00")

    expect(board.get_by_text("−220")).to_be_visible()


def test_two_versions_that_take_turns_are_no_loop(project: Project, board: Page) -> None:
    project.next_version = "2"
    with board.expect_event("load"):
        board.clock.fast_forward("10:00")

    board.evaluate(_MARK)
    for _ in range(3):
        look(board, project)
    board.wait_for_timeout(100)

    assert board.evaluate("window.isOfBefore")


def test_nobody_loses_what_he_writes_to_a_new_version(project: Project, open_page: Opened) -> None:
    page = open_page("safety")
    page.evaluate(_MARK)
    page.get_by_role("button", name="Resolve …").first.click()
    page.get_by_label("What was done?").fill("Gate adjusted")
    project.version = "2"

    page.clock.fast_forward("10:00")
    page.clock.fast_forward("10:00")

    expect(page.get_by_label("What was done?")).to_have_value("Gate adjusted")
    page.get_by_role("button", name="Cancel").click()
    with page.expect_event("load"):
        page.clock.fast_forward("20:00")


def test_a_browser_of_an_older_screen_takes_another_version(project: Project, board: Page) -> None:
    board.add_init_script("delete AbortSignal.timeout; delete AbortSignal.any")
    board.reload()
    expect(board.get_by_text("−220")).to_be_visible()
    project.version = "2"

    with board.expect_event("load"):
        board.clock.fast_forward("10:00")

    expect(board.get_by_text("−220")).to_be_visible()
