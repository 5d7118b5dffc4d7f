"""What pages say where one document alone cannot be had: the frame's, with all plants, or the page's own."""

from datetime import timedelta
from typing import Final

import pytest
from playwright.sync_api import Page, expect

from tests.board import northfield
from tests.board.opening import Opened
from tests.board.project import Json, Project

_WALL: Final = (1920, 1080)


def time_out(page: Page, function: str) -> None:
    """Let a function be cut off by the database, as a dear one is on a busy project."""
    answer = {"code": "57014", "message": "canceling statement due to statement timeout"}
    page.route(f"**/rpc/{function}", lambda route: route.fulfill(status=500, json=answer))


def fresh(minutes: int) -> Json:
    """Return the ages of data that a poll wrote that long after the others."""
    as_of = northfield.AS_OF + timedelta(minutes=minutes)
    until = as_of + timedelta(minutes=30)
    return {"as_of": as_of.isoformat(), "next_at": None, "stale_after": until.isoformat()}


@pytest.mark.parametrize("query", ["", "?tv"])
@pytest.mark.parametrize(
    ("path", "function"),
    [
        ("board", "board"),
        ("asset/4", "board_asset"),
        ("safety", "board_safety"),
        ("alerts", "board_alerts"),
    ],
)
def test_a_page_whose_own_figures_are_old_says_why(
    project: Project, open_page: Opened, path: str, function: str, query: str
) -> None:
    page = open_page(path, query=query, size=_WALL)
    expect(page.locator("main .card").first).to_be_visible()
    time_out(page, function)
    plants = project.documents["board_plants"]
    plants["now"] = northfield.at(minutes=-45)
    plants["plants"][0].update(fresh(45), poll=northfield.poll(run_id=900))

    page.clock.fast_forward("45:00")

    failure = page.get_by_text("This page cannot be refreshed since 11:34")
    expect(failure).to_contain_text("Supabase did not answer in time.")
    expect(page.get_by_text("Data until 11:30")).to_be_visible()
    expect(page.get_by_text("What you see is old.")).to_have_count(0)


@pytest.mark.parametrize("query", ["", "?tv"])
def test_a_frame_that_alone_cannot_be_refreshed_says_why(
    project: Project, open_page: Opened, query: str
) -> None:
    page = open_page("board", query=query, size=_WALL)
    expect(page.get_by_text("−220")).to_be_visible()
    time_out(page, "board_plants")
    board = project.documents["board"]
    board.update(fresh(45), now=northfield.at(minutes=-45))
    board["safety"].update(fresh(45))
    board["shift_so_far"]["difference"] = 31

    page.clock.fast_forward("45:00")

    expect(page.get_by_text("+31")).to_be_visible()
    expect(page.get_by_text("What you see is old.")).to_be_visible()
    expect(page.get_by_text("Supabase did not answer in time.")).to_have_count(1)


def test_what_fails_for_the_frame_and_the_page_is_said_once(project: Project, board: Page) -> None:
    project.refusal = (503, {"message": "away"})

    board.clock.fast_forward("45:00")

    expect(board.get_by_text("What you see is old.")).to_be_visible()
    expect(board.get_by_text("Supabase is busy or being restarted.")).to_have_count(1)
