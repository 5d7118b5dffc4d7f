"""Clocks that are wrong, keys of another project, and texts that nobody expects: told once, and no loop."""

from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.board import northfield
from tests.board.opening import Opened
from tests.board.project import Project

_HOSTILE = "<img src=x onerror=alert(1)> \u202eevil " + "x" * 1_000_000


@pytest.mark.parametrize("hours", [3, -3])
def test_a_clock_that_is_wrong_by_hours_renews_no_token_in_a_loop(
    project: Project, open_page: Opened, hours: int
) -> None:
    page = open_page("board")
    expect(page.get_by_text("4 min old")).to_be_visible()
    page.clock.set_system_time(northfield.NOW + timedelta(hours=hours))
    page.reload()
    expect(page.get_by_text("4 min old")).to_be_visible()
    project.renewals = 0

    for _ in range(10):
        page.clock.fast_forward("01:00")
        page.wait_for_timeout(50)

    assert project.renewals <= 2


def test_a_key_of_another_project_is_told_and_signs_nobody_out(project: Project, open_page: Opened) -> None:
    page = open_page("board")
    expect(page.get_by_text("−220")).to_be_visible()
    project.refusal = (401, {"message": "Invalid API key"})

    page.clock.fast_forward(46_000)

    expect(page.get_by_text("the key in config.js belongs to another project.").first).to_be_visible()
    expect(page.get_by_text("−220")).to_be_visible()
    project.asked.clear()
    page.clock.fast_forward("05:00")
    assert len(project.asked) <= 4
    assert project.renewals == 0


@pytest.mark.parametrize(
    "path", ["board", "asset/4", "safety", "report", "pipelines", "alerts", "energy", "tags"]
)
def test_a_megabyte_of_markup_from_right_to_left_is_text_on_every_page(
    project: Project, open_page: Opened, path: str
) -> None:
    for name, document in project.documents.items():
        project.documents[name] = soiled(document)

    page = open_page(path)

    expect(page.get_by_text("<img src=x").first).to_be_visible()
    assert page.locator("img").count() == 0
    assert page.evaluate("document.body.innerText.length") < 200_000
    assert page.evaluate("document.documentElement.scrollWidth") <= 1440


def test_a_value_that_no_page_can_show_is_told_and_stops_nothing_for_good(
    project: Project, open_page: Opened
) -> None:
    whole = project.documents["board_report"]
    project.documents["board_report"] = whole | {"day": "infinity"}
    page = open_page("board")

    with page.expect_request("**/rpc/board_report") as asked:
        page.goto(f"{project.url}/#/northfield/report/infinity")
    assert asked.value.post_data_json == {"p_plant": "northfield", "p_day": None}
    expect(page.get_by_role("alert")).to_contain_text("This page cannot show what it was sent.")

    project.documents["board_report"] = whole
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="What cost most")).to_be_visible()


def test_a_name_from_right_to_left_turns_nothing_around_it(project: Project, open_page: Opened) -> None:
    name = "\u2069\u202e\u0645\u0635\u0646\u0639 7"
    plants = northfield.plants(northfield.plant(), northfield.plant(plant="south", name=name))
    project.documents["board_plants"] = plants
    project.documents["board_report"]["unmapped"] = [name, "PRESS_99"]

    page = open_page("report")

    expect(page.locator("bdi", has_text="PRESS_99")).to_have_text("PRESS_99")
    assert page.locator("header option").all_text_contents()[1] == "\u2068\u0645\u0635\u0646\u0639 7\u2069"


def soiled(part: Any, name: str = "") -> Any:
    """Return a document in which every text that people or machines write is hostile."""
    if isinstance(part, dict):
        return {key: soiled(value, key) for key, value in part.items()}
    if isinstance(part, list):
        return [soiled(one, name) for one in part]
    written = {
        "name",
        "area",
        "asset",
        "reason",
        "details",
        "resolution",
        "why",
        "text",
        "requested_by",
        "unit",
        "error_message",
        "acknowledged_by",
        "resolved_by",
        # Of tags.
        "value",
    }
    return _HOSTILE if isinstance(part, str) and name in written else part
