"""What a language must bring, so that a message can be written in it. Pure values."""

from collections.abc import Mapping
from dataclasses import dataclass

from plantpulse.alerts.messages.run_warnings import Translations


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The words of one language; texts in braces are filled with facts.

    `what`: a rule's alert in a few words. `many`: several of them. `do`: what to do about it, as
    docs/operations.md says. `fact`: how a fact is called in a table. `value`: what a code says: a
    state, or why a run failed; a code without words stands as it is. `occasion`: how a title begins.
    `warning`: what runs warn of, by code; it stands as it is in English.
    `severity`: how bad it is, after `how_bad`.
    """

    what: Mapping[str, str]
    many: Mapping[str, str]
    do: Mapping[str, str]
    fact: Mapping[str, str]
    value: Mapping[str, str]
    warning: Translations
    occasion: Mapping[str, str]
    pipeline: Mapping[str, str]
    severity: Mapping[str, str]
    how_bad: str
    since: str
    lasted: str
    all_plants: str
    acknowledged: str
    reopened: str
    and_more: str
    held_back: str
    digest: str
    board: str
    at: str
    date_and_time: str
    hours: str
    minutes: str
    days: str
    less_than_a_minute: str
