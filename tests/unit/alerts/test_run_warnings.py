"""Warnings that plantpulse writes are quoted in the language of the message."""

import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import plantpulse
from plantpulse.alerts.due import Group
from plantpulse.alerts.messages.compose import LANGUAGES, notice_of
from plantpulse.alerts.messages.run_warnings import GERMAN, translated
from plantpulse.plant.oee import describe_rates
from plantpulse.plant.oee_scale import doubt_of_scale
from tests.unit.alerts.items import NOW, item

SOURCE = Path(plantpulse.__file__).parent
# Only a span that a person asks for has these, and people's runs open no alerts.
BY_HAND = {"source_has_no_rows", "span_unfinished"}


def german(code: str, words: str) -> str:
    return translated(code, words, GERMAN)


def test_every_warning_that_a_run_may_write_has_german_words() -> None:
    written = {
        code
        for file in SOURCE.rglob("*.py")
        for code in re.findall(r"""\.warn\(\s*"([a-z_]+)",""", file.read_text(encoding="utf-8"))
    }

    assert len(written) >= 18
    assert written - BY_HAND <= set(GERMAN)


@pytest.mark.parametrize(
    ("code", "words", "told"),
    [
        (
            "slots_given_up",
            "3 slots were missed for longer than 12 h",
            "3 Intervalle fehlten länger als 12 Stunden",
        ),
        ("days_given_up", "2 days were missed for longer than 7 days", "2 Tage fehlten länger als 7 Tage"),
        (
            "days_left",
            "2 days, from 2026-11-01 to 2026-11-02, were not read in time",
            "2 Tage, von 2026-11-01 bis",
        ),
        (
            "catch_up_unfinished",
            "9 missed slots are left for the next poll",
            "9 verpasste Intervalle bleiben",
        ),
        (
            "rows_rejected",
            "12 rows were malformed, more than 5% of all",
            "12 Zeilen waren fehlerhaft, mehr als 5% ",
        ),
        (
            "result_truncated",
            "output.sql: only 50000 rows were read",
            "output.sql: nur 50000 Zeilen wurden gelesen",
        ),
        (
            "safety_cut_off",
            "there are more safety events at one time than row_limit allows",
            "zur selben Zeit gibt",
        ),
        (
            "safety_cut_off",
            "more reason codes within a minute than row_limit allows",
            "in einer Minute gibt es mehr",
        ),
        (
            "source_clock_skew",
            "the SQL Server's clock is 5 min ahead",
            "die Uhr des SQL Servers geht 5 min vor",
        ),
        (
            "source_clock_skew",
            "the SQL Server's clock is 2 h 3 min behind",
            "die Uhr des SQL Servers geht 2 h 3 min nach",
        ),
        ("slow_run", "the run took longer than 45 s", "der Lauf dauerte länger als 45 s"),
        (
            "publisher_busy",
            "prices of power.de from entsoe: 429",
            "die Frage nach power.de an entsoe schlug fehl: 429",
        ),
        (
            "no_data",
            "2026-11-29: no output, downtime or quality came from the plant",
            "2026-11-29: keine Stückzahl",
        ),
        (
            "day_not_reported",
            "2026-11-29: not all rows were read, so nothing was written",
            "2026-11-29: nicht alle",
        ),
        (
            "day_edge_ambiguous",
            "2026-10-25 begins or ends in an hour that the clock shows twice; "
            "its rows may count on both days",
            "2026-10-25 beginnt oder endet in einer Stunde",
        ),
        (
            "cleanup_unfinished",
            "expired rows are left for the next run in live_snapshots",
            "abgelaufene Zeilen",
        ),
        (
            "optional_query_failed",
            "oee.sql: Invalid column",
            "eine Abfrage, ohne die es geht, schlug fehl: oee.sql: In",
        ),
        (
            "rows_outside_window",
            "output.sql: 3 of 9 times lie outside the window that was asked for, by up to 5 h; compare",
            "output.sql: 3 von 9 Zeiten liegen außerhalb der erfragten Zeit, um bis zu 5 h; ",
        ),
        (
            "locks_are_waited_for",
            "the server takes no LOCK_TIMEOUT: a poll waits for a lock as long as query_timeout_s",
            "der Server nimmt kein LOCK_TIMEOUT",
        ),
        (
            "output_sums_failed",
            "output_sums.sql: Invalid column",
            "Summen der Ausbringung schlugen fehl, alle Zeilen wurden gelesen: output_sums.sql: In",
        ),
        (
            "safety_codes_unread",
            "safety.sql compares reason codes by the server's collation: put a safety_codes.sql beside it",
            "safety.sql vergleicht Gründe",
        ),
    ],
)
def test_a_warning_is_told_in_german_with_its_figures(code: str, words: str, told: str) -> None:
    assert german(code, words).startswith(told)


def test_what_a_function_says_of_figures_is_told_in_german_too() -> None:
    few = describe_rates({"Press 1": 1.5, "Saw; old": 1.3})
    many = describe_rates({f"Press {number}": 1.5 for number in range(30)})
    fractions, percent = doubt_of_scale([0.5, 0.9], "percent"), doubt_of_scale([50, 90], "fraction")

    assert fractions is not None
    assert percent is not None
    said = german("ideal_rate_too_low", few), german("ideal_rate_too_low", many)
    assert re.match(r"Leistung über \d+%: Press 1 150.0%, Saw; old 130.0%; ideal_units_per_hour ist", said[0])
    assert re.search(r" und \d+ weitere; ideal_units_per_hour ist zu niedrig", said[1])
    scale = german("oee_scale_doubtful", fractions.message), german("oee_scale_doubtful", percent.message)
    assert scale[0].startswith("alle OEE-Werte des Werks liegen zwischen 0.5 und 0.9: ")
    assert scale[1].endswith("wie Prozente, doch oee_scale ist fraction")


def test_words_that_nobody_knows_stand_as_they_are() -> None:
    assert german("rows_rejected", "a newer version says it {so}") == "a newer version says it {so}"
    assert german("of_tomorrow", "something new") == "something new"


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("de", "Meldung: 3 Intervalle fehlten länger als 12 Stunden und bleiben leer; nie gehört"),
        ("en", "Said: 3 slots were missed for longer than 12 h; nie gehört"),
    ],
)
def test_a_mail_quotes_warnings_in_its_language(language: str, told: str) -> None:
    warnings = [
        {"code": "slots_given_up", "message": "3 slots were missed for longer than 12 h"},
        {"code": "else", "message": "nie gehört"},
    ]
    facts = {"message": "; ".join(one["message"] for one in warnings), "warnings": warnings}
    one = item(rule="run_partial", scope="live_pulse", facts=facts)

    mail = notice_of(Group([one]), LANGUAGES[language], ZoneInfo("UTC"), NOW, board_url=None)

    assert told in mail.text.splitlines()
    assert dict(mail.facts)[told.split(":", maxsplit=1)[0]] == told.partition(": ")[2]
    assert "slots_given_up" not in mail.text
