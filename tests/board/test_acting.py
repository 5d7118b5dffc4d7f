"""What people do on the pages: each is one row, written as oneself, and what is refused is said."""

import itertools
import time
from datetime import timedelta
from typing import Final

import pytest
from playwright.sync_api import Page, Request, Route, expect

from tests.board import northfield
from tests.board.opening import Opened
from tests.board.project import Project
from tests.patience import PATIENT_S


def seen(project: Project) -> None:
    project.documents["board"]["needs_you"][0]["is_acknowledged"] = True


def test_an_incident_is_acknowledged_from_the_board(project: Project, board: Page) -> None:
    project.on_write = seen

    board.get_by_role("button", name="Acknowledge").click()

    expect(board.get_by_role("alert")).to_contain_text("Acknowledged, still open.")
    assert project.written == [("update", "safety_events", {"is_acknowledged": True})]


_OTHER: Final = {"asset": "Oven 2", "reason": "Hand in the oven", "severity": "critical"}


def two_incidents(project: Project) -> None:
    """Let a second incident be open; what is acknowledged sinks."""
    document = project.documents["board"]
    worst = document["needs_you"][0]
    document["needs_you"].insert(1, worst | _OTHER | {"safety_event_id": 77})
    document["safety"]["open"] = 2
    incidents = [northfield.incident(9), northfield.incident(77, **_OTHER)]
    project.documents["board_safety"] = northfield.safety(open=incidents)
    project.on_write = sink


def sink(project: Project) -> None:
    for name, rows in (("board", "needs_you"), ("board_safety", "open")):
        document = project.documents[name]
        first, second, *others = document[rows]
        document[rows] = [second, first | {"is_acknowledged": True}, *others]


def signed_ids(page: Page) -> list[str]:
    """Return a list that gets the row of each change that the page asks for."""
    ids: list[str] = []

    def hear(request: Request) -> None:
        if request.method == "PATCH":
            ids.append(request.url.partition("id=eq.")[2].partition("&")[0])

    page.on("request", hear)
    return ids


@pytest.mark.parametrize("path", ["board", "safety"])
def test_a_double_click_signs_no_incident_that_nobody_has_read(
    project: Project, open_page: Opened, path: str
) -> None:
    two_incidents(project)
    page = open_page(path)
    acknowledge = page.get_by_role("button", name="Acknowledge").first
    expect(acknowledge).to_be_enabled()
    ids = signed_ids(page)
    # From here a second passes when the test says so.
    page.clock.pause_at(page.evaluate("Date.now() + 30_000"))
    place = acknowledge.bounding_box()
    assert place is not None

    with page.expect_response(lambda answer: answer.request.method == "PATCH"):
        page.mouse.click(place["x"] + 20, place["y"] + 8)
    page.mouse.move(5, 890)
    expect(acknowledge).to_be_enabled()
    page.clock.run_for(1000)
    shown = page.get_by_role("alert") if path == "board" else page.locator("main li").first
    expect(shown).to_contain_text("Hand in the oven")
    expect(acknowledge).to_be_disabled()
    page.mouse.click(place["x"] + 20, place["y"] + 8)
    page.clock.run_for(2000)

    with page.expect_request(lambda request: request.method == "PATCH"):
        acknowledge.click()
    assert ids == ["9", "77"]


def test_the_list_of_incidents_stays_as_it_is_under_the_pointer(project: Project, open_page: Opened) -> None:
    two_incidents(project)
    page = open_page("safety")
    first = page.locator("main li").first

    page.get_by_role("button", name="Acknowledge").first.click()

    expect(page.get_by_role("button", name="Acknowledge")).to_have_count(1)
    expect(first).to_contain_text("Guard open during cycle")
    page.mouse.move(5, 890)
    expect(first).to_contain_text("Hand in the oven")


def comes(project: Project, page: Page, document: str = "board_safety") -> None:
    """Let another incident come, and the page hear of it."""
    other = northfield.incident(555, asset="Saw 3", severity="low")
    if document == "board_safety":
        project.documents[document]["open"].append(other)
    else:
        project.documents[document]["needs_you"][0].update(safety_event_id=555, asset="Saw 3")
    project.documents["board_plants"]["plants"][0]["marks"]["safety"] = "3/0/555"
    page.clock.fast_forward(46_000)
    expect(page.get_by_text("Saw 3").first).to_be_visible()


