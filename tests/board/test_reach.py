"""Everybody can use the pages: by keyboard, by ear, with little sight (WCAG 2.2 AA as far as axe sees)."""

from typing import Final

import pytest
from playwright.sync_api import Page, expect

from tests.board import northfield
from tests.board.barriers import violations
from tests.board.opening import Opened
from tests.board.project import Project

_PATHS: Final = ("board", "asset/4", "safety", "report", "pipelines", "alerts", "energy", "tags")


@pytest.mark.parametrize("path", _PATHS)
def test_a_page_has_no_barrier(open_page: Opened, path: str) -> None:
    page = open_page(path)
    expect(page.locator("main .card").first).to_be_visible()

    assert violations(page) == []


@pytest.mark.parametrize(
    ("path", "opener"), [("safety", "Resolve …"), ("alerts", "Silence …"), ("tags", "Stop …")]
)
def test_a_dialog_has_no_barrier(open_page: Opened, path: str, opener: str) -> None:
    page = open_page(path)
    page.get_by_role("button", name=opener).first.click()
    expect(page.get_by_role("dialog")).to_be_visible()

    assert violations(page) == []


def test_signing_in_has_no_barrier(open_page: Opened) -> None:
    page = open_page("board", sign_in=False)
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()

    assert violations(page) == []


def test_a_wall_and_old_data_have_no_barrier(project: Project, open_page: Opened) -> None:
    pages = [open_page("board", query="?tv", size=(1920, 1080)), open_page("board")]
    for page in pages:
        expect(page.locator("div.figures")).to_be_visible()
    project.refusal = (503, {"message": "away"})

    for page in pages:
        page.clock.fast_forward("45:00")
        expect(page.get_by_text("What you see is old.")).to_be_visible()
        assert violations(page) == []


def test_a_thousand_machines_are_one_stop_of_the_tab_key(project: Project, open_page: Opened) -> None:
    project.documents["board"] = northfield.board(northfield.many_machines(1000), [])
    page = open_page("board")
    page.locator("a.cell").first.focus()

    for key in ("ArrowRight", "ArrowDown", "ArrowDown"):
        page.keyboard.press(key)

    expect(page.locator("a.cell:focus")).to_have_attribute("aria-label", "Cell 22: on target, +3%, OEE 85%")
    assert page.locator("a.cell[tabindex='0']").count() == 1
    assert violations(page) == []


def test_an_incident_has_a_border_where_the_system_chooses_the_colours(open_page: Opened) -> None:
    band = open_page("board", forced_colors="active").locator(".band-safety")

    expect(band).to_have_css("border-top-width", "2px")
    expect(band).not_to_have_css("border-top-color", "rgba(0, 0, 0, 0)")


def test_the_keyboard_skips_to_the_page(board: Page) -> None:
    board.locator("body").focus()
    board.keyboard.press("Tab")
    expect(board.get_by_role("link", name="Skip to the page")).to_be_focused()

    board.keyboard.press("Enter")

    expect(board.locator("main")).to_be_focused()
    assert board.url.endswith("#/northfield/board")


def test_the_focus_is_seen_on_old_data_and_where_there_is_none(project: Project, board: Page) -> None:
    silent, press = (board.locator("a.tile", has_text=name) for name in ("Oven 2", "Press 4"))
    board.keyboard.press("Tab")
    silent.focus()
    expect(silent).to_have_css("outline-style", "solid")
    project.refusal = (503, {"message": "away"})

    board.clock.fast_forward("45:00")
    expect(press).to_have_css("outline-style", "dashed")
    press.focus()

    expect(press).to_have_css("outline-style", "solid")
