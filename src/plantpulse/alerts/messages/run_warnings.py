"""Warnings of runs in other languages. Runs write them in English; a translation goes by the code. Pure.

A warning's figures and names are found by a pattern of its English words. Words that no pattern knows, such
as those of a server, stand as they are.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

# By code: patterns of the English words, and the German ones.
Translations = Mapping[str, Sequence[tuple[str, str]]]

_QUESTION_FAILED: Final = (
    r"\w+ of (.+) from (\w+): (.+)",
    "die Frage nach {0} an {1} schlug fehl: {2}",
)

GERMAN: Final[Translations] = {
    "slow_run": [(r"the run took longer than (\S+) s", "der Lauf dauerte länger als {0} s")],
    "tag_group_refused": [
        (
            r"group (.+) is not polled by this burst: (.+)",
            "Gruppe {0} wird in diesem Lauf nicht abgefragt: {1}",
        )
    ],
    "tag_samples_dropped": [
        (
            r"(\d+) samples were dropped: the buffer was full",
            "{0} Werte gingen verloren: Der Puffer war voll",
        )
    ],
    "slots_given_up": [
        (
            r"(\d+) slots were missed for longer than (\S+) h",
            "{0} Intervalle fehlten länger als {1} Stunden und bleiben leer",
        )
    ],
    "days_given_up": [
        (
            r"(\d+) days were missed for longer than (\S+) days",
            "{0} Tage fehlten länger als {1} Tage und bleiben ohne Bericht",
        )
    ],
    "days_left": [
        (
            r"(\d+) days, from (\S+) to (\S+), were not read in time",
            "{0} Tage, von {1} bis {2}, wurden nicht rechtzeitig gelesen",
        )
    ],
    "catch_up_unfinished": [
        (
            r"(\d+) missed slots are left for the next poll",
            "{0} verpasste Intervalle bleiben für die nächste Abfrage",
        )
    ],
    "series_unfinished": [
        (
            r"the time was up before (\d+) of (\d+) questions were answered",
            "die Zeit war um, bevor {0} von {1} Fragen beantwortet waren",
        )
    ],
    "series_unrated": [
        (
            "the time was up before the days of every series were rated",
            "die Zeit war um, bevor die Tage aller Zeitreihen bewertet waren",
        )
    ],
    "publisher_unavailable": [_QUESTION_FAILED],
    "publisher_busy": [_QUESTION_FAILED],
    "publisher_refused": [_QUESTION_FAILED],
    "unreadable_reply": [_QUESTION_FAILED],
    "values_unread": [(r"(\S+): (.+)", "{0}: {1}")],
    "rows_rejected": [
        (
            r"(\d+) rows were malformed, more than (\S+) of all",
            "{0} Zeilen waren fehlerhaft, mehr als {1} von allen",
        )
    ],
    "result_truncated": [(r"(\S+): only (\d+) rows were read", "{0}: nur {1} Zeilen wurden gelesen")],
    "safety_cut_off": [
        (
            "there are more safety events at one time than row_limit allows",
            "zur selben Zeit gibt es mehr Sicherheitsvorfälle, als row_limit erlaubt",
        ),
        (
            "more reason codes within a minute than row_limit allows",
            "in einer Minute gibt es mehr Gründe, als row_limit erlaubt",
        ),
    ],
    "safety_codes_unread": [
        (
            r"safety\.sql compares reason codes by the server's collation: put a safety_codes\.sql beside it",
            "safety.sql vergleicht Gründe nach der Sortierfolge des Servers: safety_codes.sql daneben legen",
        )
    ],
    "output_sums_failed": [("(.+)", "Summen der Ausbringung schlugen fehl, alle Zeilen wurden gelesen: {0}")],
    "source_clock_skew": [
        (r"the SQL Server's clock is (.+) ahead", "die Uhr des SQL Servers geht {0} vor"),
        (r"the SQL Server's clock is (.+) behind", "die Uhr des SQL Servers geht {0} nach"),
    ],
    "locks_are_waited_for": [
        (
            "the server takes no LOCK_TIMEOUT: a poll waits for a lock as long as query_timeout_s",
            "der Server nimmt kein LOCK_TIMEOUT: eine Abfrage wartet auf eine Sperre bis query_timeout_s",
        )
    ],
    "rows_outside_window": [
        (
            r"(\S+): (\d+) of (\d+) times lie outside the window that was asked for, by up to (.+?); .*",
            "{0}: {1} von {2} Zeiten liegen außerhalb der erfragten Zeit, um bis zu {3}; "
            "eine Spalte in UTC oder datetimeoffset mit AT TIME ZONE vergleichen",
        )
    ],
    "oee_scale_doubtful": [
        (
            r"every OEE that the plant reports lies between (\S+) and (\S+): they look like fractions, .*",
            "alle OEE-Werte des Werks liegen zwischen {0} und {1}: wie Anteile, doch oee_scale ist percent",
        ),
        (
            r"every OEE that the plant reports lies between (\S+) and (\S+): they look like percent, .*",
            "alle OEE-Werte des Werks liegen zwischen {0} und {1}: wie Prozente, doch oee_scale ist fraction",
        ),
    ],
    "ideal_rate_too_low": [
        (
            r"performance above (\S+): (.+) and (\d+) more; ideal_units_per_hour is too low, .*",
            "Leistung über {0}: {1} und {2} weitere; ideal_units_per_hour ist zu niedrig, "
            "oder ein Stillstand ist gebucht, während die Anlage läuft",
        ),
        (
            r"performance above (\S+): (.+); ideal_units_per_hour is too low, .*",
            "Leistung über {0}: {1}; ideal_units_per_hour ist zu niedrig, "
            "oder ein Stillstand ist gebucht, während die Anlage läuft",
        ),
    ],
    "day_not_reported": [
        (
            r"(\S+): not all rows were read, so nothing was written",
            "{0}: nicht alle Zeilen wurden gelesen, daher wurde nichts geschrieben",
        )
    ],
    "day_edge_ambiguous": [
        (
            r"(\S+) begins or ends in an hour that the clock shows twice; its rows may count on both days",
            "{0} beginnt oder endet in einer Stunde, die die Uhr zweimal zeigt; "
            "ihre Zeilen zählen womöglich an beiden Tagen",
        )
    ],
    "no_data": [
        (
            r"(\S+): no output, downtime or quality came from the plant",
            "{0}: keine Stückzahl, kein Stillstand und keine Qualität kam aus dem Werk",
        )
    ],
    "cleanup_unfinished": [
        (
            r"expired rows are left for the next run in (.+)",
            "abgelaufene Zeilen bleiben für den nächsten Lauf in {0}",
        )
    ],
    "optional_query_failed": [(r"(.+)", "eine Abfrage, ohne die es geht, schlug fehl: {0}")],
}


def translated(code: str, words: str, translations: Translations) -> str:
    """Return the words of a warning in another language; as they are where nothing is known of them."""
    for pattern, told in translations.get(code, ()):
        if found := re.fullmatch(pattern, words, re.DOTALL):
            return told.format(*found.groups())
    return words