def test_an_incident_that_comes_moves_no_button_under_the_pointer(
    project: Project, open_page: Opened
) -> None:
    two_incidents(project)
    page = open_page("safety")
    acknowledge = page.get_by_role("button", name="Acknowledge").first
    expect(acknowledge).to_be_enabled()
    ids = signed_ids(page)
    place = acknowledge.bounding_box()
    assert place is not None
    page.mouse.move(place["x"] + 20, place["y"] + 8)

    comes(project, page)
    expect(page.locator("main li").last).to_contain_text("Saw 3")
    expect(acknowledge).to_be_enabled()
    with page.expect_response(lambda answer: answer.request.method == "PATCH"):
        page.mouse.click(place["x"] + 20, place["y"] + 8)

    assert ids == ["9"]


def test_a_pointer_that_lies_on_a_wall_holds_no_list(project: Project, open_page: Opened) -> None:
    two_incidents(project)
    page = open_page("safety", query="?tv")
    page.locator("main li").first.hover()

    worst = northfield.incident(556, asset="Saw 4", severity="critical")
    project.documents["board_safety"]["open"].insert(0, worst)
    comes(project, page)

    expect(page.locator("main li").first).to_contain_text("Saw 4")
    expect(page.locator("main li").last).to_contain_text("Saw 3")


@pytest.mark.parametrize("path", ["board", "safety", "alerts"])
def test_the_focus_stays_on_a_button_while_it_is_dead(project: Project, open_page: Opened, path: str) -> None:
    two_incidents(project)
    page = open_page(path)
    acknowledge = page.get_by_role("button", name="Acknowledge").first
    expect(acknowledge).to_be_enabled()
    ids = signed_ids(page)
    page.clock.pause_at(northfield.NOW + timedelta(minutes=5))
    acknowledge.focus()

    other = {"asset": "Saw 3"}
    project.documents["board"]["needs_you"][0].update(other, safety_event_id=555)
    project.documents["board_safety"]["open"].append(northfield.incident(555, **other))
    alerts = project.documents["board_alerts"]["open"]
    alerts.append(alerts[0] | {"id": 555, "facts": other})
    project.documents["board_plants"]["plants"][0]["marks"].update(safety="3/0/555", alert="5/1/2/2/555/1/5")
    steps = itertools.chain(itertools.repeat(100, 460), itertools.repeat(1))
    ends_at = time.monotonic() + PATIENT_S
    # The pages ask within 46 s, each answer wakes the next question, and the second that a button is dead
    # must not pass before it is looked at.
    while not page.get_by_text("Saw 3").first.is_visible() and time.monotonic() < ends_at:
        page.clock.run_for(next(steps))
    expect(acknowledge).to_be_disabled()
    page.keyboard.press("Enter")
    expect(acknowledge).to_be_focused()
    page.clock.run_for(2000)
    expect(acknowledge).to_be_enabled()
    expect(acknowledge).to_be_focused()

    assert ids == []


def test_what_was_not_done_with_one_incident_is_not_said_of_the_next(project: Project, board: Page) -> None:
    project.refusal_of_rows = (503, {"message": "away"})
    board.get_by_role("button", name="Acknowledge").click()
    expect(board.get_by_text("Not done: Supabase is busy or being restarted.")).to_be_visible()

    comes(project, board, "board")

    expect(board.get_by_text("Not done")).to_have_count(0)


def test_who_ends_a_silence_by_keyboard_keeps_the_focus(project: Project, open_page: Opened) -> None:
    page = open_page("alerts")
    project.on_write = lambda one: one.documents["board_alerts"]["silences"].clear()

    page.get_by_role("button", name="End it").press("Enter")

    expect(page.get_by_text("Nothing is silenced.")).to_be_visible()
    expect(page.get_by_role("heading", name="Open alerts")).to_be_focused()


