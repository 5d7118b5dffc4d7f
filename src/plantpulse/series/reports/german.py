"""The reports' words in German; numbers and dates are those of the morning report's mail."""

from dataclasses import replace
from typing import Final

from plantpulse.report_mail.german import GERMAN as MAIL

GERMAN: Final = replace(
    MAIL,
    sentences={
        "and": "und",
        "subject": "Zeitreihen, {period}: {rest}",
        "subject_complete": "{percent} vollständig",
        "subject_attention": "{count} zu prüfen",
        "subject_well": "nichts zu prüfen",
        "subject_empty": "keine Zeitreihen",
        "week": "Woche bis {day}",
        "summary": "Am {day} waren Zeitreihen zu {percent} vollständig{timely} (Mittel: {count}).",
        "summary_week": (
            "In der Woche bis {day} waren Zeitreihen zu {percent} vollständig{timely} (Mittel: {count})."
        ),
        "summary_timely": " und zu {percent} rechtzeitig",
        "summary_empty": "Am {day} war keine Zeitreihe fällig.",
        "summary_empty_week": "In der Woche bis {day} war keine Zeitreihe fällig.",
        "summary_attention": "Zu prüfen: {count}.",
        "summary_well": "Es gibt nichts zu prüfen.",
        "rows_one": "eine Zeile",
        "rows_many": "{count} Zeilen",
        "rows": "Gebiet und Art",
        "rows_note": "was zu prüfen ist, steht oben",
        "completeness": "vollständig",
        "timeliness": "rechtzeitig",
        "accuracy": "richtig",
        "success": "abgeholt",
        "attention": "Zu prüfen",
        "missing": "{span} fehlen",
        "gaps_open": "offene Lücken: {count}",
        "gaps_filled": "gefüllte Lücken: {count}",
        "gaps_absent": "Lücken, für die die Quelle keine Werte hat: {count}",
        "finding": "{label}: {count}",
        "failing": "{failed} von {all} Abholungen sind fehlgeschlagen",
        "worse_completeness": "die Vollständigkeit lässt nach",
        "worse_timeliness": "die Pünktlichkeit lässt nach",
        "worse_accuracy": "die Richtigkeit lässt nach",
        "more": "und {count} weitere",
        "note_shares": (
            "vollständig: Anteil der fälligen Minuten mit Werten; "
            "rechtzeitig: Anteil, der zum Termin bekannt war."
        ),
        "note_accuracy": "richtig: Anteil der Werte, die weder ungültig noch auffällig sind.",
        "day_ahead_price": "Day-Ahead-Preis",
        "load": "Last",
        "generation": "Erzeugung",
        "pumping": "Pumpen",
        "imbalance_price": "Ausgleichsenergiepreis",
        "imbalance_volume": "Ausgleichsenergiemenge",
        "load_forecast": "Lastprognose",
        "generation_forecast": "Erzeugungsprognose",
        "wind_solar_forecast": "Wind- und Solarprognose",
        "weekly_load_forecast": "Wochenprognose der Last",
        "price": "Preis",
    },
)
