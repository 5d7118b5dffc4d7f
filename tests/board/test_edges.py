"""What pages say at their edges: nothing yet, too much, not any more, not yet."""

from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.board import northfield
from tests.board.opening import Opened
from tests.board.project import Project


def test_energy_says_how_its_pipelines_stand_and_when_that_was_judged(open_page: Opened) -> None:
    page = open_page("energy")
    card = page.locator("section", has=page.get_by_role("heading", name="energy_actuals"))

    expect(page.get_by_text("Judged 10:48")).to_be_visible()
    expect(card).to_contain_text("late since 10:15")
    expect(card).to_contain_text("last success 10:00 · next 11:00")


def test_no_series_is_in_time_where_nobody_judges(project: Project, open_page: Opened) -> None:
    project.documents["board_plants"]["health"] = northfield.health(30)
    project.documents["board_energy"]["pipelines"][0]["state"] = "unknown"

    page = open_page("energy")

    expect(page.get_by_text("Nobody has judged the pipelines since 10:19")).to_be_visible()
    expect(page.locator("section.stale")).to_have_count(4)


def test_no_series_is_in_time_where_judgements_stay_out(project: Project, open_page: Opened) -> None:
    page = open_page("energy")
    expect(page.get_by_text("Judged 10:48")).to_be_visible()
    project.refusal = (503, {"message": "upstream is away"})

    page.clock.fast_forward("02:00:00")

    expect(page.get_by_text("Nobody has judged the pipelines since 10:48")).to_be_visible()
    expect(page.locator("section.stale")).to_have_count(4)
    expect(page.locator("section", has_text="energy_actuals")).to_contain_text("unknown")


def test_energy_names_the_price_of_now_and_the_newest_one(project: Project, open_page: Opened) -> None:
    price = project.documents["board_energy"]["series"][0]
    values = [50 + n for n in range(96)]
    price["points"] = [{"start": "2026-03-11T09:00:00+00:00", "minutes": 15, "values": values}]
    price["newest_at"], price["value"] = "2026-03-12T08:45:00+00:00", 145
    page = open_page("energy")

    card = page.locator(".charts section", has_text="day-ahead price")
    expect(card).to_contain_text("now 53 EUR/MWh · newest: 145 EUR/MWh at Thu 12 Mar, 09:45")
    table = page.locator("section", has=page.get_by_role("heading", name="The same in numbers"))
    expect(table.get_by_role("row").nth(1)).to_contain_text("Thu 12 Mar, 09:45")
    expect(table.get_by_role("row").nth(1)).to_contain_text("145")


def test_energy_has_one_clock_that_of_the_plant(project: Project, open_page: Opened) -> None:
    for series in project.documents["board_energy"]["series"]:
        series["time_zone"] = "Asia/Tokyo"

    expect(open_page("energy").get_by_text("MW at 10:30").first).to_be_visible()


def test_a_browser_of_an_older_screen_shows_the_pages(project: Project, open_page: Opened) -> None:
    page = open_page("board", sign_in=True)
    page.add_init_script(
        "delete AbortSignal.timeout; delete AbortSignal.any;"
        "delete Array.prototype.toReversed; delete Array.prototype.toSorted;"
    )
    page.reload()

    expect(page.get_by_text("−220")).to_be_visible()
    page.goto(f"{project.url}/#/northfield/asset/4")
    expect(page.get_by_role("heading", name="The same in numbers")).to_be_visible()


def test_pipelines_say_when_they_were_judged(open_page: Opened) -> None:
    expect(open_page("pipelines").get_by_text("Judged 10:48")).to_be_visible()


def test_a_machine_that_was_taken_out_of_use_is_no_unmapped_one(project: Project, open_page: Opened) -> None:
    project.documents["board_asset"]["machine"] = None
    project.documents["board_asset"]["asset"]["is_active"] = False

    expect(open_page("asset/4").get_by_text("No longer active: nothing is judged for it.")).to_be_visible()


def test_a_machine_before_the_first_poll_has_no_chart_of_1970(project: Project, open_page: Opened) -> None:
    project.documents["board_asset"].update(slots=[], stops=[], machine=None)

    page = open_page("asset/4")

    expect(page.get_by_role("heading", name="The same in numbers")).to_be_visible()
    expect(page.locator("main svg[role=img]")).to_have_count(0)