def test_an_incident_is_resolved_with_words_by_keyboard_alone(project: Project, open_page: Opened) -> None:
    page = open_page("safety")

    page.get_by_role("button", name="Resolve …").first.focus()
    page.keyboard.press("Enter")
    page.get_by_label("What was done?").fill("  Gate adjusted. ")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.get_by_role("dialog")).to_have_count(0)
    assert project.written == [
        ("update", "safety_events", {"is_resolved": True, "resolution": "Gate adjusted."})
    ]


def test_a_dialog_gives_the_focus_back_and_keeps_no_words(project: Project, open_page: Opened) -> None:
    page = open_page("safety")
    opener = page.get_by_role("button", name="Resolve …").first

    for close in ("Escape", "Enter"):
        opener.press("Enter")
        expect(page.get_by_label("What was done?")).to_have_value("")
        page.get_by_label("What was done?").fill("Gate adjusted")
        if close == "Enter":
            page.get_by_role("button", name="Cancel").focus()
        page.keyboard.press(close)
        if close == "Escape":
            expect(page.get_by_text("Escape again throws away what you wrote.")).to_be_visible()
            expect(page.get_by_label("What was done?")).to_have_value("Gate adjusted")
            page.keyboard.press(close)
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(opener).to_be_focused()

    assert project.written == []


def test_the_focus_stays_where_somebody_works(project: Project, open_page: Opened) -> None:
    two_incidents(project)
    page = open_page("safety")
    row = page.locator("main li", has_text="Guard open during cycle")
    expect(page.get_by_role("button", name="Acknowledge").first).to_be_enabled()
    page.get_by_role("button", name="Acknowledge").first.press("Enter")
    expect(page.get_by_role("button", name="Acknowledge")).to_have_count(1)
    expect(row).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(row.get_by_role("button", name="Resolve …")).to_be_focused()

    project.on_write = lambda one: one.documents["board_safety"]["open"].pop()
    page.keyboard.press("Enter")
    page.get_by_label("What was done?").fill("Gate adjusted.")
    page.get_by_role("button", name="Resolve", exact=True).press("Enter")
    expect(row).to_have_count(0)
    expect(page.get_by_role("heading", name="Open incidents")).to_be_focused()

    page.goto(f"{project.url}/#/northfield/board")
    expect(page.get_by_role("button", name="Acknowledge")).to_be_enabled()
    page.get_by_role("button", name="Acknowledge").press("Enter")
    expect(page.locator(".band-safety")).to_be_focused()


def test_what_was_written_stays_when_it_cannot_be_sent(project: Project, open_page: Opened) -> None:
    page = open_page("safety")
    page.get_by_role("button", name="Resolve …").first.click()
    page.get_by_label("What was done?").fill("Gate adjusted")
    project.refusal = (503, {"message": "away"})

    page.get_by_role("button", name="Resolve", exact=True).click()

    expect(page.get_by_role("alert").last).to_contain_text("Not done: Supabase is busy or being restarted.")
    expect(page.get_by_label("What was done?")).to_have_value("Gate adjusted")


def test_who_resolves_second_reads_who_did_it_and_keeps_the_words(
    project: Project, open_page: Opened
) -> None:
    page = open_page("safety")
    page.get_by_role("button", name="Resolve …").first.click()
    page.get_by_label("What was done?").fill("I locked it out.")
    [first, *others] = project.documents["board_safety"]["open"]
    resolved = first | {
        "is_acknowledged": True,
        "resolved_at": northfield.at(minutes=0),
        "resolved_by": "bo@example.com",
        "resolution": "Gate closed.",
    }
    project.documents["board_safety"] = northfield.safety(open=others, resolved=[resolved])
    project.refusal_of_rows = (409, {"code": "PT409", "message": "the event is resolved already"})

    page.get_by_role("button", name="Resolve", exact=True).click()

    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("alert")).to_have_text(
        "Resolved meanwhile by bo@example.com, 10:49: Gate closed."
    )
    expect(page.get_by_label("What was done?")).to_have_value("I locked it out.")
    expect(page.get_by_role("button", name="Resolve", exact=True)).to_be_disabled()


def test_a_row_that_row_level_security_hides_is_told_as_forbidden(project: Project, board: Page) -> None:
    project.may_write = False

    board.get_by_role("button", name="Acknowledge").click()

    expect(board.get_by_text("Not done: you may not see or do this.")).to_be_visible()


