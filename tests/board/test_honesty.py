"""What a page says of data that is old, missing, hostile or cannot be had."""

import re

import pytest
from playwright.sync_api import Page, Request, expect

from tests.board import northfield
from tests.board.opening import Opened
from tests.board.project import Project

_DOWN = (503, {"message": "upstream is away"})
_HOSTILE = "<img src=x onerror=alert(1)> \u202eevil " + "x" * 1_000_000


def colours(page: Page, selector: str) -> set[str]:
    """Return the background colours of what a selector finds."""
    found = page.eval_on_selector_all(
        selector, "(all) => all.map((one) => getComputedStyle(one).backgroundColor)"
    )
    return set(found)


def test_old_values_stay_while_the_project_is_away_and_come_back_by_themselves(
    project: Project, board: Page
) -> None:
    project.refusal = _DOWN
    board.clock.fast_forward(46_000)
    expect(board.get_by_text("This page cannot be refreshed since")).to_contain_text("Supabase is busy")
    expect(board.get_by_text("−220")).to_be_visible()

    project.refusal = None
    project.documents["board"]["shift_so_far"]["difference"] = 31
    board.clock.fast_forward(31_000)

    expect(board.get_by_text("+31")).to_be_visible()
    expect(board.get_by_text("This page cannot be refreshed since")).to_have_count(0)


@pytest.mark.parametrize(
    ("path", "function"),
    [
        ("board", "board"),
        ("asset/4", "board_asset"),
        ("safety", "board_safety"),
        ("report", "board_report"),
        ("alerts", "board_alerts"),
        ("pipelines", "board_pipelines"),
        ("energy", "board_energy"),
    ],
)
def test_without_broadcasts_only_the_cheap_poll_asks_until_there_is_news(
    project: Project, open_page: Opened, path: str, function: str
) -> None:
    page = open_page(path)
    expect(page.locator("main .card").first).to_be_visible()
    before = project.asked.count(function)
    plants = project.documents["board_plants"]
    # Whatever the first answer wakes is asked for before the second one.
    for minute in (1, 2):
        plants["health"] = northfield.health(-minute)
        plants["plants"][0]["plant"]["name"] = f"Northfield {minute}"
        page.clock.fast_forward(46_000)
        # An answer that is still being read would be given up for late in the next leap of the clock.
        expect(page).to_have_title(re.compile(f"Northfield {minute}$"))
    assert project.asked.count(function) == before

    marks = dict.fromkeys(("safety", "alert", "report", "poll"), "another")
    plants["plants"][0].update(poll=northfield.poll(run_id=900), marks=marks)

    with page.expect_response(f"**/rpc/{function}"):
        page.clock.fast_forward(46_000)


def test_a_look_of_health_is_told_without_what_it_judged(project: Project, open_page: Opened) -> None:
    page = open_page("pipelines")
    expect(page.get_by_text("Judged 10:48")).to_be_visible()
    asked = project.asked.count("board_pipelines")

    project.documents["board_plants"]["health"] = northfield.health(-1)
    page.clock.fast_forward(46_000)

    expect(page.get_by_text("Judged 10:50")).to_be_visible()
    assert project.asked.count("board_pipelines") == asked


def test_another_plant_is_asked_for_its_marks(project: Project, open_page: Opened) -> None:
    south = northfield.plant(plant="southfield", name="Southfield")
    project.documents["board_plants"] = northfield.plants(northfield.plant(), south)
    plants = project.documents["board_plants"]["plants"]
    plants[1]["marks"] = None
    page = open_page("board")
    expect(page.get_by_text("−220")).to_be_visible()

    def is_of_south(request: Request) -> bool:
        return request.url.endswith("/rpc/board_plants") and request.post_data_json == {
            "p_plant": "southfield"
        }

    with page.expect_request(is_of_south):
        page.get_by_label("Plant").select_option(label="Southfield")
    plants[1]["marks"] = plants[0]["marks"]
    with page.expect_request(is_of_south):
        page.clock.fast_forward(46_000)