def silence(**values: Any) -> dict[str, Any]:
    """Return a silence that was planned: it begins in an hour."""
    return {
        "id": 5,
        "plant": "northfield",
        "rule": "no_output",
        "fingerprint": None,
        "starts_at": northfield.at(hours=-1),
        "ends_at": northfield.at(hours=-9),
        "why": "Inventory",
        "created_at": northfield.at(hours=2),
        "created_by": "a.berg@example.com",
        "is_active": False,
        "may_end": True,
        **values,
    }


def test_a_silence_that_has_not_begun_says_so_and_ends_where_it_would_begin(
    project: Project, open_page: Opened
) -> None:
    project.documents["board_alerts"]["silences"] = [silence()]
    page = open_page("alerts")

    expect(page.get_by_text("begins 11:49, silenced until 19:49")).to_be_visible()
    page.get_by_role("button", name="End it").click()
    expect(page.get_by_role("button", name="End it")).to_be_enabled()

    [(kind, table, row)] = project.written
    assert (kind, table, row["ends_at"]) == ("update", "silences", "2026-03-11T10:49:00.000Z")


def test_a_silence_that_was_ended_before_it_began_is_none(project: Project, open_page: Opened) -> None:
    project.documents["board_alerts"]["silences"] = [silence(ends_at=northfield.at(hours=-1))]

    expect(open_page("alerts").get_by_text("Nothing is silenced.")).to_be_visible()


def test_a_silence_of_every_plant_says_so(project: Project, open_page: Opened) -> None:
    project.documents["board_alerts"]["silences"] = [silence(plant=None, may_end=False)]

    expect(open_page("alerts").get_by_text("no_output, all plants · Inventory")).to_be_visible()


def test_blanks_are_no_words(open_page: Opened) -> None:
    page = open_page("safety")
    page.get_by_role("button", name="Resolve …").first.click()

    page.get_by_label("What was done?").fill("   ")

    expect(page.get_by_role("button", name="Resolve", exact=True)).to_be_disabled()


@pytest.mark.parametrize("state", ["starting", "waiting"])
def test_a_group_that_only_begins_has_no_fresh_values(
    project: Project, open_page: Opened, state: str
) -> None:
    group = project.documents["board_tags"]["groups"][0]
    group["state"] = state

    page = open_page("tags")

    expect(page.locator(".values section.stale", has_text="press-counts")).to_have_count(1)


def test_what_a_page_leaves_off_is_counted(project: Project, open_page: Opened) -> None:
    project.documents["board_tags"]["groups"][0]["tags_left_off"] = 12
    reasons = [{"reason": f"Reason {n}", "minutes": 40 - n, "is_planned": False} for n in range(20)]
    project.documents["board_report"]["reasons"] = reasons

    project.documents["board_safety"].update(resolved_left_off=9500, open_left_off=800)
    left_off = [{"rule": "no_output", "alerts": 4000}, {"rule": "overdue", "alerts": 2}]
    project.documents["board_alerts"]["open_left_off"] = left_off

    expect(open_page("tags").get_by_text("and 12 more")).to_be_visible()
    page = open_page("safety")
    expect(page.get_by_text("9,500 older ones are left off")).to_be_visible()
    expect(page.get_by_text("and 800 more")).to_be_visible()
    expect(open_page("report").get_by_text("and 12 more")).to_be_visible()
    expect(open_page("alerts").get_by_text("4,000 × No output from …")).to_be_visible()


def test_reads_are_held_against_the_shortest_cycle(open_page: Opened) -> None:
    page = open_page("tags")

    expect(page.get_by_text("dashed: the shortest cycle, 1 s")).to_be_visible()
    expect(page.locator("path.limit")).to_have_count(1)


def test_one_of_the_cells_can_always_be_reached(project: Project, open_page: Opened) -> None:
    project.documents["board"] = northfield.board(northfield.many_machines(200), [])
    page = open_page("board")
    reachable = page.locator("a.cell[tabindex='0']")
    page.locator("a.cell").nth(190).focus()
    expect(reachable).to_have_attribute("href", "#/northfield/asset/191")

    page.locator("a.cell").first.hover()
    expect(reachable).to_have_attribute("href", "#/northfield/asset/191")
    project.documents["board"] = northfield.board(northfield.many_machines(160), [])
    newer = northfield.NOW + timedelta(minutes=1)
    project.documents["board_plants"]["plants"][0]["poll"]["run_id"] = 813
    project.documents["board_plants"]["now"] = newer.isoformat()
    page.clock.fast_forward(46_000)

    expect(page.locator("a.cell")).to_have_count(160)
    expect(reachable).to_have_count(1)


