"""Findings in English."""

from typing import Final

from plantpulse.series.quality.words import Words

ENGLISH: Final = Words(
    code="en",
    label={
        "not_a_number": "not a number",
        "out_of_bounds": "out of bounds",
        "future_zeros": "zeros for the future",
        "zeros_for_missing": "zeros for missing values",
        "flat_day": "one value all day",
        "doubled_hour": "hour doubled at the clock change",
        "wrong_unit": "wrong unit",
        "wrong_auction": "wrong auction",
        "unlike_the_day": "unlike its day",
        "unlike_the_week": "unlike its time of the week",
        "partial_day": "partial day",
        "revision": "revised",
    },
    sentence={
        "not_a_number": "The publisher sent something that is no number.",
        "out_of_bounds": "{value} {unit} is outside of what is possible ({least} to {most}).",
        "future_zeros": "{points} values of zero are for a time that nobody can know yet.",
        "zeros_for_missing": "{points} values are zero where the value is missing.",
        "flat_day": "All values of the day are {value}.",
        "doubled_hour": "The hour after the clock change is a copy of the hour before it.",
        "wrong_unit": "The day is about {factor} times as large as usual: it is in another unit.",
        "wrong_auction": "All prices of the day are those of {series}.",
        "unlike_the_day": "{value} is far from the day ({usual}) and from the values next to it.",
        "unlike_the_week": "{value} is far from what is usual at this time of the week ({usual}).",
        "partial_day": "{missing} of {due} minutes of the day are missing ({percent} percent are there).",
        "revision": "The publisher changed {points} values; the largest change is {largest}.",
    },
)