def test_a_viewer_has_no_button_that_would_be_refused(project: Project, open_page: Opened) -> None:
    project.documents["board"]["plant"]["role"] = "viewer"
    project.documents["board_safety"] = northfield.safety(may_sign=False)
    project.documents["board_tags"] = northfield.tags(may_command=False)

    for path in ("board", "safety", "tags"):
        page = open_page(path)
        expect(page.locator("main .card").first).to_be_visible()
        assert page.locator("main button").count() == 0, path


def test_an_alert_is_silenced_for_a_while_and_says_why(project: Project, open_page: Opened) -> None:
    page = open_page("alerts")

    page.get_by_role("button", name="Silence …").nth(1).click()
    page.get_by_label("For how long?").select_option(label="4 h")
    page.get_by_label("Why?").fill("Moved to the night")
    page.get_by_role("button", name="Silence", exact=True).click()

    expect(page.get_by_role("dialog")).to_have_count(0)
    [(kind, table, row)] = project.written
    ends_at = row.pop("ends_at")
    assert (kind, table) == ("insert", "silences")
    assert row == {
        "plant": "northfield",
        "fingerprint": "live_pulse/northfield/overdue",
        "why": "Moved to the night",
    }
    assert ends_at.startswith("2026-03-11T13:49")


def test_a_group_is_stopped_after_a_question_and_started_without_one(
    project: Project, open_page: Opened
) -> None:
    page = open_page("tags")

    page.get_by_role("button", name="Stop …").first.click()
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("button", name="Start")).to_be_enabled()

    assert project.written == [
        ("insert", "tag_commands", {"plant": "northfield", "group_id": 1, "kind": "stop"}),
        ("insert", "tag_commands", {"plant": "northfield", "group_id": 4, "kind": "start"}),
    ]


def test_a_poll_that_was_not_made_says_why(project: Project, open_page: Opened) -> None:
    project.documents["board_pipelines"]["plant"]["role"] = "manager"
    project.functions = {"live_pulse": (409, {"outcome": "busy", "status": "running", "error": None})}
    page = open_page("pipelines")
    said = page.locator("main [role=status]", has_text="Not done")

    page.get_by_role("button", name="Poll now").click()
    expect(said).to_have_text("Not done: it is being done already, for somebody else.")
    for status, code in ((500, "source_login_failed"), (501, "not_configured"), (503, "source_unavailable")):
        project.functions["live_pulse"] = (
            status,
            {"outcome": "failed", "error": {"code": code, "message": f"{code}!"}},
        )
        page.get_by_role("button", name="Poll now").click()
        expect(said).to_have_text(f"Not done: {code}!")
    project.functions["live_pulse"] = (401, {"error": {"code": "unauthenticated", "message": "no token"}})
    page.get_by_role("button", name="Poll now").click()
    expect(said).to_have_text("Not done: your session is not accepted.")
    page.route("**/call/live_pulse", lambda route: route.abort())
    page.get_by_role("button", name="Poll now").click()
    expect(said).to_have_text("Not done: the function does not answer. Is there a network?")
    page.unroute("**/call/live_pulse")
    project.functions["live_pulse"] = (200, {"outcome": "succeeded"})
    page.get_by_role("button", name="Poll now").click()
    expect(page.get_by_text("Polled.")).to_be_visible()


def test_a_poll_says_how_it_ended(project: Project, open_page: Opened) -> None:
    project.documents["board_pipelines"]["plant"]["role"] = "manager"
    project.functions = {"live_pulse": (200, {"outcome": "partial"})}
    page = open_page("pipelines")
    answers: list[Route] = []

    def hold(route: Route) -> None:
        answers.append(route)

    page.route("**/call/live_pulse", hold)

    page.get_by_role("button", name="Poll now").click()
    expect(page.get_by_text("It is polled …")).to_be_visible()
    answers[0].continue_()

    expect(page.get_by_text("Polled, with gaps. The run is listed below.")).to_be_visible()
    page.unroute("**/call/live_pulse")
    project.functions = {"live_pulse": (200, {"outcome": "duplicate"})}
    page.get_by_role("button", name="Poll now").click()
    expect(page.get_by_text("This slot was polled already.")).to_be_visible()
