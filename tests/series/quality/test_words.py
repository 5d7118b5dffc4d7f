"""Findings in words: all of them, in both languages, with the same facts."""

import string
from typing import get_args

import pytest

from plantpulse.series.publisher import Span
from plantpulse.series.quality.findings import VERDICTS, Finding, Name
from plantpulse.series.quality.languages import LANGUAGES
from tests.series.quality.made import WEDNESDAY, span_of

SPAN: Span = span_of(WEDNESDAY)


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_finding_has_a_label_and_a_sentence(language: str) -> None:
    words, names = LANGUAGES[language], set(get_args(Name))

    assert set(words.label) == names
    assert set(words.sentence) == names
    assert set(VERDICTS) == names


@pytest.mark.parametrize("name", get_args(Name))
def test_a_sentence_has_the_same_facts_in_every_language(name: Name) -> None:
    english, german = LANGUAGES["en"], LANGUAGES["de"]

    assert fields(english.sentence[name]) == fields(german.sentence[name])
    assert english.sentence[name] != german.sentence[name]


def test_a_sentence_says_the_facts() -> None:
    finding = Finding(
        "out_of_bounds", SPAN, (), {"value": "9000.5", "unit": "EUR/MWh", "least": "-500", "most": "4000"}
    )

    assert LANGUAGES["en"].say(finding) == "9000.5 EUR/MWh is outside of what is possible (-500 to 4000)."
    assert LANGUAGES["de"].say(finding) == (
        "9000.5 EUR/MWh liegt außerhalb dessen, was möglich ist (-500 bis 4000)."
    )


def test_a_fact_that_is_not_known_leaves_a_question_mark() -> None:
    assert LANGUAGES["en"].say(Finding("flat_day", SPAN, ())) == "All values of the day are ?."
