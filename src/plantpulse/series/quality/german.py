"""Findings in German."""

from typing import Final

from plantpulse.series.quality.words import Words

GERMAN: Final = Words(
    code="de",
    label={
        "not_a_number": "keine Zahl",
        "out_of_bounds": "außerhalb der Grenzen",
        "future_zeros": "Nullen für die Zukunft",
        "zeros_for_missing": "Nullen statt fehlender Werte",
        "flat_day": "den ganzen Tag ein Wert",
        "doubled_hour": "Stunde der Zeitumstellung doppelt",
        "wrong_unit": "falsche Einheit",
        "wrong_auction": "falsche Auktion",
        "unlike_the_day": "passt nicht zum Tag",
        "unlike_the_week": "passt nicht zur Wochenzeit",
        "partial_day": "unvollständiger Tag",
        "revision": "geändert",
    },
    sentence={
        "not_a_number": "Die Quelle hat etwas geschickt, das keine Zahl ist.",
        "out_of_bounds": "{value} {unit} liegt außerhalb dessen, was möglich ist ({least} bis {most}).",
        "future_zeros": "{points} Nullen gelten für eine Zeit, die noch niemand kennen kann.",
        "zeros_for_missing": "{points} Werte sind null, wo der Wert fehlt.",
        "flat_day": "Alle Werte des Tages sind {value}.",
        "doubled_hour": "Die Stunde nach der Zeitumstellung ist eine Kopie der Stunde davor.",
        "wrong_unit": "Der Tag ist etwa {factor}-mal so groß wie sonst: Er steht in einer anderen Einheit.",
        "wrong_auction": "Alle Preise des Tages sind die von {series}.",
        "unlike_the_day": "{value} liegt weit weg vom Tag ({usual}) und von den Werten daneben.",
        "unlike_the_week": "{value} liegt weit weg von dem, was zu dieser Wochenzeit üblich ist ({usual}).",
        "partial_day": "{missing} von {due} Minuten des Tages fehlen ({percent} Prozent sind da).",
        "revision": "Die Quelle hat {points} Werte geändert; die größte Änderung ist {largest}.",
    },
)
