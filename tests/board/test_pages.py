"""Each page shows what its document says, in the plant's time and the reader's language."""

import gzip
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.board import northfield
from tests.board.opening import Opened
from tests.board.project import Project


def test_the_board_shows_the_shift_and_what_needs_somebody_worst_first(board: Page) -> None:
    needs = board.locator("section", has=board.get_by_role("heading", name="Needs you, worst first"))

    expect(board.get_by_text("Early 06:00–14:00")).to_be_visible()
    expect(board.get_by_text("3 h 11 min left")).to_be_visible()
    expect(board.get_by_text("−220")).to_be_visible()
    expect(board.get_by_text("6,411 of 6,631 · −3.3%")).to_be_visible()
    expect(board.get_by_text("shift 74%")).to_be_visible()
    expect(needs.locator("li .asset")).to_have_text(
        ["Press 4", "Weld B2", "Base coat", "Chassis 2", "Oven 2"]
    )


def test_a_tile_says_its_state_without_colours(board: Page) -> None:
    stopped = board.locator("a.tile", has_text="Press 4")
    silent = board.locator("a.tile", has_text="Oven 2")

    expect(stopped).to_contain_text("26 min")
    expect(stopped).to_contain_text("stopped")
    expect(stopped.locator(".words svg")).to_have_count(1)
    expect(silent).to_contain_text("no data")
    expect(silent.locator("strong")).to_have_text("–")


def test_a_machine_is_opened_from_its_tile(board: Page) -> None:
    board.locator("a.tile", has_text="Press 4").click()

    expect(board.get_by_role("heading", name="Stamping · Press 4 · last 24 hours")).to_be_visible()
    expect(board.get_by_text("stopped 26 min")).to_be_visible()
    expect(board.locator("path.column")).to_have_count(96)
    expect(board.locator("section svg g > path.gap")).to_have_count(1)
    expect(board.get_by_role("row", name="Safety stop 10:23 still open 26 26")).to_be_visible()
    assert board.url.endswith("#/northfield/asset/4")


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("safety", "Reason codes read until 10:45."),
        ("report", "Northfield · Morning report · Tuesday, 10 March 2026 · made 06:00, corrected 09:14"),
        ("pipelines", "late since 10:02"),
        ("alerts", "Safety incident at Press 4: Guard open during cycle"),
        ("energy", "11,147.5 MW at 10:30"),
        ("tags", "the controller does not answer in time, since 10:40"),
    ],
)
def test_each_page_shows_its_document(open_page: Opened, path: str, words: str) -> None:
    expect(open_page(path).get_by_text(words)).to_be_visible()


def test_a_german_reads_german_and_can_read_english(open_page: Opened) -> None:
    page = open_page("board", locale="de-DE")
    expect(page.get_by_text("6.411 von 6.631 · −3,3 %")).to_be_visible()
    assert page.locator("html").get_attribute("lang") == "de"

    page.get_by_role("button", name="English").click()

    expect(page.get_by_role("heading", name="Needs you, worst first")).to_be_visible()
    assert page.locator("html").get_attribute("lang") == "en"


def test_a_german_reads_german_where_there_is_one_of_something(project: Project, open_page: Opened) -> None:
    project.documents["board"]["counts"]["stopped"] = 1
    project.documents["board_safety"]["resolved_left_off"] = 1
    project.documents["board_energy"]["gaps"][0]["attempts"] = 1
    words = {
        "board": "1 steht",
        "asset/4": "steht seit 26 min",
        "safety": "1 älterer Eintrag fehlt hier",
        "pipelines": "Abfrage live_pulse Takt 15 min",
        "energy": "einmal",
    }

    for path, text in words.items():
        expect(open_page(path, locale="de-DE").get_by_text(text, exact=False).first).to_be_visible()


def test_a_thousand_machines_are_on_one_screen(project: Project, open_page: Opened) -> None:
    project.documents["board"] = northfield.board(northfield.many_machines(1000), [])

    page = open_page("board")

    expect(page.locator("a.cell")).to_have_count(1000)
    assert page.evaluate("document.documentElement.scrollHeight") <= 900
    expect(page.locator("a.cell.orange")).to_have_count(10)


def test_a_wall_has_no_buttons_and_needs_no_scrolling(open_page: Opened) -> None:
    page = open_page("board", query="?tv", size=(1920, 1080))

    expect(page.locator(".tile")).to_have_count(39)
    assert page.locator("button, a[href]:not(.skip), select, input").count() == 0
    assert page.evaluate("document.documentElement.scrollHeight") <= 1080


