"""The reports' words in English; numbers and dates are those of the morning report's mail."""

from dataclasses import replace
from typing import Final

from plantpulse.report_mail.english import ENGLISH as MAIL

ENGLISH: Final = replace(
    MAIL,
    sentences={
        "and": "and",
        "subject": "Series, {period}: {rest}",
        "subject_complete": "{percent} complete",
        "subject_attention": "{count} to look at",
        "subject_well": "nothing to look at",
        "subject_empty": "no series",
        "week": "week to {day}",
        "summary": "On {day}, {percent} of the values that were due are there{timely} ({count}).",
        "summary_week": (
            "In the week to {day}, {percent} of the values that were due are there{timely} ({count})."
        ),
        "summary_timely": ", {percent} came in time",
        "summary_empty": "No series was due on {day}.",
        "summary_empty_week": "No series was due in the week to {day}.",
        "summary_attention": "Somebody should look at {count}.",
        "summary_well": "There is nothing to look at.",
        "series_one": "one series",
        "series_many": "{count} series",
        "rows": "Area and kind",
        "rows_note": "sorted: what needs a look comes first",
        "completeness": "complete",
        "timeliness": "in time",
        "accuracy": "accurate",
        "success": "collected",
        "attention": "To look at",
        "missing": "{span} missing",
        "gaps_open": "gaps still open: {count}",
        "gaps_filled": "gaps filled: {count}",
        "gaps_absent": "gaps that the publisher has no values for: {count}",
        "finding": "{label}: {count}",
        "failing": "{failed} of {all} collections failed",
        "worse_completeness": "completeness gets worse",
        "worse_timeliness": "timeliness gets worse",
        "worse_accuracy": "accuracy gets worse",
        "more": "and {count} more",
        "note_shares": "complete: share of the due minutes that have values; in time: share known when due.",
        "note_accuracy": "accurate: share of values that are neither invalid nor suspect.",
        "day_ahead_price": "day-ahead price",
        "load": "load",
        "generation": "generation",
        "pumping": "pumping",
        "imbalance_price": "imbalance price",
        "imbalance_volume": "imbalance volume",
        "load_forecast": "load forecast",
        "generation_forecast": "generation forecast",
        "wind_solar_forecast": "wind and solar forecast",
        "weekly_load_forecast": "weekly load forecast",
        "price": "price",
    },
)