def test_data_that_is_too_old_is_grey_and_dashed_and_says_since_when(project: Project, board: Page) -> None:
    project.refusal = _DOWN

    board.clock.fast_forward("45:00")

    expect(board.get_by_text("Nothing new since 10:45. What you see is old.")).to_be_visible()
    expect(board.locator(".band-stale").first).to_contain_text("49 min old")
    expect(board.locator("a.tile", has_text="Press 4")).to_have_css("outline-style", "dashed")
    assert len(colours(board, "a.tile, .sign, .big")) <= 2


def test_an_incident_stays_red_on_old_data_and_is_not_read_out_each_minute(
    project: Project, board: Page
) -> None:
    said = board.get_by_role("alert").inner_text()
    project.refusal = _DOWN
    board.clock.fast_forward("45:00")

    expect(board.locator(".band-safety")).to_contain_text("open for 1 h 11 min")
    assert board.get_by_role("alert").inner_text() == said
    assert said.startswith("Press 4 · Guard open during cycle")
    assert colours(board, ".band-safety") == {"rgb(173, 15, 28)"}


def test_no_incident_is_no_news_where_reason_codes_are_old(project: Project, open_page: Opened) -> None:
    document = project.documents["board"]
    document["needs_you"] = document["needs_you"][1:]
    document["safety"] = {
        "open": 0,
        "unacknowledged": 0,
        "as_of": northfield.at(minutes=49),
        "stale_after": northfield.at(minutes=19),
    }

    page = open_page("board")

    expect(page.get_by_text("Reason codes have not been read since 10:00.")).to_be_visible()
    expect(page.get_by_text("What you see is old.")).to_have_count(0)


def test_reason_codes_grow_old_with_the_board(project: Project, board: Page) -> None:
    expect(board.get_by_text("Reason codes")).to_have_count(0)
    project.refusal = _DOWN

    board.clock.fast_forward("45:00")

    expect(board.get_by_text("Reason codes have not been read since 10:45.")).to_be_visible()


def test_a_morning_report_is_old_when_the_next_one_is_late(project: Project, open_page: Opened) -> None:
    page = open_page("report", query="?tv")
    expect(page.get_by_text("Northfield · Morning report · Tuesday")).to_be_visible()
    expect(page.get_by_text("There is no newer report")).to_have_count(0)
    project.refusal = _DOWN

    page.clock.fast_forward("21:00:00")

    expect(page.get_by_text("There is no newer report, and the next one is late since")).to_be_visible()
    expect(page.locator("section.stale")).to_have_count(1)


def test_an_older_report_that_was_chosen_is_not_late(project: Project, open_page: Opened) -> None:
    project.documents["board_report"].update(newest="2026-03-11", stale_after=northfield.at(hours=1))

    page = open_page("report/2026-03-10")

    expect(page.get_by_text("Northfield · Morning report · Tuesday")).to_be_visible()
    expect(page.get_by_text("There is no newer report")).to_have_count(0)


def test_a_report_of_which_nobody_was_told_is_shown(project: Project, open_page: Opened) -> None:
    page = open_page("report", query="?tv")
    expect(page.get_by_text("96.1%")).to_be_visible()
    project.documents["board_report"]["total"]["reached"] = 0.883
    project.documents["board_plants"]["plants"][0]["marks"]["report"] = "843"

    page.clock.fast_forward(46_000)

    expect(page.get_by_text("88.3%")).to_be_visible()


def test_a_past_of_tags_that_cannot_be_had_is_said_while_the_rest_is_new(open_page: Opened) -> None:
    page = open_page("tags")
    expect(page.get_by_role("heading", name="How long reads took")).to_be_visible()
    page.route("**/rpc/board_tag_history", lambda route: route.abort())

    page.clock.fast_forward(61_000)

    expect(page.get_by_text("This page cannot be refreshed since")).to_have_count(1)
    expect(page.get_by_role("heading", name="How long reads took")).to_be_visible()


def test_a_report_is_shown_whoever_asked_for_the_plants(project: Project, open_page: Opened) -> None:
    page = open_page("report", query="?tv")
    expect(page.get_by_text("96.1%")).to_be_visible()
    page.route("**/rpc/board_plants", lambda route: route.fulfill(status=503, json={"message": "away"}))
    with page.expect_response("**/rpc/board_report"):
        page.clock.fast_forward(46_000)
    page.unroute("**/rpc/board_plants")
    project.documents["board_report"]["total"]["reached"] = 0.883
    project.documents["board_plants"]["plants"][0]["marks"]["report"] = "843"

    # No poll: the question for the plants is repeated because it failed.
    with page.expect_response("**/rpc/board_plants"):
        page.clock.fast_forward(5_000)
    page.clock.fast_forward(2_000)

    expect(page.get_by_text("88.3%")).to_be_visible()