_CUT_OFF = """
(spare) => {
  const bars = [...document.querySelectorAll('[role=status]')];
  const bar = bars.find((one) => /^and .* more$/.test(one.textContent));
  const lowest = bar ? bar.getBoundingClientRect().top : innerHeight;
  const below = [...document.querySelectorAll('main li, tbody tr')]
    .filter((one) => !one.querySelector('li') && one.getBoundingClientRect().bottom > lowest + 1);
  const machines = below.filter((one) => one.querySelector('.tile, .cell'));
  const told = bar ? Number(/[0-9,]+/.exec(bar.textContent)[0]) : 0;
  return below.length <= told && told <= below.length + spare && [machines.length, below.length];
}
"""


def _cut_off(page: Page, *, spare: int = 0) -> tuple[int, int]:
    """Return how many machines and how many rows are below a wall's lowest line, once that line counts them.

    It counts again when the browser has laid out what is new, and a look may come before that. `spare` is by
    how many it may count more.
    """
    machines, rows = page.wait_for_function(_CUT_OFF, arg=spare).json_value()
    return machines, rows


@pytest.mark.parametrize("size", [(1366, 768), (1280, 720), (1920, 1080)])
@pytest.mark.parametrize("machines", [39, 59])
def test_a_wall_cuts_no_machine_off(
    project: Project, open_page: Opened, size: tuple[int, int], machines: int
) -> None:
    whole = project.documents["board"]
    if machines != len(whole["machines"]):
        project.documents["board"] = northfield.board(northfield.many_machines(machines), whole["needs_you"])

    page = open_page("board", query="?tv", size=size)

    expect(page.locator(".tile, .cell")).to_have_count(machines)
    expect(page.locator(".cell")).to_have_count(0 if (machines, size[0]) == (39, 1920) else machines)
    hidden, _ = _cut_off(page)
    assert hidden == 0


def test_a_wall_has_one_band_for_one_cause(project: Project, open_page: Opened) -> None:
    page = open_page("board", query="?tv", size=(1920, 1080))
    expect(page.locator(".tile")).to_have_count(39)
    project.refusal = (503, {"message": "away"})

    page.clock.fast_forward("45:00")

    expect(page.get_by_text("What you see is old.")).to_contain_text("Supabase is busy or being restarted.")
    expect(page.locator(".band")).to_have_count(2)
    hidden, _ = _cut_off(page)
    assert hidden == 0


def test_what_a_wall_has_no_room_for_is_counted(project: Project, open_page: Opened) -> None:
    incidents = [northfield.incident(n) for n in range(1, 31)]
    project.documents["board_safety"] = northfield.safety(open=incidents, resolved=[])
    page = open_page("safety", query="?tv", size=(1280, 720))
    expect(page.get_by_text(re.compile("^and .* more$"))).to_be_visible()

    _, below = _cut_off(page, spare=1)

    assert below > 10


def test_no_page_of_a_wall_leads_anywhere(open_page: Opened) -> None:
    for path in ("board", "asset/4", "safety", "report", "pipelines", "alerts", "energy", "tags"):
        page = open_page(path, query="?tv")
        expect(page.locator("main .card").first).to_be_visible()
        assert page.locator("button, a[href]:not(.skip), select, input").count() == 0, path


def test_a_day_without_a_report_says_so(project: Project, open_page: Opened) -> None:
    project.documents["board_report"].update(
        day="2026-03-01", total=None, made_at=None, corrected_at=None, machines=[], reasons=[]
    )

    page = open_page("report/2026-03-01")

    expect(page.get_by_text("There is no morning report of Sunday, 1 March 2026.")).to_be_visible()
    expect(page.get_by_role("link", name="To the newest one")).to_be_visible()


def test_the_report_counts_against_the_target_what_was_made_in_planned_time(open_page: Opened) -> None:
    page = open_page("report")

    expect(page.locator("p.row", has_text="96.1%")).to_contain_text(
        "of target: 31,720 of 33,010 units, 500 outside the planned time · OEE 74.3%"
    )


def test_the_report_prints_on_one_page(open_page: Opened) -> None:
    page = open_page("report")
    expect(page.get_by_text("What cost most")).to_be_visible()

    printed = page.pdf(format="A4")

    assert printed.count(b"/Type /Page\n") == 1


def test_the_pages_are_small(pages: Path) -> None:
    scripts = [file.read_bytes() for file in pages.rglob("*.js")]

    assert 0 < sum(len(gzip.compress(script)) for script in scripts) < 110_000
    # Of supabase-js's parts for storage and functions nothing is used.
    assert not any(
        part in script for script in scripts for part in (b"createSignedUrl", b"FunctionsHttpError")
    )


def test_nothing_is_wider_than_a_small_phone(open_page: Opened) -> None:
    for path in ("board", "asset/4", "safety", "report", "pipelines", "alerts", "energy", "tags"):
        page = open_page(path, size=(320, 640))
        expect(page.locator("main .card").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") == 320, path
