"""Signing in and out, and what becomes of a session that is no longer accepted."""

from datetime import timedelta

from playwright.sync_api import Page, expect

from tests.board import northfield
from tests.board.opening import Opened
from tests.board.project import EMAIL, PASSWORD, Project


def test_a_browser_without_storage_signs_in_and_shows_the_pages(open_page: Opened) -> None:
    page = open_page("board", sign_in=False)
    forbidden = "{ get() { throw new DOMException('forbidden', 'SecurityError') }, configurable: true }"
    for name in ("localStorage", "sessionStorage"):
        page.add_init_script(f"Object.defineProperty(window, '{name}', {forbidden})")
    page.reload()

    page.get_by_label("E-mail").fill(EMAIL)
    page.locator("input[type=password]").fill(PASSWORD)
    page.locator("button.strong").click()

    expect(page.get_by_text("−220")).to_be_visible()


def test_a_wrong_password_is_told_without_saying_which_part_is_wrong(open_page: Opened) -> None:
    page = open_page("board", sign_in=False)
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill("wrong")

    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("status")).to_have_text("E-mail or password is wrong.")


def test_whoever_signs_in_stays_signed_in_and_can_sign_out(board: Page) -> None:
    board.reload()
    expect(board.get_by_text("−220")).to_be_visible()

    board.get_by_role("button", name="Sign out").click()

    expect(board.get_by_role("button", name="Sign in")).to_be_visible()
    expect(board.get_by_text("−220")).to_have_count(0)
    assert board.evaluate("localStorage.getItem('plantpulse-session')") is None


def test_whoever_signs_out_is_signed_out_here_without_an_answer_too(project: Project, board: Page) -> None:
    project.may_sign_out = False

    board.get_by_role("button", name="Sign out").click()

    expect(board.get_by_role("button", name="Sign in")).to_be_visible()
    assert board.evaluate("localStorage.getItem('plantpulse-session')") is None


def test_a_stranger_sees_that_he_is_signed_in_and_may_see_nothing(
    project: Project, open_page: Opened
) -> None:
    project.documents["board_plants"] = {"now": northfield.NOW.isoformat(), "plants": []}

    page = open_page("board")

    expect(
        page.get_by_text(f"You are signed in as {EMAIL}, but you may not see any plant yet.")
    ).to_be_visible()
    assert "board" not in project.asked


def test_a_token_that_is_refused_ends_the_session_once_and_says_why(project: Project, board: Page) -> None:
    project.asked.clear()
    project.refusal = (401, {"code": "PGRST301", "message": "JWT expired"})

    board.clock.fast_forward(46_000)

    expect(board.get_by_text("The project does not accept your session.")).to_be_visible()
    board.clock.fast_forward("10:00")
    # board_plants and board, each with its token and with a new one.
    assert len(project.asked) <= 4


def test_a_member_of_two_plants_goes_from_one_to_the_other(project: Project, open_page: Opened) -> None:
    project.documents["board_plants"] = northfield.plants(
        northfield.plant(), northfield.plant(plant="süd/1", name="Süd")
    )

    page = open_page("safety")
    page.get_by_label("Plant").select_option(label="Süd")

    expect(page).to_have_url(f"{project.url}/#/s%C3%BCd%2F1/safety")


def test_a_link_opens_what_it_names_after_signing_in(open_page: Opened) -> None:
    page = open_page("asset/4", sign_in=False)
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")

    expect(page.get_by_text("stopped 26 min")).to_be_visible()


def test_a_page_that_is_loaded_while_the_project_is_away_says_so_and_goes_on_by_itself(board: Page) -> None:
    board.clock.set_system_time(northfield.NOW + timedelta(hours=2))
    board.route("**/auth/v1/**", lambda route: route.fulfill(status=503))

    board.reload()
    expect(board.get_by_role("status")).to_have_text("Loading …")
    until(board, "Supabase does not answer. Is there a network?")
    expect(board.get_by_label("Password")).to_have_count(0)
    board.unroute("**/auth/v1/**")

    until(board, "−220")


def until(page: Page, words: str) -> None:
    """Let time pass until a page says something; supabase-js waits longer before each try."""
    for _ in range(100):
        if page.get_by_text(words).count():
            return
        page.clock.fast_forward(31_000)
        page.wait_for_timeout(50)
    expect(page.get_by_text(words)).to_be_visible()