def test_a_text_that_the_database_cut_says_so(project: Project, open_page: Opened) -> None:
    details = "x" * 4000 + " […]"
    project.documents["board_safety"] = northfield.safety(open=[northfield.incident(9, details=details)])

    expect(open_page("safety").get_by_text("xxx […]")).to_be_visible()


def test_red_is_for_safety_alone(project: Project, open_page: Opened) -> None:
    project.documents["board"]["needs_you"] = project.documents["board"]["needs_you"][1:]

    for path in ("board", "pipelines", "tags"):
        page = open_page(path)
        expect(page.locator("main .card").first).to_be_visible()
        assert "rgb(173, 15, 28)" not in colours(page, "body *"), path


def test_names_and_notes_of_others_are_text(project: Project, open_page: Opened) -> None:
    machine = project.documents["board"]["machines"][0]
    machine["name"] = machine["area"] = _HOSTILE
    project.documents["board_safety"] = northfield.safety(
        open=[northfield.incident(9, details=_HOSTILE, reason=_HOSTILE)]
    )

    page = open_page("board")
    expect(page.get_by_text("<img src=x").first).to_be_visible()
    assert page.evaluate("document.body.innerText.length") < 20_000
    page = open_page("safety")

    expect(page.get_by_text("<img src=x").first).to_be_visible()
    assert page.locator("img").count() == 0


def test_a_database_without_a_function_says_so(project: Project, open_page: Opened) -> None:
    page = open_page("board")
    project.refusal = (
        404,
        {"code": "PGRST202", "message": "Could not find the function public.board_energy"},
    )
    page.get_by_role("link", name="Energy").click()

    expect(
        page.get_by_text("the database does not know this page yet. Run the migrations (make migrate).")
    ).to_be_visible()


def test_a_plant_of_somebody_else_shows_nothing(project: Project, open_page: Opened) -> None:
    project.documents["board"] = {"now": northfield.NOW.isoformat(), "plant": None}

    page = open_page("board")

    expect(page.get_by_text("There is no such plant, or you may not see it.")).to_be_visible()


def test_a_link_to_another_plant_shows_no_plant_instead_of_it(project: Project, open_page: Opened) -> None:
    page = open_page("board")
    expect(page.get_by_text("−220")).to_be_visible()

    page.goto(f"{project.url}/#/elsewhere/safety")

    expect(page.get_by_text("There is no such plant, or you may not see it.")).to_be_visible()
    expect(page.get_by_text("Press 4")).to_have_count(0)
    page.get_by_role("link", name="Northfield").click()
    expect(page.get_by_text("−220")).to_be_visible()


def test_a_plant_before_its_first_poll_has_no_figures_and_no_colours(
    project: Project, open_page: Opened
) -> None:
    unknown = {"as_of": None, "next_at": None, "stale_after": None}
    project.documents["board_plants"]["plants"][0].update(unknown, poll=None)
    project.documents["board"] = northfield.board(
        [],
        [],
        **unknown,
        shift=None,
        shift_so_far=None,
        oee={"window": None, "assets": 0, "shift": None, "slots": None},
    )

    page = open_page("board")

    expect(page.get_by_text("There is no data of this plant yet.")).to_be_visible()
    expect(page.get_by_text("Outside of all shifts")).to_be_visible()
    expect(page.get_by_text(re.compile("^No mapped machines yet"))).to_be_visible()


def test_a_computer_with_a_wrong_clock_is_told(project: Project, open_page: Opened) -> None:
    page = open_page("board")
    expect(page.get_by_text("4 min old")).to_be_visible()

    page.clock.set_system_time(northfield.NOW.replace(hour=12))
    page.reload()

    expect(page.get_by_text("This computer’s clock is wrong by 3 h.")).to_be_visible()
    expect(page.get_by_text("4 min old")).to_be_visible()