def test_fifty_open_incidents_do_not_hide_what_else_needs_somebody(
    project: Project, open_page: Opened
) -> None:
    board = project.documents["board"]
    incident, *others = board["needs_you"]
    seen = [incident | {"safety_event_id": number, "is_acknowledged": True} for number in range(60)]
    board.update(needs_you=seen[:50], needs_you_total=60 + len(others))
    board["safety"]["open"] = 60
    page = open_page("board")
    needs = page.locator("section", has=page.get_by_role("heading", name="Needs you, worst first"))

    expect(needs).to_contain_text("and 5 more")
    expect(needs).not_to_contain_text("Nothing needs you.")

    # The database tells one incident and fifty others.
    board["needs_you"] = [seen[0], *others]
    page.reload()

    expect(needs.locator("li .asset")).to_have_text(
        ["Press 4", "Weld B2", "Base coat", "Chassis 2", "Oven 2"]
    )
    expect(needs).not_to_contain_text("more")


def test_no_plant_is_chosen_where_the_address_names_none(project: Project, open_page: Opened) -> None:
    south = northfield.plant(plant="southfield", name="Southfield")
    project.documents["board_plants"] = northfield.plants(northfield.plant(), south)
    page = open_page("board")
    expect(page.get_by_text("−220")).to_be_visible()

    page.goto(f"{project.url}/#/elsewhere/safety")
    page.reload()
    expect(page.get_by_text("There is no such plant, or you may not see it.")).to_be_visible()
    expect(page.get_by_label("Plant")).to_have_value("")
    page.get_by_label("Plant").select_option(label="Northfield")

    expect(page).to_have_url(f"{project.url}/#/northfield/safety")


def test_one_of_something_is_told_as_one(project: Project, open_page: Opened) -> None:
    [machine] = [one for one in project.documents["board"]["machines"] if one["name"] == "Press 1"]
    machine["area"] = "Tool shop"
    for group in project.documents["board_tags"]["groups"]:
        group["queue_length"] = None
    project.documents["board_tags"]["groups"][0]["queue_length"] = 1
    words = {
        "en-GB": {"board": "the one on target", "tags": "1 sample waits"},
        "de-DE": {"board": "die eine im Soll", "tags": "1 Wert wartet"},
    }

    for locale, texts in words.items():
        for path, text in texts.items():
            expect(open_page(path, locale=locale).get_by_text(text, exact=True)).to_be_visible()


def test_energy_without_a_subject_that_was_asked_for_still_offers_the_others(
    project: Project, open_page: Opened
) -> None:
    project.documents["board_energy"].update(subject="FR", series=[])

    page = open_page("energy/FR")

    expect(page.get_by_label("Region or commodity")).to_be_visible()
    expect(page.get_by_text("No series are collected.")).to_have_count(0)


def test_energy_does_not_take_a_price_of_tomorrow_for_one_of_now(project: Project, open_page: Opened) -> None:
    price = project.documents["board_energy"]["series"][0]
    values = [None if 2 < n < 5 else 50 + n for n in range(96)]
    price["points"] = [{"start": "2026-03-11T09:00:00+00:00", "minutes": 15, "values": values}]
    price["newest_at"], price["value"] = "2026-03-12T08:45:00+00:00", 145

    card = open_page("energy").locator(".charts section", has_text="day-ahead price")

    expect(card).to_contain_text("now – EUR/MWh · newest: 145 EUR/MWh at Thu 12 Mar, 09:45")


def test_the_keys_of_the_browser_are_left_to_it_among_cells(project: Project, open_page: Opened) -> None:
    project.documents["board"] = northfield.board(northfield.many_machines(200), [])
    page = open_page("board")
    page.evaluate("addEventListener('keydown', (event) => (window.isTaken = event.defaultPrevented))")
    page.locator("a.cell").nth(20).focus()

    # Back, in most browsers.
    page.keyboard.press("Alt+ArrowLeft")
    assert page.evaluate("window.isTaken") is False
    expect(page.locator("a.cell").nth(20)).to_be_focused()

    page.keyboard.press("ArrowLeft")
    assert page.evaluate("window.isTaken") is True
    expect(page.locator("a.cell").nth(19)).to_be_focused()


def test_a_page_that_is_opened_by_keyboard_has_the_focus(board: Page) -> None:
    board.locator("a.tile", has_text="Press 4").press("Enter")
    expect(board.get_by_role("heading", name="The same in numbers")).to_be_visible()
    expect(board.locator("main")).to_be_focused()

    board.get_by_role("link", name="Alerts").press("Enter")

    expect(board.get_by_role("heading", name="Open alerts")).to_be_visible()
    expect(board.get_by_role("link", name="Alerts")).to_be_focused()
